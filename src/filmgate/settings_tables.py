"""What the tables of `filmgate.toml` may hold, `[models.NAME]` and `[engines.NAME]`, and how a duration is written."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    field_validator,
    model_validator,
)

from filmgate.calling.connection import canonical_url
from filmgate.core.catalogue import Model
from filmgate.core.spec import Size

PREFIX = "FILMGATE_"
"""Of every variable that is a setting."""

PRICE_LIMIT = 10**12
"""A million of the currency for a second: beyond it, balances would soon outgrow their column."""


def _seconds(value: object) -> object:
    """A variable is text, and pydantic takes a bare number, or hours and minutes, for something else."""
    if not isinstance(value, str):
        return value
    if ":" in value:
        raise ValueError("must be a number of seconds, or ISO 8601 such as PT10M")
    return int(value) if value.isascii() and value.isdigit() else value


def _not_nothing(value: timedelta) -> timedelta:
    if value < timedelta(seconds=1):
        raise ValueError("must be at least one second")
    return value


TEN_YEARS = timedelta(days=3652)
Duration = Annotated[timedelta, BeforeValidator(_seconds), Field(ge=timedelta(0), le=TEN_YEARS)]
Term = Annotated[Duration, AfterValidator(_not_nothing)]


class ModelSettings(BaseModel):
    """A `[models."NAME"]` table of filmgate.toml: what it leaves out stays as it is, or as for `sora-2`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    engine: str | None = None
    sizes: tuple[str, ...] | None = Field(None, min_length=1)
    seconds: tuple[Annotated[int, Field(ge=1, le=120)], ...] | None = Field(None, min_length=1)
    images: Annotated[int, Field(ge=0, le=10)] | None = None
    characters: Annotated[int, Field(ge=0, le=10)] | None = None
    edits: bool | None = None
    extensions: bool | None = None
    price_per_second: Annotated[int, Field(ge=0, le=PRICE_LIMIT)] | None = None

    @field_validator("sizes")
    @classmethod
    def _sizes_are_sizes(cls, sizes: tuple[str, ...] | None) -> tuple[str, ...] | None:
        for size in map(Size.parse, sizes or ()):
            if size.width % 2 or size.height % 2 or max(size.width, size.height) > 4096:
                raise ValueError(f"{size}: both sides must be even and at most 4096")
        return sizes

    def apply(self, model: Model) -> Model:
        changes = self.model_dump(exclude_none=True)
        if self.sizes is not None:
            changes["sizes"] = tuple(map(Size.parse, self.sizes))
        return replace(model, **changes)


class EngineSettings(BaseModel):
    """An `[engines.NAME]` table of filmgate.toml: an upstream that makes videos for us."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["videos_api"]
    url: str
    api_key_variable: str | None = Field(None, pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")
    charges: bool = True
    idempotency_window: Term | None = None
    can_list: bool = False
    models: Mapping[str, str] = Field(default_factory=dict)
    seats: int | None = Field(None, ge=1)
    looks_per_second: float = Field(50.0, gt=0, le=10_000)
    submit_time_limit: Term = timedelta(minutes=1)
    download_time_limit: Term = timedelta(minutes=10)

    @field_validator("api_key_variable")
    @classmethod
    def _name_is_no_settings(cls, name: str | None) -> str | None:
        if name is not None and name.startswith(PREFIX):
            raise ValueError(f"must not begin with {PREFIX}: those are settings")
        return name

    @field_validator("url")
    @classmethod
    def _url_is_a_base(cls, url: str) -> str:
        try:
            base, has_secret = canonical_url(url), "@" in urlsplit(url).netloc
        except ValueError as error:
            raise ValueError("must be an address such as https://videos.example.org") from error
        if has_secret:  # which would be noted with every video that is submitted there
            raise ValueError("must hold no user name or password; name a key in api_key_variable")
        return base

    @model_validator(mode="after")
    def _key_travels_safely(self) -> Self:
        host = urlsplit(self.url).hostname
        is_safe = self.url.startswith("https://") or host in {"127.0.0.1", "::1", "localhost"}
        if self.api_key_variable is not None and not is_safe:
            raise ValueError("a key is sent over https only")
        return self
