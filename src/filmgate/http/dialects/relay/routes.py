"""The relay dialect's routes, and those of the shared paths on which a `sora_` id asks for its words."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from filmgate.core.video import Dialect, Video
from filmgate.http.auth import authenticate
from filmgate.http.create_routes import CreateRoute
from filmgate.http.creation import create_video
from filmgate.http.dialects.relay import reference, wire
from filmgate.http.endpoints import Endpoint
from filmgate.http.ids import ID, parse_id
from filmgate.http.links import video_url
from filmgate.http.poll_routes import PollRoute
from filmgate.http.services import Services
from filmgate.http.video_answer import answer_created, answer_video
from filmgate.usecases import videos


@dataclass(frozen=True, slots=True)
class RelayRoutes:
    services: Services

    async def create(self, request: Request) -> Response:
        made = await create_video(self.services, request, dialect=Dialect.RELAY, parse=wire.parse)
        return await answer_created(
            self.services,
            request,
            made,
            write=self._writer(request),
            write_at_once=wire.write_created,
        )

    async def retrieve_result(self, request: Request) -> Response:
        return await self._retrieve(request, request.path_params["id"])

    async def retrieve(self, request: Request) -> Response:
        return await self._retrieve(request, f"sora_{request.path_params['id']}")

    async def cancel(self, request: Request) -> Response:
        caller = await authenticate(request, self.services)
        video_id = parse_id(f"sora_{request.path_params['id']}")
        with self.services.sightings.telling_of(video_id):
            video = await videos.cancel(
                self.services.database, video_id, account_id=caller.account_id
            )
        return await answer_video(self.services, request, video, write=self._writer(request))

    def endpoints(self) -> Sequence[Endpoint]:
        return [
            Endpoint("POST", "/v1/sora/videos", self.create, reference.CREATE),
            Endpoint("POST", "/sora/videos", self.create, reference.CREATE_UNVERSIONED),
            Endpoint("GET", "/v1/result/{id}", self.retrieve_result, reference.RETRIEVE_RESULT),
            Endpoint("GET", "/v1/videos/sora_{id}", self.retrieve, reference.RETRIEVE),
            Endpoint("POST", "/v1/videos/sora_{id}/cancel", self.cancel, reference.CANCEL),
        ]

    def polls(self) -> Sequence[PollRoute]:
        """The query routes, for the short cut."""
        paths = {
            "/v1/result/{id}": f"/v1/result/(?:sora_|video_)({ID})",
            "/v1/videos/sora_{id}": f"/v1/videos/sora_({ID})",
        }
        return [
            PollRoute(template, path, writer=self._writer, names_host=True)
            for template, path in paths.items()
        ]

    def creates(self) -> Sequence[CreateRoute]:
        """The create calls, for the short cut."""
        return [
            CreateRoute(path, Dialect.RELAY, write=wire.write_created, parse=wire.parse)
            for path in ("/v1/sora/videos", "/sora/videos")
        ]

    async def _retrieve(self, request: Request, asked_id: str) -> Response:
        caller = await authenticate(request, self.services)
        video = await videos.retrieve(
            self.services.database, parse_id(asked_id), account_id=caller.account_id
        )
        return await answer_video(self.services, request, video, write=self._writer(request))

    def _writer(self, request: Request) -> Callable[[Video], str]:
        def write(video: Video) -> str:
            url = video_url(self.services, request, video=video)
            return wire.write_video(video, video_url=url)

        return write
