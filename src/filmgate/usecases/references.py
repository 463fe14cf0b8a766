"""Reference images: from whatever a client sent to bytes in our own storage, before the video exists."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from filmgate.core.errors import ImageUnreachable, InvalidImage
from filmgate.core.ports import ObjectStore
from filmgate.core.spec import ObjectKey, Size, VideoSpec
from filmgate.media.images import MAX_IMAGE_BYTES, image_from_text, normalise_reference
from filmgate.net.errors import FetchError
from filmgate.usecases.policies import NO_POLICIES, Policies, check_image

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
class ImageUpload:
    """A file of this machine, which stays until the image is kept."""

    path: Path


ImageSource = ImageUrl | ImageText | ImageUpload


async def keep(
    sources: Sequence[ImageSource],
    *,
    spec: VideoSpec,
    folder: str,
    store: ObjectStore,
    fetch: Fetch,
    param: str,
    policies: Policies = NO_POLICIES,
) -> VideoSpec:
    """Fetch, check and store the images in the folder; return the spec that refers to them.

    Nothing is stored unless all are good. Raises InvalidImage, ImageSizeMismatch, ImageUnreachable or
    ImageRejected, naming `param`, or ModerationUnavailable.
    """
    images = [await _image(source, size=spec.size, fetch=fetch, param=param) for source in sources]
    for image in images:
        await check_image(policies, image, param=param)
    keys = [ObjectKey(f"{folder}{number}.webp") for number in range(len(images))]
    for key, image in zip(keys, images, strict=True):
        await store.put_bytes(key, image)
    return replace(spec, references=tuple(keys))


async def _image(source: ImageSource, *, size: Size, fetch: Fetch, param: str) -> bytes:
    data = await _data(source, fetch=fetch, param=param)
    return await asyncio.to_thread(normalise_reference, data, size=size, param=param)


async def _data(source: ImageSource, *, fetch: Fetch, param: str) -> bytes:
    match source:
        case ImageUpload(path):
            return await asyncio.to_thread(_read, path, param=param)
        case ImageText(text):
            return await asyncio.to_thread(image_from_text, text, param=param)
        case ImageUrl(url):
            try:
                return await fetch(url)
            except FetchError as error:
                raise ImageUnreachable(param, f"{param}: {error}") from error


def _read(path: Path, *, param: str) -> bytes:
    if path.stat().st_size > MAX_IMAGE_BYTES:
        raise InvalidImage(param, f"{param} is larger than {MAX_IMAGE_BYTES // 1024 // 1024} MB.")
    return path.read_bytes()
