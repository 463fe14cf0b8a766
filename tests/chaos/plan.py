"""What a run will do: for how long, to which processes, and which faults, all decided by the seed."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum


class Shape(StrEnum):
    """`single`: a server with its embedded database, and workers on the same folder. `cluster`: all apart."""

    SINGLE = "single"
    CLUSTER = "cluster"


APIS = {Shape.SINGLE: 1, Shape.CLUSTER: 2}
WORKERS = {Shape.SINGLE: 2, Shape.CLUSTER: 3}

HEARTBEAT_LIMIT_SECONDS = 10.0
"""A worker that is silent for longer has lost its videos."""


class Kind(StrEnum):
    """A fault. A kill is SIGKILL, a pause SIGSTOP and later SIGCONT, a restart SIGTERM and a start."""

    KILL_API = "kill-api"
    KILL_WORKER = "kill-worker"
    KILL_RENDER = "kill-render"
    KILL_DATABASE = "kill-database"
    PAUSE_API = "pause-api"
    PAUSE_WORKER = "pause-worker"
    RESTART_API = "restart-api"
    RESTART_WORKER = "restart-worker"
    RESTART_DATABASE = "restart-database"


@dataclass(frozen=True, slots=True)
class Fault:
    """`at` seconds after the load began, to the process of that number, for `lasts` seconds."""

    at: float
    kind: Kind
    target: int
    lasts: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """`seconds` of load and faults; the same seed makes the same wishes and faults."""

    seconds: float
    seed: int
    shape: Shape

    @property
    def apis(self) -> int:
        return APIS[self.shape]

    @property
    def workers(self) -> int:
        return WORKERS[self.shape]


FIRST_FAULT_SECONDS = 1.0
QUIET_END_SECONDS = 1.0


def faults(plan: Plan) -> list[Fault]:
    """Round after round of every kind, to every process in turn, as far as the time goes.

    Of each round the long pause comes first, so that in a short run it ends in time, and a database fault
    comes next, so that no run is without.
    """
    rng = random.Random(f"faults {plan.seed}")
    at, planned = FIRST_FAULT_SECONDS, []
    for kind, target in _rounds(plan, rng):
        if at > plan.seconds - QUIET_END_SECONDS:
            break
        planned.append(Fault(at, kind, target, _duration(kind, rng)))
        at += rng.uniform(0.8, 2.6)
    return planned


def _rounds(plan: Plan, rng: random.Random) -> Iterator[tuple[Kind, int]]:
    while True:
        everyone = [
            *((Kind.KILL_API, number) for number in range(plan.apis)),
            *((Kind.KILL_WORKER, number) for number in range(plan.workers)),
            (Kind.KILL_RENDER, rng.randrange(plan.workers)),
            (Kind.PAUSE_API, rng.randrange(plan.apis)),
            (Kind.RESTART_API, rng.randrange(plan.apis)),
            (Kind.RESTART_WORKER, rng.randrange(plan.workers)),
        ]
        rng.shuffle(everyone)
        database = [Kind.KILL_DATABASE, Kind.RESTART_DATABASE]
        rng.shuffle(database)
        yield Kind.PAUSE_WORKER, rng.randrange(plan.workers)
        yield database[0], 0
        yield from everyone
        yield database[1], 0


def _duration(kind: Kind, rng: random.Random) -> float:
    if kind is Kind.PAUSE_WORKER:
        return HEARTBEAT_LIMIT_SECONDS + rng.uniform(1.5, 4)
    if kind is Kind.PAUSE_API:
        return rng.uniform(1, 4)
    return rng.uniform(0, 1)
