"""The openai dialect's routes. What a `sora_` id answers on the same paths is the relay dialect's."""

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from filmgate.core.video import Dialect, Video
from filmgate.http.auth import authenticate
from filmgate.http.content import send_content
from filmgate.http.creation import create_video
from filmgate.http.dialects.openai import reference, wire
from filmgate.http.endpoints import Endpoint
from filmgate.http.ids import parse_id
from filmgate.http.json_answer import json_answer
from filmgate.http.services import Services
from filmgate.usecases import videos

# The official clients wait so long between two polls; the first answer's word holds for the whole loop.
_POLL_AGAIN = {"openai-poll-after-ms": "2000"}


@dataclass(frozen=True, slots=True)
class OpenaiRoutes:
    services: Services

    async def create(self, request: Request) -> Response:
        return _answer(await create_video(self.services, request, dialect=Dialect.OPENAI))

    async def retrieve(self, request: Request) -> Response:
        return _answer(await self._own_video(request))

    async def list_page(self, request: Request) -> Response:
        caller = await authenticate(request, self.services.database)
        query = wire.parse_list_query(request.query_params)
        page = await videos.list_page(
            self.services.database,
            account_id=caller.account_id,
            after=query.after,
            limit=query.limit,
            newest_first=query.newest_first,
        )
        return json_answer(wire.write_list(page))

    async def delete(self, request: Request) -> Response:
        caller = await authenticate(request, self.services.database)
        asked_id = request.path_params["id"]
        await videos.delete(
            self.services.database, parse_id(asked_id), account_id=caller.account_id
        )
        return json_answer(wire.write_deleted(asked_id))

    async def cancel(self, request: Request) -> Response:
        caller = await authenticate(request, self.services.database)
        video_id = parse_id(request.path_params["id"])
        return _answer(
            await videos.cancel(self.services.database, video_id, account_id=caller.account_id)
        )

    async def content(self, request: Request) -> Response:
        video = await self._own_video(request)
        wire.check_variant(request.query_params)
        return await send_content(
            self.services,
            request,
            video=video,
            disposition="attachment",
            wire_id=request.path_params["id"],
        )

    async def models(self, request: Request) -> Response:
        await authenticate(request, self.services.database)
        return json_answer(wire.write_models(self.services.catalogue.models))

    def endpoints(self) -> Sequence[Endpoint]:
        return [
            Endpoint("POST", "/v1/videos", self.create, reference.CREATE),
            Endpoint("GET", "/v1/videos", self.list_page, reference.LIST),
            Endpoint("GET", "/v1/videos/{id}", self.retrieve, reference.RETRIEVE),
            Endpoint("DELETE", "/v1/videos/{id}", self.delete, reference.DELETE),
            Endpoint("POST", "/v1/videos/{id}/cancel", self.cancel, reference.CANCEL),
            Endpoint("GET", "/v1/videos/{id}/content", self.content, reference.CONTENT),
            Endpoint("HEAD", "/v1/videos/{id}/content", self.content),
            Endpoint("GET", "/v1/models", self.models, reference.MODELS),
        ]

    async def _own_video(self, request: Request) -> Video:
        caller = await authenticate(request, self.services.database)
        video_id = parse_id(request.path_params["id"])
        return await videos.retrieve(self.services.database, video_id, account_id=caller.account_id)


def _answer(video: Video) -> Response:
    headers = None if video.status.is_terminal else _POLL_AGAIN
    return json_answer(wire.write_video(video), headers=headers)
