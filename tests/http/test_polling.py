"""The short cut for polls: the same bytes as by the routes, the same counts, and nobody is told too much or too late."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from starlette.types import ASGIApp
from structlog.testing import capture_logs

from filmgate.core.account import Caller
from filmgate.core.spec import ObjectKey, Size, Source, SourceUse, VideoSpec
from filmgate.core.video import Dialect, Failure, Status, Video
from filmgate.database import videos as rows
from filmgate.database.connection import Database
from filmgate.http.app import build_app, build_application
from filmgate.http.following.alarms import Alarm
from filmgate.http.following.telling import account_teller, video_teller
from filmgate.http.limits import RequestRate
from filmgate.http.services import Services
from filmgate.http.sightings import GOOD_FOR, Sightings
from filmgate.metrics import counts
from filmgate.usecases import accounts, videos
from filmgate.usecases.line import Lines
from tests.creating import create
from tests.eventually import eventually
from tests.http.live import Hand, live, lose_listener, watching
from tests.http.polls import (
    OUR_ID,
    PATHS,
    PREFIXES,
    Clock,
    CountedDatabase,
    Doors,
    Poll,
    ask,
    headers_of,
    sighted,
)
from tests.http.stage import UNKNOWN, Stage

SPEC = VideoSpec(
    model="sora-2",
    engine="scenes",
    prompt='Ein Köter 🐕 sagt "\\wau/"\u2028 </script>',
    size=Size(1280, 720),
    seconds=8,
    seed=7,
)
HOST = (b"host", b"filmgate.test:8000")


@dataclass(frozen=True)
class Studio:
    """Videos of one account, in every state that there is."""

    database: Database
    caller: Caller
    stage: Stage

    async def queued(self, *, price: int | None = None) -> Video:
        return await create(
            self.database,
            SPEC,
            video_id=videos.new_id(),
            caller=self.caller,
            dialect=Dialect.OPENAI,
            price_per_second=price,
        )

    async def kept_out(self) -> Video:
        async with self.database.connection() as connection:
            await connection.execute("update account set running_limit = 1")
        await self.queued()
        video = await self.queued()
        assert video.place is not None
        assert not video.place.is_admitted
        return video

    async def priced(self) -> Video:
        return await self.queued(price=12_345)

    async def in_progress(self) -> Video:
        return await self.stage.begin(f"video_{(await self.queued()).id}", percent=40)

    async def completed(self) -> Video:
        return await self.stage.complete(f"video_{(await self.priced()).id}", duration=7.9)

    async def failed(self) -> Video:
        video = await self.in_progress()
        failure = Failure("content_rejected", "Nicht schön: 💥")
        return await self.stage.fail(f"video_{video.id}", failure)

    async def cancelled(self) -> Video:
        video = await self.queued()
        return await videos.cancel(self.database, video.id, account_id=self.caller.account_id)

    async def remixed(self) -> Video:
        return await self._derived(SPEC)

    async def extended(self) -> Video:
        source = Source(use=SourceUse.EXTENSION, key=ObjectKey("sources/a.mp4"), duration=4.0)
        return await self._derived(replace(SPEC, source=source))

    async def _derived(self, spec: VideoSpec) -> Video:
        source = await self.completed()
        before = await self.queued()
        video = replace(before, id=videos.new_id(), spec=spec, remixed_from=source.id)
        async with self.database.connection() as connection:
            await rows.insert(connection, [video])
        return video


@pytest.fixture
async def caller(database: Database, key: str) -> Caller:
    return await accounts.authenticate(database, key)


@pytest.fixture
def studio(database: Database, caller: Caller, stage: Stage) -> Studio:
    return Studio(database, caller, stage)


@pytest.fixture
def clock() -> Clock:
    """The sightings': until it is turned, what was seen stays good."""
    return Clock()


@pytest.fixture
def services(services: Services, database: Database, clock: Clock) -> Services:
    sightings = Sightings(database, clock=clock)
    return replace(
        services,
        sightings=sightings,
        lines=Lines(database),
        watch=type(services.watch)(database, sightings),
    )


