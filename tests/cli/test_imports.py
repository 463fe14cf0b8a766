"""What a command loads: no command pays for another's libraries, and a server not for its children's."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.scripted_server import ScriptedServer, json_reply

# Without pydantic: typer itself looks at the options of a command with it, where it is installed.
HEAVY = {
    *("numba", "cv2", "av", "numpy", "PIL"),
    *("fastapi", "starlette", "uvicorn", "uvloop"),
    *("asyncpg", "sqlalchemy", "alembic", "obstore", "re2", "psutil"),
}
OF_CHILDREN_AND_MIGRATIONS = {"numba", "cv2", "sqlalchemy", "alembic", "fastapi"}


def loaded_by(*words: str) -> set[str]:
    """The modules that there are when the command has ended."""
    program = f"""
import json, sys
from filmgate.cli.main import run
sys.argv = ["filmgate", *{list(words)!r}]
try:
    run()
except SystemExit as end:
    assert not end.code, end.code
print("\\n" + json.dumps(sorted(sys.modules)))
"""
    return _modules_after(program)


def _modules_after(program: str) -> set[str]:
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )
    return set(json.loads(ended.stdout.splitlines()[-1]))


@pytest.mark.parametrize(
    "words",
    [["--help"], ["--version"], ["make", "--help"], ["serve", "--help"], ["keys", "--help"]],
)
def test_help_loads_no_library_that_only_a_command_needs(words: list[str]) -> None:
    assert not loaded_by(*words) & {*HEAVY, "httpx2", "rich", "asyncio"}


def test_a_command_of_the_client_loads_nothing_of_the_server(
    server: ScriptedServer, folder: Path
) -> None:
    server.on("GET", "/v1/videos", json_reply({"object": "list", "data": [], "has_more": False}))
    assert not loaded_by("ls") & HEAVY


def test_commands_on_the_database_load_neither_engines_nor_the_edge() -> None:
    loaded = _modules_after(
        "import json, sys, filmgate.cli.keys, filmgate.cli.accounts, filmgate.cli.usage\n"
        "print(json.dumps(sorted(sys.modules)))"
    )
    assert not loaded & {"numba", "cv2", "av", "numpy", "PIL", "starlette", "uvicorn", "obstore"}


def test_a_server_leaves_to_its_children_what_only_they_need() -> None:
    loaded = _modules_after(
        "import json, sys, filmgate.cli.serve\nprint(json.dumps(sorted(sys.modules)))"
    )
    assert not loaded & OF_CHILDREN_AND_MIGRATIONS
