"""What is counted, and how it is put together."""

from concurrent.futures import ThreadPoolExecutor

from filmgate.metrics.numbers import Durations, Level, Reading, Tally, Timing
from filmgate.metrics.requests import RequestMetrics


def test_a_duration_counts_in_the_first_bucket_that_ends_at_it_or_later() -> None:
    durations = Durations((0.1, 1.0))
    for seconds in (0.05, 0.1, 0.100001, 1.0, 7.0):
        durations.note(seconds)
    assert durations.counts == [2, 2, 1]
    assert durations.seconds == 0.05 + 0.1 + 0.100001 + 1.0 + 7.0


def test_a_tally_without_labels_is_there_before_anything_happens() -> None:
    assert Tally("missed_total", "").read() == {(): 0}
    assert Tally("ended_total", "", "status").read() == {}


def test_threads_lose_none_of_each_others_counts() -> None:
    tally = Tally("errors_total", "", "doing")

    def add_many() -> None:
        for _ in range(20_000):
            tally.add("read")

    with ThreadPoolExecutor(4) as pool:
        for _ in range(4):
            pool.submit(add_many)
    assert tally.read() == {("read",): 80_000}


def test_a_level_is_what_it_was_set_to_last() -> None:
    level = Level("at", "", "job")
    level.set(1, "line")
    level.set(2, "line")
    assert level.read() == {("line",): 2}


def test_a_reading_is_nothing_where_nobody_knows_it() -> None:
    reading = Reading("open", "")
    with reading.known_by(lambda: {(): 3}):
        assert reading.read() == {(): 3}
    assert reading.read() == {}


def test_timings_of_the_same_labels_are_the_same() -> None:
    timing = Timing("seconds", "", "engine", bounds=(1.0,))
    timing.of("scenes").note(0.5)
    timing.of("scenes").note(2.0)
    assert timing.of("scenes").counts == [1, 1]
    assert list(timing.read()) == [("scenes",)]


def test_requests_are_counted_by_status_and_timed_without_it() -> None:
    requests = RequestMetrics()
    found = requests.of(route="/v1/videos/{id}", method="GET", status=200)
    found.note(0.002)
    found.note_untimed()
    requests.of(route="/v1/videos/{id}", method="GET", status=404).note(0.3)
    assert requests.total.read() == {
        ("GET", "/v1/videos/{id}", "200"): 2,
        ("GET", "/v1/videos/{id}", "404"): 1,
    }
    (timed,) = requests.seconds.read().values()
    assert (sum(timed.counts), timed.seconds) == (2, 0.302)


def test_what_was_asked_for_once_can_be_kept() -> None:
    requests = RequestMetrics()
    kept = requests.of(route="/healthz", method="GET", status=200)
    assert requests.of(route="/healthz", method="GET", status=200) is kept


def test_a_method_that_nobody_knows_makes_no_series_of_its_own() -> None:
    requests = RequestMetrics()
    for method in ("BREW", "WHEN"):
        requests.of(route="unknown", method=method, status=405).note(0.001)
    assert requests.total.read() == {("other", "unknown", "405"): 2}
