"""Reference images: from whatever a client sent to bytes in our own storage, before the video exists."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

from filmgate.core.errors import ImageUnreachable
from filmgate.core.ports import ObjectStore
from filmgate.core.spec import ObjectKey, Size, VideoSpec
from filmgate.core.video import VideoId
from filmgate.media.images import image_from_text, normalise_reference
from filmgate.net.errors import FetchError

Fetch = Callable[[str], Awaitable[bytes]]
"""Fetches a stranger's URL through the guarded client, or raises FetchError."""


@dataclass(frozen=True, slots=True)
class ImageUrl:
    """An http or https address, still to be fetched."""

    url: str


@dataclass(frozen=True, slots=True)
class ImageText:
    """A data URL, or bare base64."""

    text: str


@dataclass(frozen=True, slots=True)
class ImageBytes:
    """An upload. Its name and declared type are not kept: neither can be trusted."""

    data: bytes


ImageSource = ImageUrl | ImageText | ImageBytes


async def keep(
    sources: Sequence[ImageSource],
    *,
    spec: VideoSpec,
    video_id: VideoId,
    store: ObjectStore,
    fetch: Fetch,
    param: str,
) -> VideoSpec:
    """Fetch, check and store the images; return the spec that refers to them.

    Nothing is stored unless all are good. Raises InvalidImage, ImageSizeMismatch or ImageUnreachable,
    naming `param`.
    """
    images = [await _image(source, size=spec.size, fetch=fetch, param=param) for source in sources]
    keys = [ObjectKey(f"{_folder(video_id)}{number}.webp") for number in range(len(images))]
    for key, image in zip(keys, images, strict=True):
        await store.put_bytes(key, image)
    return replace(spec, references=tuple(keys))


async def discard(video_id: VideoId, *, store: ObjectStore) -> None:
    """Remove what `keep` stored, for a video that was not created after all."""
    await store.delete_folder(_folder(video_id))


def _folder(video_id: VideoId) -> str:
    return f"videos/{video_id}/references/"


async def _image(source: ImageSource, *, size: Size, fetch: Fetch, param: str) -> bytes:
    data = await _data(source, fetch=fetch, param=param)
    return await asyncio.to_thread(normalise_reference, data, size=size, param=param)


async def _data(source: ImageSource, *, fetch: Fetch, param: str) -> bytes:
    match source:
        case ImageBytes(data):
            return data
        case ImageText(text):
            return await asyncio.to_thread(image_from_text, text, param=param)
        case ImageUrl(url):
            try:
                return await fetch(url)
            except FetchError as error:
                raise ImageUnreachable(param, f"{param}: {error}") from error
