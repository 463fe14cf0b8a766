"""Rounds: every target is loaded for a moment, in turn, again and again, so that a slow minute hits them all."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import psutil

from bench.figures import Load, Round
from bench.processes import cpu_seconds
from bench.stage import Effort

WARM_UP_SECONDS = 1


@dataclass(frozen=True, slots=True)
class Target:
    """Something that answers: how it is loaded for so many seconds, and the processes that do its work."""

    name: str
    load: Callable[[int], Load]
    processes: Sequence[psutil.Process]


def interleave(targets: Sequence[Target], effort: Effort) -> list[Round]:
    """A B C A B C …, after a moment of each that does not count."""
    for target in targets:
        target.load(WARM_UP_SECONDS)
    rounds = []
    for number in range(effort.rounds):
        for target in targets:
            rounds.append(once(target, effort.seconds))
            note(f"  round {number + 1}: {_said(rounds[-1])}")
    return rounds


def once(target: Target, seconds: int) -> Round:
    before = sum(map(cpu_seconds, target.processes))
    load = target.load(seconds)
    used = sum(map(cpu_seconds, target.processes)) - before
    return Round(target=target.name, load=load, cpu_micros=used / max(load.answers, 1) * 1e6)


def note(sentence: str) -> None:
    """For whoever is watching; the results go to standard output."""
    print(sentence, file=sys.stderr, flush=True)


def _said(one: Round) -> str:
    load = one.load
    failed = f", {load.errors} errors" if load.errors else ""
    return (
        f"{one.target}: {load.rate:,.0f}/s, p50 {load.p50:.2f} ms, p99 {load.p99:.2f} ms, "
        f"{one.cpu_micros:.0f} µs CPU{failed}"
    )