@pytest.fixture
async def open_eyes(services: Services, key: str) -> AsyncIterator[None]:
    """The short cut is on. Nobody listens for notices."""
    async with sighted(services, key=key):
        yield


@asynccontextmanager
async def listening(services: Services) -> AsyncIterator[None]:
    """Notices are heard."""
    async with watching(services.watch):
        await eventually(lambda: _listens(services.database))
        yield


async def _listens(database: Database) -> bool:
    async with database.connection() as connection:
        query = "select count(*) from pg_stat_activity where datname = current_database() and query ilike 'listen %'"
        count: int = await connection.fetchval(query)
        return count > 0


@pytest.mark.usefixtures("open_eyes")
class TestTheSameBytes:
    """Each state, in each dialect, at each address."""

    @pytest.mark.parametrize("public_url", [None, "https://films.example/"])
    @pytest.mark.parametrize(
        "make",
        [
            Studio.queued,
            Studio.kept_out,
            Studio.priced,
            Studio.in_progress,
            Studio.completed,
            Studio.failed,
            Studio.cancelled,
            Studio.remixed,
            Studio.extended,
        ],
    )
    async def test_of_every_state(
        self,
        services: Services,
        studio: Studio,
        key: str,
        make: Callable[[Studio], Coroutine[Any, Any, Video]],
        public_url: str | None,
    ) -> None:
        video = await make(studio)
        services = replace(services, public_url=public_url)
        doors, plain = Doors(services), build_application(services)
        for path in (f"{prefix}{path}".format(video.id) for prefix in PREFIXES for path in PATHS):
            poll = Poll(path=path, headers=headers_of(key, OUR_ID))
            for _ in range(2):  # as it is written, and as it is kept
                answer = await doors.ask(poll)
                assert answer.status == 200
                assert answer == await ask(plain, poll)
        assert doors.handed_on == 0

    async def test_with_a_rate_limit(self, services: Services, studio: Studio, key: str) -> None:
        video, clock = await studio.queued(), Clock()
        shorter, longer = (
            replace(services, request_rate=RequestRate(7, clock=clock)) for _ in range(2)
        )
        doors, plain = Doors(shorter), build_application(longer)
        poll = Poll(path=f"/v1/videos/video_{video.id}", headers=headers_of(key, OUR_ID))
        left = []
        for _ in range(7):
            answer = await doors.ask(poll)
            assert answer == await ask(plain, poll)
            left.append(int(answer.headers[b"x-ratelimit-remaining-requests"]))
            clock.now += 1
        assert doors.handed_on == 0
        assert left == sorted(left, reverse=True)
        refused = await doors.ask(poll)
        assert (refused.status, doors.handed_on) == (429, 1)
        assert refused == await ask(plain, poll)

    async def test_with_a_request_id_of_ours(
        self, services: Services, studio: Studio, key: str
    ) -> None:
        doors, plain = Doors(services), build_application(services)
        video = await studio.completed()
        for more in ([], [(b"x-request-id", b"not harmless!")], [(b"x-request-id", b"\xff")]):
            poll = Poll(path=f"/v1/result/sora_{video.id}", headers=headers_of(key, *more))
            answer = await doors.ask(poll)
            assert answer.unnamed() == (await ask(plain, poll)).unnamed()
            assert answer.unnamed().headers[b"x-request-id"] == b"made up"
        assert doors.handed_on == 0

    @pytest.mark.parametrize(
        "host",
        [b"films.example", b"FILMS.example:81", b"", b"[::1]:80", b"[x", b"a/b", b"\xe4\xff"],
    )
    async def test_with_links_to_the_host_that_was_asked(
        self, services: Services, studio: Studio, key: str, host: bytes
    ) -> None:
        doors, plain = Doors(services), build_application(services)
        path = f"/v1/videos/sora_{(await studio.completed()).id}"
        await doors.ask(Poll(path=path, headers=headers_of(key, OUR_ID)))
        poll = Poll(path=path, headers=[(b"host", host), *headers_of(key, OUR_ID)[1:]])
        answer = await doors.ask(poll)
        assert (answer.status, answer) == (200, await ask(plain, poll))
        assert doors.handed_on == 0

    async def test_over_a_real_connection(
        self, services: Services, studio: Studio, key: str
    ) -> None:
        video = await studio.in_progress()
        request = (
            f"GET /v1/videos/video_{video.id} HTTP/1.1\r\nHost: filmgate.test\r\nX-Request-Id: ours\r\n"
            f"Authorization: Bearer {key}\r\nConnection: close\r\n\r\n"
        ).encode()
        doors = Doors(services)
        async with live(services, build_application(services)) as address:
            plain = await _exchange(address, request)

        async def exchange_unhanded() -> bytes | None:
            """What is looked at while the server begins to listen is handed on."""
            before = doors.handed_on
            answer = await _exchange(address, request)
            return answer if doors.handed_on == before else None

        async with live(services, doors.short_cut) as address:
            answer = await eventually(exchange_unhanded)
        assert _undated(answer) == _undated(plain)
        assert answer.startswith(b"HTTP/1.1 200 OK\r\n")


