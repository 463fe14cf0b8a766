"""`python -m bench`: run scenarios, print their tables, keep the numbers. A missed goal fails nothing."""

import argparse
import os
import signal
import sys
import time
from collections.abc import Sequence
from types import FrameType

from bench import page, wrk
from bench.catalogue import SCENARIOS
from bench.figures import Report
from bench.machine import Cores, describe, on, share_out
from bench.processes import BenchmarkFailed
from bench.rounds import note
from bench.stage import FULL, QUICK, Effort, staged

EXIT_CANNOT = 2
EXIT_INTERRUPTED = 130


def main(words: Sequence[str]) -> int:
    told = _parser().parse_args(words)
    if not wrk.is_installed():
        note(wrk.MISSING)
        return EXIT_CANNOT
    effort = FULL if told.full else QUICK
    names = told.only or [name for name, each in SCENARIOS.items() if not each.is_by_name_only]
    cores = share_out(os.sched_getaffinity(0))
    machine = describe(cores)
    note(f"Cores: {cores}.")
    reports = _measure(names, cores, effort)
    sections = page.sections(machine, reports, mode=effort.name)
    print("\n\n".join(sections.values()))
    note(f"\nEvery round is in {page.save(machine, reports, mode=effort.name)}")
    if told.write:
        page.write(sections, order=[each.title for each in SCENARIOS.values()])
    return 0


def _measure(names: Sequence[str], cores: Cores, effort: Effort) -> dict[str, Report]:
    reports = {}
    for name in names:
        scenario, began = SCENARIOS[name], time.monotonic()
        note(f"{scenario.title} ...")
        with on(cores.load), staged(cores, effort) as stage:
            reports[scenario.title] = scenario.measure(stage)
        note(f"  {time.monotonic() - began:.0f} s")
    return reports


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    modes = parser.add_mutually_exclusive_group()
    modes.add_argument("--quick", action="store_true", help="two minutes (what happens by itself)")
    modes.add_argument("--full", action="store_true", help="a quarter of an hour")
    parser.add_argument("--only", nargs="+", choices=SCENARIOS, metavar="NAME", help=_names())
    parser.add_argument(
        "--write", action="store_true", help=f"put the tables into {page.PAGE.name}, too"
    )
    return parser


def _names() -> str:
    return f"these scenarios alone: {', '.join(SCENARIOS)}"


def _ended(number: int, _: FrameType | None) -> None:
    """As an exception, so that everything that was started is ended on the way out."""
    sys.exit(128 + number)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _ended)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's & has it ignored
    try:
        sys.exit(main(sys.argv[1:]))
    except BenchmarkFailed as failure:
        sys.exit(f"The benchmark could not be carried out. {failure}")
    except KeyboardInterrupt:
        note("Interrupted.")
        sys.exit(EXIT_INTERRUPTED)
