"""The driver over every history of faults and deaths: the real code, an upstream in memory, a death at any point."""

import asyncio
import tempfile
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import Enum, auto
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from filmgate.core.errors import DatabaseUnavailable, EngineFailed, EngineUnavailable
from filmgate.core.ports import Token
from filmgate.core.spec import Size, VideoSpec
from filmgate.core.submission import Accepted, Declined, Doubtful, Outcome, Terms
from filmgate.engines.upstream import driving
from filmgate.engines.upstream.calls import (
    Channel,
    JobState,
    JobUnknown,
    Order,
    Patience,
    Sighting,
    UpstreamAway,
)
from filmgate.engines.upstream.pacing import Pace
from tests.noted_attempt import NotedAttempt, Row

SPEC = VideoSpec(model="m", engine="cloud", prompt="A cat", size=Size(64, 64), seconds=4)
NO_TIME = timedelta(0)
AT_ONCE = Patience(
    first_look=NO_TIME,
    longest_pause=NO_TIME,
    away_limit=NO_TIME,
    unknown_limit=2,
    look_up_pauses=(NO_TIME, NO_TIME),
    longest_asked=NO_TIME,
)
PLAIN = Terms(upstream="cloud", url="https://videos.example.org")


class Event(Enum):
    """What one call to the upstream, or one save, meets."""

    WELL = auto()
    LOST_BEFORE = auto()
    LOST_AFTER = auto()
    DECLINED = auto()
    DIES_BEFORE = auto()
    DIES_AFTER = auto()


class Died(Exception):
    """The worker is gone: nothing after this point happens."""


@dataclass
class MemoryUpstream:
    """Meets one event a call until they are used up, and all is well from then on.

    An answer to a post is on its way for so many `turns`: others may see the job before it is heard of here.
    """

    row: Row
    honours_keys: bool
    events: list[Event]
    paid: list[str] = field(default_factory=list)
    turns: int = 0
    _of_key: dict[str, str] = field(default_factory=dict)

    def met(self) -> Event:
        return self.events.pop(0) if self.events else Event.WELL

    async def submit(self, order: Order, *, key: str) -> Outcome:
        outcome = self._submitted(key)
        for _ in range(self.turns):
            await asyncio.sleep(0)
        return outcome

    def _submitted(self, key: str) -> Outcome:
        assert self.row.token is not None
        assert self.row.token["intent"] == key, "posted before the intent was committed"
        event = self.met()
        if event is Event.DIES_BEFORE:
            raise Died
        if event is Event.LOST_BEFORE:
            return Doubtful("reset")
        if event is Event.DECLINED:
            return Declined(EngineUnavailable("429"), timedelta(seconds=1))
        upstream_id = self._accept(key)
        if event is Event.DIES_AFTER:
            raise Died
        return Doubtful("reset") if event is Event.LOST_AFTER else Accepted(upstream_id)

    def _accept(self, key: str) -> str:
        if self.honours_keys and key in self._of_key:
            return self._of_key[key]
        self.paid.append(f"video_{len(self.paid)}")
        self._of_key[key] = self.paid[-1]
        return self.paid[-1]

    async def look_up(self, order: Order, *, since: datetime) -> tuple[str, ...]:
        self._trouble()
        listed = tuple(self.paid)
        await asyncio.sleep(0)
        return listed

    async def look_at(self, upstream_id: str) -> Sighting:
        assert self.row.token is not None
        assert self.row.token["id"] == upstream_id, "looked at before the id was committed"
        self._trouble()
        return Sighting(state=JobState.COMPLETED)

    async def fetch(self, upstream_id: str, target: Path) -> None:
        self._trouble()
        target.write_bytes(upstream_id.encode())  # noqa: ASYNC240 - a few bytes

    async def stop(self, upstream_id: str) -> None:
        raise AssertionError("an attempt stops no job")

    def _trouble(self) -> None:
        event = self.met()
        if event in {Event.DIES_BEFORE, Event.DIES_AFTER}:
            raise Died
        if event is Event.DECLINED:
            raise JobUnknown("404")
        if event is not Event.WELL:
            raise UpstreamAway("503")


@dataclass(frozen=True)
class Ending:
    """What became of a video: `film` holds the bytes that the last attempt delivered."""

    paid: list[str]
    film: bytes | None
    failure: EngineFailed | None


histories = st.lists(st.sampled_from(Event), max_size=12)


def play(terms: Terms, events: list[Event], *, honours_keys: bool = False) -> Ending:
    return asyncio.run(_play(terms, events, honours_keys=honours_keys))


async def _play(terms: Terms, events: list[Event], *, honours_keys: bool) -> Ending:
    row = Row()
    upstream = MemoryUpstream(row, honours_keys, list(events))
    channel = Channel(
        terms=terms, reach=lambda _: upstream, patience=AT_ONCE, pace=Pace(looks_per_second=1_000)
    )
    with tempfile.TemporaryDirectory() as folder:
        for number in range(len(events) + 2):
            attempt = NotedAttempt(
                row, Path(folder) / str(number), on_save=lambda _: _may_die(upstream)
            )
            try:
                made = await driving.make(SPEC, attempt, channel=channel)
            except EngineFailed as failure:
                return Ending(upstream.paid, None, failure)
            except (EngineUnavailable, Died):
                continue
            return Ending(upstream.paid, made.path.read_bytes(), None)
    raise AssertionError(f"no end after {events}")


def _may_die(upstream: MemoryUpstream) -> None:
    if upstream.met() is Event.DIES_BEFORE:
        raise Died


