"""The create calls: what all dialects share but for how they read the body and write the answer."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol, TypeVar

from starlette.requests import Request
from starlette.types import Scope

from filmgate.core import derivations
from filmgate.core.account import AccountId, Caller
from filmgate.core.catalogue import Catalogue, VideoRequest
from filmgate.core.character import Character, check_name
from filmgate.core.derivations import Film
from filmgate.core.errors import (
    CharacterNotFound,
    FilmgateError,
    InvalidRequest,
    ServiceUnavailable,
    VideoNotFound,
)
from filmgate.core.idempotency import Claim
from filmgate.core.spec import CharacterId, ObjectKey, VideoSpec
from filmgate.core.video import Dialect, Video, VideoId
from filmgate.http.auth import authenticate
from filmgate.http.bodies.fields import Fields, FilmId
from filmgate.http.bodies.opening import open_body
from filmgate.http.bodies.uploads import Upload
from filmgate.http.idempotency import claim_of
from filmgate.http.ids import parse_character_id, parse_id
from filmgate.http.services import Services
from filmgate.usecases import characters, films, videos
from filmgate.usecases.drafts import Draft
from filmgate.usecases.films import OwnFilm, SentFilm
from filmgate.usecases.idempotency import Made, once
from filmgate.usecases.policies import check_prompt
from filmgate.usecases.references import ImageSource

T = TypeVar("T")

_TRIED = "filmgate.tried"
_DELETED = (
    "The {} that was made under this Idempotency-Key is deleted; use a new key for a new one."
)


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
) -> Made[Video]:
    """The video, committed; or an error, and nothing left behind."""
    caller = await authenticate(request, services)
    make = partial(_ordered, dialect=dialect, parse=parse)
    return await _once(services, request, caller=caller, make=make, find=_find_video, at_once=True)


async def remix_video(services: Services, request: Request, *, dialect: Dialect) -> Made[Video]:
    """The video of the path once more, with another prompt."""
    caller = await authenticate(request, services)
    source_id = parse_id(request.path_params["id"])
    make = partial(_remixed, dialect=dialect, source_id=source_id)
    return await _once(services, request, caller=caller, make=make, find=_find_video)


async def derive_video(
    services: Services, request: Request, *, dialect: Dialect, derive: Derive
) -> Made[Video]:
    """A video made from the film that the body names or holds."""
    caller = await authenticate(request, services)
    make = partial(_derived, dialect=dialect, derive=derive)
    return await _once(services, request, caller=caller, make=make, find=_find_video)


async def create_character(services: Services, request: Request) -> Made[Character]:
    """From the film that the form holds."""
    caller = await authenticate(request, services)
    return await _once(
        services, request, caller=caller, make=_shown_character, find=_find_character
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sent:
    """A create that has come in whole, who sent it, and the idempotency key that it carries."""

    services: Services
    caller: Caller
    fields: Fields
    claim: Claim | None
    holds_key: bool = True


async def _once(
    services: Services,
    request: Request,
    *,
    caller: Caller,
    make: Callable[[_Sent], Awaitable[T]],
    find: Callable[[Services, Caller, str], Awaitable[T]],
    at_once: bool = False,
) -> Made[T]:
    """`at_once` is for what can often be made in one transaction, which takes a new key as well."""
    async with open_body(services, request, account_id=caller.account_id) as fields:
        claim = await claim_of(request, fields, account_id=caller.account_id)
        sent = _Sent(services=services, caller=caller, fields=fields, claim=claim)
        if at_once and claim is not None and _TRIED not in request.scope:
            with suppress(_KeyFirst):
                return Made(await _unheld(replace(sent, holds_key=False), make))
        return await once(
            services.database,
            claim,
            make=lambda: make(sent),
            find=partial(find, services, caller),
        )


def note_tried(scope: Scope) -> None:
    """A short cut has tried already to make it in one transaction."""
    scope[_TRIED] = True


class _KeyFirst(Exception):
    """It was not made; and before anything is said or done, it must be known what the key stands for."""


async def _unheld(sent: _Sent, make: Callable[[_Sent], Awaitable[T]]) -> T:
    """Make it without having taken the key. Raises ServiceUnavailable or _KeyFirst."""
    try:
        return await make(sent)
    except ServiceUnavailable:
        raise
    except FilmgateError as error:
        raise _KeyFirst from error


async def _ordered(sent: _Sent, *, dialect: Dialect, parse: Callable[[Fields], Order]) -> Video:
    services, account_id = sent.services, sent.caller.account_id
    order = parse(sent.fields)
    if not sent.holds_key and (order.images or services.policies.endpoint is not None):
        # That takes long, and may fail: only one of many that send the same is to ask others for it.
        raise _KeyFirst
    spec = services.catalogue.validate(order.request)
    await characters.check_all(services.database, order.characters, account_id=account_id)
    await check_prompt(services.policies, spec.prompt)
    async with Draft(services.store) as draft:
        if order.images:
            spec = await draft.keep_images(
                spec,
                order.images,
                fetch=services.fetch,
                param=order.images_param,
                policies=services.policies,
            )
        if order.characters:
            spec = replace(spec, characters=tuple(order.characters))
        return await _accept(sent, draft, spec, dialect=dialect)


async def _remixed(sent: _Sent, *, dialect: Dialect, source_id: VideoId) -> Video:
    services = sent.services
    with services.sightings.telling_of(source_id):
        source = await videos.retrieve_finished(
            services.database, source_id, account_id=sent.caller.account_id
        )
    if source.spec.has_inputs:
        await videos.check_kept(services.database, source)
    spec = derivations.remix(services.catalogue, source.spec, prompt=sent.fields.text("prompt"))
    await check_prompt(services.policies, spec.prompt)
    async with Draft(services.store) as draft:
        spec = await draft.copy_inputs(spec)
        return await _accept(sent, draft, spec, dialect=dialect, remixed_from=source.id)


async def _derived(sent: _Sent, *, dialect: Dialect, derive: Derive) -> Video:
    services = sent.services
    async with Draft(services.store) as draft:
        wanted = read_order(sent.fields).request
        prompt = derivations.check_wish(services.catalogue, wanted)
        await check_prompt(services.policies, prompt)
        film = await _film(services, sent.fields, account_id=sent.caller.account_id)
        spec = derive(services.catalogue, wanted, film.facts, key=draft.source_key)
        await film.keep(draft)
        return await _accept(sent, draft, spec, dialect=dialect)


async def _accept(
    sent: _Sent,
    draft: Draft,
    spec: VideoSpec,
    *,
    dialect: Dialect,
    remixed_from: VideoId | None = None,
) -> Video:
    # A source may be older than the end of a character that it names.
    account_id = sent.caller.account_id
    await characters.check_all(sent.services.database, spec.characters, account_id=account_id)
    return await draft.create(
        sent.services.acceptance,
        spec,
        caller=sent.caller,
        dialect=dialect,
        price_per_second=sent.services.catalogue.price_of(spec),
        remixed_from=remixed_from,
        claim=sent.claim,
    )


async def _shown_character(sent: _Sent) -> Character:
    services, account_id = sent.services, sent.caller.account_id
    name = check_name(sent.fields.word("name"))
    film = sent.fields.film("video")
    if not isinstance(film, Upload):
        raise InvalidRequest("video", "video is required: upload a film as multipart/form-data.")
    with services.film_uploads.taken(account_id):
        return await characters.create(
            services.database,
            name,
            film.path,
            account_id=account_id,
            store=services.store,
            bench=services.bench,
            policies=services.policies,
            claim=sent.claim,
        )


async def _find_video(services: Services, caller: Caller, made_id: str) -> Video:
    try:
        return await videos.retrieve(
            services.database, VideoId(made_id), account_id=caller.account_id
        )
    except VideoNotFound as error:
        # Neither a second video nor a good word for one that every other address denies.
        raise VideoNotFound(_DELETED.format("video")) from error


async def _find_character(services: Services, caller: Caller, made_id: str) -> Character:
    try:
        return await characters.retrieve(
            services.database, CharacterId(made_id), account_id=caller.account_id
        )
    except CharacterNotFound as error:
        raise CharacterNotFound(_DELETED.format("character")) from error


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
        with services.sightings.telling_of(video_id):
            return OwnFilm(
                await videos.retrieve_kept(services.database, video_id, account_id=account_id)
            )
    with services.film_uploads.taken(account_id):
        return await films.check_film(source.path, bench=services.bench, by=services.policies)
