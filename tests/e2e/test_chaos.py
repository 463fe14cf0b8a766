"""A short `make chaos` of each shape, and that whoever interrupts one is left alone with its logs."""

import asyncio
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos.plan import Kind, Plan, Shape
from tests.chaos.processes import left_behind
from tests.chaos.run import run

ROOT = Path(__file__).parents[2]
SEED = 20261121
INTERRUPTED = 130
START_SECONDS = 60

pytestmark = pytest.mark.timeout(540)


@pytest.fixture
def logs() -> Iterator[Path]:
    """Kept where something is in them that somebody will want to read."""
    folder = Path(tempfile.mkdtemp(prefix="filmgate-chaos-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.parametrize(
    "plan",
    [
        Plan(seconds=25, seed=SEED, shape=Shape.SINGLE),
        Plan(seconds=20, seed=SEED, shape=Shape.CLUSTER),
    ],
    ids=lambda plan: plan.shape,
)
def test_every_promise_is_kept_whatever_dies(plan: Plan, logs: Path) -> None:
    outcome = asyncio.run(run(plan, logs))
    line = outcome.figures.line()
    if outcome.violations:
        kept = shutil.copytree(logs, logs.with_name(f"{logs.name}-kept"))
        pytest.fail(f"{line}\nlogs in {kept}\n" + "\n".join(outcome.violations))
    assert outcome.figures.statuses["completed"] > 0, line
    faults = outcome.figures.faults
    assert faults[Kind.PAUSE_WORKER] > 0, line
    assert faults[Kind.KILL_DATABASE] + faults[Kind.RESTART_DATABASE] > 0, line


def test_an_interrupted_run_ends_all_that_it_has_started() -> None:
    command = [sys.executable, "-m", "scripts.chaos", "--seconds", "300", "--seed", str(SEED)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as chaos:
        assert chaos.stdout is not None
        folder = Path(chaos.stdout.readline().split("logs in ")[1].strip())
        deadline = time.monotonic() + START_SECONDS
        while not (folder / "journal.jsonl").exists() or len(left_behind(folder)) < 5:
            assert time.monotonic() < deadline, left_behind(folder)
            time.sleep(0.2)
        chaos.send_signal(signal.SIGINT)
        rest, _ = chaos.communicate(timeout=120)
    assert chaos.returncode == INTERRUPTED, rest
    assert left_behind(folder) == []
    shutil.rmtree(folder)
