"""HTML that is escaped by construction: a plain string becomes text, and only `Html` stays as it is."""

import json
import re
from collections.abc import Iterable, Sequence
from html import escape

_FLAT_ARRAY = re.compile(r"\[\n[^\[\]{}]*\]")
_TOKEN = re.compile(r'("(?:[^"\\]|\\.)*")(?=(:)?)|([^"]+)')


class Html(str):
    """Markup."""

    __slots__ = ()


NOTHING = Html("")


def element(name: str, *children: str, **attributes: str) -> Html:
    """`class_` stands for class, `aria_label` for aria-label."""
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(value)}"'
        for key, value in attributes.items()
    )
    return Html(f"<{name}{written}>{join(children)}</{name}>")


def join(children: Iterable[str], *, separator: str = "") -> Html:
    return Html(separator.join(map(_escaped, children)))


def code(text: str) -> Html:
    return element("code", text)


def prose(text: str) -> Html:
    """What stands between backticks becomes code."""
    pieces = text.split("`")
    return join(code(piece) if at % 2 else piece for at, piece in enumerate(pieces))


def link(text: str, href: str, **attributes: str) -> Html:
    return element("a", text, href=href, **attributes)


def table(name: str, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Html:
    """The first cell of a row is its heading. Nothing when there are no rows."""
    lines = [_row(row) for row in rows]
    if not lines:
        return NOTHING
    titles = (element("th", head, scope="col") for head in heads)
    return element(
        "table",
        element("caption", name),
        element("thead", element("tr", *titles)),
        element("tbody", *lines),
    )


def fold(summary: str, *content: str) -> Html:
    return element("details", element("summary", summary), *content)


def listing(text: str) -> Html:
    """Lines to copy. The tab key reaches them, so that the arrow keys can scroll them."""
    return element("pre", code(text), tabindex="0")


def json_listing(value: object) -> Html:
    text = _FLAT_ARRAY.sub(_on_one_line, json.dumps(value, indent=2, ensure_ascii=False))
    return element("pre", element("code", *_coloured(text)), tabindex="0")


def _escaped(child: str) -> str:
    return child if isinstance(child, Html) else escape(child)


def _row(row: Sequence[str]) -> Html:
    first, *others = row
    return element(
        "tr", element("th", first, scope="row"), *(element("td", cell) for cell in others)
    )


def _on_one_line(array: re.Match[str]) -> str:
    lines = [line.strip() for line in array[0].splitlines()]
    return f"{lines[0]}{' '.join(lines[1:-1])}{lines[-1]}"


def _coloured(text: str) -> Iterable[str]:
    for string, colon, other in _TOKEN.findall(text):
        if string:
            yield element("span", string, class_="key" if colon else "string")
        else:
            yield other
