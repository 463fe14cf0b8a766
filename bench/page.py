"""Where results go: a JSON file with every round, and the generated part of docs/performance.md."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.figures import Report
from bench.machine import Machine
from bench.processes import CHECKOUT, HERE, BenchmarkFailed
from bench.tables import rendered

PAGE = CHECKOUT / "docs/performance.md"
RESULTS = HERE / "results"
BEGIN = "<!-- measured: written by `make bench`, do not edit -->"
END = "<!-- /measured -->"


def sections(machine: Machine, reports: Mapping[str, Report], *, mode: str) -> dict[str, str]:
    """By the scenarios' titles, what is printed and what stands on the page."""
    circumstances = (
        f"{machine.date}, commit {machine.commit}, {mode} mode. {machine.processor}, "
        f"{machine.cores} cores, {machine.memory_gb:g} GB, Linux {machine.kernel}, Python {machine.python}. "
        f"Cores: {machine.sharing}."
    )
    return {
        title: f"### {title}\n\n{circumstances}\n\n{rendered(report)}"
        for title, report in reports.items()
    }


def save(machine: Machine, reports: Mapping[str, Report], *, mode: str) -> Path:
    """Write a file that no later run overwrites."""
    RESULTS.mkdir(exist_ok=True)
    moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    path = RESULTS / f"{moment}-{mode}.json"
    path.write_text(as_json(machine, reports, mode=mode), encoding="utf-8")
    return path


def as_json(machine: Machine, reports: Mapping[str, Report], *, mode: str) -> str:
    """Everything, every round included."""
    told = {
        "machine": asdict(machine),
        "mode": mode,
        "scenarios": {title: _told(report) for title, report in reports.items()},
    }
    return json.dumps(told, indent=1, ensure_ascii=False) + "\n"


def with_sections(page: str, fresh: Mapping[str, str], *, order: Iterable[str]) -> str:
    """The page with these sections between its markers. What was not measured anew stays as it was.

    Raises BenchmarkFailed where the page has no markers.
    """
    before, begin, rest = page.partition(BEGIN)
    old, end, after = rest.partition(END)
    if not begin or not end:
        raise BenchmarkFailed(f"The page has no lines {BEGIN} and {END}.")
    known = _split(old) | dict(fresh)
    body = "\n\n".join(known[title].strip() for title in order if title in known)
    return f"{before}{BEGIN}\n\n{body}\n\n{END}{after}"


def write(fresh: Mapping[str, str], *, order: Iterable[str]) -> None:
    page = with_sections(PAGE.read_text(encoding="utf-8"), fresh, order=order)
    PAGE.write_text(page, encoding="utf-8")


def _split(text: str) -> dict[str, str]:
    parts = text.split("\n### ")[1:]
    return {part.partition("\n")[0].strip(): f"### {part}" for part in parts}


def _told(report: Report) -> dict[str, Any]:
    return {
        "notes": list(report.notes),
        "rows": [asdict(row) for row in report.rows],
        "timings": [{**asdict(each), "reached": each.is_reached} for each in report.timings],
        "findings": [
            {
                "what": each.what,
                "value": each.value,
                "unit": each.unit,
                "goal": None if each.goal is None else str(each.goal),
                "reached": each.is_reached,
            }
            for each in report.findings
        ],
        "rounds": [asdict(each) for each in report.rounds],
    }
