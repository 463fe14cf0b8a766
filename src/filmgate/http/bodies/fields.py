"""The fields of a request by name: type-checked, not yet judged.

Which values are allowed is the catalogue's business; which pictures and videos are, the use cases'.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeGuard

from filmgate.core.errors import InvalidRequest
from filmgate.http.bodies.uploads import Upload
from filmgate.usecases.references import ImageSource, ImageText, ImageUpload, ImageUrl

SHORT_TEXT_LIMIT = 200
"""Characters of a field that holds a word or a number: errors quote it, so it must stay short."""

NUMBER_LIMIT = 2**64
"""Larger than any number that means something here, and short enough to be quoted."""

LIST_LIMIT = 16
"""More pictures or characters than any model takes: the catalogue says how many that is."""

_URL = re.compile(r"\s*[a-z][a-z0-9+.-]{0,20}://", re.IGNORECASE | re.ASCII)
_DECIMAL = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)\s*", re.ASCII)


@dataclass(frozen=True, slots=True)
class FilmId:
    """What a client says is the id of a video."""

    text: str


FilmSource = FilmId | Upload


class Fields:
    """What a client sent, by field name. A JSON null, like a missing field, reads as None."""

    def __init__(self, values: Mapping[str, object]) -> None:
        self._values = values

    @property
    def values(self) -> Mapping[str, object]:
        """All that was sent, as it was sent."""
        return self._values

    def text(self, name: str) -> str | None:
        """Text of any length."""
        value = self._values.get(name)
        if value is None:
            return None
        if not isinstance(value, str):
            raise InvalidRequest(name, f"{name} must be text; this is {kind_of(value)}.")
        return _encodable(name, value)

    def word(self, name: str) -> str | None:
        """A short text."""
        text = self.text(name)
        return None if text is None else _short(name, text)

    def words(self, name: str) -> tuple[str, ...] | None:
        """Short texts; None when there is none."""
        return tuple(_word(name, item) for item in self._items(name, "texts")) or None

    def number(self, name: str) -> int | str | None:
        """A whole number, or the text of one."""
        value = self._values.get(name)
        if not _is_number(value):
            return self._word_of(name, "a whole number")
        value = _moderate(name, value)
        if value != int(value):
            raise InvalidRequest(name, f"{name} {value!r} is not a whole number.")
        return int(value)

    def decimal(self, name: str) -> float | None:
        """A number with or without a fraction, or the text of one."""
        value = self._values.get(name)
        if _is_number(value):
            return float(_moderate(name, value))
        text = self._word_of(name, "a number")
        if text is None:
            return None
        if not _DECIMAL.fullmatch(text):
            raise InvalidRequest(name, f"{name} {text!r} is not a number.")
        return float(_moderate(name, float(text)))

    def images(self, name: str) -> tuple[ImageSource, ...] | None:
        """Pictures in any of the forms in which clients send them; None when there is none."""
        items = self._items(name, "images")
        return tuple([_image(name, item) for item in items]) if items else None

    def ids(self, name: str) -> tuple[str, ...] | None:
        """The ids of things, each by itself or as the `id` of an object; None when there is none."""
        items = self._items(name, "ids")
        return tuple([_id(name, item) for item in items]) if items else None

    def film(self, name: str) -> FilmSource | None:
        """A video of ours by its id, or an uploaded one."""
        value = self._values.get(name)
        if isinstance(value, list) and len(value) == 1:
            value = value[0]  # from `video[]`
        if value is None or isinstance(value, Upload):
            return value
        if isinstance(value, dict):
            return FilmId(_id(name, value))
        raise InvalidRequest(
            name,
            f'{name} must be an object such as {{"id": "video_…"}}, or a video uploaded as a file of a '
            f"multipart form; this is {kind_of(value)}.",
        )

    def _word_of(self, name: str, wanted: str) -> str | None:
        value = self._values.get(name)
        if value is None:
            return None
        if not isinstance(value, str):
            raise InvalidRequest(name, f"{name} must be {wanted}; this is {kind_of(value)}.")
        return self.word(name)

    def _items(self, name: str, what: str) -> list[object]:
        value = self._values.get(name)
        if value is None:
            return []
        items = value if isinstance(value, list) else [value]
        if len(items) > LIST_LIMIT:
            raise InvalidRequest(name, f"{name} holds {len(items)} {what}; that is too many.")
        # An empty string is what some clients send for "no picture".
        return [item for item in items if item not in (None, "")]


def kind_of(value: object) -> str:
    """What to call it in an error message."""
    words: dict[type, str] = {
        bool: "true or false",
        Upload: "a file, or text that is not UTF-8",
        dict: "an object",
        float: "a number",
        int: "a number",
        list: "an array",
        str: "text",
    }
    return words.get(type(value), "null")


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _moderate(name: str, value: float) -> float:
    if abs(value) > NUMBER_LIMIT:
        raise InvalidRequest(name, f"{name} is far from any number that is allowed.")
    return value


def _image(name: str, item: object) -> ImageSource:
    if isinstance(item, Upload):
        return ImageUpload(item.path)
    if isinstance(item, str):
        text = _encodable(name, item)
        return ImageUrl(text.strip()) if _URL.match(text) else ImageText(text)
    if isinstance(item, dict):
        return _image(name, _image_url(name, item))
    raise InvalidRequest(
        name, f"{name} must be a URL, a data URL or an uploaded file; this is {kind_of(item)}."
    )


def _image_url(name: str, item: Mapping[str, object]) -> str:
    url = item.get("image_url")
    if item.get("file_id") is not None:
        raise InvalidRequest(
            name,
            f"{name} names a file_id, but no files are kept here; send an image_url or a file.",
        )
    if not isinstance(url, str):
        raise InvalidRequest(name, f"{name} as an object needs an image_url with a URL in it.")
    return url


def _id(name: str, item: object) -> str:
    text = item.get("id") if isinstance(item, dict) else item
    if not isinstance(text, str):
        raise InvalidRequest(name, f"{name} needs the text of an id; this is {kind_of(text)}.")
    return _short(name, _encodable(name, text))


def _word(name: str, item: object) -> str:
    if not isinstance(item, str):
        raise InvalidRequest(
            name, f"{name} must be an array of texts, or one text; this is {kind_of(item)}."
        )
    return _short(name, _encodable(name, item))


def _short(name: str, text: str) -> str:
    if len(text) > SHORT_TEXT_LIMIT:
        raise InvalidRequest(
            name, f"{name} has {len(text)} characters; at most {SHORT_TEXT_LIMIT} are allowed."
        )
    return text


def _encodable(name: str, text: str) -> str:
    # JSON can spell half a character (a lone surrogate), which is no text for anyone behind us.
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise InvalidRequest(name, f"{name} contains half a character: {error.reason}.") from error
    return text
