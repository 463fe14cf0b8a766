"""One operation as an article: what it does and takes on the left, how it looks on the wire on the right."""

from collections.abc import Iterator

from filmgate.http.reference.commands import curl, curl_upload
from filmgate.http.reference.description import (
    Json,
    Operation,
    answer_schemas,
    schema_name,
    takes_files,
)
from filmgate.http.reference.markup import (
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
            *_body(operation, schemas),
            _answers(operation),
            *_shapes(operation, schemas),
            class_="told",
        ),
        element("div", *_requests(operation, base, schemas), *_examples(operation), class_="shown"),
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
                code(parameter["name"]),
                parameter["in"],
                needed(is_required=parameter.get("required", False)),
                _parameter_meaning(parameter),
            )
            for parameter in operation.parameters
        ],
    )


def _parameter_meaning(parameter: Json) -> Html:
    schema = parameter["schema"]
    said = str(parameter.get("description", ""))
    limits = [f"{word} {schema[key]}" for key, word in _LIMITS.items() if key in schema]
    kind = join([type_in_words(schema), *limits], separator=", ")
    return join([prose(said), element("span", kind, class_="kind")], separator=" ")


_LIMITS = {"minimum": "from", "maximum": "to", "default": "default"}


def _body(operation: Operation, schemas: Json) -> Iterator[Html]:
    if not operation.bodies:
        return
    kinds = join(map(code, operation.bodies), separator=" or ")
    shapes: list[Json] = [
        schemas[schema_name(body["schema"])] for body in operation.bodies.values()
    ]
    yield sent_fields(shapes[0])
    yield element("p", "Send it as ", kinds, ".", class_="note")
    files = [name for name, field in shapes[-1]["properties"].items() if takes_files(field)]
    if files and len(shapes) > 1:
        names = join(map(code, files), separator=" or ")
        yield element("p", "In a form ", names, " can also be a file.", class_="note")


def _answers(operation: Operation) -> Html:
    return table(
        "Answers",
        ("Status", "Meaning", "Body"),
        [
            (code(status), prose(answer["description"]), _answer_body(answer))
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


def _requests(operation: Operation, base: str, schemas: Json) -> Iterator[Html]:
    yield element("h4", "Request")
    yield listing(curl(operation, base=base, schemas=schemas))
    if upload := curl_upload(operation, base=base, schemas=schemas):
        yield fold("With an uploaded file", listing(upload))


def _examples(operation: Operation) -> Iterator[Html]:
    for status, answer in operation.answers.items():
        for content in answer.get("content", {}).values():
            for name, example in content.get("examples", {}).items():
                yield element("h4", "Answer ", code(status), " ", element("small", name))
                yield json_listing(example["value"])
    refusals = [
        content["example"]
        for status in ("400", "404", "401")
        for content in operation.answers.get(status, {}).get("content", {}).values()
    ]
    yield from (fold("When it is refused", json_listing(each)) for each in refusals[:1])


def _named(operation: Operation) -> list[tuple[str, str]]:
    """Each status with each shape that it can have."""
    return [(at, name) for at, said in operation.answers.items() for name in answer_schemas(said)]
