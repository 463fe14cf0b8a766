"""The short cut for polls: the same bytes as by the routes, and the same counts; all else is handed on."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any

import pytest
from starlette.types import ASGIApp
from structlog.testing import capture_logs

from filmgate.core.video import Status, Video
from filmgate.database.connection import Database
from filmgate.http.app import build_app, build_application
from filmgate.http.limits import RequestRate
from filmgate.http.services import Services
from filmgate.http.sightings import GOOD_FOR, Sightings
from filmgate.metrics import counts
from filmgate.usecases import accounts
from filmgate.usecases.line import Lines
from tests.eventually import eventually
from tests.http.live import live
from tests.http.polling.studio import HOST, Studio
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
from tests.http.stage import UNKNOWN


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
        paths = [f"{prefix}{path}".format(video.id) for prefix in PREFIXES for path in PATHS]
        for path in paths:
            poll = Poll(path=path, headers=headers_of(key, OUR_ID))
            for _ in range(2):  # when it has to be looked up, and when it is known
                answer = await doors.ask(poll)
                assert answer.status == 200
                assert answer == await ask(plain, poll)
        assert (doors.at_once >= len(paths), doors.handed_on) == (True, 0)

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

    async def test_between_others_on_one_connection(
        self, services: Services, studio: Studio, key: str
    ) -> None:
        polled = f"/v1/videos/video_{(await studio.completed()).id}"
        paths = [polled, "/v1/models", polled, polled, f"/v1/videos/video_{UNKNOWN}", polled]
        head = f"HTTP/1.1\r\nHost: filmgate.test\r\nX-Request-Id: ours\r\nAuthorization: Bearer {key}\r\n"
        # The last one ends it, and one before has a body, which nobody reads.
        ends = ["\r\n", "\r\n", "Content-Length: 4\r\n\r\nbody", *["\r\n"] * 2]
        request = "".join(
            f"GET {path} {head}{end}"
            for path, end in zip(paths, [*ends, "Connection: close\r\n\r\n"], strict=True)
        ).encode()
        async with live(services, build_application(services)) as address:
            plain = await _exchange(address, request)
        doors = Doors(services)
        async with live(services, doors.short_cut) as address:
            for _ in range(2):
                assert _undated(await _exchange(address, request)) == _undated(plain)
        assert plain.count(b"HTTP/1.1 200 OK\r\n") == 5
        assert 4 <= doors.handed_on < 2 * len(paths)


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


def test_every_status_has_been_tried() -> None:
    """Each has a method of its name in the studio."""
    assert all(hasattr(Studio, status.value) for status in Status)
