"""Shapes of bodies: their keys as tables, and types in words."""

import json
from collections.abc import Iterable, Sequence

from filmgate.http.reference.description import Json, schema_name
from filmgate.http.reference.examples import schema_example
from filmgate.http.reference.markup import (
    Html,
    code,
    element,
    fold,
    join,
    json_listing,
    link,
    prose,
    table,
)


def sent_fields(schema: Json) -> Html:
    """What a client may send. Leaving a field out is the same as sending null."""
    required = schema.get("required", ())
    return table(
        "Fields of the body",
        ("Field", "Type", "Needed", "Meaning"),
        [
            (
                code(name),
                type_in_words(_without_null(field)),
                needed(is_required=name in required),
                _meaning(field),
            )
            for name, field in schema.get("properties", {}).items()
        ],
    )


def answered_keys(name: str, schema: Json) -> Html:
    """What a client gets: every key, every time, so that nothing is said of being optional."""
    return table(
        f"Keys of {name}",
        ("Key", "Type", "Meaning"),
        [
            (code(key), type_in_words(field), _meaning(field))
            for key, field in schema.get("properties", {}).items()
        ],
    )


def schema_article(name: str, schema: Json) -> Html:
    example = schema_example(name)
    return element(
        "article",
        element("h3", name, " ", permalink(name, name)),
        element("p", prose(schema.get("description", ""))),
        answered_keys(name, schema),
        *([] if example is None else [fold("Example", json_listing(example))]),
        fold("JSON Schema", json_listing(schema)),
        class_="schema",
        id=name,
    )


def permalink(id_: str, name: str) -> Html:
    return link("#", f"#{id_}", class_="permalink", aria_label=f"Link to {name}")


def needed(*, is_required: bool) -> Html:
    return element("em", "required", class_="required") if is_required else Html("optional")


def type_in_words(schema: Json) -> Html:
    """`string or null`, `array of VideoBody`."""
    if "$ref" in schema:
        name = schema_name(schema)
        return link(name, f"#{name}")
    if "const" in schema:
        return _literal(schema["const"])
    if "anyOf" in schema:
        return _either(map(type_in_words, schema["anyOf"]))
    if "enum" in schema:
        return _either(map(_literal, schema["enum"]))
    if schema.get("type") == "array":
        return join(["array of ", type_in_words(schema["items"])])
    return join(["file" if schema.get("format") == "binary" else str(schema.get("type", "any"))])


def _meaning(field: Json) -> Html:
    examples = [
        join(["For example ", code(str(value)), "."]) for value in field.get("examples", ())
    ]
    said = [prose(field["description"])] if "description" in field else []
    return join([*said, *examples], separator=" ")


def _either(choices: Iterable[str]) -> Html:
    return join(choices, separator=" or ")


def _literal(value: object) -> Html:
    return code(json.dumps(value, ensure_ascii=False))


def _without_null(schema: Json) -> Json:
    choices: Sequence[Json] = [
        choice for choice in schema.get("anyOf", ()) if choice.get("type") != "null"
    ]
    return {"anyOf": choices} if choices else schema
