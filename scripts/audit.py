"""`make audit`: ask the public databases whether the locked dependencies have known vulnerabilities.

Ends with 0 when each was looked up and none has any, with 1 when some have, with 2 when not all could be looked up.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LOCK = Path("requirements/runtime.lock")
TOOL = "pip-audit==2.10.1"
SERVICES = ("pypi", "osv")
"""In the order in which they are asked. A mirror of PyPI has the packages, and not its advisories."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one service could say."""

    vulnerable: Sequence[str]
    unknown: Sequence[str]
    known: int


def judge(report: Mapping[str, Any]) -> Verdict:
    """Of a report of pip-audit, which itself calls it no fault when it could look up nothing at all."""
    dependencies = report["dependencies"]
    return Verdict(
        vulnerable=[
            f"{each['name']} {each['version']}: {vuln['id']}, fixed in {_versions(vuln)}"
            for each in dependencies
            for vuln in each.get("vulns", ())
        ],
        unknown=[each["name"] for each in dependencies if "skip_reason" in each],
        known=sum("skip_reason" not in each for each in dependencies),
    )


def conclude(verdict: Verdict | None) -> tuple[int, str]:
    """The exit status, and what to print."""
    if verdict is None:
        return (
            2,
            "Nothing was audited: neither PyPI's advisories nor OSV's can be reached from here.",
        )
    if verdict.vulnerable:
        return 1, "\n".join(["Known vulnerabilities:", *verdict.vulnerable])
    if verdict.unknown or not verdict.known:
        count = len(verdict.unknown)
        return 2, (
            f"{verdict.known} dependencies have no known vulnerability, and {count} could not be looked up: the"
            " index that is asked here has no advisories. Run this where pypi.org or api.osv.dev can be reached."
        )
    return 0, f"{verdict.known} dependencies, and none has a known vulnerability."


def main() -> int:
    """Take the first service that knows everything, else the one that knows most."""
    verdicts = []
    for service in SERVICES:
        report = _ask(service)
        if report is not None:
            verdicts.append(judge(report))
            if not verdicts[-1].unknown:
                break
    best = max(verdicts, key=lambda verdict: (len(verdict.vulnerable), verdict.known), default=None)
    status, words = conclude(best)
    print(words, file=sys.stderr if status else sys.stdout)
    return status


def _ask(service: str) -> Mapping[str, Any] | None:
    """The report, or None when there is none because the service does not answer."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        command = [".venv/bin/uv", "tool", "run", "--quiet", "--from", TOOL, "pip-audit"]
        command += ["--requirement", str(LOCK), "--require-hashes", "--disable-pip"]
        command += ["--vulnerability-service", service, "--progress-spinner", "off"]
        command += ["--format", "json", "--output", str(report)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
        if report.exists():
            found: Mapping[str, Any] = json.loads(report.read_text(encoding="utf-8"))
            return found
    last = done.stderr.strip().rpartition("\n")[2]
    print(f"{service}: no answer ({last[:200]})", file=sys.stderr)
    return None


def _versions(vulnerability: Mapping[str, Any]) -> str:
    return " or ".join(vulnerability.get("fix_versions", ())) or "no version yet"


if __name__ == "__main__":
    raise SystemExit(main())
