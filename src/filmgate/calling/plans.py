"""The verbs that take more than one request: waiting for a video, and fetching its bytes."""

import math
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from filmgate.calling import calls, readings
from filmgate.calling.calls import Variant
from filmgate.calling.errors import VideoFailed, WaitTimeout
from filmgate.calling.exchange import exchange
from filmgate.calling.messages import Answer, Plan
from filmgate.calling.part_file import PartFile
from filmgate.calling.values import Video

_PATIENT = 10  # retries where giving up would waste a render: about 40 s of them
_FIRST_POLL, _DEFAULT_POLL, _LONGEST_POLL = 0.25, 2.0, 30.0


def wait(
    video_id: str, *, timeout: float | None, on_progress: Callable[[Video], None] | None
) -> Plan[Video]:
    deadline = math.inf if timeout is None else time.monotonic() + timeout
    delay, polls = 0.0, 0
    while True:
        patience = max(1.0, deadline - time.monotonic())
        call = replace(calls.retrieve(video_id), delay=delay, timeout=patience)
        answer = yield from exchange(call, retries=_PATIENT, deadline=deadline)
        video = readings.read(answer, readings.video)
        if on_progress is not None:
            on_progress(video)
        if video.is_terminal:
            return _completed(video)
        remaining = deadline - time.monotonic()
        if remaining <= 0:
            raise WaitTimeout(video)
        delay = min(remaining, _poll_delay(answer, polls))
        polls += 1


def download(video_id: str, path: Path, *, variant: Variant) -> Plan[Path]:
    with PartFile(path) as part:
        call = calls.content(video_id, variant=variant, part=part)
        yield from exchange(call, retries=_PATIENT)
        part.keep()
    return path


def _poll_delay(answer: Answer, polls: int) -> float:
    """The server's pace, reached in a few quicker steps: a short video should not cost a long wait."""
    asked = answer.number("openai-poll-after-ms")
    pace = asked / 1000 if asked is not None and asked > 0 else _DEFAULT_POLL
    return min(_LONGEST_POLL, pace, _FIRST_POLL * 2.0 ** min(polls, 10))


def _completed(video: Video) -> Video:
    if video.status != "completed":
        raise VideoFailed(video)
    return video