async def _exchange(address: str, request: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", int(address.rpartition(":")[2]))
    writer.write(request)
    async with asyncio.timeout(10):
        answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return answer


def _undated(answer: bytes) -> bytes:
    lines = answer.split(b"\r\n")
    return b"\r\n".join(line for line in lines if not line.startswith(b"date:"))


def _counted() -> dict[tuple[str, ...], tuple[float, int]]:
    """How often each was answered, and for how many of its route and method the time was taken."""
    times = counts.requests.seconds.read()
    return {
        (method, route, status): (count, sum(times[method, route].counts))
        for (method, route, status), count in counts.requests.total.read().items()
    }


def _since(before: dict[tuple[str, ...], tuple[float, int]]) -> dict[tuple[str, ...], Any]:
    return {
        values: (count - before.get(values, (0, 0))[0], timed - _timed(before, values[:2]))
        for values, (count, timed) in _counted().items()
        if count != before.get(values, (0, 0))[0]
    }


def _timed(before: dict[tuple[str, ...], tuple[float, int]], name: tuple[str, ...]) -> int:
    return next((timed for values, (_, timed) in before.items() if values[:2] == name), 0)


@pytest.mark.usefixtures("open_eyes")
async def test_both_ways_count_the_same(services: Services, studio: Studio, key: str) -> None:
    video, rates = await studio.queued(), [RequestRate(1_000, clock=Clock()) for _ in range(2)]
    paths = [f"{prefix}{path}".format(video.id) for prefix in PREFIXES for path in PATHS]
    polls = [
        *(Poll(path=path, headers=headers_of(key)) for path in paths),
        Poll(path=paths[0], headers=headers_of("sk-fg-wrong")),
        Poll(path=paths[0], headers=[HOST]),
        Poll(path=paths[0], headers=headers_of(key, (b"if-none-match", b"*"))),
        Poll(path=paths[0], headers=headers_of(key, (b"prefer", b"wait=0"))),
        Poll(path=paths[0], headers=headers_of(key), query=b"a=b"),
        Poll(path=paths[0], headers=headers_of(key), method="HEAD"),
        Poll(path=f"/v1/videos/video_{UNKNOWN}", headers=headers_of(key)),
        Poll(path="/v1/nothing", headers=headers_of(key)),
        Poll(path="/v1/models", headers=headers_of(key)),
    ]
    told = []
    builders: list[Callable[[Services], ASGIApp]] = [build_app, build_application]
    for rate, build in zip(rates, builders, strict=True):
        before = _counted()
        app = build(replace(services, request_rate=rate))
        for poll in polls:
            await ask(app, poll)
        told.append(_since(before))
    assert told[0] == told[1]
    assert sum(count for count, _ in told[0].values()) == len(polls)
    used = [rate.count(studio.caller) for rate in rates]
    assert used[0] == used[1]


@pytest.mark.usefixtures("open_eyes")
async def test_an_answered_poll_is_counted_at_its_route(
    services: Services, studio: Studio, key: str
) -> None:
    video, before = await studio.queued(), _counted()
    with capture_logs() as lines:
        await ask(
            build_app(services),
            Poll(path=f"/kyyAiPower/v1/videos/sora_{video.id}", headers=headers_of(key)),
        )
    assert _since(before) == {("GET", "/v1/videos/sora_{id}", "200"): (1, 1)}
    assert lines == []  # the application was not asked


Change = Callable[[Poll], Poll]

UNUSUAL: dict[str, Change] = {
    "HEAD": lambda poll: replace(poll, method="HEAD"),
    "POST": lambda poll: replace(poll, method="POST"),
    "OPTIONS": lambda poll: replace(poll, method="OPTIONS"),
    "a query": lambda poll: replace(poll, query=b"variant=video"),
    "a preference": lambda poll: _with(poll, b"prefer", b"wait=0"),
    "another preference": lambda poll: _with(poll, b"prefer", b"return=minimal"),
    "an old tag": lambda poll: _with(poll, b"if-none-match", b'"old"'),
    "any tag": lambda poll: _with(poll, b"if-none-match", b"*"),
    "a proxy's word": lambda poll: replace(
        _with(poll, b"x-forwarded-proto", b"https"), path=poll.path.replace("video_", "sora_")
    ),
    "two hosts": lambda poll: _with(poll, b"host", b"other.example"),
    "two ids": lambda poll: _with(_with(poll, *OUR_ID), *OUR_ID),
    "no host": lambda poll: _without(poll, b"host"),
    "no key": lambda poll: _without(poll, b"authorization"),
    "two keys": lambda poll: _with(poll, b"authorization", b"Bearer other"),
    "a lower-case scheme": lambda poll: _rewritten(poll, b"Bearer ", b"bearer "),
    "two spaces": lambda poll: _rewritten(poll, b"Bearer ", b"Bearer  "),
    "another scheme": lambda poll: _rewritten(poll, b"Bearer ", b"Basic "),
    "a wrong key": lambda poll: _rewritten(poll, b"sk-fg-", b"sk-fg-0"),
    "a strange key": lambda poll: _rewritten(poll, b"sk-fg-", b"\xff\x00"),
    "an unknown id": lambda poll: replace(poll, path=f"/v1/videos/video_{UNKNOWN}"),
    "an id in capitals": lambda poll: replace(poll, path=poll.path.upper().replace("/V1", "/v1")),
    "an id of nothing": lambda poll: replace(poll, path="/v1/videos/video_1"),
    "a prefix of none": lambda poll: replace(poll, path=poll.path.replace("video_", "")),
    "a line break": lambda poll: replace(poll, path=f"{poll.path}\n"),
    "a slash": lambda poll: replace(poll, path=f"{poll.path}/"),
    "two base prefixes": lambda poll: replace(poll, path=f"/kyyAiPower/kyyAiPower{poll.path}"),
    "the events": lambda poll: replace(poll, path=f"{poll.path}/nothing"),
    "the third dialect": lambda poll: replace(
        poll, path=poll.path.replace("/videos/", "/video/generations/")
    ),
}


def _with(poll: Poll, name: bytes, value: bytes) -> Poll:
    return replace(poll, headers=[*poll.headers, (name, value)])


def _without(poll: Poll, unwanted: bytes) -> Poll:
    return replace(poll, headers=[each for each in poll.headers if each[0] != unwanted])


def _rewritten(poll: Poll, old: bytes, new: bytes) -> Poll:
    headers = [
        (name, value.replace(old, new) if name == b"authorization" else value)
        for name, value in poll.headers
    ]
    assert headers != list(poll.headers)
    return replace(poll, headers=headers)


@pytest.mark.usefixtures("open_eyes")
@pytest.mark.parametrize("change", UNUSUAL.values(), ids=UNUSUAL)
async def test_what_is_not_plain_is_handed_on_and_answered_as_ever(
    services: Services, studio: Studio, key: str, change: Change
) -> None:
    video = await studio.queued()
    usual = Poll(path=f"/v1/videos/video_{video.id}", headers=headers_of(key))
    doors, plain = Doors(services), build_application(services)
    await doors.ask(usual)
    assert doors.handed_on == 0
    answer = await doors.ask(change(usual))
    assert doors.handed_on == 1
    assert answer.unnamed() == (await ask(plain, change(usual))).unnamed()


@pytest.mark.usefixtures("open_eyes")
async def test_another_account_s_video_is_never_told(
    services: Services, studio: Studio, key: str
) -> None:
    stranger, _ = await accounts.create_key(services.database, account="theirs", name="test")
    await services.wrong_keys.recognise(stranger, address="a", database=services.database)
    path, doors = f"/v1/videos/video_{(await studio.completed()).id}", Doors(services)
    theirs = Poll(path=path, headers=headers_of(stranger, OUR_ID))
    plain = await ask(build_application(services), theirs)
    # Before it is known here, while it is, and when it has to be looked at.
    assert await doors.ask(theirs) == plain
    assert (await doors.ask(Poll(path=path, headers=headers_of(key)))).status == 200
    assert await doors.ask(theirs) == plain
    services.sightings.missed()
    assert await doors.ask(theirs) == plain
    assert (plain.status, doors.handed_on) == (404, 3)


@pytest.mark.usefixtures("open_eyes")
async def test_askers_of_both_kinds_at_once_are_told_only_what_is_theirs(
    services: Services, studio: Studio, key: str
) -> None:
    stranger, _ = await accounts.create_key(services.database, account="theirs", name="test")
    await services.wrong_keys.recognise(stranger, address="a", database=services.database)
    path, doors = f"/v1/videos/video_{(await studio.completed()).id}", Doors(services)
    polls = [Poll(path=path, headers=headers_of(each)) for each in (key, stranger) * 20]
    answers = await asyncio.gather(*(doors.ask(poll) for poll in polls))
    assert [answer.status for answer in answers] == [200, 404] * 20


@pytest.mark.usefixtures("open_eyes")
async def test_a_flood_beyond_the_limit_is_refused_without_a_look(
    services: Services, studio: Studio, dsn: str, key: str
) -> None:
    counted = await CountedDatabase.open(dsn)
    limited = replace(services, database=counted, request_rate=RequestRate(1, clock=Clock()))
    doors, video = Doors(limited), await studio.queued()
    polls = [Poll(path=path.format(video.id), headers=headers_of(key)) for path in PATHS]
    assert (await doors.ask(polls[0])).status == 200
    known = len(services.sightings)
    other = Poll(path=f"/v1/videos/video_{(await studio.queued()).id}", headers=headers_of(key))
    assert {(await doors.ask(each)).status for each in (*polls, other)} == {429}
    assert (counted.queries, len(services.sightings)) == ([], known)
    await counted.aclose()


async def test_while_the_database_is_away_the_routes_say_so(
    services: Services, studio: Studio, dsn: str, key: str, clock: Clock
) -> None:
    video = await studio.queued()
    away = await Database.open(dsn)
    cut_off = replace(
        services, database=away, sightings=Sightings(away, clock=clock), lines=Lines(away)
    )
    poll = Poll(path=f"/v1/videos/video_{video.id}", headers=headers_of(key, OUR_ID))
    async with sighted(cut_off, key=key):
        doors = Doors(cut_off)
        assert (await doors.ask(poll)).status == 200
        await away.aclose()
        clock.now += GOOD_FOR.total_seconds()
        answer = await doors.ask(poll)
        assert (answer.status, doors.handed_on) == (503, 1)
        assert answer == await ask(build_application(cut_off), poll)


async def test_without_its_parts_running_everything_is_handed_on(
    services: Services, studio: Studio, key: str
) -> None:
    doors = Doors(services)
    poll = Poll(path=f"/v1/videos/video_{(await studio.queued()).id}", headers=headers_of(key))
    async with sighted(services, key=key):
        assert (await doors.ask(poll)).status == 200
    assert doors.handed_on == 0
    async with asyncio.timeout(10):
        assert [(await doors.ask(poll)).status for _ in range(2)] == [200, 200]
    assert doors.handed_on == 2


@dataclass(frozen=True)
class Poller:
    """One client, and what it is told of one video."""

    doors: Doors
    poll: Poll

    async def status(self) -> str:
        answer = await self.doors.ask(self.poll)
        return answer.body.decode().partition('"status":"')[2].partition('"')[0]

    async def is_told(self, status: str) -> bool:
        return await self.status() == status


@pytest.fixture
async def poller(services: Services, studio: Studio, key: str, open_eyes: None) -> Poller:
    """Of a video that waits, and was seen so already."""
    path = f"/v1/videos/video_{(await studio.queued()).id}"
    poller = Poller(Doors(services), Poll(path=path, headers=headers_of(key)))
    assert await poller.status() == "queued"
    return poller


@pytest.fixture
async def elsewhere(dsn: str) -> AsyncIterator[Database]:
    """Another process's."""
    database = await Database.open(dsn)
    yield database
    await database.aclose()


def wire_id(poller: Poller) -> str:
    return poller.poll.path.rpartition("/")[2]


async def test_a_change_of_which_no_notice_comes_is_told_a_quarter_of_a_second_later(
    poller: Poller, elsewhere: Database, services: Services, clock: Clock
) -> None:
    await Stage(elsewhere, services.store).begin(wire_id(poller))
    clock.now += GOOD_FOR.total_seconds() - 0.001
    assert await poller.status() == "queued"
    clock.now += 0.001
    assert await poller.status() == "in_progress"
    assert poller.doors.handed_on == 0
    assert GOOD_FOR.total_seconds() <= 0.3


async def test_the_deletion_of_a_finished_video_of_which_no_notice_comes_is_told_within_its_time(
    poller: Poller, elsewhere: Database, services: Services, clock: Clock
) -> None:
    video = await Stage(elsewhere, services.store).complete(wire_id(poller))
    clock.now += GOOD_FOR.total_seconds()
    assert await poller.status() == "completed"
    async with elsewhere.connection() as connection:
        deleted = video.delete(at=await rows.now(connection))
        assert await rows.update(connection, video, deleted)
    clock.now += GOOD_FOR.total_seconds()
    assert (await poller.doors.ask(poller.poll)).status == 404


async def test_a_change_elsewhere_is_told_when_its_notice_comes(
    poller: Poller, elsewhere: Database, services: Services, studio: Studio
) -> None:
    """The clock stands still: nothing becomes too old by itself."""
    async with listening(services):
        assert await poller.status() == "queued"
        await Hand(elsewhere).complete(wire_id(poller))
        await eventually(lambda: poller.is_told("completed"))
        video_id = services_id(poller)
        await videos.delete(elsewhere, video_id, account_id=studio.caller.account_id)
        await eventually(lambda: poller.is_told(""))
        assert (await poller.doors.ask(poller.poll)).status == 404


async def test_where_notices_may_have_been_lost_everything_is_looked_at_again(
    poller: Poller, elsewhere: Database, services: Services
) -> None:
    async with listening(services):
        assert await poller.status() == "queued"
        await Stage(elsewhere, services.store).begin(wire_id(poller))  # says nothing to anybody
        assert await poller.status() == "queued"
        await lose_listener(elsewhere)
        await eventually(lambda: poller.is_told("in_progress"))


def services_id(poller: Poller) -> Any:
    return wire_id(poller).removeprefix("video_")


async def test_a_place_that_moves_is_told_with_another_tag(
    services: Services, studio: Studio, key: str, stage: Stage
) -> None:
    services = replace(services, lines=Lines(services.database, good_for=timedelta(0)))
    first, last = await studio.queued(), await studio.queued()
    doors, plain = Doors(services), build_application(services)
    poll = Poll(path=f"/v1/videos/video_{last.id}", headers=headers_of(key, OUR_ID))
    async with sighted(services, key=key):
        before = await doors.ask(poll)
        await stage.begin(f"video_{first.id}")
        after = await doors.ask(poll)
    assert doors.handed_on == 0
    assert b'"queue":{"position":2,' in before.body
    assert b'"queue":{"position":1,' in after.body
    assert before.headers[b"etag"] != after.headers[b"etag"]
    assert after == await ask(plain, poll)


# What was told otherwise. Nobody listens, and the clock stands still.


async def test_after_its_cancellation_a_video_is_never_waiting_again(
    poller: Poller, client: httpx2.AsyncClient
) -> None:
    assert (await client.post(f"/v1/videos/{wire_id(poller)}/cancel")).status_code == 200
    assert await poller.status() == "failed"


async def test_after_its_deletion_a_video_is_not_found(
    poller: Poller, client: httpx2.AsyncClient
) -> None:
    assert (await client.delete(f"/v1/videos/{wire_id(poller)}")).status_code == 200
    assert (await poller.doors.ask(poller.poll)).status == 404


async def test_a_new_video_is_found_by_the_very_next_poll(
    poller: Poller, client: httpx2.AsyncClient
) -> None:
    made = (await client.post("/v1/videos", json={"prompt": "A cat"})).json()
    answer = await poller.doors.ask(replace(poller.poll, path=f"/v1/videos/{made['id']}"))
    assert (answer.status, poller.doors.handed_on) == (200, 0)
    assert b'"queue":{"position":2,' in answer.body


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/v1/videos", {}),
        ("/v1/videos/{}", {"prefer": "wait=0"}),
        ("/v1/videos/{}", {"if-none-match": "*"}),
        ("/v1/videos/{}/content", {}),
        ("/v1/video/generations/{}", {}),
    ],
)
async def test_no_poll_is_told_less_than_another_answer_has_told(
    poller: Poller,
    client: httpx2.AsyncClient,
    stage: Stage,
    path: str,
    headers: dict[str, str],
) -> None:
    await stage.complete(wire_id(poller))
    assert await poller.status() == "queued"
    answer = await client.get(path.format(wire_id(poller)), headers=headers)
    assert answer.status_code in (200, 304)
    assert await poller.status() == "completed"


