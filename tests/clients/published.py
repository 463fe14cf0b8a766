"""How a test runs a published client: an environment and a process of its own, and one JSON answer."""

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

ENVIRONMENTS = Path(sys.prefix) / "clients"
HERE = Path(__file__).parent
LIMIT_SECONDS = 100


@dataclass(frozen=True, slots=True)
class Site:
    """Where a client is sent, and the key that it is given."""

    url: str
    api_key: str


@dataclass(frozen=True, slots=True)
class Client:
    """A published client that is told of a server in its own way, by the environment."""

    command: tuple[str, ...]
    home: Path
    variables: Mapping[str, str]

    def run(self, script: str, *arguments: object) -> Any:
        """What the script of this folder printed."""
        done = subprocess.run(
            [*self.command, str(HERE / script), *map(str, arguments)],
            cwd=self.home,
            # Nothing of ours is in it: a key or a proxy would lead the client elsewhere.
            env={"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(self.home), **self.variables},
            capture_output=True,
            text=True,
            timeout=LIMIT_SECONDS,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout)


def python_client(
    environment: str, site: Site, home: Path, variables: Mapping[str, str] = MappingProxyType({})
) -> Client:
    """An interpreter that has the client, and knows nothing of filmgate."""
    python = ENVIRONMENTS / environment / "bin/python"
    assert python.exists(), f"{python} is missing. Run: scripts/clients.sh"
    return Client((str(python), "-I"), home, {**_openai_variables(site), **variables})


def node_client(node: str, site: Site, home: Path) -> Client:
    """The package is found beside the scripts."""
    packages = HERE / "node/node_modules"
    assert packages.exists(), f"{packages} is missing. Run: scripts/clients.sh"
    return Client((node,), home, _openai_variables(site))


def _openai_variables(site: Site) -> dict[str, str]:
    """The names under which OpenAI's clients look for these."""
    return {"OPENAI_BASE_URL": f"{site.url}/v1", "OPENAI_API_KEY": site.api_key}
