"""How much waits and runs, as the rows tell it."""

from datetime import timedelta

from filmgate.core.account import Caller
from filmgate.core.spec import Size, VideoSpec
from filmgate.core.video import Dialect, Video
from filmgate.database import line
from filmgate.database.connection import Database
from filmgate.usecases import videos
from filmgate.usecases.depths import Depths, measure
from tests.claiming import begin, complete
from tests.creating import create


async def created(database: Database, caller: Caller, *, engine: str = "scenes") -> Video:
    spec = VideoSpec(model="m", engine=engine, prompt="A cat", size=Size(64, 64), seconds=1)
    return await create(
        database, spec, video_id=videos.new_id(), caller=caller, dialect=Dialect.OPENAI
    )


async def measured(database: Database, *engines: str) -> Depths:
    depths = await measure(database, engines or ("scenes",))
    assert depths is not None
    return depths


async def wait(database: Database, video: Video, seconds: int) -> None:
    """It was created so long ago."""
    async with database.connection() as connection:
        await connection.execute(
            "update video set created_at = now() - $2::interval where id = $1",
            video.id,
            timedelta(seconds=seconds),
        )


async def test_each_engine_has_a_depth_of_its_own(database: Database, caller: Caller) -> None:
    for _ in range(3):
        await created(database, caller)
    running = await created(database, caller, engine="cloud")
    await begin(database, running.id)
    await complete(database, await begin(database, (await created(database, caller)).id))
    depths = await measured(database, "scenes", "cloud", "idle")
    assert [(each.engine, each.queued, each.running) for each in depths.engines] == [
        ("scenes", 3, 0),
        ("cloud", 0, 1),
        ("idle", 0, 0),
    ]


async def test_the_oldest_is_the_one_that_has_waited_longest(
    database: Database, caller: Caller
) -> None:
    for engine, ages in {"scenes": (5, 500, 50), "cloud": (7_000,)}.items():
        for age in ages:
            await wait(database, await created(database, caller, engine=engine), age)
    depths = await measured(database, "scenes", "cloud", "idle")
    oldest = [round(each.oldest.total_seconds(), -1) for each in depths.engines]
    assert oldest == [500, 7_000, 0]


async def test_an_engine_whose_videos_are_not_among_the_oldest_tells_of_its_lines_head(
    database: Database, caller: Caller
) -> None:
    await wait(database, await created(database, caller), 300)
    async with database.connection() as connection:
        await connection.execute(
            """
            insert into video (id, account_id, dialect, model, engine, prompt, width, height,
                               seconds, status, created_at)
            select 'old' || number, $1, 'openai', 'm', 'cloud', 'p', 64, 64, 1, 'queued',
                   now() - interval '1 day'
            from generate_series(1, 1000) as number
            """,
            caller.account_id,
        )
    depths = await measured(database, "scenes", "cloud")
    assert [round(each.oldest.total_seconds(), -2) for each in depths.engines] == [300, 86_400]


async def test_what_stands_in_no_line_is_held_back(database: Database, caller: Caller) -> None:
    postponed, kept_out = [await created(database, caller) for _ in range(2)]
    async with database.connection() as connection:
        await line.postpone(connection, postponed.id, delay=timedelta(minutes=1))
        await connection.execute("update video set is_admitted = false where id = $1", kept_out.id)
    depths = await measured(database)
    assert (depths.engines[0].queued, depths.held_back) == (0, 2)


async def test_a_database_that_is_away_tells_nothing(dsn: str) -> None:
    away = await Database.open(dsn)
    await away.aclose()
    assert await measure(away, ["scenes"]) is None


async def test_a_database_that_takes_too_long_tells_nothing(dsn: str) -> None:
    busy = await Database.open(dsn, max_connections=1)
    async with busy.connection():
        assert await measure(busy, ["scenes"], within=timedelta(milliseconds=50)) is None
    assert await measure(busy, ["scenes"]) is not None
    await busy.aclose()
