"""What the seed decides, and that no kind of fault and no process is forgotten."""

import pytest

from tests.chaos.plan import HEARTBEAT_LIMIT_SECONDS, Kind, Plan, Shape, faults

HOUR = 3600


def plan_of(shape: Shape, *, seconds: float = HOUR, seed: int = 1) -> Plan:
    return Plan(seconds=seconds, seed=seed, shape=shape)


@pytest.mark.parametrize("shape", Shape)
def test_every_process_is_killed_in_turn(shape: Shape) -> None:
    plan = plan_of(shape)
    killed = {(fault.kind, fault.target) for fault in faults(plan)}
    assert {target for kind, target in killed if kind is Kind.KILL_API} == set(range(plan.apis))
    assert {target for kind, target in killed if kind is Kind.KILL_WORKER} == set(
        range(plan.workers)
    )
    assert {kind for kind, _ in killed} == set(Kind)


@pytest.mark.parametrize("shape", Shape)
def test_a_short_run_has_a_long_pause_and_a_database_fault(shape: Shape) -> None:
    first, second, *_ = faults(plan_of(shape, seconds=15))
    assert first.kind is Kind.PAUSE_WORKER
    assert first.lasts > HEARTBEAT_LIMIT_SECONDS
    assert second.kind in (Kind.KILL_DATABASE, Kind.RESTART_DATABASE)


def test_the_seed_decides_everything() -> None:
    plan = plan_of(Shape.CLUSTER)
    assert faults(plan) == faults(plan_of(Shape.CLUSTER))
    assert faults(plan) != faults(plan_of(Shape.CLUSTER, seed=2))


def test_faults_come_in_order_and_within_the_time() -> None:
    times = [fault.at for fault in faults(plan_of(Shape.SINGLE, seconds=60))]
    assert times == sorted(times)
    assert 0 < times[0] < times[-1] < 60
