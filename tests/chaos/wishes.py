"""What customers ask for, decided by the seed, and how each dialect says it."""

import base64
import io
import random
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from PIL import Image

from filmgate.core.video import Dialect

FREE = {Dialect.RELAY: "openAiSora2Plus", Dialect.OPENAI: "sora-2", Dialect.NEWAPI: "sora-2"}
PRICED = {
    Dialect.RELAY: "openAiSora2Pro",
    Dialect.OPENAI: "sora-2-pro",
    Dialect.NEWAPI: "sora-2-pro",
}
MARK = "chaos wish "
"""Stands before the wish's name in the prompt: by it the proof finds the wish again in the table."""


class Sending(StrEnum):
    """How a create is sent: once; with a key until it is answered; with a key, by several at once."""

    ONCE = "once"
    UNTIL_ANSWERED = "until-answered"
    LOST_ANSWER = "lost-answer"
    CROWD = "crowd"


class Fate(StrEnum):
    """What its customer does with the video later."""

    KEEP = "keep"
    CANCEL = "cancel"
    DELETE_SOON = "delete-soon"
    DELETE_DONE = "delete-done"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """One video that somebody wants. `patience` is how long a cancel or an early delete is waited with."""

    name: str
    dialect: Dialect
    model: str
    seconds: int
    has_picture: bool
    sending: Sending
    fate: Fate
    patience: float

    @property
    def key(self) -> str | None:
        return None if self.sending is Sending.ONCE else f"key-{self.name}"

    @property
    def prompt(self) -> str:
        return f"{MARK}{self.name}: a lake at dawn"


def draw_wish(rng: random.Random, name: str, *, dialect: Dialect, is_priced: bool) -> Wish:
    sendings = (Sending.ONCE, Sending.UNTIL_ANSWERED, Sending.LOST_ANSWER, Sending.CROWD)
    fates = (Fate.KEEP, Fate.CANCEL, Fate.DELETE_SOON, Fate.DELETE_DONE)
    return Wish(
        name=name,
        dialect=dialect,
        model=(PRICED if is_priced else FREE)[dialect],
        seconds=rng.choice((4, 8, 12)),
        has_picture=rng.random() < 0.25,
        sending=rng.choices(sendings, (4, 2, 2, 2))[0],
        fate=rng.choices(fates, (10, 2, 2, 2))[0],
        patience=rng.uniform(0, 3),
    )


@dataclass(frozen=True, slots=True)
class Create:
    """The request that a wish becomes: JSON, or else a form with perhaps a file."""

    path: str
    json: dict[str, object] | None = None
    form: dict[str, str] | None = None
    picture: bytes | None = None


def create_of(wish: Wish) -> Create:
    return _CREATES[wish.dialect](wish)


def query_path(dialect: Dialect, video: str) -> str:
    return f"{_QUERIES[dialect]}/{video}"


def _relay(wish: Wish) -> Create:
    body: dict[str, object] = {
        "model": wish.model,
        "prompt": wish.prompt,
        "size": "1280x720",
        "seconds": wish.seconds,
    }
    if wish.has_picture:
        body["input_reference"] = [_data_url()]
    return Create("/v1/sora/videos", json=body)


def _openai(wish: Wish) -> Create:
    form = {
        "model": wish.model,
        "prompt": wish.prompt,
        "size": "1280x720",
        "seconds": str(wish.seconds),
    }
    return Create("/v1/videos", form=form, picture=_picture() if wish.has_picture else None)


def _newapi(wish: Wish) -> Create:
    body: dict[str, object] = {
        "model": wish.model,
        "prompt": wish.prompt,
        "width": 1280,
        "height": 720,
        "duration": wish.seconds,
    }
    if wish.has_picture:
        body["image"] = _data_url()
    return Create("/v1/video/generations", json=body)


_CREATES = {Dialect.RELAY: _relay, Dialect.OPENAI: _openai, Dialect.NEWAPI: _newapi}
_QUERIES = {
    Dialect.RELAY: "/v1/result",
    Dialect.OPENAI: "/v1/videos",
    Dialect.NEWAPI: "/v1/video/generations",
}


@cache
def _picture() -> bytes:
    target = io.BytesIO()
    Image.new("RGB", (1280, 720), (30, 90, 160)).save(target, "PNG")
    return target.getvalue()


@cache
def _data_url() -> str:
    return f"data:image/png;base64,{base64.b64encode(_picture()).decode()}"
