"""How wrk is run and understood, and what is said where it is missing."""

import subprocess
import sys
from pathlib import Path

import pytest

from bench.processes import CHECKOUT, BenchmarkFailed
from bench.wrk import SCRIPTS, read_report

SAID = """\
Running 2s test @ http://127.0.0.1:8024/
  2 threads and 64 connections
Requests/sec:  20000.50
report {"micros":2000000,"answers":40001,"refused":3,"broken":1,"p50_micros":3100,"p99_micros":8200,"longest_micros":40000}
"""


def test_the_report_is_found_among_what_wrk_says() -> None:
    load = read_report(SAID)
    assert load.rate == 20_000.5
    assert load.errors == 4
    assert (load.p50, load.p99, load.longest) == (3.1, 8.2, 40)


def test_a_wrk_that_made_no_report_is_a_failure() -> None:
    with pytest.raises(BenchmarkFailed, match="unable to connect"):
        read_report("unable to connect to 127.0.0.1:1 Connection refused\n")


@pytest.mark.parametrize("script", sorted(SCRIPTS.glob("*.lua")), ids=lambda path: path.name)
def test_every_script_makes_the_report(script: Path) -> None:
    text = script.read_text(encoding="utf-8")
    assert 'dofile("report.lua")' in text or "function done(" in text


def test_without_wrk_it_says_how_to_get_it(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "bench", "--only", "polls"],
        cwd=CHECKOUT,
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 2
    assert "apt-get install wrk" in ended.stderr
    assert ended.stdout == ""