@given(histories)
@example([Event.WELL, Event.LOST_AFTER, Event.WELL])
@example([Event.WELL, Event.DIES_AFTER])
@example([Event.WELL, Event.WELL, Event.DIES_BEFORE])
def test_an_upstream_without_keys_is_paid_once_at_most(events: list[Event]) -> None:
    ending = play(PLAIN, events)
    assert len(ending.paid) <= 1
    assert ending.film is None or [ending.film.decode()] == ending.paid


@given(histories)
def test_an_upstream_with_keys_makes_exactly_one_job_of_what_it_delivers(
    events: list[Event],
) -> None:
    terms = replace(PLAIN, key_window=timedelta(hours=1))
    ending = play(terms, events, honours_keys=True)
    assert len(ending.paid) <= 1
    if ending.failure is None:
        assert len(ending.paid) == 1
    else:
        assert "lost it" in ending.failure.message  # which is all that can go wrong here


@given(histories)
def test_what_a_list_holds_is_adopted_and_not_paid_again(events: list[Event]) -> None:
    assert len(play(replace(PLAIN, can_list=True), events).paid) <= 1


@given(histories)
def test_an_upstream_that_does_not_charge_always_delivers(events: list[Event]) -> None:
    assert play(replace(PLAIN, charges=False), events).film is not None


async def test_a_resume_point_of_another_kind_is_not_taken_for_nothing(tmp_path: Path) -> None:
    row = Row(token={"job": "7"})
    upstream = MemoryUpstream(row, honours_keys=False, events=[])
    channel = Channel(
        terms=PLAIN, reach=lambda _: upstream, patience=AT_ONCE, pace=Pace(looks_per_second=1_000)
    )
    with pytest.raises(EngineFailed) as failed:
        await driving.make(SPEC, NotedAttempt(row, tmp_path), channel=channel)
    assert failed.value.failure_code == "upstream_submission_unknown"
    assert upstream.paid == []


async def test_an_attempt_that_was_superseded_posts_nothing(tmp_path: Path) -> None:
    row = Row()
    upstream = MemoryUpstream(row, honours_keys=False, events=[])
    channel = Channel(
        terms=PLAIN, reach=lambda _: upstream, patience=AT_ONCE, pace=Pace(looks_per_second=1_000)
    )
    stale = NotedAttempt(row, tmp_path)
    NotedAttempt(row, tmp_path)
    with pytest.raises(EngineUnavailable, match="superseded"):
        await driving.make(SPEC, stale, channel=channel)
    assert upstream.paid == []


async def test_a_claim_is_repeated_until_the_database_is_back(tmp_path: Path) -> None:
    row, away = Row(), [DatabaseUnavailable("restarting")]
    upstream = MemoryUpstream(row, honours_keys=False, events=[Event.LOST_AFTER])

    def on_save(token: Token) -> None:
        if "id" in token and away:
            raise away.pop()

    terms = replace(PLAIN, can_list=True)
    channel = Channel(
        terms=terms,
        reach=lambda _: upstream,
        patience=replace(AT_ONCE, away_limit=timedelta(seconds=5)),
        pace=Pace(looks_per_second=1_000),
    )
    made = await driving.make(SPEC, NotedAttempt(row, tmp_path, on_save=on_save), channel=channel)
    assert (made.path.read_bytes(), len(upstream.paid)) == (b"video_0", 1)


@dataclass(frozen=True)
class Twin:
    """One of several videos with the same prompt, and how long the answers to its posts take."""

    events: list[Event]
    turns: int = 0


@dataclass(frozen=True)
class Twins:
    """What became of them."""

    paid: list[str]
    films: list[str]


a_twin = st.builds(Twin, st.lists(st.sampled_from(Event), max_size=5), st.integers(0, 30))
DROPPED = Twin([Event.WELL, Event.LOST_BEFORE])
UNHEARD = Twin([Event.WELL, Event.LOST_AFTER])


@given(st.lists(a_twin, min_size=2, max_size=3))
@example([UNHEARD, DROPPED])
@example([UNHEARD, UNHEARD])
@example([Twin([]), DROPPED])
@example([Twin([], turns=30), DROPPED])
def test_no_two_videos_share_a_job(histories: list[Twin]) -> None:
    twins = asyncio.run(_play_twins(histories))
    assert len(twins.films) == len(set(twins.films))
    assert len(twins.paid) <= len(histories)


async def _play_twins(histories: list[Twin]) -> Twins:
    """Each with a worker of its own; they take turns at every call and every save."""
    rows = [Row() for _ in histories]
    paid: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        async with asyncio.TaskGroup() as life:
            plays = [
                life.create_task(_play_twin(twin, row, rows, paid, folder=Path(folder)))
                for row, twin in zip(rows, histories, strict=True)
            ]
    return Twins(paid, [film for play in plays if (film := play.result()) is not None])


async def _play_twin(
    twin: Twin, row: Row, rows: list[Row], paid: list[str], *, folder: Path
) -> str | None:
    upstream = MemoryUpstream(
        row, honours_keys=False, events=list(twin.events), paid=paid, turns=twin.turns
    )
    channel = Channel(
        terms=replace(PLAIN, can_list=True),
        reach=lambda _: upstream,
        patience=AT_ONCE,
        pace=Pace(looks_per_second=1_000),
    )
    for number in range(len(twin.events) + 2):
        attempt = NotedAttempt(
            row, folder / f"{id(row)}-{number}", on_save=lambda _: _may_die(upstream), others=rows
        )
        try:
            made = await driving.make(SPEC, attempt, channel=channel)
        except EngineFailed:
            return None
        except (EngineUnavailable, Died):
            await asyncio.sleep(0)
            continue
        return made.path.read_text()
    return None
