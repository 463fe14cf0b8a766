"""Films that others are made from: an account's own, or one that was sent along."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from filmgate.core.derivations import Film
from filmgate.core.errors import InvalidFilm
from filmgate.core.spec import Size
from filmgate.core.video import Video
from filmgate.media.bench import MediaBench
from filmgate.media.errors import UnusableFilm
from filmgate.usecases import policies
from filmgate.usecases.drafts import Draft
from filmgate.usecases.policies import NO_POLICIES, Policies


@dataclass(frozen=True, slots=True)
class OwnFilm:
    """The file of a completed video."""

    video: Video

    @property
    def facts(self) -> Film:
        assert self.video.asset is not None
        spec = self.video.spec
        return Film(
            size=spec.size,
            duration=self.video.asset.duration,
            spec=spec,
            video_id=self.video.id,
        )

    async def keep(self, draft: Draft) -> None:
        """Raises VideoExpired."""
        await draft.copy_film(self.video)


@dataclass(frozen=True, slots=True)
class SentFilm:
    """An upload that was looked at."""

    path: Path
    facts: Film

    async def keep(self, draft: Draft) -> None:
        await draft.keep_film(self.path)


async def check_film(path: Path, *, bench: MediaBench, by: Policies = NO_POLICIES) -> SentFilm:
    """Raises InvalidFilm, saying what would be right, ImageRejected, or ServiceUnavailable."""
    with judging():
        found = await bench.check_film(path)
        await policies.check_film(by, path, bench=bench, param="video")
    return SentFilm(path, Film(size=Size(found.width, found.height), duration=found.duration))


@contextmanager
def judging() -> Iterator[None]:
    """What the bench has against an upload, as an error of the request."""
    try:
        yield
    except UnusableFilm as error:
        raise InvalidFilm("video", f"video: {error}") from error
