"""The user's client file: which server the commands talk to, and the API key of each server.

`filmgate serve` writes it, so that `filmgate make` in a second terminal needs nothing.
"""

import json
import tempfile
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import platformdirs

from filmgate.client import DEFAULT_URL, canonical_url

_BROKEN_SUFFIX = ".broken"


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What the client file says. `problem` tells, for a person, why it could not be used, if so."""

    default_url: str = DEFAULT_URL
    api_keys: Mapping[str, str] = field(default_factory=dict, repr=False)
    problem: str | None = None

    def api_key_for(self, url: str) -> str | None:
        """The key remembered for this very address. Raises ValueError when it is no address."""
        return self.api_keys.get(canonical_url(url))


def default_path() -> Path:
    return platformdirs.user_config_path("filmgate", appauthor=False) / "client.toml"


def load(path: Path | None = None) -> Credentials:
    """A file that is missing says nothing; one that cannot be used is reported in `problem`."""
    path = path or default_path()
    try:
        return _parse(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Credentials()
    except (OSError, TypeError, ValueError) as error:
        return Credentials(problem=f"{path} was ignored, for it cannot be used: {error}")


def remember(
    url: str, api_key: str, *, make_default: bool, path: Path | None = None
) -> Credentials:
    """Add or replace the key of one server and keep the others. Returns what the file says now.

    A file that cannot be used is set aside, which `problem` of the result says. Raises OSError where the
    file cannot be written.
    """
    path = (path or default_path()).resolve()
    url = canonical_url(url)
    known = load(path)
    if known.problem is not None:
        aside = path.with_name(path.name + _BROKEN_SUFFIX)
        path.replace(aside)
        known = replace(known, problem=f"{known.problem}. It was set aside as {aside}.")
    updated = replace(
        known,
        default_url=url if make_default else known.default_url,
        api_keys={**known.api_keys, url: api_key},
    )
    _write(path, _format(updated))
    return updated


def _parse(text: str) -> Credentials:
    document = tomllib.loads(text)
    default, api_keys = document.get("default", DEFAULT_URL), document.get("api_keys", {})
    if not isinstance(default, str):
        raise TypeError("`default` is not a server's address in quotes")
    if not isinstance(api_keys, dict) or not all(isinstance(k, str) for k in api_keys.values()):
        raise TypeError("`[api_keys]` is not a table of addresses and their keys, both in quotes")
    return Credentials(
        default_url=canonical_url(default),
        api_keys={canonical_url(url): key for url, key in api_keys.items()},
    )


def _format(credentials: Credentials) -> str:
    keys = (f"{_quoted(url)} = {_quoted(key)}" for url, key in credentials.api_keys.items())
    lines = [
        "# Servers that the filmgate command knows. It holds API keys: keep it to yourself.",
        f"default = {_quoted(credentials.default_url)}",
        "",
        "[api_keys]",
        *keys,
    ]
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    """A TOML basic string: JSON's, except that TOML wants DEL escaped and no surrogate pairs."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _write(path: Path, text: str) -> None:
    """Replace the file at once. At no moment can anyone else read it: temporary files are 0600 from birth."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(
        "w", encoding="utf-8", dir=path.parent, prefix=".client-", delete=False
    ) as file:
        temporary = Path(file.name)
        try:
            file.write(text)
            file.close()
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
