"""Objects that no row names go; all others stay."""

import os
from datetime import timedelta
from pathlib import Path

import pytest
import structlog.testing

from filmgate.core.errors import StorageUnavailable
from filmgate.core.spec import CharacterId, ObjectKey
from filmgate.core.video import Asset, new_video_id
from filmgate.database import characters
from filmgate.database.connection import Database
from filmgate.storage.local import LocalObjectStore
from filmgate.usecases import ownership, rendering, retention, videos
from filmgate.usecases.orphans import Sweep, remove_orphans
from filmgate.usecases.ownership import ForeignStore
from tests.claiming import begin, complete
from tests.usecases.conftest import Owner

AT_ONCE = timedelta(0)


@pytest.fixture
async def store(database: Database, tmp_path: Path) -> LocalObjectStore:
    """Ours, as after the first start."""
    store = LocalObjectStore(tmp_path / "objects")
    await ownership.claim(database, store)
    return store


async def put(store: LocalObjectStore, *keys: str) -> None:
    for key in keys:
        await store.put_bytes(ObjectKey(key), b"x")


async def keys(store: LocalObjectStore) -> set[str]:
    return {
        each.key
        for folder in ("videos/", "characters/")
        async for each in store.list_objects(folder)
    }


async def test_what_a_video_is_made_from_and_what_it_came_to_stays(
    us: Owner, store: LocalObjectStore
) -> None:
    waiting, held, done = [await us.create() for _ in range(3)]
    running = await begin(us.database, held.id)
    finished = await begin(us.database, done.id)
    asset_folder = rendering.attempt_folder(finished)
    named = {
        f"videos/{waiting.id}/references/0.webp",
        f"videos/{waiting.id}/source.mp4",
        f"{rendering.attempt_folder(running)}video.mp4",
        f"{asset_folder}video.mp4",
        f"{asset_folder}thumbnail.webp",
    }
    await put(store, *named)
    asset = Asset(key=ObjectKey(f"{asset_folder}video.mp4"), size_bytes=1, duration=8.0)
    await complete(us.database, finished, asset=asset)
    assert await remove_orphans(us.database, store=store, older_than=AT_ONCE) == 0
    assert await keys(store) == named


async def test_what_a_killed_create_stored_goes(us: Owner, store: LocalObjectStore) -> None:
    never = videos.new_id()
    await put(store, f"videos/{never}/references/0.webp", f"videos/{never}/source.mp4")
    await put(store, f"characters/{never}/portrait.webp")
    assert await remove_orphans(us.database, store=store, older_than=AT_ONCE) == 2
    assert await keys(store) == set()


async def test_what_superseded_attempts_stored_goes(us: Owner, store: LocalObjectStore) -> None:
    video = await us.create()
    for _ in range(3):
        await begin(us.database, video.id)
    await put(store, *(f"videos/{video.id}/{attempt}/video.mp4" for attempt in (1, 2, 3)))
    assert await remove_orphans(us.database, store=store, older_than=AT_ONCE) == 2
    assert await keys(store) == {f"videos/{video.id}/3/video.mp4"}


async def test_what_was_written_after_a_video_was_emptied_goes(
    us: Owner, store: LocalObjectStore
) -> None:
    video = await us.create()
    await begin(us.database, video.id)
    await videos.delete(us.database, video.id, account_id=us.account_id)
    async with us.database.connection() as connection:
        await connection.execute("update video set deleted_at = now() - interval '2 minutes'")
    assert await retention.remove_expired(us.database, store=store) == 1
    await put(store, f"videos/{video.id}/1/video.mp4")
    assert await remove_orphans(us.database, store=store, older_than=AT_ONCE) == 1


async def test_characters_keep_their_portraits(us: Owner, store: LocalObjectStore) -> None:
    async with us.database.connection() as connection:
        created_at = await us.database.now()
        character_id = CharacterId(new_video_id(created_at))
        await characters.insert(connection, character_id, us.account_id, name="Ann")
    await put(store, f"characters/{character_id}/portrait.webp")
    assert await remove_orphans(us.database, store=store, older_than=AT_ONCE) == 0


