"""Alive, and ready: what an orchestrator asks."""

import asyncio
import shutil
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import httpx2

from filmgate.database.connection import Database
from filmgate.http.app import build_app
from filmgate.http.health import Health
from filmgate.http.routing import Routing
from filmgate.http.services import Services
from tests.http.stage import IdleEngine


@dataclass
class AskedEngine(IdleEngine):
    """Knows how often it was asked whether it could."""

    checks: int = 0

    async def check(self) -> None:
        self.checks += 1
        await super().check()


async def readiness(services: Services) -> httpx2.Response:
    transport = httpx2.ASGITransport(build_app(services))
    async with httpx2.AsyncClient(transport=transport, base_url="http://x") as client:
        return await client.get("/readyz")


async def test_a_process_that_answers_is_alive(anonymous: httpx2.AsyncClient) -> None:
    answer = await anonymous.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


async def test_ready_names_every_part(anonymous: httpx2.AsyncClient) -> None:
    answer = await anonymous.get("/readyz")
    assert answer.status_code == 200
    assert answer.json() == {
        "status": "ready",
        "database": "ok",
        "storage": "ok",
        "store": "a local folder",
        "engines": {"scenes": "ok"},
    }


async def test_one_engine_is_enough(services: Services, engine: IdleEngine) -> None:
    answer = await readiness(
        replace(services, engines={"scenes": engine, "other": IdleEngine(is_away=True)})
    )
    assert answer.status_code == 200
    assert answer.json()["engines"] == {"scenes": "ok", "other": "The engine is away."}


async def test_no_engine_is_not_ready(services: Services, engine: IdleEngine) -> None:
    engine.is_away = True
    answer = await readiness(services)
    assert (answer.status_code, answer.json()["status"]) == (503, "unavailable")
    assert answer.json()["engines"] == {"scenes": "The engine is away."}
    assert answer.headers["retry-after"] == "5"


async def test_a_missing_folder_of_objects_is_not_ready(
    services: Services, store_folder: Path
) -> None:
    shutil.rmtree(store_folder)
    answer = await readiness(services)
    assert answer.status_code == 503
    assert (answer.json()["database"], answer.json()["storage"] != "ok") == ("ok", True)


async def test_a_database_that_is_away_is_not_ready(services: Services, dsn: str) -> None:
    away = await Database.open(dsn)
    await away.aclose()
    answer = await readiness(replace(services, database=away))
    assert answer.status_code == 503
    assert (answer.json()["storage"], answer.json()["database"] != "ok") == ("ok", True)


async def test_many_who_ask_at_once_are_told_what_one_found_out(services: Services) -> None:
    engine = AskedEngine()
    health = Health(replace(services, engines={"scenes": engine}), good_for=timedelta(hours=1))
    async with _asking(health) as client:
        answers = await asyncio.gather(*(client.get("/readyz") for _ in range(20)))
    assert {answer.status_code for answer in answers} == {200}
    assert engine.checks == 1


async def test_a_verdict_is_found_anew_when_its_time_is_over(services: Services) -> None:
    engine = AskedEngine()
    health = Health(replace(services, engines={"scenes": engine}), good_for=timedelta(0))
    async with _asking(health) as client:
        assert (await client.get("/readyz")).status_code == 200
        engine.is_away = True
        assert (await client.get("/readyz")).status_code == 503


def _asking(health: Health) -> httpx2.AsyncClient:
    transport = httpx2.ASGITransport(Routing(health.endpoints()))
    return httpx2.AsyncClient(transport=transport, base_url="http://x")
