"""What is measured at scale: every hot operation, as the server and its workers call it.

Each prepares its subject untimed, and returns the call to time.
"""

import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID, uuid4

import asyncpg

from bench.seeding import LARGEST
from filmgate.core.account import AccountId, ApiKeyId, Caller
from filmgate.core.candidate import Candidate
from filmgate.core.spec import ObjectKey, Size, VideoSpec
from filmgate.core.video import Asset, Dialect, Video, VideoId
from filmgate.core.webhook import EndpointId
from filmgate.database import deliveries, events, resume_points, turns
from filmgate.database import videos as rows
from filmgate.database.connection import Database
from filmgate.storage.local import LocalObjectStore
from filmgate.usecases import idempotency, rendering, retention, videos
from filmgate.usecases.acceptance import accept_one
from filmgate.usecases.line import Lines, waiting_of

Call = Callable[[], Awaitable[object]]

SPEC: Final = VideoSpec(
    model="sora-2", engine="scenes", prompt="A cat on a roof", size=Size(1280, 720), seconds=8
)
DAY: Final = timedelta(days=1)
HELD: Final = 10
"""How many videos one heartbeat is about, and how many expire together."""

WORKER: Final = uuid4()


@dataclass(frozen=True, slots=True)
class Known:
    """A seeded video, and enough to ask for it."""

    id: VideoId
    account_id: AccountId
    attempt: int


@dataclass(frozen=True, slots=True)
class Subjects:
    """Seeded videos from all over the table, in no order. Operations on queued ones use them up."""

    finished: list[Known]
    queued: list[Known]
    running: list[Known]
    largest: list[Known]
    """Those of the account that has most, from anywhere in its list."""


@dataclass(frozen=True, slots=True)
class Side:
    """One of the databases that are compared."""

    database: Database
    store: LocalObjectStore
    accounts: int
    subjects: Subjects

    def any_account(self) -> AccountId:
        return AccountId(random.randint(1, self.accounts))


Operation = Callable[[Side], Awaitable[Call]]


async def subjects(connection: asyncpg.Connection, *, most: int) -> Subjects:
    """`most` of each kind, where there are so many."""
    rows = await connection.fetchval("select reltuples from pg_class where relname = 'video'")
    share = min(100.0, 100 * 50 * most / rows)

    async def pick(where: str, *, of: str = "video") -> list[Known]:
        found = await connection.fetch(
            f"select id, account_id, attempt from {of} where {where} order by random() limit $1",
            most,
        )
        return [Known(*row) for row in found]

    some, finished = (
        f"video tablesample system ({share})",
        "status = 'completed' and deleted_at is null",
    )
    return Subjects(
        finished=await pick(finished, of=some),
        # Cancelled from anywhere in the line but its head, which the claims want.
        queued=await pick("status = 'queued' and is_admitted and fair_start > 200000000"),
        running=await pick("status = 'in_progress'"),
        largest=await pick(f"account_id = {LARGEST} and {finished}", of=some),
    )


async def create(side: Side) -> Call:
    account_id = side.any_account()
    caller = Caller(account_id, ApiKeyId(account_id))
    return lambda: _create(side, caller)


async def claim(side: Side) -> Call:
    return lambda: _claim(side)


async def retrieve(side: Side) -> Call:
    known = random.choice(side.subjects.finished)
    return lambda: videos.retrieve(side.database, known.id, account_id=known.account_id)


async def list_first_page(side: Side) -> Call:
    return lambda: _list(side, AccountId(LARGEST), None)


async def list_deep_page(side: Side) -> Call:
    after = random.choice(side.subjects.largest)
    return lambda: _list(side, AccountId(LARGEST), after.id)


async def list_deep_page_forwards(side: Side) -> Call:
    after = random.choice(side.subjects.largest)
    return lambda: _list(side, AccountId(LARGEST), after.id, newest_first=False)


async def cancel(side: Side) -> Call:
    known = side.subjects.queued.pop()
    return lambda: videos.cancel(side.database, known.id, account_id=known.account_id)


async def complete(side: Side) -> Call:
    video = await _claim(side)
    assert video is not None
    asset = Asset(
        key=ObjectKey(f"videos/{video.id}/1/video.mp4"), size_bytes=1_500_000, duration=8.0
    )
    return lambda: rendering.complete(
        side.database, video, asset, keep_for=DAY, took=timedelta(seconds=12)
    )


async def beat(side: Side) -> Call:
    """A worker's sign of life for ten videos."""
    progress = [
        (known.id, known.attempt, 41)
        for known in random.sample(side.subjects.running, k=min(HELD, len(side.subjects.running)))
    ]

    async def touch() -> None:
        async with side.database.connection() as connection:
            await rows.touch(connection, progress)

    return touch


async def expire(side: Side) -> Call:
    """Ten finished videos whose day is over, each with an object."""
    known = [side.subjects.finished.pop() for _ in range(HELD)]
    for each in known:
        await side.store.put_bytes(ObjectKey(f"videos/{each.id}/1/video.mp4"), b"film")
    async with side.database.connection() as connection:
        await connection.execute(
            """
            update video set emptied_at = null, expires_at = now() - interval '1 hour'
            where id = any($1::text[])
            """,
            [each.id for each in known],
        )
    return lambda: retention.remove_expired(side.database, store=side.store)


