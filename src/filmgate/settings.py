"""Every knob, read once: flag, else `FILMGATE_*` variable, else `filmgate.toml`, else the default.

This is the only module that reads the environment. Others receive values, never `Settings`.
"""

import difflib
import os
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

import platformdirs
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
)

from filmgate.core.account import is_plausible
from filmgate.core.catalogue import DEFAULT_MODELS, Catalogue, Model
from filmgate.core.spec import Size

CONFIG_FILE = "filmgate.toml"
PREFIX = "FILMGATE_"
CLIENT_VARIABLES = {"FILMGATE_URL", "FILMGATE_CLIENT_API_KEY"}
"""Read by the command-line client: not ours, and no mistake either."""


class SettingsError(Exception):
    """The configuration cannot be used; the message names the knob and what would be right."""


def default_data_folder() -> Path:
    """Root's belongs to the system, since PostgreSQL, which is not root there, must be able to reach it."""
    if os.geteuid() == 0:
        return Path("/var/lib/filmgate")
    return Path(platformdirs.user_data_dir("filmgate"))


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
    price_per_second: Annotated[int, Field(ge=0)] | None = None

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


class Settings(BaseModel):
    """Each field's description says who would turn it; `docs/settings.md` is made from them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    host: str = Field(
        "127.0.0.1",
        description="The address to listen on. Turn it when other machines are to reach the server.",
    )
    port: int = Field(
        8024,
        ge=0,
        le=65535,
        description="The port to listen on; 0 takes a free one. Turn it when another program has 8024.",
    )
    data: Path = Field(
        default_factory=default_data_folder,
        description="The folder of the embedded database and of stored videos. "
        "Turn it to keep them on another disk.",
    )
    database_url: SecretStr | None = Field(
        None,
        description="A PostgreSQL 15 or newer of your own, as postgresql://…, in place of the "
        "embedded one. Turn it when several machines share the work.",
    )
    public_url: str | None = Field(
        None,
        pattern=r"^https?://[^/?#\s]+(/[^?#\s]*)?$",
        description="What clients call this server, such as https://video.example.org: the base of "
        "the links to videos. Turn it behind a proxy, or when clients follow links from elsewhere.",
    )
    api_key: SecretStr | None = Field(
        None,
        description="A key to accept beside those that `filmgate keys` made, at least 8 characters. "
        "Turn it where machines set the server up and must know the key beforehand.",
    )
    slots: int = Field(
        default_factory=lambda: max(1, (os.cpu_count() or 2) // 2),
        ge=1,
        le=1024,
        description="How many videos this worker makes at once. Half the cores unless told otherwise. "
        "Turn it on machines that do other work as well.",
    )
    speed: Literal["full", "tiny"] = Field(
        "full",
        description="`tiny` makes the embedded renderer's videos 64 pixels small and almost instant. "
        "Turn it in test suites.",
    )
    keep_for: Term = Field(
        timedelta(days=1),
        description="How long a finished video can be fetched. A number of seconds, or ISO 8601 such as "
        "P1D. Turn it when clients come back later than a day, or disk is short.",
    )
    render_time_limit: Term = Field(
        timedelta(hours=1),
        description="How long one attempt at a video may take. Turn it for slow engines.",
    )
    grace: Duration = Field(
        timedelta(seconds=10),
        description="How long a stopping worker waits for the videos in its hands before it gives them "
        "back. Turn it to what your process supervisor allows.",
    )
    max_body_bytes: int = Field(
        64 * 1024 * 1024,
        ge=64 * 1024,
        description="The largest request that is read. Turn it to protect a small machine.",
    )
    allow_private_images: bool = Field(
        default=False,
        description="Let image URLs point into loopback and private networks. Turn it for development, "
        "or where every client is trusted with what this machine can reach.",
    )
    allow_private_webhooks: bool = Field(
        default=False,
        description="Let webhooks be sent into loopback and private networks, on any port. Turn it for "
        "development, or where every client is trusted with what this machine can reach.",
    )
    log_format: Literal["auto", "text", "json"] = Field(
        "auto",
        description="`auto` writes text to a terminal and JSON elsewhere. Turn it to suit your log collector.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info",
        description="The least important line that is logged. Turn it when looking for a fault.",
    )
    models: Mapping[str, ModelSettings] = Field(
        default_factory=dict,
        description='Tables named [models."NAME"] in filmgate.toml: engine, sizes, seconds, images, '
        "characters, edits, extensions, price_per_second. Turn them to change what a public model name can do, or to add one.",
    )

    @field_validator("data")
    @classmethod
    def _home_is_meant(cls, data: Path) -> Path:
        return data.expanduser()

    @field_validator("database_url")
    @classmethod
    def _url_is_one(cls, url: SecretStr | None) -> SecretStr | None:
        """Checked here, because the driver's own complaint would show a part of the password."""
        if url is not None and not _is_postgresql(url.get_secret_value()):
            raise ValueError(
                "must be postgresql://user:password@host:port/database, with any of : / ? # @ % in "
                "the password written as %3A %2F %3F %23 %40 %25"
            )
        return url

    @field_validator("api_key")
    @classmethod
    def _key_can_be_sent(cls, key: SecretStr | None) -> SecretStr | None:
        if key is not None and not is_plausible(key.get_secret_value()):
            raise ValueError(
                "must have 8 to 255 characters, of those that a header can carry (ASCII, no spaces), and "
                "may begin with sk-fg- only if filmgate made it"
            )
        return key

    @classmethod
    def load(cls, flags: Mapping[str, Any], *, config: Path | None = None) -> Self:
        """Read every source. A flag that is None was not given. Raises SettingsError."""
        values = {**_from_file(config), **_from_environment()}
        values |= {name: value for name, value in flags.items() if value is not None}
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            raise SettingsError(_explain(error)) from error

    def catalogue(self) -> Catalogue:
        """The models that clients may name, with the changes of filmgate.toml."""
        models = {model.name: model for model in DEFAULT_MODELS}
        template = models[Catalogue.DEFAULT_MODEL]
        for name, changes in self.models.items():
            base = models.get(name, Model(name=name, engine=template.engine))
            models[name] = changes.apply(base)
        return Catalogue(models.values())


