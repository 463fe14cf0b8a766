"""The openai dialect's routes. What a `sora_` id answers on the same paths is the relay dialect's."""

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from filmgate.core import derivations
from filmgate.core.video import Dialect, Video
from filmgate.http.auth import authenticate
from filmgate.http.content import Content, send_content
from filmgate.http.create_routes import CreateRoute
from filmgate.http.creation import (
    Derive,
    create_character,
    create_video,
    derive_video,
    remix_video,
)
from filmgate.http.dialects.openai import reference, wire
from filmgate.http.endpoints import Endpoint
from filmgate.http.idempotency import REPLAYED
from filmgate.http.ids import ID, parse_character_id, parse_id
from filmgate.http.json_answer import json_answer
from filmgate.http.poll_routes import PollRoute
from filmgate.http.services import Services
from filmgate.http.video_answer import answer_created, answer_video
from filmgate.usecases import characters, contents, videos
from filmgate.usecases.idempotency import Made


@dataclass(frozen=True, slots=True)
class OpenaiRoutes:
    services: Services

    async def create(self, request: Request) -> Response:
        made = await create_video(self.services, request, dialect=Dialect.OPENAI)
        return await self._answer_created(request, made)

    async def retrieve(self, request: Request) -> Response:
        return await self._answer(request, await self._own_video(request))

    async def remix(self, request: Request) -> Response:
        made = await remix_video(self.services, request, dialect=Dialect.OPENAI)
        return await self._answer_created(request, made)

    async def edit(self, request: Request) -> Response:
        return await self._derive(request, derivations.edit)

    async def extend(self, request: Request) -> Response:
        return await self._derive(request, derivations.extension)

    async def create_character(self, request: Request) -> Response:
        made = await create_character(self.services, request)
        headers = REPLAYED if made.is_replay else None
        return json_answer(wire.write_character(made.thing), headers=headers)

    async def retrieve_character(self, request: Request) -> Response:
        caller = await authenticate(request, self.services)
        character = await characters.retrieve(
            self.services.database,
            parse_character_id(request.path_params["id"]),
            account_id=caller.account_id,
        )
        return json_answer(wire.write_character(character))

    async def delete_character(self, request: Request) -> Response:
        caller = await authenticate(request, self.services)
        asked_id = request.path_params["id"]
        await characters.delete(
            self.services.database,
            parse_character_id(asked_id),
            account_id=caller.account_id,
            store=self.services.store,
        )
        return json_answer(wire.write_deleted_character(asked_id))

    async def list_page(self, request: Request) -> Response:
        caller = await authenticate(request, self.services)
        query = wire.parse_list_query(request.query_params)
        page = await videos.list_page(
            self.services.database,
            account_id=caller.account_id,
            after=query.after,
            limit=query.limit,
            newest_first=query.newest_first,
        )
        for video in page.videos:
            self.services.sightings.note(video)
        return json_answer(wire.write_list(page))

    async def delete(self, request: Request) -> Response:
        caller = await authenticate(request, self.services)
        asked_id = request.path_params["id"]
        deleted = await videos.delete(
            self.services.database, parse_id(asked_id), account_id=caller.account_id
        )
        self.services.sightings.note(deleted)
        return json_answer(wire.write_deleted(asked_id))

    async def cancel(self, request: Request) -> Response:
        caller = await authenticate(request, self.services)
        video_id = parse_id(request.path_params["id"])
        with self.services.sightings.telling_of(video_id):
            video = await videos.cancel(
                self.services.database, video_id, account_id=caller.account_id
            )
        return await self._answer(request, video)

    async def content(self, request: Request) -> Response:
        caller = await authenticate(request, self.services)
        asked_id = request.path_params["id"]
        sight = await contents.look(self.services.database, parse_id(asked_id))
        content = Content(
            video=sight.own(caller.account_id),
            at=sight.at,
            variant=wire.parse_variant(request.query_params),
            disposition="attachment",
            wire_id=asked_id,
        )
        return await send_content(self.services, request, content)

    async def models(self, request: Request) -> Response:
        await authenticate(request, self.services)
        return json_answer(wire.write_models(self.services.catalogue.models))

    def endpoints(self) -> Sequence[Endpoint]:
        return [
            Endpoint("POST", "/v1/videos", self.create, reference.CREATE),
            Endpoint("GET", "/v1/videos", self.list_page, reference.LIST),
            Endpoint("POST", "/v1/videos/edits", self.edit, reference.EDIT),
            Endpoint("POST", "/v1/videos/extensions", self.extend, reference.EXTEND),
            Endpoint(
                "POST", "/v1/videos/characters", self.create_character, reference.CREATE_CHARACTER
            ),
            Endpoint(
                "GET",
                "/v1/videos/characters/{id}",
                self.retrieve_character,
                reference.RETRIEVE_CHARACTER,
            ),
            Endpoint(
                "DELETE",
                "/v1/videos/characters/{id}",
                self.delete_character,
                reference.DELETE_CHARACTER,
            ),
            Endpoint("GET", "/v1/videos/{id}", self.retrieve, reference.RETRIEVE),
            Endpoint("DELETE", "/v1/videos/{id}", self.delete, reference.DELETE),
            Endpoint("POST", "/v1/videos/{id}/remix", self.remix, reference.REMIX),
            Endpoint("POST", "/v1/videos/{id}/cancel", self.cancel, reference.CANCEL),
            Endpoint("GET", "/v1/videos/{id}/content", self.content, reference.CONTENT),
            Endpoint("HEAD", "/v1/videos/{id}/content", self.content),
            Endpoint("GET", "/v1/models", self.models, reference.MODELS),
        ]

    def polls(self) -> Sequence[PollRoute]:
        """The query route, for the short cut."""
        return [
            PollRoute(
                "/v1/videos/{id}",
                f"/v1/videos/video_({ID})",
                writer=lambda _: wire.write_video,
                add_place=wire.add_place,
            )
        ]

    def creates(self) -> Sequence[CreateRoute]:
        """The create call, for the short cut."""
        return [
            CreateRoute(
                "/v1/videos", Dialect.OPENAI, write=wire.write_video, add_place=wire.add_place
            )
        ]

    async def _derive(self, request: Request, derive: Derive) -> Response:
        made = await derive_video(self.services, request, dialect=Dialect.OPENAI, derive=derive)
        return await self._answer_created(request, made)

    async def _own_video(self, request: Request) -> Video:
        caller = await authenticate(request, self.services)
        video_id = parse_id(request.path_params["id"])
        return await videos.retrieve(self.services.database, video_id, account_id=caller.account_id)

    async def _answer_created(self, request: Request, made: Made[Video]) -> Response:
        return await answer_created(
            self.services,
            request,
            made,
            write=wire.write_video,
            add_place=wire.add_place,
        )

    async def _answer(self, request: Request, video: Video) -> Response:
        return await answer_video(
            self.services,
            request,
            video,
            write=wire.write_video,
            add_place=wire.add_place,
        )