async def test_no_poll_is_told_less_than_the_stream_of_a_video(
    poller: Poller, services: Services, stage: Stage
) -> None:
    video = await stage.complete(wire_id(poller))
    assert await poller.status() == "queued"
    with video_teller(
        services.watch, services.database, video, position=0, alarm=Alarm()
    ) as teller:
        assert "video.completed" in "".join(await teller.tell())
        assert await poller.status() == "completed"


async def test_no_poll_is_told_less_than_the_stream_of_an_account(
    poller: Poller, services: Services, studio: Studio
) -> None:
    await Hand(services.database).complete(wire_id(poller))
    assert await poller.status() == "queued"
    with account_teller(
        services.watch,
        services.database,
        studio.caller.account_id,
        position=0,
        alarm=Alarm(),
    ) as teller:
        assert "video.completed" in "".join(await teller.tell())
        assert await poller.status() == "completed"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/videos/{}/cancel", {}),
        ("/v1/videos/{}/remix", {"prompt": "A dog"}),
        ("/v1/videos/extensions", {"prompt": "A dog", "video": {"id": "{}"}, "seconds": 4}),
    ],
)
async def test_no_poll_is_told_less_than_a_refusal(
    poller: Poller, client: httpx2.AsyncClient, stage: Stage, path: str, body: object
) -> None:
    await stage.fail(wire_id(poller), Failure("engine_failed", "No."))
    assert await poller.status() == "queued"
    content = json.dumps(body).replace("{}", wire_id(poller)).encode()
    answer = await client.post(
        path.format(wire_id(poller)), content=content, headers={"content-type": "application/json"}
    )
    assert (answer.status_code, "is failed" in answer.text) == (409, True)
    assert await poller.status() == "failed"


def test_every_status_has_been_tried() -> None:
    """Each has a method of its name in the studio."""
    assert all(hasattr(Studio, status.value) for status in Status)
