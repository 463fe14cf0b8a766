"""The short cut for creates when a create is refused, fails, or is stopped: what is told, and that nothing is made twice."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
import structlog
from structlog.testing import capture_logs

from filmgate.core.account import Caller
from filmgate.core.candidate import Candidate
from filmgate.core.catalogue import Catalogue, Model
from filmgate.core.errors import DatabaseUnavailable, OutcomeUnknown
from filmgate.core.video import Video
from filmgate.database.connection import Database
from filmgate.http.services import Services
from filmgate.usecases.acceptance import Acceptance
from filmgate.usecases.line import Lines, Wait, Waiting
from tests.eventually import eventually
from tests.http.creating.creates import (
    KEY,
    PATHS,
    Create,
    Doors,
    Twice,
    awake,
    counted,
    create_of,
    plain_words,
    replaced,
    rows,
    send,
    since,
    with_account,
)
from tests.http.polls import PREFIXES, Answer, Gate

UNKNOWN = OutcomeUnknown("The server was stopped before it knew; send the same again.")
AWAY = DatabaseUnavailable("The database is away.")


class FailingOnce(Acceptance):
    """The first create of each life fails, and nothing comes of it. Any other would be accepted."""

    def __init__(self, database: Database, error: Exception) -> None:
        super().__init__(database)
        self.error: Exception | None = error
        self.asked = 0

    async def accept(self, candidate: Candidate) -> Video:
        self.asked += 1
        if self.error is not None:
            error, self.error = self.error, None
            raise error
        return await super().accept(candidate)


class HeldAcceptance(Acceptance):
    """Writes the video down, but says so only when the gate is opened."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.gate = Gate()

    async def accept(self, candidate: Candidate) -> Video:
        video = await super().accept(candidate)
        await self.gate.pass_through()
        return video


