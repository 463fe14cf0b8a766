"""What `make audit` concludes from what pip-audit reports: silence of a database is no clean bill of health."""

from typing import Any

import pytest

from scripts.audit import conclude, judge

CLEAN = {"name": "starlette", "version": "1.0", "vulns": []}
SKIPPED = {"name": "uvloop", "skip_reason": "Dependency not found on PyPI"}
BROKEN = {
    "name": "pillow",
    "version": "1.1",
    "vulns": [{"id": "PYSEC-2026-1", "fix_versions": ["1.2"]}],
}
UNFIXED = {"name": "av", "version": "1", "vulns": [{"id": "GHSA-x", "fix_versions": []}]}


@pytest.mark.parametrize(
    ("found", "status", "words"),
    [
        ([CLEAN, CLEAN], 0, "2 dependencies, and none has a known vulnerability"),
        ([CLEAN, BROKEN], 1, "pillow 1.1: PYSEC-2026-1, fixed in 1.2"),
        ([UNFIXED, SKIPPED], 1, "GHSA-x, fixed in no version yet"),
        ([CLEAN, SKIPPED], 2, "1 could not be looked up"),
        ([SKIPPED], 2, "0 dependencies have no known vulnerability"),
        ([], 2, "0 could not be looked up"),
    ],
)
def test_only_what_was_looked_up_counts_as_clean(
    found: list[dict[str, Any]], status: int, words: str
) -> None:
    concluded = conclude(judge({"dependencies": found}))
    assert concluded[0] == status
    assert words in concluded[1]


def test_no_answer_from_anybody_is_said() -> None:
    assert conclude(None) == (
        2,
        "Nothing was audited: neither PyPI's advisories nor OSV's can be reached from here.",
    )
