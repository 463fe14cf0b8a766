"""What an account of ours has, and how each route is asked for it: what the tests of isolation go by."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any

import httpx2

from filmgate.core.spec import CharacterId
from filmgate.core.video import new_video_id
from filmgate.core.webhook import DeliveryAttempt, EndpointId, Schedule
from filmgate.database import characters as character_rows
from filmgate.database import deliveries as rows
from filmgate.database.connection import Database
from filmgate.usecases import characters, deliveries
from tests.http.stage import UNKNOWN, Stage

PROMPT = "A wish that is nobody else's business"
NAME = "Mittens the Unspoken"
HOOK = "https://hooks.example/only-we-know-this"


class Thing(StrEnum):
    """What a route can be asked for by its id; the value is the prefix of ids that never existed."""

    FINISHED = "video"
    WAITING = "video_"
    CHARACTER = "char"
    WEBHOOK = "we"
    DELIVERY = "whd"

    @property
    def unknown(self) -> str:
        return f"{self.removesuffix('_')}_{UNKNOWN}"


@dataclass(frozen=True, kw_only=True)
class Call:
    """A request that gives the owner what they want. `{id}` stands for the id of the `thing`."""

    route: str
    thing: Thing | None = None
    json: Mapping[str, Any] | None = None
    data: Mapping[str, str] | None = None
    params: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    has_film: bool = False
    is_endless: bool = False

    def __str__(self) -> str:
        words = [self.route, *self.params, *self.headers]
        return " ".join(words if self.thing is None else [*words, self.thing.name.lower()])

    async def ask(
        self, client: httpx2.AsyncClient, *, wire_id: str, film: bytes, below: str = ""
    ) -> httpx2.Response:
        """With the id written wherever the route wants one."""
        method, _, path = self.route.partition(" ")
        filled = _filled(self.__dict__, wire_id)
        return await client.request(
            method,
            below + _filled_path(path, wire_id),
            json=filled["json"],
            data=filled["data"],
            params=filled["params"],
            headers=filled["headers"],
            files={"video": film} if self.has_film else None,
        )


def _filled_path(path: str, wire_id: str) -> str:
    bare = wire_id.rpartition("_")[2]
    return path.replace("sora_{id}", f"sora_{bare}").replace("{id}", wire_id)


def _filled(value: Any, wire_id: str) -> Any:
    if isinstance(value, str):
        return value.replace("{id}", wire_id)
    if isinstance(value, Mapping):
        return {name: _filled(each, wire_id) for name, each in value.items()}
    if isinstance(value, list):
        return [_filled(each, wire_id) for each in value]
    return value


@dataclass(frozen=True)
class Belongings:
    """One of everything, and the ids by which clients ask for it."""

    ids: Mapping[Thing, str]

    def id_of(self, thing: Thing | None) -> str:
        return "" if thing is None else self.ids[thing]

    def traces_in(self, answer: httpx2.Response) -> list[str]:
        """What of ours the answer shows."""
        shown = answer.text + str(answer.headers)
        ours = [PROMPT, NAME, HOOK, *(wire_id.rpartition("_")[2] for wire_id in self.ids.values())]
        return [each for each in ours if each in shown]


async def acquire(
    client: httpx2.AsyncClient, stage: Stage, database: Database, *, film: bytes
) -> Belongings:
    """By the API where it can be had there, and by a worker's hand where not."""
    webhook_id = await _made(client, "/v1/webhooks", json={"url": HOOK})
    character_id = CharacterId(new_video_id(datetime.now(UTC)))
    cancelled_id, finished_id, waiting_id = [
        await _made(client, "/v1/videos", json={"prompt": PROMPT}) for _ in range(3)
    ]
    finished = await stage.complete(finished_id, film=film)
    await stage.store.put_bytes(characters.portrait_key(character_id), b"RIFF....WEBP")
    async with database.connection() as connection:
        await character_rows.insert(connection, character_id, finished.account_id, name=NAME)
    assert (await client.post(f"/v1/videos/{cancelled_id}/cancel")).status_code == 200
    await _deliver_all(database)
    (delivery,) = (await client.get(f"/v1/webhooks/{webhook_id}/deliveries")).json()["data"]
    return Belongings(
        {
            Thing.FINISHED: finished_id,
            Thing.WAITING: waiting_id,
            Thing.CHARACTER: f"char_{character_id}",
            Thing.WEBHOOK: webhook_id,
            Thing.DELIVERY: str(delivery["id"]),
        }
    )


async def everything(database: Database, folder: Path) -> dict[str, list[str]]:
    """Every row of every table, and every object with its content, but for when a key was last used."""
    async with database.connection() as connection:
        names = await connection.fetch(
            "select table_name from information_schema.tables where table_schema = 'public'"
        )
        tables = {
            str(name): [
                str(row[0])
                for row in await connection.fetch(
                    f"select to_jsonb(t) - 'last_used_at' from \"{name}\" t order by 1"
                )
            ]
            for (name,) in names
        }
    return tables | {"objects": _objects(folder)}


def _objects(folder: Path) -> list[str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return [f"{each} {hashlib.sha256(each.read_bytes()).hexdigest()}" for each in files]


async def _made(client: httpx2.AsyncClient, path: str, **body: Any) -> str:
    answer = await client.post(path, **body)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["id"])


async def _deliver_all(database: Database) -> None:
    async with database.connection() as connection:
        due = await rows.claim(
            connection,
            busy={},
            most=100,
            most_each=100,
            behind=EndpointId(""),
            hold_for=timedelta(minutes=1),
        )
    for held in due:
        attempt = DeliveryAttempt(
            at=held.held_at, status_code=200, error=None, duration=timedelta(milliseconds=5)
        )
        await deliveries.note(database, held, attempt, schedule=Schedule())
