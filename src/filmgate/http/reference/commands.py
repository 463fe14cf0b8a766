"""Requests as a reader would type them."""

import json
import re
from collections.abc import Iterator, Mapping
from shlex import quote

from filmgate.http.reference.description import Json, Operation, schema_name, takes_files

_JSON, _FORM = "application/json", "multipart/form-data"
_FILES = {"video": "film.mp4"}
_OTHER_FILE = "first-frame.png"


def curl(operation: Operation, *, base: str, schemas: Json) -> str:
    """With the JSON body of the example; as a form where nothing else is read."""
    body = operation.bodies.get(_JSON, {}).get("example")
    words = [*_beginning(operation, base, sends_body=bool(operation.bodies))]
    if body is not None:
        words.append("-H 'Content-Type: application/json'")
        written = json.dumps(body, indent=2, ensure_ascii=False)
        words.append(f"-d {quote(written)}".replace("\n", "\n  "))
    elif _FORM in operation.bodies:
        words += _form(operation, {}, schemas)
    answers = operation.answers["200"].get("content", {})
    if "video/mp4" in answers:
        words.append("-o video.mp4")
    if "text/event-stream" in answers:
        words.append("-N")
    return _lines(words)


def curl_upload(operation: Operation, *, base: str, schemas: Json) -> str | None:
    """The same request as a form with a file, where a file can be sent in place of something else."""
    body = operation.bodies.get(_JSON, {}).get("example")
    if body is None or _file_field(operation, schemas) is None:
        return None
    return _lines([*_beginning(operation, base, sends_body=True), *_form(operation, body, schemas)])


def _beginning(operation: Operation, base: str, *, sends_body: bool) -> Iterator[str]:
    guessed = "POST" if sends_body else "GET"  # what curl would choose by itself
    method = "" if operation.method == guessed else f"-X {operation.method} "
    yield f"curl {method}{quote(base + _address(operation))}"
    yield "-H 'Authorization: Bearer YOUR_API_KEY'"


def _form(operation: Operation, example: Json, schemas: Json) -> Iterator[str]:
    file_field = _file_field(operation, schemas)
    fields = {**_needed(operation, schemas), **example}
    for name, value in fields.items():
        if name != file_field:
            yield f"-F {quote(f'{name}={value}')}"
    if file_field is not None:
        yield f"-F {file_field}=@{_FILES.get(file_field, _OTHER_FILE)}"


def _needed(operation: Operation, schemas: Json) -> Mapping[str, object]:
    """The fields that a form must have, as far as their schemas give an example."""
    schema = _form_schema(operation, schemas)
    fields = {name: schema["properties"][name] for name in schema.get("required", ())}
    return {name: field["examples"][0] for name, field in fields.items() if "examples" in field}


def _file_field(operation: Operation, schemas: Json) -> str | None:
    fields = _form_schema(operation, schemas).get("properties", {})
    return next((name for name, field in fields.items() if takes_files(field)), None)


def _form_schema(operation: Operation, schemas: Json) -> Json:
    form = operation.bodies.get(_FORM)
    schema: Json = {} if form is None else schemas[schema_name(form["schema"])]
    return schema


def _address(operation: Operation) -> str:
    values = {
        parameter["name"]: str(parameter.get("example", "…"))
        for parameter in operation.parameters
        if parameter["in"] == "path"
    }
    path = re.sub(r"\{(\w+)\}", lambda name: values.get(name[1], "…"), operation.paths[0])
    choices = [
        f"{query['name']}={query['schema']['default']}"
        for query in operation.parameters
        if "default" in query["schema"] and len(query["schema"].get("enum", "ab")) > 1
    ]
    return path + (f"?{'&'.join(choices)}" if choices else "")


def _lines(words: list[str]) -> str:
    return " \\\n  ".join(words)
