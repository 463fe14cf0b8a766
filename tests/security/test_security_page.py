"""SECURITY.md promises nothing that no test shows: each test that it names exists, and each threat names one."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


def threats() -> list[list[str]]:
    """The rows of the table, cell by cell."""
    lines = (ROOT / "SECURITY.md").read_text(encoding="utf-8").splitlines()
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in lines if line[:1] == "|"
    ]
    return rows[2:]


def named() -> list[tuple[str, str]]:
    return sorted(set(NAMED.findall((ROOT / "SECURITY.md").read_text(encoding="utf-8"))))


@pytest.mark.parametrize(("path", "name"), named())
def test_a_test_that_is_named_exists(path: str, name: str) -> None:
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    found = [
        node.name for node in tree.body if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    ]
    assert name in found


def test_every_threat_has_a_stop_and_a_test() -> None:
    rows = threats()
    assert len(rows) > 20
    for row in rows:
        assert len(row) == 4, row
        assert all(row), row
        assert NAMED.search(row[3]), row


def test_everybody_who_could_mean_harm_is_in_the_table() -> None:
    who = " ".join(row[0].lower() for row in threats())
    wanted = ["stranger", "client", "picture", "film", "address", "webhook", "upstream"]
    wanted += ["dump", "local user", "operator", "logs"]
    assert [each for each in wanted if each not in who] == []
