"""Endpoint: an address, what answers there, and what the reference says about it.

Routes read their requests and write their answers by themselves, which is several times faster than having
the framework do it; so what it would have found out about them is written down beside them.
"""

import re
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from http import HTTPStatus
from operator import or_
from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

SECURITY_SCHEME = "api_key"

_PATH_PARAMETER = re.compile(r"\{(\w+)(?::\w+)?\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A query parameter."""

    name: str
    description: str
    schema: dict[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """What the reference says about an endpoint that wants a key.

    Its answers are JSON models, or a media type.
    """

    id: str
    tag: str
    summary: str
    description: str = ""
    body: type[BaseModel] | None = None
    query: Sequence[Query] = ()
    answers: Sequence[type[BaseModel]] | str
    error: type[BaseModel]
    errors: Sequence[int] = ()


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Without a `reference`, it is one that clients need not know about."""

    method: str
    path: str
    answer: Callable[[Request], Awaitable[Response]]
    reference: Reference | None = None


def add_endpoints(app: FastAPI, endpoints: Iterable[Endpoint]) -> None:
    """In this order: the first that matches answers."""
    for endpoint in endpoints:
        app.add_api_route(
            endpoint.path,
            endpoint.answer,
            methods=[endpoint.method],
            response_class=Response,
            include_in_schema=endpoint.reference is not None,
            **(_described(endpoint.path, endpoint.reference) if endpoint.reference else {}),
        )


def _described(path: str, reference: Reference) -> dict[str, Any]:
    return {
        "operation_id": reference.id,
        "tags": [reference.tag],
        "summary": reference.summary,
        "description": reference.description,
        "responses": _responses(reference),
        "openapi_extra": _extra(path, reference),
    }


def _responses(reference: Reference) -> dict[int | str, dict[str, Any]]:
    good: dict[str, Any] = {"description": "Done."}
    if isinstance(reference.answers, str):
        good["content"] = {reference.answers: {}}
    else:
        good["model"] = reduce(or_, reference.answers)
    errors: dict[int | str, dict[str, Any]] = {
        status: {"description": HTTPStatus(status).phrase, "model": reference.error}
        for status in reference.errors
    }
    return {200: good, **errors}


def _extra(path: str, reference: Reference) -> dict[str, Any]:
    extra: dict[str, Any] = {
        "parameters": [
            *map(_path_parameter, _PATH_PARAMETER.findall(path)),
            *map(_query_parameter, reference.query),
        ],
        "security": [{SECURITY_SCHEME: []}],
    }
    if reference.body is not None:
        schema = {"schema": reference.body.model_json_schema()}
        kinds = ("application/json", "multipart/form-data")
        extra["requestBody"] = {"required": True, "content": dict.fromkeys(kinds, schema)}
    return extra


def _path_parameter(name: str) -> dict[str, object]:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}


def _query_parameter(query: Query) -> dict[str, object]:
    return {
        "name": query.name,
        "in": "query",
        "description": query.description,
        "schema": query.schema,
    }
