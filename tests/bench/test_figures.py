"""What is made of measurements."""

import pytest

from bench.figures import (
    Load,
    Round,
    at_least,
    at_most,
    quantile,
    row_named,
    rows_of,
    timing,
)


def a_round(target: str, rate: float, *, refused: int = 0) -> Round:
    load = Load(
        seconds=2,
        answers=int(rate * 2),
        refused=refused,
        broken=0,
        p50=1,
        p99=2,
        longest=3,
    )
    return Round(target=target, load=load, cpu_micros=10)


def test_the_ratio_is_the_median_over_pairs_and_not_that_of_the_medians() -> None:
    # The second round was slow for both: a ratio of medians would say 100 / 150.
    rounds = [
        a_round("ours", 100),
        a_round("hello", 200),
        a_round("ours", 10),
        a_round("hello", 100),
        a_round("ours", 150),
        a_round("hello", 150),
    ]
    row = row_named(rows_of(rounds, reference="hello"), "ours")
    assert row.ratio == pytest.approx(0.5)
    assert row.rate == 100


def test_a_run_without_its_reference_has_no_ratio() -> None:
    (row,) = rows_of([a_round("ours", 100)], reference="hello")
    assert row.ratio is None


def test_a_round_in_which_the_reference_answered_nothing_is_no_pair() -> None:
    rounds = [a_round("ours", 5), a_round("hello", 0), a_round("ours", 5), a_round("hello", 10)]
    row = row_named(rows_of(rounds, reference="hello"), "ours")
    assert row.ratio == 0.5


def test_errors_of_all_rounds_add_up() -> None:
    rounds = [a_round("ours", 100, refused=2), a_round("ours", 100, refused=3)]
    (row,) = rows_of(rounds, reference="hello")
    assert row.errors == 5


@pytest.mark.parametrize(
    ("share", "expected"), [(0.5, 50), (0.99, 99), (1, 100)], ids=["p50", "p99", "p100"]
)
def test_a_quantile_is_not_below_its_share(share: float, expected: float) -> None:
    assert quantile(list(range(100, 0, -1)), share) == expected


def test_a_quantile_of_one_value_is_that_value() -> None:
    assert quantile([7.0], 0.99) == 7


def test_goals_are_met_on_their_own_side() -> None:
    assert at_least(10).is_met_by(10)
    assert not at_least(10).is_met_by(9.9)
    assert at_most(10).is_met_by(10)
    assert not at_most(10).is_met_by(10.1)


def test_a_timing_reaches_its_goals_or_it_does_not() -> None:
    assert timing("a step", [1, 2, 3], p50=2, longest=3).is_reached
    assert timing("a step", [1, 2, 3], p50=2, longest=2.9).is_reached is False
    assert timing("a step", [1, 2, 3]).is_reached is None
