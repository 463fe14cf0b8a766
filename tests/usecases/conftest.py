"""Values that the use cases are tried with."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from filmgate.core.account import AccountId, Caller
from filmgate.core.candidate import Candidate
from filmgate.core.idempotency import Claim
from filmgate.core.spec import Size, VideoSpec
from filmgate.core.video import Dialect, Video
from filmgate.database.connection import Database
from filmgate.storage.local import LocalObjectStore
from filmgate.usecases import accounts, videos
from filmgate.usecases.acceptance import Acceptance
from tests.creating import create, running

SPEC = VideoSpec(
    model="sora-2", engine="scenes", prompt="A cat", size=Size(1280, 720), seconds=8, seed=7
)


@dataclass(frozen=True)
class Owner:
    """An account, and what it does in tests."""

    database: Database
    caller: Caller

    @property
    def account_id(self) -> AccountId:
        return self.caller.account_id

    async def create(self, spec: VideoSpec = SPEC, *, price_per_second: int | None = None) -> Video:
        return await create(
            self.database,
            spec,
            video_id=videos.new_id(),
            caller=self.caller,
            dialect=Dialect.RELAY,
            price_per_second=price_per_second,
        )

    def candidate(
        self, spec: VideoSpec = SPEC, *, price_per_second: int | None = None, key: str | None = None
    ) -> Candidate:
        """What `create` would create, before anybody has seen it."""
        return Candidate(
            video_id=videos.new_id(),
            spec=spec,
            caller=self.caller,
            dialect=Dialect.RELAY,
            price_per_second=price_per_second,
            claim=Claim.new(self.account_id, key, fingerprint=b"a cat") if key else None,
        )

    async def change(self, **columns: object) -> None:
        """Of the account's row, behind everybody's back."""
        names = ", ".join(f"{name} = ${number}" for number, name in enumerate(columns, 2))
        async with self.database.connection() as connection:
            await connection.execute(
                f"update account set {names} where id = $1", self.account_id, *columns.values()
            )

    async def retrieve(self, video: Video) -> Video:
        return await videos.retrieve(self.database, video.id, account_id=self.account_id)


async def open_account(database: Database, name: str, **columns: object) -> Owner:
    """Another account, with these limits."""
    _, key = await accounts.create_key(database, account=name, name="test")
    owner = Owner(database, Caller(key.account_id, key.id))
    if columns:
        await owner.change(**columns)
    return owner


@pytest.fixture
def us(database: Database, caller: Caller) -> Owner:
    return Owner(database, caller)


@pytest.fixture
def them(database: Database, other_caller: Caller) -> Owner:
    return Owner(database, other_caller)


@pytest.fixture
def store(tmp_path: Path) -> LocalObjectStore:
    return LocalObjectStore(tmp_path / "objects")


@pytest.fixture
async def acceptance(database: Database) -> AsyncIterator[Acceptance]:
    """As in a server."""
    async with running(Acceptance(database)) as acceptance:
        yield acceptance
