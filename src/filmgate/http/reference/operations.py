"""One operation as an article: what it does and takes on the left, how it looks on the wire on the right."""

from collections.abc import Iterator

from filmgate.http.reference.description import Json, Operation, answer_schemas
from filmgate.http.reference.examples import (
    Example,
    answer_example,
    curl,
    curl_upload,
    refusal_example,
)
from filmgate.http.reference.markup import (
    NOTHING,
    Html,
    code,
    element,
    fold,
    join,
    json_listing,
    link,
    listing,
    prose,
    table,
)
from filmgate.http.reference.schemas import (
    answered_keys,
    needed,
    permalink,
    sent_fields,
    type_in_words,
)


def operation_article(operation: Operation, *, base: str, schemas: Json) -> Html:
    return element(
        "article",
        element("h3", operation.summary, " ", permalink(operation.ids[0], operation.summary)),
        *_addresses(operation),
        element(
            "div",
            element("p", prose(str(operation.said.get("description", "")))),
            _parameters(operation),
            *_body(operation),
            _answers(operation),
            *_shapes(operation, schemas),
            class_="told",
        ),
        element("div", *_requests(operation, base), *_bodies(operation), class_="shown"),
        class_="operation",
        id=operation.ids[0],
    )


def method_badge(method: str) -> Html:
    return element("span", method, class_=f"method {method.lower()}")


def _addresses(operation: Operation) -> Iterator[Html]:
    first, *others = operation.paths
    yield element("p", method_badge(operation.method), " ", code(first), class_="address")
    for id_, path in zip(operation.ids[1:], others, strict=True):
        yield element("p", "also at ", code(path), class_="address also", id=id_)


def _parameters(operation: Operation) -> Html:
    return table(
        "Parameters",
        ("Parameter", "In", "Needed", "Meaning"),
        [
            (
                code(_parameter_name(parameter, operation.paths[0])),
                parameter["in"],
                needed(is_required=parameter.get("required", False)),
                _parameter_meaning(parameter),
            )
            for parameter in operation.parameters
        ],
    )


def _parameter_name(parameter: Json, path: str) -> str:
    """One in the path is called by the whole piece that it is in: `sora_{id}`."""
    name = str(parameter["name"])
    return next((piece for piece in path.split("/") if f"{{{name}}}" in piece), name)


def _parameter_meaning(parameter: Json) -> Html:
    schema = parameter["schema"]
    said = parameter.get("description", "The video's id, as its create answered it.")
    limits = [f"{word} {schema[key]}" for key, word in _LIMITS.items() if key in schema]
    kind = join([type_in_words(schema), *limits], separator=", ")
    return join([prose(said), element("span", kind, class_="kind")], separator=" ")


_LIMITS = {"minimum": "from", "maximum": "to", "default": "default"}


def _body(operation: Operation) -> Iterator[Html]:
    if operation.bodies:
        kinds = join(map(code, operation.bodies), separator=" or ")
        yield sent_fields(next(iter(operation.bodies.values())))
        yield element("p", "Send it as ", kinds, ".", class_="note")


def _answers(operation: Operation) -> Html:
    return table(
        "Answers",
        ("Status", "Meaning", "Body"),
        [
            (code(status), answer["description"], _answer_body(answer))
            for status, answer in operation.answers.items()
        ],
    )


def _answer_body(answer: Json) -> Html:
    names = answer_schemas(answer)
    if not names:
        return join(map(code, answer.get("content", {})))
    return join((link(name, f"#{name}") for name in names), separator=" or ")


def _shapes(operation: Operation, schemas: Json) -> Iterator[Html]:
    """Every shape that an answer can have, once."""
    for name in dict.fromkeys(name for _, name in _named(operation)):
        yield fold(f"Keys of {name}", answered_keys(name, schemas[name]))


def _requests(operation: Operation, base: str) -> Iterator[Html]:
    yield element("h4", "Request")
    yield listing(curl(operation, base=base))
    if upload := curl_upload(operation, base=base):
        yield fold("With an uploaded first frame", listing(upload))


def _bodies(operation: Operation) -> Iterator[Html]:
    for status, name in _named(operation):
        if status.startswith("2"):
            yield element("h4", "Answer ", code(status), " ", element("small", name))
            yield _listing(answer_example(name, operation))
    _, refusal = _named(operation)[-1]
    yield fold("When it is refused", _listing(refusal_example(refusal, operation)))


def _named(operation: Operation) -> list[tuple[str, str]]:
    """Each status with each shape that it can have."""
    return [(at, name) for at, said in operation.answers.items() for name in answer_schemas(said)]


def _listing(example: Example | None) -> Html:
    return NOTHING if example is None else json_listing(example)
