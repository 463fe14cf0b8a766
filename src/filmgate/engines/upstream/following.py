"""Following a job whose id is committed, until its film is here."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from filmgate.core.errors import EngineFailed, EngineUnavailable
from filmgate.core.ports import Attempt
from filmgate.core.submission import WITHDRAWN, Submission
from filmgate.engines.upstream.calls import (
    JobState,
    JobUnknown,
    Patience,
    Sighting,
    Upstream,
    UpstreamAway,
)
from filmgate.engines.upstream.submitting import commit

BACK_OFF = 1.5

_LOST = EngineFailed(
    "engine_failed",
    "The upstream accepted this video, and then lost it. It may have been charged for, so it is not sent again; "
    "create a new video if you want another try.",
)


async def follow(
    submission: Submission,
    attempt: Attempt,
    *,
    upstream: Upstream,
    target: Path,
    patience: Patience,
) -> None:
    """Have the film in `target` when it returns. Raises EngineError."""
    assert submission.upstream_id is not None
    try:
        await _until_completed(
            submission.upstream_id, attempt, upstream=upstream, patience=patience
        )
        await upstream.fetch(submission.upstream_id, target)
    except JobUnknown as error:
        if not submission.may_begin_anew():
            raise _LOST from error
        await commit(attempt, WITHDRAWN, patience=patience)
        raise EngineUnavailable("The upstream lost the job; it is made once more.") from error
    attempt.progress(100)


async def _until_completed(
    upstream_id: str, attempt: Attempt, *, upstream: Upstream, patience: Patience
) -> None:
    looks = _Looks(patience, asyncio.get_running_loop().time())
    percent = 0.0
    while True:
        sighting = await looks.next(upstream, upstream_id)
        if sighting is not None and sighting.state is JobState.COMPLETED:
            return
        if sighting is not None and sighting.failure is not None:
            raise sighting.failure
        if sighting is not None:
            percent = max(percent, min(sighting.percent, 99.0))
            attempt.progress(percent)
        await asyncio.sleep(looks.pause.total_seconds())


@dataclass(slots=True)
class _Looks:
    """Looks at one job, and the patience with looks in vain. `pause` is how long to wait before the next."""

    patience: Patience
    seen_at: float
    vain: int = 0
    unknown: int = 0
    pause: timedelta = timedelta(0)

    async def next(self, upstream: Upstream, upstream_id: str) -> Sighting | None:
        """None for a look in vain. Raises UpstreamAway and JobUnknown once there were too many."""
        try:
            sighting = await upstream.look_at(upstream_id)
        except UpstreamAway as error:
            self._in_vain(error)
            return None
        except JobUnknown:
            # One replica may not have heard of what another one has accepted.
            self.unknown += 1
            if self.unknown >= self.patience.unknown_limit:
                raise
            self._lengthen(None)
            return None
        if self.vain or self.unknown:
            self.pause = timedelta(0)
        self.vain = self.unknown = 0
        self.seen_at = asyncio.get_running_loop().time()
        self._lengthen(sighting.look_after)
        return sighting

    def _in_vain(self, error: UpstreamAway) -> None:
        self.vain += 1
        silent_for = asyncio.get_running_loop().time() - self.seen_at
        if silent_for > self.patience.away_limit.total_seconds():
            raise error
        self._lengthen(error.retry_after)

    def _lengthen(self, asked: timedelta | None) -> None:
        """The upstream's wish goes before our own back-off, within reason."""
        patience = self.patience
        if asked is not None:
            self.pause = min(max(asked, timedelta(milliseconds=100)), patience.longest_asked)
        else:
            self.pause = min(
                max(self.pause * BACK_OFF, patience.first_look), patience.longest_pause
            )
