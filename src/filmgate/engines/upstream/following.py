"""Following a job whose id is committed, until its film is here."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from filmgate.core.errors import EngineFailed, EngineUnavailable
from filmgate.core.ports import Attempt
from filmgate.core.submission import WITHDRAWN, Submission
from filmgate.engines.upstream.calls import (
    Channel,
    JobState,
    JobUnknown,
    Patience,
    Sighting,
    Upstream,
    UpstreamAway,
)
from filmgate.engines.upstream.submitting import commit

BACK_OFF = 1.5


async def follow(
    submission: Submission, attempt: Attempt, *, upstream: Upstream, channel: Channel
) -> Path:
    """Return the film, which is here. Raises EngineError."""
    assert submission.upstream_id is not None
    try:
        await _until_completed(submission, attempt, upstream=upstream, channel=channel)
        await attempt.take_room()
        target = attempt.workdir / "upstream.mp4"
        await upstream.fetch(submission.upstream_id, target)
    except JobUnknown as error:
        if not submission.may_begin_anew():
            raise _lost() from error
        await commit(attempt, WITHDRAWN, patience=channel.patience)
        raise EngineUnavailable("The upstream lost the job; it is made once more.") from error
    attempt.progress(100)
    return target


def _lost() -> EngineFailed:
    return EngineFailed(
        "engine_failed",
        "The upstream accepted this video, and then lost it. It may have been charged for, so it is not sent again; "
        "create a new video if you want another try.",
    )


async def _until_completed(
    submission: Submission, attempt: Attempt, *, upstream: Upstream, channel: Channel
) -> None:
    assert submission.upstream_id is not None
    looks = _Looks(channel.patience, submission.intended_at)
    await channel.pace.rest(looks.usual_pause(), is_first=True)
    percent = 0.0
    while True:
        async with channel.pace.looks:
            sighting = await looks.next(upstream, submission.upstream_id)
        if sighting is not None and sighting.state is JobState.COMPLETED:
            return
        if sighting is not None and sighting.failure is not None:
            raise sighting.failure
        if sighting is not None:
            percent = max(percent, min(sighting.percent, 99.0))
            attempt.progress(percent)
        await channel.pace.rest(looks.pause)


@dataclass(slots=True)
class _Looks:
    """Looks at one job, and the patience with looks in vain. `pause` is how long to wait before the next."""

    patience: Patience
    begun_at: datetime
    away_since: float | None = None
    unknown: int = 0
    pause: timedelta = timedelta(0)

    async def next(self, upstream: Upstream, upstream_id: str) -> Sighting | None:
        """None for a look in vain. Raises UpstreamAway and JobUnknown once there were too many."""
        asked_at = asyncio.get_running_loop().time()
        try:
            sighting = await upstream.look_at(upstream_id)
        except UpstreamAway as error:
            self._in_vain(error, asked_at)
            return None
        except JobUnknown:
            # One replica may not have heard of what another one has accepted.
            self.unknown += 1
            if self.unknown >= self.patience.unknown_limit:
                raise
            self._lengthen(None)
            return None
        self.away_since, self.unknown = None, 0
        self.pause = self._asked(sighting.look_after) or self.usual_pause()
        return sighting

    def usual_pause(self) -> timedelta:
        """The older the job, the longer: a look that comes late by some share of it keeps nobody waiting for long."""
        patience = self.patience
        age = datetime.now(UTC) - self.begun_at
        return min(max(age * patience.share_of_age, patience.first_look), patience.longest_pause)

    def _in_vain(self, error: UpstreamAway, asked_at: float) -> None:
        if self.away_since is None:
            self.away_since = asked_at
        silent_for = asyncio.get_running_loop().time() - self.away_since
        if silent_for > self.patience.away_limit.total_seconds():
            raise error
        self._lengthen(error.retry_after)

    def _lengthen(self, asked: timedelta | None) -> None:
        patience = self.patience
        longer = min(max(self.pause * BACK_OFF, patience.first_look), patience.longest_pause)
        self.pause = self._asked(asked) or longer

    def _asked(self, asked: timedelta | None) -> timedelta | None:
        """The upstream's wish goes before our own, within reason."""
        if asked is None:
            return None
        return min(max(asked, timedelta(milliseconds=100)), self.patience.longest_asked)
