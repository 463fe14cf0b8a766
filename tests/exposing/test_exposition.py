"""What is scraped: its form, its names, and what it costs others."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path

import httpx2
import pytest
from prometheus_client.openmetrics.parser import (
    text_string_to_metric_families as read_openmetrics,
)
from prometheus_client.parser import text_string_to_metric_families as read_text

from filmgate.database.connection import Database
from filmgate.exposing.listener import Exposition, exposing, listen
from filmgate.metrics import counts
from filmgate.usecases.depths import Depths, measure
from filmgate.usecases.shared import Shared

REFERENCE = Path(__file__).parents[2] / "docs/metrics.md"
Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def depths_of(database: Database) -> Shared[Depths | None]:
    return Shared(partial(measure, database, ["scenes"]), good_for=timedelta(0))


@asynccontextmanager
async def scraping(depths: Shared[Depths | None]) -> AsyncIterator[httpx2.AsyncClient]:
    transport = httpx2.ASGITransport(Exposition(depths))
    async with httpx2.AsyncClient(transport=transport, base_url="http://x") as client:
        yield client


async def samples(client: httpx2.AsyncClient) -> Samples:
    answer = await client.get("/metrics")
    assert answer.status_code == 200
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in read_text(answer.text)
        for sample in family.samples
    }


def named(name: str, **labels: str) -> tuple[str, frozenset[tuple[str, str]]]:
    return name, frozenset(labels.items())


async def test_what_was_counted_is_told(database: Database) -> None:
    seen = counts.requests.of(route="/told", method="GET", status=200)
    seen.note(0.003)
    seen.note(7.0)
    async with scraping(depths_of(database)) as client:
        told = await samples(client)
    assert (
        told[named("filmgate_http_requests_total", route="/told", method="GET", status="200")] == 2
    )
    bucket = partial(named, "filmgate_http_request_seconds_bucket", route="/told", method="GET")
    assert [told[bucket(le=le)] for le in ("0.0025", "0.005", "5.0", "10.0", "+Inf")] == [
        0,
        1,
        1,
        2,
        2,
    ]
    assert told[named("filmgate_http_request_seconds_sum", route="/told", method="GET")] == 7.003
    assert told[named("filmgate_http_request_seconds_count", route="/told", method="GET")] == 2


async def test_the_process_and_the_whole_system_are_told_of(database: Database) -> None:
    async with scraping(depths_of(database)) as client:
        told = await samples(client)
    assert told[named("filmgate_database_up")] == 1
    assert told[named("filmgate_videos_queued", engine="scenes")] == 0
    assert told[named("filmgate_heartbeats_missed_total")] >= 0
    assert told[named("process_resident_memory_bytes")] > 1_000_000


async def test_a_scrape_succeeds_while_the_database_is_away(dsn: str) -> None:
    away = await Database.open(dsn)
    await away.aclose()
    async with scraping(depths_of(away)) as client:
        told = await samples(client)
    assert told[named("filmgate_database_up")] == 0
    assert named("filmgate_videos_queued", engine="scenes") not in told


async def test_who_asks_for_openmetrics_gets_them(database: Database) -> None:
    accept = "application/openmetrics-text; version=1.0.0"
    async with scraping(depths_of(database)) as client:
        answer = await client.get("/metrics", headers={"accept": accept})
    assert answer.headers["content-type"].startswith("application/openmetrics-text")
    families = {family.name: family.type for family in read_openmetrics(answer.text)}  # type: ignore[no-untyped-call]
    assert families["filmgate_http_requests"] == "counter"
    assert families["filmgate_http_request_seconds"] == "histogram"


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/"), ("GET", "/v1/videos"), ("POST", "/metrics")]
)
async def test_nothing_else_is_at_this_address(database: Database, method: str, path: str) -> None:
    async with scraping(depths_of(database)) as client:
        answer = await client.request(method, path)
    assert answer.status_code == 404


async def test_the_reference_explains_every_name_and_no_other(database: Database) -> None:
    async with scraping(depths_of(database)) as client:
        text = (await client.get("/metrics")).text
    exposed = set(re.findall(r"^# TYPE (filmgate_\w+)", text, re.MULTILINE))
    rows = re.findall(
        r"^\| `(filmgate_\w+)` \| (\w+) \|\s*([\w, ]*?)\s*\|", REFERENCE.read_text(), re.MULTILINE
    )
    assert exposed == {name for name, _, _ in rows}
    kinds = dict(re.findall(r"^# TYPE (filmgate_\w+) (\w+)", text, re.MULTILINE))
    assert kinds == {name: kind for name, kind, _ in rows}
    labels = {name: labels.split(", ") if labels.strip() else [] for name, _, labels in rows}
    assert all(sorted(labels[each.name]) == sorted(each.labels) for each in counts.ALL)


async def test_scrapes_are_answered_at_an_address_of_their_own(database: Database) -> None:
    with listen("127.0.0.1", 0) as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        async with exposing(listening, depths_of(database)), httpx2.AsyncClient() as client:
            assert "filmgate_database_up 1.0" in (await client.get(f"{url}/metrics")).text
    async with httpx2.AsyncClient() as client:
        with pytest.raises(httpx2.ConnectError):
            await client.get(f"{url}/metrics")