class HeldLines(Lines):
    """Knows nothing yet, and says how long a video waits only when the gate is opened."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.gate = Gate()

    def known_wait_of(self, waiting: Waiting) -> Wait | None:
        return None

    async def wait_of(self, waiting: Waiting) -> Wait | None:
        await self.gate.pass_through()
        return await super().wait_of(waiting)


class BrokenLines(Lines):
    """Fails in a way that nobody foresaw."""

    def known_wait_of(self, waiting: Waiting) -> Wait | None:
        return None

    async def wait_of(self, waiting: Waiting) -> Wait | None:
        raise ZeroDivisionError("the secret inside")


class Talkative(FailingOnce):
    """Writes a line into the log first."""

    async def accept(self, candidate: Candidate) -> Video:
        structlog.get_logger().info("accepting")
        return await super().accept(candidate)


class SlowToFail(FailingOnce):
    """Takes so many seconds over it."""

    SECONDS = 0.03

    async def accept(self, candidate: Candidate) -> Video:
        await asyncio.sleep(self.SECONDS)
        return await super().accept(candidate)


def told(answer: Answer) -> Any:
    return json.loads(answer.body)["error"]


async def video_count(database: Database) -> int:
    return sum(table == "video" for table, _ in await rows(database))


@pytest.mark.parametrize("path", PATHS)
async def test_whoever_cannot_pay_is_told_so(
    services: Services, caller: Caller, up: None, plain: Create, path: str
) -> None:
    paid = replace(services, catalogue=Catalogue([Model(name="sora-2", price_per_second=10_000)]))
    twice = Twice(paid, caller, prepare=with_account(has_credit=True, balance=50_000))
    create = replace(plain, path=path)
    outcome = await twice.send(create, create, create.with_header(KEY))
    assert (outcome.handed_on, outcome.statuses, outcome.videos) == (2, [200, 429, 429], 1)
    assert "insufficient_quota" in repr(outcome.answers[1])
    assert "idempotency" not in [table for table, _ in outcome.rows]


@pytest.mark.parametrize("path", PATHS)
async def test_whoever_has_too_many_waiting_is_told_so(
    services: Services, caller: Caller, up: None, plain: Create, path: str
) -> None:
    twice = Twice(services, caller, prepare=with_account(queued_limit=1))
    create = replace(plain, path=path)
    outcome = await twice.send(create, create, create.with_header(KEY))
    assert (outcome.handed_on, outcome.statuses, outcome.videos) == (2, [200, 429, 429], 1)
    assert "rate_limit_error" in repr(outcome.answers[1])


ERRORS: dict[str, tuple[Exception, int]] = {
    "nobody knows": (UNKNOWN, 503),
    "the database is away": (AWAY, 503),
    "something unforeseen": (ZeroDivisionError("the secret inside"), 500),
}


@pytest.mark.parametrize(("error", "status"), ERRORS.values(), ids=ERRORS)
async def test_what_goes_wrong_is_told_in_the_words_of_the_dialect_and_not_tried_again(
    services: Services, key: str, database: Database, error: Exception, status: int
) -> None:
    failing = FailingOnce(database, error)
    services = replace(services, acceptance=failing)
    addresses = [f"{prefix}{path}" for prefix in PREFIXES for path in PATHS]
    async with awake(services, key=key):
        doors = Doors(services)
        for address in addresses:
            create, answers = create_of(key, KEY, path=address), []
            for app in (doors.short_cut, doors.inside):
                failing.error = error
                with capture_logs():
                    answers.append(await send(app, create))
            short, long = answers
            assert short.status == status
            assert plain_words(short) == plain_words(long)
            assert b"secret" not in short.body
    assert (failing.asked, doors.handed_on) == (2 * len(addresses), len(addresses))
    assert await video_count(database) == 0


async def test_after_an_outcome_that_nobody_knows_the_same_key_makes_one_video(
    services: Services, key: str, database: Database
) -> None:
    services = replace(services, acceptance=FailingOnce(database, UNKNOWN))
    async with awake(services, key=key):
        doors = Doors(services)
        answers = [await doors.send(create_of(key, KEY)) for _ in range(3)]
    assert [answer.status for answer in answers] == [503, 200, 200]
    assert [b"idempotent-replayed" in answer.headers for answer in answers] == [False, False, True]
    assert await video_count(database) == 1


async def test_what_nobody_foresaw_is_logged_once_under_the_id_that_the_client_is_told(
    services: Services, key: str, database: Database
) -> None:
    services = replace(services, acceptance=FailingOnce(database, ZeroDivisionError("inside")))
    async with awake(services, key=key):
        with capture_logs() as lines:
            answer = await Doors(services).send(create_of(key, (b"x-request-id", b"ours")))
    assert (answer.status, told(answer)["code"]) == (500, "internal_error")
    assert "ours" in told(answer)["message"]
    assert answer.headers[b"x-request-id"] == b"ours"
    assert [line["event"] for line in lines] == ["a request failed", "request"]


@pytest.mark.parametrize(("error", "status"), ERRORS.values(), ids=ERRORS)
async def test_what_goes_wrong_is_counted_once_and_is_over(
    services: Services, caller: Caller, key: str, database: Database, error: Exception, status: int
) -> None:
    services = replace(services, acceptance=FailingOnce(database, error))
    async with awake(services, key=key):
        doors, before = Doors(services), counted()
        with capture_logs():
            await doors.send(create_of(key))
    assert doors.requests.in_progress == 0
    counts = {values[2]: numbers for values, numbers in since(before).items()}
    assert counts == {str(status): (1, 1)}


async def test_the_time_that_a_refused_create_took_is_told_as_a_whole(
    services: Services, key: str, database: Database
) -> None:
    services = replace(services, acceptance=SlowToFail(database, AWAY))
    async with awake(services, key=key):
        with capture_logs() as lines:
            await Doors(services).send(create_of(key))
    assert lines[-1]["ms"] >= 1_000 * SlowToFail.SECONDS


async def test_where_too_many_wait_the_next_is_told_to_come_back(
    services: Services, key: str, database: Database
) -> None:
    services = replace(services, acceptance=Acceptance(database, most_waiting=4))
    async with awake(services, key=key), locked_accounts(database):
        doors = Doors(services)
        async with asyncio.TaskGroup() as clients:
            waiting = clients.create_task(doors.send(create_of(key)))
            await eventually(lambda: waits_for_a_lock(database))
            refused = await doors.send(create_of(key))
            waiting.cancel()
    assert (refused.status, told(refused)["code"]) == (503, "service_unavailable")
    assert int(refused.headers[b"retry-after"]) > 0
    assert (await waiting).status == 503
    assert await video_count(database) == 0


@asynccontextmanager
async def locked_accounts(database: Database) -> AsyncIterator[None]:
    """Somebody changes them, and takes long over it."""
    async with database.transaction() as connection:
        await connection.execute("select from account for update")
        yield


async def waits_for_a_lock(database: Database) -> bool:
    """Whether a transaction waits for another one's end."""
    async with database.connection() as connection:
        count: int = await connection.fetchval(
            "select count(*) from pg_stat_activity"
            " where datname = current_database() and wait_event_type = 'Lock'"
        )
    return count == 1


