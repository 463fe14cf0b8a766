"""What an engine is given for a film made from another, and what becomes of what it delivers."""

import asyncio
import os
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from PIL import Image, ImageStat

from filmgate.core.ports import Attempt, LocalFile, Pictures, RenderedFile
from filmgate.core.spec import (
    CharacterId,
    ObjectKey,
    Size,
    Source,
    SourceUse,
    VideoSpec,
)
from filmgate.core.video import Status, Variant, Video
from filmgate.media.probe import probe
from filmgate.usecases import videos
from tests.eventually import eventually
from tests.scripted_engine import ScriptedEngine, write_sample
from tests.worker.conftest import SPEC, Scene

CHARACTER = CharacterId("0" * 26)


class Seen:
    """An instruction for the engine: look at what came."""

    def __init__(self) -> None:
        self.pictures: list[Size] = []
        self.portraits: list[bytes] = []
        self.continues: VideoSpec | None = None

    async def __call__(self, engine: ScriptedEngine, attempt: Attempt) -> None:
        for path in attempt.references:
            with Image.open(path) as picture:
                self.pictures.append(Size(*picture.size))
        self.portraits = [path.read_bytes() for path in attempt.portraits]
        self.continues = attempt.continues


async def made_from(
    scene: Scene, tmp_path: Path, use: SourceUse, *, before: Video | None = None
) -> Video:
    """A video of three seconds whose source is a film of two."""
    film = tmp_path / "before.mp4"
    write_sample(film, seconds=2)
    key = ObjectKey("videos/kept/source.mp4")
    await scene.workshop.store.put_file(key, film)
    source = Source(use=use, key=key, duration=2.0, video_id=before.id if before else None)
    return await scene.ended(await scene.create(replace(SPEC, seconds=3, source=source)))


async def fetched(scene: Scene, video: Video, variant: Variant, tmp_path: Path) -> Path:
    assert video.asset is not None
    path = tmp_path / variant.file_name
    await scene.workshop.store.fetch_file(video.asset.key_of(variant), path)
    return path


async def test_an_edit_begins_with_the_first_frame_and_is_as_long_as_the_spec_says(
    scene: Scene, tmp_path: Path
) -> None:
    seen = Seen()
    scene.engine.script = [seen]
    async with scene.worker():
        video = await made_from(scene, tmp_path, SourceUse.EDIT)
    assert video.status is Status.COMPLETED, video.failure
    assert seen.pictures == [Size(64, 64)]
    assert seen.continues is None
    assert [spec.seconds for spec in scene.engine.rendered] == [3]


async def test_an_extension_is_made_of_the_source_and_what_the_engine_adds(
    scene: Scene, tmp_path: Path
) -> None:
    seen = Seen()
    scene.engine.script = [seen]
    async with scene.worker():
        video = await made_from(scene, tmp_path, SourceUse.EXTENSION)
    assert video.status is Status.COMPLETED, video.failure
    assert seen.pictures == [Size(64, 64)]
    assert [spec.seconds for spec in scene.engine.rendered] == [1]
    assert video.asset is not None
    assert video.asset.duration == pytest.approx(3.0)
    found = probe(await fetched(scene, video, Variant.VIDEO, tmp_path))
    assert found.frame_count == 72
    assert found.audio_duration == pytest.approx(3.0, abs=0.05)


async def test_the_engine_is_told_what_it_continues_where_that_is_known(
    scene: Scene, tmp_path: Path
) -> None:
    seen = Seen()
    scene.engine.script = [seen]
    before = await scene.create(replace(SPEC, prompt="before"))
    async with scene.worker():
        await scene.ended(before)
        scene.engine.script = [seen]
        await made_from(scene, tmp_path, SourceUse.EXTENSION, before=before)
    assert seen.continues == before.spec


async def test_characters_come_as_pictures(scene: Scene) -> None:
    seen = Seen()
    scene.engine.script = [seen]
    await scene.workshop.store.put_bytes(
        ObjectKey(f"characters/{CHARACTER}/portrait.webp"), b"a portrait"
    )
    async with scene.worker():
        await scene.ended(await scene.create(replace(SPEC, characters=(CHARACTER,))))
    assert seen.portraits == [b"a portrait"]


