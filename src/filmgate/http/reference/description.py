"""What the OpenAPI description says, in the order in which a reader wants it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Json = Mapping[str, Any]
"""A piece of the OpenAPI description."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing that can be asked for, at the first of its addresses, or at another one."""

    method: str
    paths: Sequence[str]
    ids: Sequence[str]
    """One for each path; the first is the operation's own."""
    said: Json

    @property
    def tag(self) -> str:
        return str(self.said["tags"][0])

    @property
    def summary(self) -> str:
        return str(self.said["summary"])

    @property
    def parameters(self) -> Sequence[Json]:
        return list(self.said.get("parameters", ()))

    @property
    def bodies(self) -> Mapping[str, Json]:
        """What may be sent, by content type: a schema, and perhaps an example."""
        content: Mapping[str, Json] = self.said.get("requestBody", {}).get("content", {})
        return content

    @property
    def answers(self) -> Mapping[str, Json]:
        answers: Mapping[str, Json] = self.said["responses"]
        return answers


def operations(openapi: Json) -> Sequence[Operation]:
    """Those that differ in nothing but the path are one."""
    found: list[Operation] = []
    for new in _each_alone(openapi):
        same = next((at for at, old in enumerate(found) if _are_one(old, new)), None)
        if same is None:
            found.append(new)
        else:
            old = found[same]
            both = [*old.paths, *new.paths], [*old.ids, *new.ids]
            found[same] = Operation(old.method, *both, old.said)
    return found


def answer_schemas(answer: Json) -> Sequence[str]:
    """The names of the shapes that an answer can have."""
    schemas = [content.get("schema", {}) for content in answer.get("content", {}).values()]
    choices = [choice for schema in schemas for choice in _choices(schema)]
    return [schema_name(choice) for choice in choices if "$ref" in choice]


def schema_name(reference: Json) -> str:
    return str(reference["$ref"]).rpartition("/")[2]


def sent_schemas(openapi: Json) -> frozenset[str]:
    """The names of the shapes that a whole body can have."""
    return frozenset(
        schema_name(body["schema"])
        for operation in _each_alone(openapi)
        for body in operation.bodies.values()
    )


def takes_files(field: Json) -> bool:
    """Whether a field of a form can be a file, or several."""
    return (
        field.get("format") == "binary"
        or any(map(takes_files, field.get("anyOf", ())))
        or ("items" in field and takes_files(field["items"]))
    )


def _choices(schema: Json) -> Sequence[Json]:
    return schema.get("oneOf") or schema.get("anyOf") or [schema]


def _each_alone(openapi: Json) -> Iterator[Operation]:
    for path, methods in openapi["paths"].items():
        for method, said in methods.items():
            yield Operation(method.upper(), [path], [said["operationId"]], said)


def _are_one(old: Operation, new: Operation) -> bool:
    return old.method == new.method and {**old.said, "operationId": None} == {
        **new.said,
        "operationId": None,
    }