async def test_what_is_young_may_still_get_its_row(us: Owner, store: LocalObjectStore) -> None:
    await put(store, f"videos/{videos.new_id()}/source.mp4")
    assert await remove_orphans(us.database, store=store) == 0
    assert len(await keys(store)) == 1


async def test_what_is_old_enough_goes(us: Owner, store: LocalObjectStore, tmp_path: Path) -> None:
    key = f"videos/{videos.new_id()}/source.mp4"
    await put(store, key)
    long_ago = (await us.database.now() - timedelta(hours=2)).timestamp()
    os.utime(tmp_path / "objects" / key, (long_ago, long_ago))
    assert await remove_orphans(us.database, store=store) == 1


async def test_what_killed_checks_of_the_store_left_goes(
    us: Owner, store: LocalObjectStore, tmp_path: Path
) -> None:
    await put(store, "probes/0123/probe")
    assert await remove_orphans(us.database, store=store, older_than=AT_ONCE) == 1
    assert not (tmp_path / "objects/probes").exists()


async def test_a_thousand_and_more_are_looked_at(us: Owner, store: LocalObjectStore) -> None:
    video = await us.create()
    await put(store, *(f"videos/{video.id}/references/{number}.webp" for number in range(1_050)))
    await put(store, f"videos/{videos.new_id()}/source.mp4")
    assert await remove_orphans(us.database, store=store, older_than=AT_ONCE) == 1
    assert len(await keys(store)) == 1_050


async def test_a_film_that_no_row_can_have_lost_stays_and_nothing_else_goes(
    us: Owner, store: LocalObjectStore
) -> None:
    """As after the restoring of an older backup: rows are missing, and no row goes before its film."""
    litter = f"videos/{videos.new_id()}/source.mp4"
    film = f"videos/{videos.new_id()}/1/video.mp4"
    await put(store, litter, film)
    with pytest.raises(ForeignStore, match="older backup"):
        await remove_orphans(us.database, store=store, older_than=AT_ONCE)
    assert await keys(store) == {litter, film}


async def test_a_film_of_an_attempt_that_its_row_has_not_reached_stays(
    us: Owner, store: LocalObjectStore
) -> None:
    video = await us.create()
    await begin(us.database, video.id)
    await put(store, f"videos/{video.id}/2/video.mp4")
    with pytest.raises(ForeignStore, match="older backup"):
        await remove_orphans(us.database, store=store, older_than=AT_ONCE)
    assert await keys(store) == {f"videos/{video.id}/2/video.mp4"}


async def test_once_adopted_such_films_go(us: Owner, store: LocalObjectStore) -> None:
    await put(store, f"videos/{videos.new_id()}/1/video.mp4")
    await ownership.adopt(us.database, store)
    assert await remove_orphans(us.database, store=store, older_than=AT_ONCE) == 1


async def test_the_reason_why_it_may_not_is_said_once(us: Owner, store: LocalObjectStore) -> None:
    sweep = Sweep(us.database, store)
    await put(store, f"videos/{videos.new_id()}/1/video.mp4")
    with structlog.testing.capture_logs() as log:
        await sweep.run()
        await put(store, f"videos/{videos.new_id()}/1/video.mp4")
        await sweep.run()
    assert [line["log_level"] for line in log] == ["warning"]
    assert "filmgate storage adopt" in log[0]["reason"]
    await ownership.adopt(us.database, store)
    with structlog.testing.capture_logs() as log:
        await sweep.run()
        await put(store, f"videos/{videos.new_id()}/1/video.mp4")
        await sweep.run()
    assert [line["log_level"] for line in log] == ["warning"]


async def test_a_store_that_is_away_postpones_the_sweep(us: Owner, tmp_path: Path) -> None:
    store = LocalObjectStore(tmp_path / "volume")
    (tmp_path / "volume").rmdir()
    with pytest.raises(StorageUnavailable):
        await Sweep(us.database, store).run()