async def test_a_source_that_is_lost_fails_the_video_at_once(scene: Scene) -> None:
    source = Source(use=SourceUse.EDIT, key=ObjectKey("videos/kept/gone.mp4"), duration=1.0)
    async with scene.worker():
        video = await scene.ended(await scene.create(replace(SPEC, source=source)))
    assert (video.status, video.attempt) == (Status.FAILED, 1)
    assert video.failure is not None
    assert "not stored any more" in video.failure.message


async def test_a_source_that_is_no_film_fails_the_video_at_once(scene: Scene) -> None:
    key = ObjectKey("videos/kept/source.mp4")
    await scene.workshop.store.put_bytes(key, b"not a film at all")
    source = Source(use=SourceUse.EXTENSION, key=key, duration=1.0)
    async with scene.worker():
        video = await scene.ended(await scene.create(replace(SPEC, seconds=2, source=source)))
    assert (video.status, video.attempt) == (Status.FAILED, 1)
    assert video.failure is not None
    assert "cannot be read" in video.failure.message


async def test_a_completed_video_has_its_pictures(scene: Scene, tmp_path: Path) -> None:
    async with scene.worker():
        video = await scene.ended(await scene.create(SPEC))
    for variant, kind in ((Variant.THUMBNAIL, "WEBP"), (Variant.SPRITESHEET, "JPEG")):
        with Image.open(await fetched(scene, video, variant, tmp_path)) as picture:
            assert picture.format == kind


class WithOwnPictures(ScriptedEngine):
    """Takes the pictures itself: both of the same colour."""

    async def render(self, spec: VideoSpec, attempt: Attempt) -> RenderedFile:
        rendered = await super().render(spec, attempt)
        pictures = Pictures(attempt.workdir / "own.webp", attempt.workdir / "own.jpg")
        for path in (pictures.thumbnail, pictures.spritesheet):
            Image.new("RGB", (64, 64), (255, 0, 0)).save(path)
        return replace(rendered, pictures=pictures)


async def test_pictures_that_the_engine_took_are_the_videos(
    scene: Scene, sample: Path, tmp_path: Path
) -> None:
    scene.workshop = replace(scene.workshop, engines={"scripted": WithOwnPictures(sample)})
    async with scene.worker():
        video = await scene.ended(await scene.create(SPEC))
    assert await _reds(scene, video, tmp_path) == [True, True]


async def test_pictures_of_an_extension_are_those_of_the_whole_film(
    scene: Scene, sample: Path, tmp_path: Path
) -> None:
    scene.workshop = replace(scene.workshop, engines={"scripted": WithOwnPictures(sample)})
    async with scene.worker():
        video = await made_from(scene, tmp_path, SourceUse.EXTENSION)
    assert await _reds(scene, video, tmp_path) == [False, False]


async def _reds(scene: Scene, video: Video, tmp_path: Path) -> list[bool]:
    """Of the thumbnail and the spritesheet, whether it is red."""
    reds = []
    for variant in (Variant.THUMBNAIL, Variant.SPRITESHEET):
        with Image.open(await fetched(scene, video, variant, tmp_path)) as picture:
            red, green, blue = ImageStat.Stat(picture.convert("RGB")).mean
            reds.append(red - max(green, blue) > 200)
    return reds


async def test_a_cancel_is_noticed_while_the_inputs_are_gathered(
    scene: Scene, tmp_path: Path
) -> None:
    """Here they take for ever: the source is a pipe that nobody writes into."""
    store = scene.workshop.store
    key = ObjectKey("videos/kept/source.mp4")
    await store.put_bytes(key, b"film")
    place = await store.locate(key, valid_for=timedelta(minutes=1))
    assert isinstance(place, LocalFile)
    place.path.unlink()
    os.mkfifo(place.path)
    source = Source(use=SourceUse.EDIT, key=key, duration=1.0)
    async with scene.worker():
        video = await scene.create(replace(SPEC, source=source))

        async def is_begun() -> bool:
            return (await scene.retrieve(video)).status is Status.IN_PROGRESS

        await eventually(is_begun)
        await videos.cancel(scene.database, video.id, account_id=scene.account_id)
        try:
            other = await scene.ended(await scene.create(SPEC), within=8)
        finally:
            await asyncio.to_thread(place.path.write_bytes, b"")  # lets the thread that reads go
    assert other.status is Status.COMPLETED
    assert scene.engine.rendered == [other.spec]
