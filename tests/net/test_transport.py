"""Any httpx2 client on the guarded transport is guarded, however it is set up."""

import asyncio
from collections.abc import AsyncIterator

import httpx2
import pytest

from filmgate.net.errors import FetchFailed, FetchRefused
from filmgate.net.transport import GuardedTransport
from tests.net.internet import PUBLIC, Internet, ok, redirect


@pytest.fixture
async def plain(internet: Internet) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of somebody who took no care."""
    transport = GuardedTransport(resolve=internet.resolve, connect=internet.connect)
    async with httpx2.AsyncClient(transport=transport, follow_redirects=True) as client:
        yield client


async def test_a_body_can_be_posted(plain: httpx2.AsyncClient, internet: Internet) -> None:
    internet.answers["/hook"] = ok(b"thanks")
    response = await plain.post("http://hooks.example/hook", json={"id": "evt_1"})
    assert response.content == b"thanks"
    assert internet.heads[0].startswith("POST /hook HTTP/1.1")
    assert internet.dialled == [(PUBLIC, 80)]


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1/", "http://hooks.example:22/", "ftp://a.example/"]
)
async def test_what_may_not_be_dialled_is_refused(
    plain: httpx2.AsyncClient, internet: Internet, url: str
) -> None:
    with pytest.raises(FetchRefused):
        await plain.post(url)
    assert internet.dialled == []


async def test_redirects_that_httpx2_follows_are_checked(
    plain: httpx2.AsyncClient, internet: Internet
) -> None:
    internet.answers["/a"] = redirect("http://169.254.169.254/latest/")
    with pytest.raises(FetchRefused, match="metadata"):
        await plain.get("http://hooks.example/a")


async def test_no_extension_leads_elsewhere(plain: httpx2.AsyncClient, internet: Internet) -> None:
    internet.answers["/a"] = ok()
    elsewhere = {"target": b"http://127.0.0.1/b", "sni_hostname": "inside.example"}
    await plain.get("http://hooks.example/a", extensions=elsewhere)
    assert internet.heads[0].startswith("GET /a HTTP/1.1")


async def test_a_time_out_is_a_failed_fetch(plain: httpx2.AsyncClient, internet: Internet) -> None:
    async def silence(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    internet.answers["/a"] = silence
    with pytest.raises(FetchFailed, match="too slowly"):
        await plain.get("http://hooks.example/a", timeout=0.1)


async def test_a_connection_that_is_reset_is_a_failed_fetch(
    plain: httpx2.AsyncClient, internet: Internet
) -> None:
    async def reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.transport.abort()

    internet.answers["/a"] = reset
    with pytest.raises(FetchFailed):
        await plain.get("http://hooks.example/a")
