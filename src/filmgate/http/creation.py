"""The create calls: what all dialects share but for how they read the body and write the answer."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from starlette.requests import Request

from filmgate.core import derivations
from filmgate.core.account import AccountId
from filmgate.core.catalogue import Catalogue, VideoRequest
from filmgate.core.character import Character, check_name
from filmgate.core.derivations import Film
from filmgate.core.errors import CharacterNotFound, InvalidRequest
from filmgate.core.spec import CharacterId, ObjectKey, VideoSpec
from filmgate.core.video import Dialect, Video
from filmgate.http.auth import authenticate
from filmgate.http.bodies.fields import Fields, FilmId
from filmgate.http.bodies.reading import open_fields
from filmgate.http.bodies.uploads import Upload
from filmgate.http.ids import parse_character_id, parse_id
from filmgate.http.services import Services
from filmgate.usecases import characters, films, videos
from filmgate.usecases.drafts import Draft
from filmgate.usecases.films import OwnFilm, SentFilm
from filmgate.usecases.references import ImageSource


class Derive(Protocol):
    """`derivations.edit` or `derivations.extension`."""

    def __call__(
        self, catalogue: Catalogue, request: VideoRequest, film: Film, *, key: ObjectKey
    ) -> VideoSpec: ...


@dataclass(frozen=True, slots=True)
class Order:
    """A request for a video together with its pictures, and the field in which these came."""

    request: VideoRequest
    images: Sequence[ImageSource]
    images_param: str
    characters: Sequence[CharacterId] = ()


def read_order(fields: Fields) -> Order:
    """The fields whose names and meaning the dialects have in common."""
    input_reference, image_urls = fields.images("input_reference"), fields.images("image_urls")
    named = fields.ids("characters") or ()
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
        characters=len(named) or None,
    )
    return Order(
        request,
        images=input_reference or image_urls or (),
        images_param="image_urls" if image_urls else "input_reference",
        characters=[_character_id(each) for each in named],
    )


async def create_video(
    services: Services,
    request: Request,
    *,
    dialect: Dialect,
    parse: Callable[[Fields], Order] = read_order,
) -> Video:
    """The video, committed; or an error, and nothing left behind."""
    caller = await authenticate(request, services.database)
    async with open_fields(request, scratch=services.scratch) as fields:
        order = parse(fields)
        spec = services.catalogue.validate(order.request)
        await characters.check_all(
            services.database, order.characters, account_id=caller.account_id
        )
        async with Draft(services.store) as draft:
            spec = await draft.keep_images(
                spec, order.images, fetch=services.fetch, param=order.images_param
            )
            return await draft.create(
                services.database,
                replace(spec, characters=tuple(order.characters)),
                account_id=caller.account_id,
                dialect=dialect,
            )


async def remix_video(services: Services, request: Request, *, dialect: Dialect) -> Video:
    """The video of the path once more, with another prompt."""
    caller = await authenticate(request, services.database)
    source_id = parse_id(request.path_params["id"])
    async with open_fields(request, scratch=services.scratch) as fields:
        source = await videos.retrieve_finished(
            services.database, source_id, account_id=caller.account_id
        )
        if source.spec.has_inputs:
            videos.check_kept(source)
        spec = derivations.remix(services.catalogue, source.spec, prompt=fields.text("prompt"))
    async with Draft(services.store) as draft:
        return await draft.create(
            services.database,
            await draft.copy_inputs(spec),
            account_id=caller.account_id,
            dialect=dialect,
            remixed_from=source.id,
        )


async def derive_video(
    services: Services, request: Request, *, dialect: Dialect, derive: Derive
) -> Video:
    """A video made from the film that the body names or holds."""
    caller = await authenticate(request, services.database)
    async with (
        open_fields(request, scratch=services.scratch) as fields,
        Draft(services.store) as draft,
    ):
        wanted = read_order(fields).request
        derivations.check_wish(services.catalogue, wanted)
        film = await _film(services, fields, account_id=caller.account_id)
        spec = derive(services.catalogue, wanted, film.facts, key=draft.source_key)
        await film.keep(draft)
        return await draft.create(
            services.database, spec, account_id=caller.account_id, dialect=dialect
        )


async def create_character(services: Services, request: Request) -> Character:
    """From the film that the form holds."""
    caller = await authenticate(request, services.database)
    async with open_fields(request, scratch=services.scratch) as fields:
        name = check_name(fields.word("name"))
        film = fields.film("video")
        if not isinstance(film, Upload):
            raise InvalidRequest(
                "video", "video is required: upload a film as multipart/form-data."
            )
        with services.film_uploads.taken(caller.account_id):
            return await characters.create(
                services.database,
                name,
                film.path,
                account_id=caller.account_id,
                store=services.store,
                bench=services.bench,
            )


def _character_id(text: str) -> CharacterId:
    try:
        return parse_character_id(text)
    except CharacterNotFound as error:
        raise InvalidRequest("characters", f"{text!r} is not the id of a character.") from error


async def _film(services: Services, fields: Fields, *, account_id: AccountId) -> OwnFilm | SentFilm:
    source = fields.film("video")
    if source is None:
        raise InvalidRequest("video", 'video is required: {"id": "video_…"}, or an uploaded film.')
    if isinstance(source, FilmId):
        video_id = parse_id(source.text)
        return OwnFilm(
            await videos.retrieve_kept(services.database, video_id, account_id=account_id)
        )
    with services.film_uploads.taken(account_id):
        return await films.check_film(source.path, bench=services.bench)
