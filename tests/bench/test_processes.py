"""Processes are heard, and have ended when their block has."""

import sys
from pathlib import Path

import psutil
import pytest

from bench.machine import on
from bench.processes import BenchmarkFailed, ask, child, hear

ECHO = "import sys\nprint('ready', flush=True)\nfor line in sys.stdin: print(line.upper(), end='', flush=True)"
EVERYWHERE = frozenset(psutil.Process().cpu_affinity() or ())


def echo(script: str = ECHO) -> list[str | Path]:
    return [sys.executable, "-c", script]


def test_a_child_answers_and_is_gone_after_its_block() -> None:
    with child(echo(), cores=EVERYWHERE) as process:
        assert hear(process) == "ready"
        assert ask(process, "hello") == "HELLO"
    assert process.returncode is not None
    assert not psutil.pid_exists(process.pid)


def test_a_child_is_gone_after_an_interruption_too() -> None:
    with pytest.raises(KeyboardInterrupt), child(echo(), cores=EVERYWHERE) as process:
        raise KeyboardInterrupt
    assert not psutil.pid_exists(process.pid)


def test_a_child_that_ends_before_its_time_is_told_of_by_its_name() -> None:
    silent = echo("raise SystemExit(3)")
    with (
        pytest.raises(BenchmarkFailed, match="ended with 3 before its time"),
        child(silent, cores=EVERYWHERE) as process,
    ):
        hear(process)


def test_children_run_where_they_are_put_and_we_stay_where_we_are() -> None:
    one = frozenset([min(EVERYWHERE)])
    with child(echo(), cores=one) as process:
        hear(process)
        assert psutil.Process(process.pid).cpu_affinity() == list(one)
        assert frozenset(psutil.Process().cpu_affinity() or ()) == EVERYWHERE


def test_a_block_on_some_cores_ends_where_it_began() -> None:
    with on(frozenset([min(EVERYWHERE)])):
        assert psutil.Process().cpu_affinity() == [min(EVERYWHERE)]
    assert frozenset(psutil.Process().cpu_affinity() or ()) == EVERYWHERE
