"""The API reference as one web page, made from the OpenAPI description: no script, and nothing to load."""

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

Json = Mapping[str, Any]
"""A piece of the OpenAPI description."""

_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 56rem; margin: 2rem auto; padding: 0 1rem }
code { font: 0.9em ui-monospace, monospace; overflow-wrap: anywhere }
article { border-top: 1px solid #8885; margin-top: 1.5rem }
table { border-collapse: collapse; margin: 0.5rem 0 } td, th { text-align: left; vertical-align: top;
padding: 0.15rem 1rem 0.15rem 0 } @media (prefers-color-scheme: dark) { body { background: #16181c;
color: #e6e6e6 } a { color: #8ab4f8 } }
"""


def reference_page(openapi: Json, *, guides: Mapping[str, str]) -> str:
    """Links are relative, so that the page works under every base prefix."""
    info = openapi["info"]
    body = "\n".join(
        (
            f"<h1>{escape(info['title'])} {escape(info['version'])}</h1>",
            f"<p>{_prose(info['description'])}</p>",
            _guide_list(guides),
            *_operations(openapi),
            "<h2>Schemas</h2>",
            *_schemas(openapi),
        )
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(info['title'])}: API reference</title><style>{_STYLE}</style></head>"
        f"<body>\n{body}\n</body></html>\n"
    )


def _guide_list(guides: Mapping[str, str]) -> str:
    items = (
        f'<li><a href="docs/{name}.md">{escape(name)}</a>: {escape(purpose)}</li>'
        for name, purpose in guides.items()
    )
    return f'<ul>{"".join(items)}<li><a href="openapi.json">openapi.json</a></li></ul>'


def _operations(openapi: Json) -> Iterator[str]:
    for path, methods in openapi["paths"].items():
        for method, operation in methods.items():
            yield (
                f'<article id="{escape(operation["operationId"])}">'
                f"<h3>{escape(operation['summary'])}</h3>"
                f"<p><code><b>{method.upper()}</b> {escape(path)}</code></p>"
                f"<p>{_prose(operation.get('description', ''))}</p>"
                f"{_parameters(operation)}{_request_body(operation)}{_answers(operation)}"
                "</article>"
            )


def _parameters(operation: Json) -> str:
    rows = [
        (f"{parameter['name']}", parameter["in"], parameter.get("description", ""))
        for parameter in operation.get("parameters", ())
    ]
    return _table(("parameter", "in", ""), rows)


def _request_body(operation: Json) -> str:
    content: Json = operation.get("requestBody", {}).get("content", {})
    if not content:
        return ""
    kinds = " or ".join(f"<code>{escape(kind)}</code>" for kind in content)
    schema: Json = next(iter(content.values()))["schema"]
    return f"<p>Body: {kinds}</p>{_fields(schema)}"


def _answers(operation: Json) -> str:
    rows = [
        (status, answer["description"], _content_type(answer))
        for status, answer in operation["responses"].items()
    ]
    return _table(("status", "", "body"), rows)


def _content_type(answer: Json) -> str:
    return ", ".join(
        _type(content["schema"]) if "schema" in content else kind
        for kind, content in answer.get("content", {}).items()
    )


def _schemas(openapi: Json) -> Iterator[str]:
    for name, schema in openapi["components"]["schemas"].items():
        description = _prose(schema.get("description", ""))
        yield (
            f'<article id="{escape(name)}"><h3>{escape(name)}</h3>'
            f"<p>{description}</p>{_fields(schema)}</article>"
        )


def _fields(schema: Json) -> str:
    required = schema.get("required", ())
    rows = [
        (f"{name}{'' if name in required else '?'}", _type(field), field.get("description", ""))
        for name, field in schema.get("properties", {}).items()
    ]
    return _table(("field", "type", ""), rows)


def _type(schema: Json) -> str:
    """The type in a few words: `string or null`, `array of VideoBody`."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "const" in schema:
        return repr(schema["const"])
    if "anyOf" in schema:
        return " or ".join(_type(choice) for choice in schema["anyOf"])
    if "enum" in schema:
        return " or ".join(map(repr, schema["enum"]))
    if schema.get("type") == "array":
        return f"array of {_type(schema['items'])}"
    return "file" if schema.get("format") == "binary" else str(schema.get("type", "any"))


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    if not rows:
        return ""
    heads = "".join(f"<th>{escape(cell)}</th>" for cell in head)
    lines = "".join(
        "<tr>"
        + "".join(f"<td>{_prose(cell) if at else _code(cell)}</td>" for at, cell in enumerate(row))
        + "</tr>"
        for row in rows
    )
    return f"<table><tr>{heads}</tr>{lines}</table>"


def _code(text: str) -> str:
    return f"<code>{escape(text)}</code>"


def _prose(text: str) -> str:
    """Escaped, with what stands between backticks as code."""
    pieces = escape(text).split("`")
    return "".join(f"<code>{piece}</code>" if at % 2 else piece for at, piece in enumerate(pieces))
