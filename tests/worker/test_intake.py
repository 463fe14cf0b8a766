"""How many videos of an engine elsewhere a worker takes, and how it behaves while that engine is busy."""

from datetime import timedelta

from filmgate.core.ports import Seats
from filmgate.worker.intake import LONGEST_BUSY_PAUSE, SHORTEST_BUSY_PAUSE, STARTING, Intake

NOW = 1000.0


class Woken:
    """Counts how often room was announced."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self) -> None:
        self.times += 1


def intake(most: int | None = None) -> Intake:
    return Intake(seats=Seats(most), on_room=Woken())


def take(its: Intake, count: int) -> list[int]:
    return [its.take() for _ in range(count)]


def accept(its: Intake, taken: list[int]) -> None:
    for each in taken:
        its.accept(each)


def test_without_seats_there_is_always_room_for_what_can_soon_be_submitted() -> None:
    its = intake()
    for _ in range(50):
        assert its.room(NOW) == STARTING
        taken = take(its, STARTING)
        assert its.room(NOW) == 0
        accept(its, taken)
    assert its.held == 50 * STARTING


def test_room_opens_by_the_quarter() -> None:
    its = intake()
    taken = take(its, STARTING)
    accept(its, taken[: STARTING // 4 - 1])
    assert its.room(NOW) == 0
    accept(its, taken[:1])
    assert its.room(NOW) == STARTING // 4


def test_seats_are_an_upper_bound_and_free_again_at_the_end() -> None:
    its = intake(3)
    assert its.room(NOW) == 3
    taken = take(its, 3)
    accept(its, taken[:1])
    assert its.room(NOW) == 0
    its.leave(was_accepted=True)
    assert its.room(NOW) == 1


def test_who_leaves_before_it_was_accepted_no_longer_starts() -> None:
    its = intake()
    take(its, STARTING)
    for _ in range(STARTING):
        its.leave(was_accepted=False)
    assert (its.held, its.room(NOW)) == (0, STARTING)


def test_every_end_and_every_acceptance_says_that_there_may_be_room() -> None:
    woken = Woken()
    its = Intake(seats=Seats(), on_room=woken)
    taken = take(its, 2)
    accept(its, taken[:1])
    its.leave(was_accepted=True)
    its.leave(was_accepted=False)
    assert woken.times == 3


def test_a_busy_engine_is_left_alone_and_then_asked_for_a_single_one() -> None:
    its = intake()
    its.close(NOW, asked=timedelta(seconds=7))
    assert its.room(NOW + 6.9) == 0
    assert its.room(NOW + 7.1) == 1


def test_what_is_accepted_opens_the_intake_again_step_by_step() -> None:
    its = intake()
    its.close(NOW, asked=None)
    rooms = []
    for _ in range(8):
        rooms.append(its.room(NOW + 100))
        accept(its, take(its, rooms[-1]))
    assert rooms[:3] == [1, 2, 8]
    assert rooms[-1] == STARTING


def test_what_was_begun_before_the_engine_was_busy_does_not_open_the_intake_again() -> None:
    its = intake()
    earlier = take(its, 20)
    its.leave(was_accepted=False)
    first = its.close(NOW, asked=None)
    accept(its, earlier[1:])
    assert its.room(its.closed_until) == 1
    assert its.close(its.closed_until, asked=None) == 2 * first


def test_an_engine_that_stays_busy_is_asked_less_and_less_often() -> None:
    its, now, pauses = intake(), NOW, []
    for _ in range(6):
        pauses.append(its.close(now, asked=None))
        now = its.closed_until
    assert pauses == sorted(pauses)
    assert pauses[0] < pauses[1]
    assert pauses[-1] == LONGEST_BUSY_PAUSE


def test_many_refusals_at_once_are_one() -> None:
    its = intake()
    first = its.close(NOW, asked=None)
    assert its.close(NOW, asked=None) == first
    assert its.close(its.closed_until, asked=None) == 2 * first


def test_what_an_upstream_asks_for_is_kept_within_reason() -> None:
    its = intake()
    assert its.close(NOW, asked=timedelta(hours=5)) == LONGEST_BUSY_PAUSE
    assert its.close(NOW, asked=timedelta(0)) == SHORTEST_BUSY_PAUSE
