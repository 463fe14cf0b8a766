"""Who goes next: weights hold, floods wait behind themselves, and those who leave give their place back."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from filmgate.core.account import AccountId
from filmgate.core.video import Video, VideoId
from filmgate.database import line
from filmgate.database.connection import Database
from filmgate.usecases import rendering, retention, videos
from filmgate.usecases.line import Lines, Wait, waiting_of
from tests.claiming import complete
from tests.usecases.conftest import SPEC, Owner

WORKER = UUID(int=1)


@dataclass(frozen=True)
class Hall:
    """A worker without slots: it begins what goes next, and nothing else."""

    database: Database

    async def begin(self, count: int = 1) -> list[Video]:
        begun = [
            await rendering.begin_next(self.database, [SPEC.engine], worker_id=WORKER)
            for _ in range(count)
        ]
        return [video for video in begun if video is not None]

    async def order(self, count: int) -> list[AccountId]:
        return [video.account_id for video in await self.begin(count)]

    async def weigh(self, owner: Owner, weight: int) -> None:
        async with self.database.connection() as connection:
            await connection.execute(
                "update account set weight = $2 where id = $1", owner.account_id, weight
            )

    async def position(self, video: Video) -> int | None:
        wait = await self.wait(video)
        return wait.position if wait else None

    async def wait(self, video: Video) -> Wait | None:
        """As a process tells it that has not looked before."""
        current = await videos.retrieve(self.database, video.id, account_id=video.account_id)
        waiting = waiting_of(current)
        return await Lines(self.database).wait_of(waiting) if waiting else None


@pytest.fixture
def hall(database: Database) -> Hall:
    return Hall(database)


async def flood(owner: Owner, count: int) -> list[Video]:
    return [await owner.create() for _ in range(count)]


async def cancel(owner: Owner, waiting: Sequence[Video]) -> None:
    for video in waiting:
        await videos.cancel(owner.database, video.id, account_id=owner.account_id)


async def test_behind_a_thousand_of_one_account_anothers_first_starts_next(
    us: Owner, them: Owner, hall: Hall
) -> None:
    await flood(us, 1_000)
    assert await hall.order(1) == [us.account_id]
    first = await them.create()
    assert (await hall.begin())[0].id == first.id


async def test_of_one_account_the_first_comes_first(us: Owner, hall: Hall) -> None:
    made = await flood(us, 12)
    assert [video.id for video in await hall.begin(12)] == [video.id for video in made]


async def test_weights_hold_over_a_thousand_starts(us: Owner, them: Owner, hall: Hall) -> None:
    await hall.weigh(them, 3)
    await flood(us, 300)
    await flood(them, 800)
    starts = Counter(await hall.order(1_000))
    assert starts[us.account_id] == pytest.approx(250, rel=0.05)
    assert starts[them.account_id] == pytest.approx(750, rel=0.05)


async def test_long_films_count_for_more_than_short_ones(
    us: Owner, them: Owner, hall: Hall
) -> None:
    for _ in range(40):
        await us.create(replace(SPEC, seconds=12))
        await them.create(replace(SPEC, seconds=4))
    starts = Counter(await hall.order(40))
    assert starts[us.account_id] == pytest.approx(10, abs=1)


async def test_whoever_was_away_has_saved_nothing_up(us: Owner, them: Owner, hall: Hall) -> None:
    await flood(us, 40)
    await hall.begin(20)
    await flood(them, 20)
    starts = Counter(await hall.order(20))
    assert starts[us.account_id] == pytest.approx(10, abs=1)


async def test_a_cancelled_flood_gives_its_place_back(us: Owner, them: Owner, hall: Hall) -> None:
    regret = await flood(us, 200)
    await flood(them, 20)
    await hall.begin(4)
    waiting = [video for video in regret if (await us.retrieve(video)).attempt == 0]
    await cancel(us, waiting)
    again = await us.create()
    begun = await hall.begin(2)
    assert again.id in {video.id for video in begun}


async def test_those_behind_a_cancelled_flood_move_up(us: Owner, them: Owner, hall: Hall) -> None:
    made = await flood(us, 100)
    await flood(them, 100)
    await cancel(us, made[:95])
    assert await hall.position(made[95]) == 96
    await retention.move_up(us.database)
    assert await hall.position(made[95]) in {1, 2}
    starts = Counter(await hall.order(10))
    assert starts == {us.account_id: 5, them.account_id: 5}


async def test_those_who_move_up_keep_their_order_while_one_of_them_is_being_changed(
    us: Owner, hall: Hall
) -> None:
    made = await flood(us, 10)
    await cancel(us, made[:5])
    async with asyncio.TaskGroup() as life, us.database.transaction() as connection:
        [head] = await line.lock_next(connection, SPEC.engine)
        moving = life.create_task(retention.move_up(us.database))
        done, _ = await asyncio.wait([moving], timeout=0.3)
        assert not done
        assert await hall.position(made[9]) == 5
    assert head.id == made[5].id
    assert [video.id for video in await hall.begin(9)] == [video.id for video in made[5:]]


async def test_a_line_longer_than_a_round_moves_up_in_several(
    us: Owner, them: Owner, hall: Hall
) -> None:
    made = await flood(us, 60)
    await flood(them, 60)
    await cancel(us, made[:30])
    rounds = 0
    while await retention.move_up(us.database, most=10):
        rounds += 1
    assert rounds == 3
    starts = Counter(await hall.order(60))
    assert starts == {us.account_id: 30, them.account_id: 30}


async def test_a_retried_video_keeps_its_place(us: Owner, hall: Hall) -> None:
    first, _ = await flood(us, 2)
    (begun,) = await hall.begin()
    await rendering.hand_back(us.database, begun)
    assert [video.id for video in await hall.begin()] == [first.id]


async def test_a_postponed_video_lets_others_pass_and_then_stands_where_it_stood(
    us: Owner, hall: Hall
) -> None:
    first, second, third = await flood(us, 3)
    (begun,) = await hall.begin()
    await rendering.hand_back(us.database, begun, delay=timedelta(hours=1))
    assert [video.id for video in await hall.begin()] == [second.id]
    async with us.database.connection() as connection:
        await connection.execute("update video set not_before = now() where not_before is not null")
    await retention.return_postponed(us.database)
    assert [video.id for video in await hall.begin(2)] == [first.id, third.id]


async def test_positions_are_exact_up_to_a_thousand_and_then_estimated(
    us: Owner, hall: Hall
) -> None:
    made = await flood(us, 1_300)
    for number in (0, 1, 499, 999):
        assert await hall.position(made[number]) == number + 1
    assert await hall.position(made[1_299]) == pytest.approx(1_300, rel=0.02)


async def test_the_start_is_estimated_from_how_long_films_take_and_how_many_are_made_at_once(
    us: Owner, hall: Hall
) -> None:
    made = await flood(us, 9)
    begun = await hall.begin(3)
    await complete(us.database, begun[0])  # took a minute
    wait = await hall.wait(made[5])
    assert wait is not None
    assert (wait.position, wait.starts_in) == (3, timedelta(minutes=1.5))


async def test_a_video_that_waits_no_more_has_no_position(us: Owner, hall: Hall) -> None:
    (video,) = await flood(us, 1)
    await hall.begin()
    assert await hall.position(video) is None


async def test_forty_workers_at_once_claim_each_video_once(us: Owner) -> None:
    made = await flood(us, 60)

    async def work() -> list[VideoId]:
        mine: list[VideoId] = []
        while video := await rendering.begin_next(us.database, [SPEC.engine], worker_id=uuid4()):
            mine.append(video.id)
        return mine

    hauls = await asyncio.gather(*(work() for _ in range(40)))
    claimed = [video_id for haul in hauls for video_id in haul]
    assert sorted(claimed) == sorted(video.id for video in made)
