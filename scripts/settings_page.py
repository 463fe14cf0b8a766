"""Print docs/settings.md: the settings as their fields describe them. `make docs` writes it, a test compares."""

from collections.abc import Iterator
from datetime import timedelta

from pydantic.fields import FieldInfo

from filmgate.settings import CONFIG_FILE, Settings
from filmgate.settings_tables import PREFIX

HEAD = f"""# Settings

Every setting can be given as a flag of the command that it concerns, as an environment variable, or in
`{CONFIG_FILE}` (in the working folder, or where `--config` says). The flag wins over the variable, the variable
over the file. An unknown name in the file stops the start; an unknown `{PREFIX}*` variable is warned about.

This page is made from the code by `make docs`.
"""

TAIL = """
## Models

A table changes what a public model name can do, or adds a name. What it leaves out stays as it is.

```toml
[models."sora-2"]
seconds = [4, 8]          # the first one is the default
sizes = ["1280x720"]      # likewise
images = 1                # reference images taken
engine = "scenes"
price_per_second = 100000 # in millionths of your currency; not set: nothing is charged
```

## Engines

A table is an upstream that makes videos for us; see [upstreams.md](upstreams.md).

```toml
[engines.cloud]
kind = "videos_api"       # an upstream that speaks the openai dialect
url = "https://videos.example.org"
api_key_variable = "CLOUD_API_KEY"   # the environment variable that holds the key; not set: none is sent
charges = true            # false for replicas of your own: a job that they lose is made again
idempotency_window = 72000           # for how many seconds it honours Idempotency-Key; not set: it does not
can_list = false          # whether GET /v1/videos lists what was created
submit_time_limit = 60    # seconds; likewise download_time_limit = 600
models = { "sora-2" = "their-name" } # only where their names differ from ours

[models."sora-2"]
engine = "cloud"
characters = 0
```
"""


def page() -> str:
    sections = (_section(name, field) for name, field in Settings.model_fields.items())
    return HEAD + "".join(sections) + TAIL


def _section(name: str, field: FieldInfo) -> str:
    lines = ["", f"## `{name}`", "", str(field.description), ""]
    lines += [f"- {fact}" for fact in _facts(name, field)]
    return "\n".join(lines) + "\n"


def _facts(name: str, field: FieldInfo) -> Iterator[str]:
    if name not in {"models", "engines"}:
        yield f"variable: `{PREFIX}{name.upper()}`"
    yield f"default: {_default(field)}"


def _default(field: FieldInfo) -> str:
    if field.default_factory is not None:
        return "depends on the machine"
    default = field.default
    if default is None:
        return "not set"
    if isinstance(default, timedelta):
        return f"`{int(default.total_seconds())}` (seconds)"
    return f"`{str(default).lower() if isinstance(default, bool) else default}`"


if __name__ == "__main__":
    print(page(), end="")
