"""The line, as those who stand in it see it: exact in front, estimated behind, and read once for all who ask."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from filmgate.core.fairness import Place
from filmgate.core.video import Video
from filmgate.database.connection import Database
from filmgate.database.line import EXACT_TO
from filmgate.usecases import videos
from filmgate.usecases.line import GOOD_FOR, Lines, Wait, Waiting, waiting_of
from tests import placing
from tests.http.polls import CountedDatabase
from tests.usecases.conftest import SPEC, Owner

AT_ONCE, FOR_EVER = timedelta(0), timedelta(days=1)


@pytest.fixture
async def counted(dsn: str) -> AsyncIterator[CountedDatabase]:
    database = await CountedDatabase.open(dsn)
    yield database
    await database.aclose()


async def stand(owner: Owner, starts: Sequence[int], *, is_admitted: bool = True) -> list[Waiting]:
    """Videos of the owner at these places, in whatever order."""
    model = await owner.create()
    async with owner.database.connection() as connection:
        await connection.execute("delete from video where id = $1", model.id)
        made = [placed(model, start, is_admitted=is_admitted) for start in starts]
        await placing.insert(connection, made)
    return [wait_of(video) for video in made]


def placed(model: Video, start: int, *, is_admitted: bool = True) -> Video:
    return replace(model, id=videos.new_id(), place=Place(start, 1, is_admitted=is_admitted))


def wait_of(video: Video) -> Waiting:
    waiting = waiting_of(video)
    assert waiting is not None
    return waiting


async def position(lines: Lines, waiting: Waiting) -> int:
    wait = await lines.wait_of(waiting)
    assert wait is not None
    return wait.position


async def test_places_are_exact_to_a_thousand_and_estimated_behind(us: Owner) -> None:
    lines, queue = Lines(us.database), await stand(us, range(0, 30_000, 10))
    for index in (0, 1, 500, EXACT_TO - 1):
        assert await position(lines, queue[index]) == index + 1
    for index in (EXACT_TO, 2_000, 2_999):
        assert await position(lines, queue[index]) == pytest.approx(index + 1, rel=0.01)


async def test_behind_a_thousand_who_stand_at_one_place_nothing_is_guessed(us: Owner) -> None:
    queue = await stand(us, [5] * (EXACT_TO + 1))
    last = max(queue, key=lambda waiting: waiting.mark)
    assert await position(Lines(us.database), last) == EXACT_TO + 1


async def test_who_is_kept_out_stands_behind_the_others_of_its_account(
    us: Owner, them: Owner
) -> None:
    lines = Lines(us.database)
    await stand(them, [10, 20, 30])
    (inside,) = await stand(us, [15])
    outside = await stand(us, [16, 17, 40], is_admitted=False)
    await stand(them, [1, 2, 3], is_admitted=False)  # theirs are no matter of ours
    assert await position(lines, inside) == 2
    assert [await position(lines, each) for each in outside] == [3, 4, 7]


async def test_a_thousand_who_are_kept_out_are_told_exactly_too(us: Owner, them: Owner) -> None:
    lines = Lines(us.database)
    await stand(them, range(0, 4_000, 2))
    outside = await stand(us, range(1, 4_001, 2), is_admitted=False)
    assert await position(lines, outside[0]) == 2
    assert await position(lines, outside[400]) == 802
    assert await position(lines, outside[1_500]) == pytest.approx(3_002, rel=0.01)


async def test_another_engine_s_line_is_another(us: Owner) -> None:
    await stand(us, [1, 2, 3])
    other = replace(wait_of(placed(await us.create(), 9)), engine="other")
    assert await position(Lines(us.database), other) == 1


async def test_for_a_thousand_who_ask_at_once_the_line_is_read_once(
    us: Owner, counted: CountedDatabase
) -> None:
    queue = await stand(us, range(1_000))
    lines = Lines(counted, good_for=FOR_EVER)
    waits = await asyncio.gather(*(lines.wait_of(each) for each in queue))
    assert [wait.position for wait in waits if wait] == list(range(1, 1_001))
    assert len(counted.queries) == 2  # the marks, and the speed
    assert [lines.known_wait_of(each) for each in queue] == waits


async def test_what_is_not_known_is_not_told_without_a_look(us: Owner) -> None:
    lines = Lines(us.database, good_for=FOR_EVER)
    (inside,) = await stand(us, [1])
    (outside,) = await stand(us, [2], is_admitted=False)
    assert lines.known_wait_of(inside) is None
    await lines.wait_of(inside)
    assert lines.known_wait_of(inside) is not None
    assert lines.known_wait_of(outside) is None
    await lines.wait_of(outside)
    assert lines.known_wait_of(outside) == Wait(2, timedelta(seconds=2 * SPEC.seconds))


async def test_the_line_is_read_again_when_it_is_too_old(us: Owner) -> None:
    first, second = await stand(us, [1, 2])
    kept, fresh = Lines(us.database, good_for=FOR_EVER), Lines(us.database, good_for=AT_ONCE)
    for lines in (kept, fresh):
        assert await position(lines, second) == 2
    await videos.cancel(us.database, first.id, account_id=us.account_id)
    assert [await position(lines, second) for lines in (kept, fresh)] == [2, 1]
    assert timedelta(seconds=0.3) >= GOOD_FOR


@pytest.mark.parametrize("is_admitted", [True, False])
async def test_a_new_video_counts_at_once_and_once(us: Owner, *, is_admitted: bool) -> None:
    lines = Lines(us.database, good_for=FOR_EVER)
    queue = await stand(us, [10, 20], is_admitted=is_admitted)
    assert await position(lines, queue[-1]) == 2
    (new,) = await stand(us, [30], is_admitted=is_admitted)
    lines.note_accepted(new)
    lines.note_accepted(new)  # as when the line was read between the commit and the note
    later = replace(new, id=videos.new_id(), place=replace(new.place, start=40))
    assert [lines.known_wait_of(each) for each in (new, later)] == [
        Wait(number, timedelta(seconds=number * SPEC.seconds)) for number in (3, 4)
    ]


async def test_no_more_of_a_line_is_kept_than_is_read(us: Owner) -> None:
    lines = Lines(us.database, good_for=FOR_EVER)
    queue = await stand(us, range(0, 10 * EXACT_TO, 10))
    assert await position(lines, queue[-1]) == EXACT_TO
    for start in (1, 2, 3):
        lines.note_accepted(replace(queue[0], id=videos.new_id(), place=Place(start, 1)))
    behind = replace(queue[0], id=videos.new_id(), place=Place(10**9, 1))
    lines.note_accepted(behind)
    wait = lines.known_wait_of(queue[500])
    assert wait is not None
    assert wait.position == 504
    assert await position(lines, queue[-1]) == pytest.approx(EXACT_TO + 3, rel=0.01)


async def test_while_the_database_is_away_no_place_is_told(us: Owner, dsn: str) -> None:
    (waiting,) = await stand(us, [1])
    away = await Database.open(dsn)
    await away.aclose()
    assert await Lines(away).wait_of(waiting) is None


async def test_a_video_that_waits_no_more_does_not_stand_in_line(us: Owner) -> None:
    video = await us.create()
    assert waiting_of(video) is not None
    assert waiting_of(await videos.cancel(us.database, video.id, account_id=us.account_id)) is None
