"""What is printed, and what is written into the documentation."""

import json
from pathlib import Path

import pytest

from bench.figures import Finding, Report, Row, at_least, timing
from bench.machine import Machine, share_out
from bench.page import BEGIN, END, PAGE, as_json, sections, with_sections
from bench.processes import BenchmarkFailed
from bench.tables import findings_table, number, table

MACHINE = Machine(
    processor="A processor",
    cores=2,
    memory_gb=25.3,
    kernel="6.1",
    python="3.11.7",
    date="2026-11-21",
    commit="abc1234",
    sharing="core 1 for the API",
)
REPORT = Report(
    rows=[Row(target="ours", rate=20_123.4, p50=3.1, p99=8.25, cpu_micros=47, errors=0, ratio=0.6)],
    timings=[timing("create to started", [5, 8], p99=100)],
    findings=[Finding("ours: polls", 20_123.4, "/s", at_least(20_000))],
    notes=("A note.",),
)
PLAIN = f"# Performance\n\nProse.\n\n{BEGIN}\n\n{END}\n\nMore prose.\n"


def test_columns_are_aligned_and_numbers_stand_right() -> None:
    assert table(("what", "n"), [("a", "10"), ("longer", "1")]).splitlines() == [
        "| what   |  n |",
        "| ------ | -: |",
        "| a      | 10 |",
        "| longer |  1 |",
    ]


@pytest.mark.parametrize(
    ("value", "expected"),
    [(20_123.4, "20,123"), (47.26, "47.3"), (0.5567, "0.56"), (0, "0"), (300.0, "300")],
)
def test_a_number_has_as_many_digits_as_a_reader_needs(value: float, expected: str) -> None:
    assert number(value) == expected


def test_a_missed_goal_says_so_and_one_that_there_is_not_says_nothing() -> None:
    findings = [Finding("polls", 5, "/s", at_least(20_000)), Finding("seen", 5)]
    assert findings_table(findings).splitlines()[2:] == [
        "| polls    |   5/s | ≥ 20,000/s |      no |",
        "| seen     |     5 |            |         |",
    ]


def test_a_section_tells_machine_rows_times_and_findings() -> None:
    text = sections(MACHINE, {"Polls": REPORT}, mode="full")["Polls"]
    assert text.startswith(
        "### Polls\n\n2026-11-21, commit abc1234, full mode. A processor, 2 cores"
    )
    assert "A note." in text
    assert "20,123" in text
    assert "p99 ≤ 100" in text
    assert "≥ 20,000/s" in text


def test_only_what_was_measured_anew_is_replaced() -> None:
    order = ["Polls", "Creates"]
    once = with_sections(PLAIN, {"Creates": "### Creates\n\nold"}, order=order)
    both = with_sections(once, {"Polls": "### Polls\n\nfirst"}, order=order)
    again = with_sections(both, {"Creates": "### Creates\n\nnew"}, order=order)
    assert again == (
        f"# Performance\n\nProse.\n\n{BEGIN}\n\n### Polls\n\nfirst\n\n### Creates\n\nnew\n\n{END}\n\nMore prose.\n"
    )


def test_writing_the_same_twice_changes_nothing() -> None:
    fresh = sections(MACHINE, {"Polls": REPORT}, mode="full")
    once = with_sections(PLAIN, fresh, order=["Polls"])
    assert with_sections(once, fresh, order=["Polls"]) == once


def test_a_page_without_markers_is_left_alone() -> None:
    with pytest.raises(BenchmarkFailed, match="no lines"):
        with_sections("# Performance\n", {}, order=[])


def test_the_documentation_has_the_markers() -> None:
    page = Path(PAGE).read_text(encoding="utf-8")
    assert page.count(BEGIN) == page.count(END) == 1


def test_the_json_holds_every_goal_and_whether_it_was_reached() -> None:
    told = json.loads(as_json(MACHINE, {"Polls": REPORT}, mode="full"))
    assert told["machine"]["processor"] == "A processor"
    (finding,) = told["scenarios"]["Polls"]["findings"]
    assert finding == {
        "what": "ours: polls",
        "value": 20_123.4,
        "unit": "/s",
        "goal": "≥ 20000",
        "reached": True,
    }


def test_two_cores_are_one_for_the_api_and_one_for_all_else() -> None:
    cores = share_out({0, 1})
    assert cores.api == {1}
    assert cores.database == cores.load == {0}
    assert "load and PostgreSQL together" in str(cores)


def test_of_many_cores_load_gets_most_and_nobody_shares() -> None:
    cores = share_out(range(16))
    assert cores.api == {15}
    assert cores.database == set(range(10, 15))
    assert cores.load == set(range(10))
    assert (
        str(cores) == "core 15 for the API and the references, 10-14 for PostgreSQL, 0-9 for load"
    )


def test_on_a_single_core_the_numbers_are_said_to_mean_little() -> None:
    cores = share_out({3})
    assert cores.api == cores.database == cores.load == {3}
    assert "say little" in str(cores)
