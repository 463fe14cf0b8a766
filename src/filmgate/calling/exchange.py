"""One request until it is answered: when it is sent again, and what its last outcome means."""

import math
import random
import time
from dataclasses import replace

from filmgate.calling.messages import Answer, Call, Outcome, Plan
from filmgate.calling.refusals import error_from

_FIRST_BACKOFF, _LONGEST_BACKOFF = 0.5, 8.0


def exchange(call: Call, *, retries: int, deadline: float = math.inf) -> Plan[Answer]:
    """Send until a good answer comes; raise what the last outcome means when none does."""
    tries = 0
    while True:
        outcome = yield call
        if isinstance(outcome, Answer) and 200 <= outcome.status < 300:
            return outcome
        delay = _retry_delay(outcome, tries) if tries < retries else None
        if delay is None or time.monotonic() + delay > deadline:
            raise error_from(outcome)
        call = replace(call, delay=delay)
        tries += 1


def _retry_delay(outcome: Outcome, tries: int) -> float | None:
    """How long to wait before the next try, or None where another one would not help."""
    if isinstance(outcome, Answer):
        if not outcome.is_temporary:
            return None
        if outcome.retry_after is not None:
            return outcome.retry_after * random.uniform(1.0, 1.1)
    return min(_LONGEST_BACKOFF, _FIRST_BACKOFF * 2.0**tries) * random.uniform(0.5, 1.0)
