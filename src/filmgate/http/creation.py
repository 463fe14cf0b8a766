"""The create call, which all dialects share but for how they read the body and write the answer."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass

from starlette.requests import Request

from filmgate.core.catalogue import VideoRequest
from filmgate.core.errors import OutcomeUnknown
from filmgate.core.video import Dialect, Video
from filmgate.http.auth import authenticate
from filmgate.http.inputs import Fields, read_fields
from filmgate.http.services import Services
from filmgate.usecases import references, videos
from filmgate.usecases.references import ImageSource


@dataclass(frozen=True, slots=True)
class Order:
    """A request for a video together with its pictures, and the field in which these came."""

    request: VideoRequest
    images: Sequence[ImageSource]
    images_param: str


def read_order(fields: Fields) -> Order:
    """The fields whose names and meaning the dialects have in common."""
    input_reference, image_urls = fields.images("input_reference"), fields.images("image_urls")
    request = VideoRequest(
        prompt=fields.text("prompt"),
        model=fields.word("model"),
        size=fields.word("size"),
        aspect_ratio=fields.word("aspect_ratio"),
        seconds=fields.number("seconds"),
        duration=fields.number("duration"),
        seed=fields.number("seed"),
        input_reference=len(input_reference) if input_reference else None,
        image_urls=len(image_urls) if image_urls else None,
    )
    param = "image_urls" if image_urls else "input_reference"
    return Order(request, input_reference or image_urls or (), param)


async def create_video(
    services: Services,
    request: Request,
    *,
    dialect: Dialect,
    parse: Callable[[Fields], Order] = read_order,
) -> Video:
    """The video, committed; or an error, and nothing left behind."""
    caller = await authenticate(request, services.database)
    order = parse(await read_fields(request))
    spec = services.catalogue.validate(order.request)
    video_id = videos.new_id()
    async with AsyncExitStack() as undo:
        undo.push_async_callback(references.discard, video_id, store=services.store)
        spec = await references.keep(
            order.images,
            spec=spec,
            video_id=video_id,
            store=services.store,
            fetch=services.fetch,
            param=order.images_param,
        )
        try:
            video = await videos.create(
                services.database,
                spec,
                video_id=video_id,
                account_id=caller.account_id,
                dialect=dialect,
            )
        except (OutcomeUnknown, asyncio.CancelledError):
            # Perhaps the video is there all the same, and then it needs its pictures.
            undo.pop_all()
            raise
        undo.pop_all()
    return video
