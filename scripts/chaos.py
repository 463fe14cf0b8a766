"""`make chaos`: hurt a filmgate under load for as long as asked, then prove that it kept every promise.

Run as `python -m scripts.chaos`. Everything it starts is on loopback, and has been ended when it ends.
"""

import argparse
import asyncio
import random
import shutil
import signal
import sys
import tempfile
from pathlib import Path

from filmgate.telemetry import set_up_logging
from tests.chaos.plan import Plan, Shape
from tests.chaos.run import Outcome, run

SHOWN = 40
EXIT_BROKEN = 1
EXIT_INTERRUPTED = 130


def main() -> int:
    arguments = _arguments()
    plan = Plan(
        seconds=arguments.seconds,
        seed=arguments.seed if arguments.seed is not None else random.randrange(1_000_000),
        shape=Shape.CLUSTER if arguments.cluster else Shape.SINGLE,
    )
    set_up_logging(level="error", style="text")  # of the sweep that the run itself carries out
    folder = Path(tempfile.mkdtemp(prefix="filmgate-chaos-"))
    folder.chmod(0o711)  # root's PostgreSQL is somebody else, and must reach its folder
    print(
        f"chaos: {plan.shape}, {plan.seconds:g} s, seed {plan.seed}; logs in {folder}", flush=True
    )
    try:
        outcome = asyncio.run(_interruptible(plan, folder))
    except (KeyboardInterrupt, asyncio.CancelledError):
        print(f"chaos: interrupted; every process was ended, the logs are in {folder}")
        return EXIT_INTERRUPTED
    return _report(outcome, folder, keep=arguments.keep)


async def _interruptible(plan: Plan, folder: Path) -> Outcome:
    """A SIGTERM ends the run as a Ctrl-C does: with every process."""
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await run(plan, folder)


def _report(outcome: Outcome, folder: Path, *, keep: bool) -> int:
    for violation in outcome.violations[:SHOWN]:
        print(f"VIOLATION {violation}")
    if len(outcome.violations) > SHOWN:
        print(f"… and {len(outcome.violations) - SHOWN} more")
    verdict = f"{len(outcome.violations)} violations" if outcome.violations else "ok"
    print(f"chaos: {verdict} {outcome.figures.line()}")
    if outcome.violations or keep:
        print(f"chaos: journal and logs are in {folder}")
    else:
        shutil.rmtree(folder)
    return EXIT_BROKEN if outcome.violations else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60, help="of load and faults")
    parser.add_argument("--seed", type=int, help="the same wishes and faults again; else a new one")
    parser.add_argument("--cluster", action="store_true", help="2 APIs, 3 workers, PostgreSQL, S3")
    parser.add_argument("--keep", action="store_true", help="keep journal and logs in any case")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