def unknown_variables() -> list[str]:
    """One sentence for each FILMGATE_* variable that no knob reads: probably a slip."""
    known = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields} | CLIENT_VARIABLES
    return [
        f"{name} is not a setting and is ignored.{_nearest(name, known)}"
        for name in sorted(os.environ)
        if name.startswith(PREFIX) and name not in known and not _is_service_link(name)
    ]


def _is_postgresql(url: str) -> bool:
    try:
        parts = urlsplit(url)
        is_numbered = parts.port is None or parts.port > 0
    except ValueError:
        return False
    return parts.scheme in {"postgresql", "postgres"} and not parts.fragment and is_numbered


def _is_service_link(name: str) -> bool:
    """Kubernetes puts FILMGATE_PORT_8024_TCP and the like into every pod beside a service `filmgate`."""
    return "_TCP" in name or "_SERVICE_" in name or name.endswith("_PORT")


def _from_environment() -> dict[str, str]:
    found = {}
    for name in Settings.model_fields:
        text = os.environ.get(f"{PREFIX}{name.upper()}")
        # A service link's FILMGATE_PORT reads tcp://10.0.0.1:8024.
        if text and not (name == "port" and text.startswith("tcp://")):
            found[name] = text
    return found


def _from_file(config: Path | None) -> dict[str, Any]:
    path = config or Path(CONFIG_FILE)
    if config is None and not path.exists():
        return {}
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"{path} cannot be read: {error}") from error
    for name in values:
        if name not in Settings.model_fields:
            raise SettingsError(
                f"{path}: {name} is not a setting.{_nearest(name, set(Settings.model_fields))}"
            )
    return values


def _nearest(name: str, known: set[str]) -> str:
    matches = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    return f" Did you mean {matches[0]}?" if matches else ""


def _explain(error: ValidationError) -> str:
    sentences = []
    for detail in error.errors(include_url=False, include_input=False):
        name = ".".join(map(str, detail["loc"]))
        hint = ""
        if detail["type"] == "extra_forbidden":
            hint = _nearest(str(detail["loc"][-1]), set(ModelSettings.model_fields))
        sentences.append(f"{name}: {detail['msg']}.{hint}")
    return " ".join(sentences)
