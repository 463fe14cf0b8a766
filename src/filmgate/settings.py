"""Every knob, read once: flag, else `FILMGATE_*` variable, else `filmgate.toml`, else the default.

This is the only module that reads the environment. Others receive values, never `Settings`.
"""

import difflib
import os
import tomllib
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal, Self

import platformdirs
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
)

from filmgate.core.account import is_plausible
from filmgate.core.catalogue import DEFAULT_MODELS, Catalogue, Model
from filmgate.net.addresses import IPNetwork
from filmgate.settings_addresses import host_and_port, is_postgresql, networks
from filmgate.settings_tables import PREFIX, Duration, EngineSettings, ModelSettings, Term

CONFIG_FILE = "filmgate.toml"
CLIENT_VARIABLES = {"FILMGATE_URL", "FILMGATE_CLIENT_API_KEY"}
"""Read by the command-line client: not ours, and no mistake either."""


class SettingsError(Exception):
    """The configuration cannot be used; the message names the knob and what would be right."""


def default_data_folder() -> Path:
    """Root's belongs to the system, since PostgreSQL, which is not root there, must be able to reach it."""
    if os.geteuid() == 0:
        return Path("/var/lib/filmgate")
    return Path(platformdirs.user_data_dir("filmgate"))


class Settings(BaseModel):
    """Each field's description says who would turn it; `docs/settings.md` is made from them."""

    # Values are hidden in pydantic's complaints, since among them are secrets.
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

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
    storage_url: SecretStr | None = Field(
        None,
        description="Where films are kept: file:///folder, s3://bucket/prefix, gs://bucket/prefix or "
        "az://container/prefix, as docs/storage.md says; in the data folder unless told otherwise. Turn it when "
        "several machines share the work, or films outgrow the disk.",
    )
    public_url: str | None = Field(
        None,
        pattern=r"^https?://[^/?#\s]+(/[^?#\s]*)?$",
        description="What clients call this server, such as https://video.example.org: the base of "
        "the links to videos. Turn it behind a proxy, or when clients follow links from elsewhere.",
    )
    x_accel_prefix: str | None = Field(
        None,
        pattern=r"^/([A-Za-z0-9._-]+/)+$",
        description="Where nginx, before this server, has the folder of `storage_url` as an internal location, such as "
        "`/protected/`: it then sends the films by itself, as docs/storage.md says. Turn it when downloads take more "
        "of a core than they should.",
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
    queue_time_limit: Term = Field(
        timedelta(days=1),
        description="How long a video may wait, all its pauses between attempts included, before it fails as "
        "expired_in_queue. Turn it when nobody wants a film that comes so late.",
    )
    keep_records: Term = Field(
        timedelta(days=90),
        validate_default=True,
        description="How long the record of a video is kept once its objects are gone. What it cost and came to stays in "
        "the ledger and in `filmgate usage`. At least a day, and longer than `queue_time_limit` and "
        "`render_time_limit` together. Turn it when clients ask for old videos, or nobody may know of them so long.",
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
    requests_per_minute: int | None = Field(
        None,
        ge=1,
        description="How many requests an account may make in a minute, on each server process, if it has no limit of "
        "its own. Turn it where one client's loop must not be everybody's trouble.",
    )
    max_connections: int = Field(
        10_000,
        ge=10,
        description="How many connections are kept open at once; one address may have half of them. "
        "Turn it to what memory and file limits allow.",
    )
    metrics_address: str | None = Field(
        None,
        description="Where this process exposes its metrics to Prometheus, such as 127.0.0.1:9464, as docs/metrics.md "
        "says. Turn it to see what a server does; whoever reaches the address needs no key.",
    )
    trusted_proxies: str = Field(
        "127.0.0.0/8,::1/128",
        description="Whose X-Forwarded-For and X-Forwarded-Proto are believed: addresses and networks, with commas. "
        "Turn it behind a proxy on another machine; if it is not named here, all clients count as one address.",
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
    faces: Literal["allow", "refuse"] = Field(
        "allow",
        description="`refuse` turns away pictures and uploaded films that show a face, as docs/policies.md says; "
        "it needs `filmgate[faces]`. Turn it where nobody may be put into films.",
    )
    refused_prompts: Path | None = Field(
        None,
        description="A file of regular expressions, one a line: a prompt that matches one is refused. Turn it "
        "when there are words that you do not want to see made.",
    )
    moderation_url: str | None = Field(
        None,
        pattern=r"^https?://[^/?#\s@]+(/[^?#\s]*)?$",
        description="An endpoint that judges each prompt, in the shape of openai's `/v1/moderations`. Turn it "
        "when strangers write the prompts.",
    )
    moderation_key: SecretStr | None = Field(
        None,
        description="The bearer key for `moderation_url`. Turn it when the endpoint asks for one.",
    )
    moderation_model: str | None = Field(
        None,
        description="The `model` that `moderation_url` is asked for. Turn it when the endpoint has several.",
    )
    moderation_on_failure: Literal["refuse", "allow"] = Field(
        "refuse",
        description="What becomes of a prompt that `moderation_url` gave no verdict on: `refuse` answers 503, "
        "`allow` lets it pass and logs a warning. Turn it where an outage there must not stop the work here.",
    )
    log_format: Literal["auto", "text", "json"] = Field(
        "auto",
        description="`auto` writes text to a terminal and JSON elsewhere. Turn it to suit your log collector.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info",
        description="The least important line that is logged. Turn it when looking for a fault.",
    )
    log_prompts: bool = Field(
        default=False,
        description="Write each prompt into the log where its render begins. Turn it when looking into what an "
        "engine makes of prompts, and where those who write them know.",
    )
    models: Mapping[str, ModelSettings] = Field(
        default_factory=dict,
        description='Tables named [models."NAME"] in filmgate.toml: engine, sizes, seconds, images, '
        "characters, edits, extensions, price_per_second. Turn them to change what a public model name can do, or to add one.",
    )

    engines: Mapping[str, EngineSettings] = Field(
        default_factory=dict,
        description="Tables named [engines.NAME] in filmgate.toml: upstreams that make videos for us. Turn them "
        "to use GPU replicas or a hosted service; a model's `engine` then names one.",
    )

    @field_validator("keep_records")
    @classmethod
    def _records_outlive_the_work(cls, kept: timedelta, info: ValidationInfo) -> timedelta:
        """A video that looks for its job at an upstream must find the record of the one whose job it was."""
        limits = (info.data.get(name) for name in ("queue_time_limit", "render_time_limit"))
        work = sum((limit for limit in limits if limit), timedelta(0))
        if kept < timedelta(days=1) or kept <= work:
            raise ValueError(
                "must be at least a day, and longer than queue_time_limit and render_time_limit together"
            )
        return kept

    @field_validator("engines")
    @classmethod
    def _names_are_free(cls, engines: Mapping[str, EngineSettings]) -> Mapping[str, EngineSettings]:
        if "scenes" in engines:
            raise ValueError("`scenes` is the embedded engine; give the upstream another name")
        return engines

    @field_validator("data")
    @classmethod
    def _home_is_meant(cls, data: Path) -> Path:
        return data.expanduser()

    @field_validator("trusted_proxies")
    @classmethod
    def _proxies_arenetworks(cls, proxies: str) -> str:
        networks(proxies)
        return proxies

    @field_validator("metrics_address")
    @classmethod
    def _address_is_one(cls, address: str | None) -> str | None:
        if address is not None:
            host_and_port(address)
        return address

    @field_validator("database_url")
    @classmethod
    def _url_is_one(cls, url: SecretStr | None) -> SecretStr | None:
        """Checked here, because the driver's own complaint would show a part of the password."""
        if url is not None and not is_postgresql(url.get_secret_value()):
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

    def proxies(self) -> Sequence[IPNetwork]:
        """The networks of `trusted_proxies`."""
        return networks(self.trusted_proxies)

    def metrics_listener(self) -> tuple[str, int] | None:
        """Host and port of `metrics_address`."""
        return None if self.metrics_address is None else host_and_port(self.metrics_address)

    def upstream_keys(self) -> Mapping[str, SecretStr]:
        """The keys for upstreams, by the names of their variables. Raises SettingsError for one that is not set."""
        keys = {}
        for name, engine in self.engines.items():
            variable = engine.api_key_variable
            if variable is None:
                continue
            text = os.environ.get(variable, "").strip()
            if not (text and text.isascii() and text.isprintable()):
                raise SettingsError(
                    f"engines.{name}: the variable {variable} must hold the upstream's API key."
                )
            keys[variable] = SecretStr(text)
        return keys

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
            fields = (
                EngineSettings if detail["loc"][0] == "engines" else ModelSettings
            ).model_fields
            hint = _nearest(str(detail["loc"][-1]), set(fields))
        sentences.append(f"{name}: {detail['msg']}.{hint}")
    return " ".join(sentences)
