"""The OpenAPI description of this server, from what the endpoints say about themselves."""

import re
from collections.abc import Iterable, Iterator, Sequence
from importlib.metadata import version
from typing import Any

from pydantic import BaseModel

from filmgate.core.catalogue import Catalogue
from filmgate.http.description.examples import answer_example, error_example, request_example
from filmgate.http.description.headers import described_headers, headers_of
from filmgate.http.description.schemas import Schemas
from filmgate.http.endpoints import Endpoint, Parameter, PathPart, Reference

SECURITY_SCHEME = "api_key"

ALWAYS = (401, 403, 429, 500, 503)
"""The refusals that every endpoint with a key can give."""

_DESCRIPTION = (
    "Asynchronous video generation in the words of the Videos API, of the relays that resold it and of the"
    " Go gateways: create a video, ask for it until it is completed, fetch the MP4."
    " Every address also answers below `/kyyReactApiServer` and `/kyyAiPower`."
)

_STATUSES = {
    200: "Done.",
    400: "Something in the request cannot be accepted; `param` names it.",
    401: "There is no key in the request, or none that is known.",
    403: "The key may not do this.",
    404: "There is no such thing in this account.",
    408: "The body came too slowly.",
    409: "What is there already contradicts the request, or the same request is still being worked on.",
    410: "The video's day is over, and its bytes are gone.",
    413: "The body is too large.",
    422: "The request is well formed, but what is there makes it impossible, or its key was used before.",
    429: "Too many requests, or the account may spend no more.",
    500: "A fault of ours.",
    503: "A part that is needed is away for the moment.",
}

_PATH_PARAMETER = re.compile(r"\{(\w+)(?::\w+)?\}")

Described = dict[str, Any]


def describe_api(endpoints: Iterable[Endpoint], catalogue: Catalogue) -> Described:
    """OpenAPI 3.1."""
    schemas = Schemas(catalogue)
    own, guests = _sorted(endpoints)
    paths: Described = {}
    for endpoint, reference in own:
        path = _PATH_PARAMETER.sub(r"{\1}", endpoint.path)
        others = [each for at, each in guests if (at, each.shares) == (endpoint.method, path)]
        operation = _operation(path, [reference, *others], schemas)
        paths.setdefault(path, {})[endpoint.method.lower()] = operation
    return {
        "openapi": "3.1.0",
        "info": {"title": "filmgate", "version": version("filmgate"), "description": _DESCRIPTION},
        "servers": [{"url": "/", "description": "This server"}],
        "security": [{SECURITY_SCHEME: []}],
        "tags": [{"name": tag} for tag in dict.fromkeys(each.tag for _, each in own)],
        "paths": paths,
        "components": {
            "schemas": schemas.with_examples(),
            "headers": described_headers(),
            "securitySchemes": {SECURITY_SCHEME: {"type": "http", "scheme": "bearer"}},
        },
    }


def _sorted(
    endpoints: Iterable[Endpoint],
) -> tuple[list[tuple[Endpoint, Reference]], list[tuple[str, Reference]]]:
    """Those with an address of their own, and those that share another's, with their method."""
    described = [(each, each.reference) for each in endpoints if each.reference]
    own = [(each, reference) for each, reference in described if reference.shares is None]
    return own, [(each.method, reference) for each, reference in described if reference.shares]


def _operation(path: str, references: Sequence[Reference], schemas: Schemas) -> Described:
    """The first of the references is the operation's own."""
    reference = references[0]
    operation: Described = {
        "operationId": reference.id,
        "tags": [reference.tag],
        "summary": reference.summary,
        "description": reference.description,
        "security": [{SECURITY_SCHEME: []}],
        "parameters": [_parameter(each) for each in _parameters(path, reference)],
        "responses": {str(status): each for status, each in _responses(references, schemas)},
    }
    if content := dict(_contents(reference, schemas)):
        operation["requestBody"] = {"required": True, "content": content}
    return operation


def _parameters(path: str, reference: Reference) -> Iterator[Parameter]:
    told = {part.name: part for part in reference.path}
    for name in _PATH_PARAMETER.findall(path):
        yield told.get(name) or PathPart(name=name, description="")
    yield from reference.query
    yield from reference.headers


def _parameter(parameter: Parameter) -> Described:
    described = {
        "name": parameter.name,
        "in": parameter.place,
        "description": parameter.description,
        "required": parameter.place == "path",
        "schema": parameter.schema,
    }
    return described if parameter.example is None else {**described, "example": parameter.example}


def _contents(reference: Reference, schemas: Schemas) -> Iterator[tuple[str, Described]]:
    body, form, example = reference.body, reference.form, request_example(reference.id)
    if body is not None:
        json: Described = {"schema": schemas.body(body, operation_id=reference.id)}
        yield "application/json", json if example is None else {**json, "example": example}
    if form is not None:
        yield "multipart/form-data", {"schema": schemas.form(form, operation_id=reference.id)}


def _responses(
    references: Sequence[Reference], schemas: Schemas
) -> Iterator[tuple[int, Described]]:
    reference = references[0]
    yield (
        200,
        {
            "description": _STATUSES[200],
            "headers": headers_of(200, reference.answer_headers),
            "content": _answers(references, schemas),
        },
    )
    for status, meaning in reference.also.items():
        yield status, {"description": meaning, "headers": headers_of(status)}
    for status in sorted({*ALWAYS, *(each for one in references for each in _errors_of(one))}):
        yield (
            status,
            {
                "description": _STATUSES[status],
                "headers": headers_of(status),
                "content": {"application/json": _errors(status, references, schemas)},
            },
        )


def _errors_of(reference: Reference) -> Sequence[int]:
    takes_a_body = reference.body is not None or reference.form is not None
    return [*reference.errors, 408] if takes_a_body else reference.errors


def _answers(references: Sequence[Reference], schemas: Schemas) -> Described:
    answers = [(each.id, answer) for each in references for answer in _each(each.answers)]
    kinds: Described = {answer: {} for _, answer in answers if isinstance(answer, str)}
    models = {answer: id_ for id_, answer in answers if not isinstance(answer, str)}
    if not models:
        return kinds
    examples = {
        model.__name__: {"value": example}
        for model, id_ in models.items()
        if (example := answer_example(model.__name__, id_)) is not None
    }
    json = {"schema": _either([schemas.answer(model) for model in models], _word_for(models))}
    return {"application/json": {**json, "examples": examples} if examples else json, **kinds}


def _errors(status: int, references: Sequence[Reference], schemas: Schemas) -> Described:
    models = dict.fromkeys(each.error for each in references)
    # Not oneOf: what says more, as the relay's errors do, is an instance of what says less too.
    described = {"schema": _either([schemas.answer(model) for model in models], "anyOf")}
    example = error_example(status, keys=references[0].error.model_fields)
    return {**described, "example": example}


def _word_for(models: Iterable[type[BaseModel]]) -> str:
    """An answer that says more is an instance of the model that says less, too."""
    bases = {base for model in models for base in model.__mro__[1:]}
    return "oneOf" if bases.isdisjoint(models) else "anyOf"


def _each(answers: Sequence[Any] | str) -> Sequence[Any]:
    return [answers] if isinstance(answers, str) else answers


def _either(schemas: list[Described], word: str) -> Described:
    return schemas[0] if len(schemas) == 1 else {word: schemas}
