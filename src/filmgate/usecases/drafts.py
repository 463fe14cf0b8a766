"""Drafts: videos about to be created, and what they will be made from."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from filmgate.core.account import Caller
from filmgate.core.candidate import Candidate
from filmgate.core.errors import NotFound, VideoExpired
from filmgate.core.idempotency import Claim
from filmgate.core.ports import ObjectStore
from filmgate.core.spec import ObjectKey, VideoSpec
from filmgate.core.video import Dialect, Video, VideoId
from filmgate.usecases import references, videos
from filmgate.usecases.acceptance import Acceptance
from filmgate.usecases.policies import NO_POLICIES, Policies
from filmgate.usecases.provisional import Provisional
from filmgate.usecases.references import Fetch, ImageSource


class Draft(Provisional):
    """A context manager: without the video, none of its objects stays."""

    def __init__(self, store: ObjectStore) -> None:
        self.video_id = videos.new_id()
        super().__init__(f"videos/{self.video_id}/", store)

    @property
    def source_key(self) -> ObjectKey:
        """Where the film that this one is made from is kept."""
        return ObjectKey(f"{self._folder}source.mp4")

    async def keep_images(
        self,
        spec: VideoSpec,
        images: Sequence[ImageSource],
        *,
        fetch: Fetch,
        param: str,
        policies: Policies = NO_POLICIES,
    ) -> VideoSpec:
        """Raises what `references.keep` does."""
        return await references.keep(
            images,
            spec=spec,
            folder=f"{self._folder}references/",
            store=self.fill(),
            fetch=fetch,
            param=param,
            policies=policies,
        )

    async def keep_film(self, film: Path) -> None:
        """An upload, as the source."""
        await self.fill().put_file(self.source_key, film)

    async def copy_film(self, video: Video) -> None:
        """The file of a completed video, as the source. Raises VideoExpired."""
        assert video.asset is not None
        await self._copy(video.asset.key, self.source_key)

    async def copy_inputs(self, spec: VideoSpec) -> VideoSpec:
        """Whatever another video's spec was made from. Raises VideoExpired."""
        kept = [await self._adopt(key) for key in spec.references]
        source = spec.source
        if source is not None:
            source = replace(source, key=await self._adopt(source.key))
        return replace(spec, references=tuple(kept), source=source)

    async def create(
        self,
        acceptance: Acceptance,
        spec: VideoSpec,
        *,
        caller: Caller,
        dialect: Dialect,
        price_per_second: int | None,
        remixed_from: VideoId | None = None,
        claim: Claim | None = None,
    ) -> Video:
        """The video, committed. Raises what `Acceptance.accept` does."""
        candidate = Candidate(
            video_id=self.video_id,
            spec=spec,
            caller=caller,
            dialect=dialect,
            price_per_second=price_per_second,
            remixed_from=remixed_from,
            claim=claim,
        )
        return await self.settle(acceptance.accept(candidate))

    async def _adopt(self, key: ObjectKey) -> ObjectKey:
        """`videos/{other}/references/0.webp` becomes the same below our own folder."""
        _, _, rest = key.removeprefix("videos/").partition("/")
        own = ObjectKey(f"{self._folder}{rest}")
        await self._copy(key, own)
        return own

    async def _copy(self, key: ObjectKey, target: ObjectKey) -> None:
        try:
            await self.fill().copy(key, target)
        except NotFound as error:
            raise VideoExpired(
                "What this video would be made from was kept for its time and is gone."
            ) from error