async def take_over_lost(side: Side) -> Call:
    return lambda: rendering.take_over_lost(
        side.database, ["scenes", "upstream"], worker_id=WORKER, silent_for=timedelta(hours=2)
    )


async def return_postponed(side: Side) -> Call:
    return lambda: retention.return_postponed(side.database)


async def fail_overdue(side: Side) -> Call:
    return lambda: retention.fail_overdue(side.database, queue_limit=2 * DAY)


async def move_up(side: Side) -> Call:
    """Behind one that was cancelled."""
    known = side.subjects.queued.pop()
    await videos.cancel(side.database, known.id, account_id=known.account_id)
    return lambda: retention.move_up(side.database)


async def admit_forgotten(side: Side) -> Call:
    return lambda: retention.admit_forgotten(side.database)


async def look_for_unwanted(side: Side) -> Call:
    async def unwanted() -> None:
        async with side.database.connection() as connection:
            await resume_points.unwanted(
                connection, "upstream", quiet_for=timedelta(seconds=30), at_most=DAY, limit=20
            )

    return unwanted


async def claim_job_elsewhere(side: Side) -> Call:
    """Whether a job that a look-up has found is free: see `resume_points.is_free`."""
    known = random.choice(side.subjects.running)
    token = {"url": "https://upstream.invalid/v1", "id": f"found-{uuid4()}"}

    async def is_free() -> None:
        async with side.database.connection() as connection:
            await resume_points.is_free(connection, known.id, token)

    return is_free


async def trim_idempotency_keys(side: Side) -> Call:
    return lambda: idempotency.trim(side.database)


async def claim_deliveries(side: Side) -> Call:
    async def due() -> None:
        async with side.database.connection() as connection:
            await deliveries.claim(
                connection,
                busy={},
                most=16,
                most_each=4,
                behind=EndpointId(""),
                hold_for=timedelta(minutes=1),
            )

    return due


async def read_events(side: Side) -> Call:
    """What a stream that is up to date asks for."""
    account_id = AccountId(LARGEST)

    async def latest() -> None:
        async with side.database.connection() as connection:
            last = await events.last_position(connection, account_id)
            await events.list_after(connection, account_id, position=last - 200, limit=100)

    return latest


async def read_events_of_video(side: Side) -> Call:
    known = random.choice(side.subjects.largest)

    async def of_video() -> None:
        async with side.database.connection() as connection:
            await events.list_after(
                connection, known.account_id, position=0, limit=100, video_id=known.id
            )

    return of_video


async def tell_place(side: Side) -> Call:
    known = random.choice(side.subjects.queued)
    video = await videos.retrieve(side.database, known.id, account_id=known.account_id)
    waiting = waiting_of(video)
    assert waiting is not None
    return lambda: Lines(side.database).wait_of(waiting)  # one that has not looked before


async def take_turn(side: Side) -> Call:
    holder: UUID = uuid4()

    async def turn() -> None:
        async with side.database.connection() as connection:
            lease = timedelta(seconds=20)
            await turns.take(connection, "bench", holder=holder, lease=lease)
            await turns.end(connection, "bench", holder=holder, due_in=timedelta(0))

    return turn


OPERATIONS: Final[Mapping[str, Operation]] = {
    "create": create,
    "claim": claim,
    "retrieve": retrieve,
    "list, first page": list_first_page,
    "list, deep page": list_deep_page,
    "list, deep page, forwards": list_deep_page_forwards,
    "place in the line": tell_place,
    "cancel": cancel,
    "complete": complete,
    "heartbeat of ten": beat,
    "expiry of ten": expire,
    "events of an account": read_events,
    "events of a video": read_events_of_video,
    "look for lost videos": take_over_lost,
    "return postponed videos": return_postponed,
    "look for overdue videos": fail_overdue,
    "move up behind a cancelled one": move_up,
    "admit the forgotten": admit_forgotten,
    "look for unwanted jobs": look_for_unwanted,
    "claim a job elsewhere": claim_job_elsewhere,
    "trim idempotency keys": trim_idempotency_keys,
    "claim due deliveries": claim_deliveries,
    "take a turn": take_turn,
}


async def _create(side: Side, caller: Caller) -> Video:
    candidate = Candidate(
        video_id=videos.new_id(), spec=SPEC, caller=caller, dialect=Dialect.OPENAI
    )
    return await accept_one(side.database, candidate)


async def _claim(side: Side) -> Video | None:
    return await rendering.begin_next(side.database, ["scenes"], worker_id=WORKER)


async def _list(
    side: Side, account_id: AccountId, after: VideoId | None, *, newest_first: bool = True
) -> videos.Page:
    return await videos.list_page(
        side.database, account_id=account_id, after=after, limit=20, newest_first=newest_first
    )