@pytest.mark.parametrize("more", [[], [KEY]], ids=["without a key", "with a key"])
async def test_a_server_that_stops_says_so_to_whoever_waits_and_makes_no_second_video(
    services: Services, key: str, database: Database, more: list[tuple[bytes, bytes]]
) -> None:
    held = HeldAcceptance(database)
    services = replace(services, acceptance=held)
    async with awake(services, key=key), asyncio.TaskGroup() as server:
        doors = Doors(services)
        request = server.create_task(doors.send(create_of(key, *more)))
        await held.gate.until_one_waits()
        request.cancel()
    answer = await request
    assert (answer.status, doors.handed_on) == (503, 1)
    assert "being stopped" in told(answer)["message"]
    assert doors.requests.in_progress == 0
    assert await video_count(database) == 1


async def test_when_the_acceptance_is_stopped_whoever_waits_is_told_and_nothing_is_made(
    services: Services, key: str, database: Database
) -> None:
    async with asyncio.TaskGroup() as clients, locked_accounts(database):
        async with awake(services, key=key):
            doors = Doors(services)
            request = clients.create_task(doors.send(create_of(key, KEY)))
            await eventually(lambda: waits_for_a_lock(database))
        answer = await request
    assert (answer.status, doors.handed_on) == (503, 1)
    assert "stopped before it knew" in told(answer)["message"]
    assert await video_count(database) == 0


async def test_while_nobody_can_say_how_long_it_waits_the_video_is_told_without_that(
    services: Services, key: str, database: Database, dsn: str
) -> None:
    """What was accepted is not refused for want of its place."""
    away = await Database.open(dsn)
    services = replace(services, lines=Lines(away))
    await away.aclose()
    async with awake(services, key=key):
        doors = Doors(services)
        answer = await doors.send(create_of(key))
        long = await send(doors.inside, create_of(key))
    assert (answer.status, doors.handed_on) == (200, 0)
    assert b'"queue":' not in answer.body
    assert replaced(answer.body) == replaced(long.body)


async def test_a_server_that_stops_while_the_place_is_looked_up_says_so(
    services: Services, key: str, database: Database
) -> None:
    lines = HeldLines(database)
    services = replace(services, lines=lines)
    async with awake(services, key=key), asyncio.TaskGroup() as server:
        doors = Doors(services)
        request = server.create_task(doors.send(create_of(key, KEY)))
        await lines.gate.until_one_waits()
        assert doors.requests.in_progress == 1
        request.cancel()
    answer = await request
    assert (answer.status, "being stopped" in told(answer)["message"]) == (503, True)
    assert (doors.requests.in_progress, await video_count(database)) == (0, 1)


async def test_what_fails_after_the_video_was_made_is_told_and_makes_no_second_one(
    services: Services, key: str, database: Database
) -> None:
    services = replace(services, lines=BrokenLines(database))
    async with awake(services, key=key):
        doors = Doors(services)
        with capture_logs() as lines:
            answers = [await doors.send(create_of(key, KEY)) for _ in range(2)]
    assert [answer.status for answer in answers] == [500, 500]
    assert b"secret" not in answers[0].body
    assert [line["event"] for line in lines] == ["a request failed", "request"] * 2
    assert await video_count(database) == 1


async def test_what_is_logged_of_a_create_has_the_id_that_its_client_is_told(
    services: Services, key: str, database: Database
) -> None:
    """Whichever part of the way it was logged on."""
    services = replace(services, acceptance=Talkative(database, UNKNOWN))
    async with awake(services, key=key):
        doors = Doors(services)
        for status in (503, 200):
            with capture_logs(processors=[structlog.contextvars.merge_contextvars]) as lines:
                async with asyncio.TaskGroup() as server:
                    request = server.create_task(doors.send(create_of(key)))
            name = request.result().headers[b"x-request-id"].decode()
            assert request.result().status == status
            told_of = {line["event"]: line["request_id"] for line in lines}
            assert told_of == {"accepting": name, "request": name}
