"""A store belongs to one database: no other takes it, and no other removes anything there."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest

from filmgate.core.ports import ObjectStore
from filmgate.core.spec import ObjectKey
from filmgate.core.video import Asset
from filmgate.database import installation
from filmgate.database.connection import Database
from filmgate.database.embedded import EmbeddedPostgres
from filmgate.database.migrate import migrate
from filmgate.storage.local import LocalObjectStore
from filmgate.storage.opening import open_store
from filmgate.usecases import ownership, rendering, retention, videos
from filmgate.usecases.orphans import remove_orphans
from filmgate.usecases.ownership import MARK, ForeignStore
from tests.claiming import begin, complete
from tests.s3 import S3Server
from tests.usecases.conftest import Owner

AT_ONCE = timedelta(0)


@pytest.fixture(params=["local", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> ObjectStore:
    """Empty, and nobody's."""
    if request.param == "local":
        return LocalObjectStore(tmp_path / "objects")
    server: S3Server = request.getfixturevalue("s3")
    return open_store(server.url(secrets.token_hex(8)))


@pytest.fixture
async def stranger(empty_dsn: str) -> AsyncIterator[Database]:
    """Another database, migrated and empty."""
    await migrate(empty_dsn)
    database = await Database.open(empty_dsn)
    yield database
    await database.aclose()


async def film(us: Owner, store: ObjectStore) -> str:
    """The key of a film that has been made and can be downloaded."""
    video = await us.create()
    attempt = await begin(us.database, video.id)
    key = ObjectKey(f"{rendering.attempt_folder(attempt)}video.mp4")
    await store.put_bytes(key, b"a film")
    await complete(us.database, attempt, asset=Asset(key=key, size_bytes=6, duration=8.0))
    return key


async def keys(store: ObjectStore) -> set[str]:
    return {
        each.key
        for folder in ("videos/", "characters/", "filmgate/")
        async for each in store.list_objects(folder)
    }


async def test_an_empty_store_becomes_whose_it_is_first(
    database: Database, stranger: Database, store: ObjectStore
) -> None:
    mark = await ownership.claim(database, store)
    assert await ownership.claim(database, store) == mark
    with pytest.raises(ForeignStore, match="belongs to another database"):
        await ownership.claim(stranger, store)


async def test_of_two_first_starts_at_once_one_gets_it(
    database: Database, stranger: Database, store: ObjectStore
) -> None:
    both = (ownership.claim(each, store) for each in (database, stranger))
    outcomes = await asyncio.gather(*both, return_exceptions=True)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["ForeignStore", "Mark"]


@pytest.mark.parametrize("is_marked", [True, False], ids=["marked", "from before the mark"])
async def test_an_empty_database_on_a_full_store_removes_nothing(
    us: Owner, stranger: Database, store: ObjectStore, *, is_marked: bool
) -> None:
    if is_marked:
        await ownership.claim(us.database, store)
    waiting = await us.create()
    await store.put_bytes(ObjectKey(f"videos/{waiting.id}/source.mp4"), b"x")
    await store.put_bytes(ObjectKey(f"characters/{videos.new_id()}/portrait.webp"), b"x")
    await film(us, store)
    before = await keys(store)
    with pytest.raises(ForeignStore):
        await remove_orphans(stranger, store=store, older_than=AT_ONCE)
    assert await retention.remove_expired(stranger, store=store) == 0
    assert await keys(store) == before


async def test_a_store_from_before_the_mark_is_taken_by_who_knows_every_folder(
    us: Owner, stranger: Database, store: ObjectStore
) -> None:
    key = await film(us, store)
    assert await remove_orphans(us.database, store=store, older_than=AT_ONCE) == 0
    assert await keys(store) == {key, MARK}
    with pytest.raises(ForeignStore, match="belongs to another database"):
        await ownership.claim(stranger, store)


async def test_a_store_from_before_the_mark_with_one_strange_folder_is_left_to_a_person(
    us: Owner, store: ObjectStore
) -> None:
    key = await film(us, store)
    strange = f"videos/{videos.new_id()}/source.mp4"
    await store.put_bytes(ObjectKey(strange), b"x")
    with pytest.raises(ForeignStore, match="not marked"):
        await remove_orphans(us.database, store=store, older_than=AT_ONCE)
    assert await keys(store) == {key, strange}
    await ownership.adopt(us.database, store)
    assert await remove_orphans(us.database, store=store, older_than=AT_ONCE) == 1
    assert await keys(store) == {key, MARK}


async def test_a_copy_of_the_database_is_another(
    us: Owner, store: ObjectStore, postgres: EmbeddedPostgres
) -> None:
    """Staging made of production's dump, with production's bucket in its settings."""
    await ownership.claim(us.database, store)
    key = await film(us, store)
    name = f"copy_{secrets.token_hex(4)}"
    original = us.database.dsn.rpartition("/")[2].partition("?")[0]
    await us.database.aclose()  # who is copied must have no connections
    administrator = await asyncpg.connect(postgres.dsn)
    try:
        await administrator.execute(f"create database {name} template {original}")
        copy = await Database.open(postgres.dsn_of(name))
        with pytest.raises(ForeignStore, match="a copy of"):
            await remove_orphans(copy, store=store, older_than=AT_ONCE)
        await copy.aclose()
        await administrator.execute(f"drop database {name} with (force)")
    finally:
        await administrator.close()
    assert key in await keys(store)


async def test_who_adopts_a_store_has_it_and_who_had_it_has_not(
    database: Database, stranger: Database, store: ObjectStore
) -> None:
    await ownership.claim(database, store)
    await ownership.adopt(stranger, store)
    await ownership.claim(stranger, store)
    with pytest.raises(ForeignStore):
        await ownership.claim(database, store)


async def test_objects_of_other_programs_hinder_nobody_and_stay(
    database: Database, store: ObjectStore
) -> None:
    holiday = ObjectKey("videos/holiday/beach.mp4")
    await store.put_bytes(holiday, b"x")
    assert await remove_orphans(database, store=store, older_than=AT_ONCE) == 0
    assert await keys(store) == {holiday, MARK}


async def test_a_mark_that_cannot_be_read_is_anothers(
    database: Database, store: ObjectStore
) -> None:
    await store.put_bytes(MARK, b"\xff\xfe")
    with pytest.raises(ForeignStore):
        await remove_orphans(database, store=store, older_than=AT_ONCE)


async def test_a_database_may_refuse_to_name_its_cluster(database: Database) -> None:
    role = f"plain_{uuid4().hex}"
    async with database.transaction() as connection:
        await connection.execute(
            f"create role {role}; grant select on installation to {role};"
            "revoke execute on function pg_control_system() from public;"
        )
    async with database.connection() as connection:
        named = await installation.identity(connection)
        await connection.execute(f"set role {role}")
        unnamed = await installation.identity(connection)
        await connection.execute("reset role")
        await connection.execute(
            f"grant execute on function pg_control_system() to public; drop owned by {role}; drop role {role}"
        )
    assert [*named.split(".")][::2] == [*unnamed.split(".")][::2]
    assert unnamed.split(".")[1] == "0"
