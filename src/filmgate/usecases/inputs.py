"""Inputs: the files that an attempt works from, brought from our storage into its folder."""

from dataclasses import dataclass
from pathlib import Path

from filmgate.core.errors import EngineFailed, EngineUnavailable, NotFound
from filmgate.core.ports import ObjectStore
from filmgate.core.spec import ObjectKey, Source, SourceUse, VideoSpec
from filmgate.core.video import VideoId
from filmgate.database import videos
from filmgate.database.connection import Database
from filmgate.media.bench import MediaBench
from filmgate.media.errors import MediaUnavailable, UnusableFilm
from filmgate.usecases.characters import portrait_key


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """`before` is the film that an extension goes on from, and `continues` its spec, if we made it."""

    references: tuple[Path, ...] = ()
    portraits: tuple[Path, ...] = ()
    before: Path | None = None
    continues: VideoSpec | None = None


async def gather(
    database: Database, spec: VideoSpec, *, store: ObjectStore, bench: MediaBench, into: Path
) -> Inputs:
    """Raises EngineError when something that the spec names is lost or broken."""
    try:
        references = [await _bring(store, key, into) for key in spec.references]
        portraits = [
            await _bring(store, portrait_key(each), into, name=f"portrait-{number}.webp")
            for number, each in enumerate(spec.characters)
        ]
    except NotFound as error:
        raise _gone() from error
    film = await bring_source(spec, store=store, into=into)
    first = [await _first_reference(bench, spec, film, into=into)] if film else []
    is_extension = _is_extension(spec)
    return Inputs(
        references=(*first, *references),
        portraits=tuple(portraits),
        before=film if is_extension else None,
        continues=await _spec_of(database, spec.source) if is_extension else None,
    )


def of_job(spec: VideoSpec, *, into: Path) -> Inputs:
    """What is still needed of a job that is elsewhere already. Where it will be: `bring_source` brings it."""
    if spec.source is None or not _is_extension(spec):
        return Inputs()
    return Inputs(before=_place(spec.source.key, into))


async def bring_source(spec: VideoSpec, *, store: ObjectStore, into: Path) -> Path | None:
    """The film that the video is made from, if it is. Raises EngineFailed when it is lost."""
    if spec.source is None:
        return None
    try:
        return await _bring(store, spec.source.key, into)
    except NotFound as error:
        raise _gone() from error


def _gone() -> EngineFailed:
    return EngineFailed(
        "engine_failed", "What the video was to be made from is not stored any more."
    )


def _is_extension(spec: VideoSpec) -> bool:
    return spec.source is not None and spec.source.use is SourceUse.EXTENSION


def _place(key: ObjectKey, folder: Path) -> Path:
    return folder / f"input-{Path(key).name}"


async def _bring(
    store: ObjectStore, key: ObjectKey, folder: Path, *, name: str | None = None
) -> Path:
    path = folder / name if name else _place(key, folder)
    await store.fetch_file(key, path)
    return path


async def _first_reference(bench: MediaBench, spec: VideoSpec, film: Path, *, into: Path) -> Path:
    """The frame of the source that the new part begins with."""
    picture = into / "input-frame.png"
    is_edit = spec.source is not None and spec.source.use is SourceUse.EDIT
    take = bench.first_frame if is_edit else bench.last_frame
    try:
        await take(film, picture, size=spec.size)
    except UnusableFilm as error:
        raise EngineFailed("engine_failed", f"The source cannot be read: {error}") from error
    except MediaUnavailable as error:
        raise EngineUnavailable(f"The source could not be read: {error}") from error
    return picture


async def _spec_of(database: Database, source: Source | None) -> VideoSpec | None:
    """Of the video that the source is the film of, as long as we remember it."""
    if source is None or source.video_id is None:
        return None
    async with database.connection() as connection:
        video = await videos.find(connection, VideoId(source.video_id))
    return video.spec if video else None
