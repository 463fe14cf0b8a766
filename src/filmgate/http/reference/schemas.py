"""Shapes of bodies: their keys as tables, and types in words."""

import json
from collections.abc import Iterable, Sequence

from filmgate.http.reference.description import Json, schema_name
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


def schema_article(name: str, schema: Json, *, is_sent: bool) -> Html:
    return element(
        "article",
        element("h3", name, " ", permalink(name, name)),
        element("p", prose(schema.get("description", ""))),
        *_values(schema),
        sent_fields(schema) if is_sent else answered_keys(name, schema),
        *(fold("Example", json_listing(each)) for each in schema.get("examples", ())),
        fold("JSON Schema", json_listing(schema)),
        class_="schema",
        id=name,
    )


def _values(schema: Json) -> Iterable[Html]:
    """Of a shape that is no object."""
    return [element("p", offer) for offer in _offers(schema)] if "properties" not in schema else ()


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
        return _either(map(type_in_words, _without_texts(schema["anyOf"])))
    if "enum" in schema and len(schema["enum"]) <= _FEW:
        return _either(map(_literal, schema["enum"]))
    if schema.get("type") == "array":
        return join(["array of ", _in_brackets(schema["items"])])
    return join(["file" if schema.get("format") == "binary" else str(schema.get("type", "any"))])


def _meaning(field: Json) -> Html:
    examples = [
        join(["For example ", code(str(value)), "."]) for value in field.get("examples", ())
    ]
    said = [prose(field["description"])] if "description" in field else []
    return join([*said, *_offers(field), *examples], separator=" ")


def _offers(field: Json) -> Iterable[Html]:
    """The values to choose from, where they are too many to be named as the field's type."""
    for choice in _without_texts(field.get("anyOf", [field])):
        if len(values := choice.get("enum", ())) > _FEW:
            yield join(["One of ", join(map(_literal, values), separator=", "), "."])


def _without_texts(choices: Sequence[Json]) -> Sequence[Json]:
    """Numbers may be sent as text everywhere: that need not be said of each."""
    spelt = {str(value) for choice in choices for value in choice.get("enum", ())}
    numbers = {
        str(value)
        for choice in choices
        if choice.get("type") == "integer"
        for value in choice.get("enum", ())
    }
    is_both = bool(numbers) and spelt == numbers
    return [
        choice
        for choice in choices
        if not (is_both and choice.get("type") == "string" and "enum" in choice)
    ]


def _in_brackets(schema: Json) -> Html:
    words = type_in_words(schema)
    return join(["(", words, ")"]) if len(schema.get("anyOf", ())) > 1 else words


def _either(choices: Iterable[str]) -> Html:
    return join(choices, separator=" or ")


def _literal(value: object) -> Html:
    return code(json.dumps(value, ensure_ascii=False))


_FEW = 3


def _without_null(schema: Json) -> Json:
    choices: Sequence[Json] = [
        choice for choice in schema.get("anyOf", ()) if choice.get("type") != "null"
    ]
    return {"anyOf": choices} if choices else schema
