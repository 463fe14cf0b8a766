"""The page around the operations: its contents at the side, how to begin, the guides, the shapes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from filmgate.http.reference.commands import curl
from filmgate.http.reference.description import Json, Operation, operations, sent_schemas
from filmgate.http.reference.markup import Html, code, element, join, link, listing, prose
from filmgate.http.reference.operations import method_badge, operation_article
from filmgate.http.reference.schemas import permalink, schema_article
from filmgate.http.reference.style import STYLE

_FIRST_STEPS = {
    "create_video": "Create a video. The answer has its id; the work goes on without you.",
    "retrieve_video": "Ask for it, every second or two, until its status is `completed`.",
    "retrieve_video_content": "Fetch the MP4.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What the page says besides the OpenAPI description, and where it is."""

    base: str
    """The server's address as this reader wrote it; no slash at the end."""
    dialects: Mapping[str, str]
    """A sentence on each; a guide of the same name is linked to."""
    topics: Mapping[str, str]
    """The same of what is common to all dialects."""
    guides: Mapping[str, str]
    """What each is for."""


def reference_page(openapi: Json, around: Surroundings) -> str:
    """Links are relative, so that the page works under every base prefix."""
    found = operations(openapi)
    groups = {
        tag: [operation for operation in found if operation.tag == tag]
        for tag in dict.fromkeys(operation.tag for operation in found)
    }
    schemas: Json = openapi["components"]["schemas"]
    body = element(
        "body",
        link("Skip to the content", "#content", class_="skip"),
        _contents(openapi["info"], groups, schemas),
        element(
            "main",
            _opening(openapi["info"], around.base),
            _first_steps(found, around.base, schemas),
            _guides(around.guides),
            *(_group(tag, group, around=around, schemas=schemas) for tag, group in groups.items()),
            _shapes(schemas, sent=sent_schemas(openapi)),
            id="content",
        ),
    )
    title = element("title", f"{openapi['info']['title']}: API reference")
    return f'<!doctype html>\n<html lang="en"><head>{_META}{title}<style>{STYLE}</style></head>\n{body}</html>\n'


_META = (
    '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
    '<meta name="color-scheme" content="light dark">'
)


def _contents(info: Json, groups: Mapping[str, Sequence[Operation]], schemas: Json) -> Html:
    chapters = [
        _chapter("Begin", "begin"),
        _chapter("Guides", "guides"),
        *(_chapter(tag, tag, map(_entry, group)) for tag, group in groups.items()),
        _chapter("Shapes", "shapes", (link(name, f"#{name}") for name in schemas)),
    ]
    brand = element("p", link(info["title"], "#content"), " ", element("small", info["version"]))
    return element("nav", brand, element("ul", *chapters), aria_label="Contents")


def _chapter(name: str, id_: str, entries: Iterator[Html] | tuple[()] = ()) -> Html:
    items = [element("li", entry) for entry in entries]
    return element("li", link(name, f"#{id_}"), *([element("ul", *items)] if items else []))


def _entry(operation: Operation) -> Html:
    words = join([method_badge(operation.method), operation.summary], separator=" ")
    return link(words, f"#{operation.ids[0]}")


def _opening(info: Json, base: str) -> Html:
    return element(
        "header",
        element("h1", info["title"], " ", element("small", "API reference")),
        element("p", prose(info["description"]), class_="lede"),
        element(
            "dl",
            element("div", element("dt", "Address"), element("dd", code(base))),
            element(
                "div",
                element("dt", "Authorization"),
                element("dd", code("Authorization: Bearer YOUR_API_KEY")),
            ),
            element(
                "div",
                element("dt", "For programs"),
                element(
                    "dd",
                    link("openapi.json", "openapi.json"),
                    " and ",
                    link("llms.txt", "llms.txt"),
                ),
            ),
        ),
    )


def _first_steps(found: Sequence[Operation], base: str, schemas: Json) -> Html:
    steps = [
        element(
            "li",
            element("p", prose(_FIRST_STEPS[id_])),
            listing(curl(operation, base=base, schemas=schemas)),
        )
        for operation in found
        if (id_ := operation.ids[0]) in _FIRST_STEPS
    ]
    return _section("begin", "Begin", element("ol", *steps, class_="steps"))


def _guides(guides: Mapping[str, str]) -> Html:
    cards = [
        element("li", link(name, f"docs/{name}.md"), element("p", prose(purpose)))
        for name, purpose in guides.items()
    ]
    return _section("guides", "Guides", element("ul", *cards, class_="cards"))


def _group(tag: str, group: Sequence[Operation], *, around: Surroundings, schemas: Json) -> Html:
    is_topic = tag in around.topics
    sentence = [prose({**around.dialects, **around.topics}.get(tag, ""))]
    if tag in around.guides:
        sentence += [join(["Its guide: ", link(f"{tag}.md", f"docs/{tag}.md"), "."])]
    return _section(
        tag,
        tag.capitalize() if is_topic else f"The {tag} dialect",
        element("p", *[join(sentence, separator=" ")], class_="lede"),
        *(operation_article(operation, base=around.base, schemas=schemas) for operation in group),
    )


def _shapes(schemas: Json, *, sent: frozenset[str]) -> Html:
    return _section(
        "shapes",
        "Shapes",
        element(
            "p",
            "What is sent and what is answered. Every key of an answer is always there.",
            class_="lede",
        ),
        *(schema_article(name, schema, is_sent=name in sent) for name, schema in schemas.items()),
    )


def _section(id_: str, title: str, *content: Html) -> Html:
    return element("section", element("h2", title, " ", permalink(id_, title)), *content, id=id_)
