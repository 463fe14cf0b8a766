"""The newapi dialect's routes: create and query, at one address of its own."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from starlette.requests import Request
from starlette.responses import Response

from filmgate.core.video import Dialect, Video
from filmgate.http.auth import authenticate
from filmgate.http.create_routes import CreateRoute
from filmgate.http.creation import create_video
from filmgate.http.dialects.newapi import reference, wire
from filmgate.http.endpoints import Endpoint
from filmgate.http.ids import parse_id
from filmgate.http.links import video_url
from filmgate.http.services import Services
from filmgate.http.video_answer import answer_created, answer_video
from filmgate.usecases import videos


@dataclass(frozen=True, slots=True)
class NewapiRoutes:
    services: Services

    async def create(self, request: Request) -> Response:
        parse = partial(wire.parse, catalogue=self.services.catalogue)
        made = await create_video(self.services, request, dialect=Dialect.NEWAPI, parse=parse)
        return await answer_created(
            self.services,
            request,
            made,
            write=self._writer(request, wire.wire_id(made.thing.id)),
            write_at_once=wire.write_created,
        )

    async def retrieve(self, request: Request) -> Response:
        caller = await authenticate(request, self.services)
        asked_id = request.path_params["id"]
        video = await videos.retrieve(
            self.services.database, parse_id(asked_id), account_id=caller.account_id
        )
        write = self._writer(request, asked_id)
        return await answer_video(self.services, request, video, write=write)

    def endpoints(self) -> Sequence[Endpoint]:
        return [
            Endpoint("POST", "/v1/video/generations", self.create, reference.CREATE),
            Endpoint("GET", "/v1/video/generations/{id}", self.retrieve, reference.RETRIEVE),
        ]

    def creates(self) -> Sequence[CreateRoute]:
        """The create call, for the short cut."""
        parse = partial(wire.parse, catalogue=self.services.catalogue)
        return [
            CreateRoute(
                "/v1/video/generations", Dialect.NEWAPI, write=wire.write_created, parse=parse
            )
        ]

    def _writer(self, request: Request, asked_id: str) -> Callable[[Video], str]:
        def write(video: Video) -> str:
            url = video_url(self.services, request, video=video)
            return wire.write_video(video, asked_id=asked_id, url=url)

        return write
