"""Values that the use cases are tried with."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from filmgate.core.account import AccountId, Caller
from filmgate.core.spec import Size, VideoSpec
from filmgate.core.video import Dialect, Video
from filmgate.database.connection import Database
from filmgate.storage.local import LocalObjectStore
from filmgate.usecases import videos

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
        return await videos.create(
            self.database,
            spec,
            video_id=videos.new_id(),
            caller=self.caller,
            dialect=Dialect.RELAY,
            price_per_second=price_per_second,
        )

    async def retrieve(self, video: Video) -> Video:
        return await videos.retrieve(self.database, video.id, account_id=self.account_id)


@pytest.fixture
def us(database: Database, caller: Caller) -> Owner:
    return Owner(database, caller)


@pytest.fixture
def them(database: Database, other_caller: Caller) -> Owner:
    return Owner(database, other_caller)


@pytest.fixture
def store(tmp_path: Path) -> LocalObjectStore:
    return LocalObjectStore(tmp_path / "objects")
