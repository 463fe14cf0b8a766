"""What the guarded client posts, and what it makes of the answer: the status, and little more."""

import asyncio

import pytest

from filmgate.net.errors import FetchFailed, FetchRefused
from filmgate.net.guarded import GuardedClient, PostAnswer
from tests.net.internet import PUBLIC, Answer, Internet, ok, open_client, redirect

URL = "http://hooks.example/hook"
BODY = b'{"id":"evt_1"}'


async def post(client: GuardedClient, url: str = URL) -> PostAnswer:
    return await client.post(url, BODY, headers={"webhook-id": "evt_1"})


async def test_the_body_arrives_whole_with_its_headers(
    client: GuardedClient, internet: Internet
) -> None:
    received = []

    async def receive(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        received.append(await reader.readexactly(len(BODY)))
        writer.write(ok(b"thanks", headers="X-Thing: 7\r\n"))

    internet.answers["/hook"] = receive
    answer = await post(client)
    assert (answer.status, answer.headers["x-thing"]) == (200, "7")
    assert received == [BODY]
    head = internet.heads[0].lower()
    assert head.startswith("post /hook http/1.1\r\nhost: hooks.example\r\n")
    assert "webhook-id: evt_1\r\n" in head
    assert "user-agent: filmgate\r\n" in head
    assert f"content-length: {len(BODY)}\r\n" in head
    assert internet.dialled == [(PUBLIC, 80)]


async def test_a_redirect_is_an_answer_and_is_not_followed(
    client: GuardedClient, internet: Internet
) -> None:
    internet.answers["/hook"] = redirect("/elsewhere", status="307 Temporary Redirect")
    assert (await post(client)).status == 307
    assert len(internet.heads) == 1


@pytest.mark.parametrize("status", ["204 No Content", "410 Gone", "500 Oops"])
async def test_any_status_is_an_answer(
    client: GuardedClient, internet: Internet, status: str
) -> None:
    internet.answers["/hook"] = f"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n".encode()
    assert (await post(client)).status == int(status[:3])


async def _flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        writer.write(bytes(65536))
        await writer.drain()


async def _begin_and_fall_silent(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfive!")
    await reader.read()
    await asyncio.Future()


async def _break_off(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfive!")


@pytest.mark.parametrize("answer", [_flood, _begin_and_fall_silent, _break_off])
async def test_what_follows_the_head_does_not_matter(internet: Internet, answer: Answer) -> None:
    internet.answers["/hook"] = answer
    async with open_client(internet, seconds=0.3) as client:
        assert (await post(client)).status == 200


async def test_a_host_that_does_not_answer_has_failed(internet: Internet) -> None:
    async def be_silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        await asyncio.Future()

    internet.answers["/hook"] = be_silent
    async with open_client(internet, seconds=0.2) as client:
        with pytest.raises(FetchFailed, match=r"longer than 0\.2 seconds"):
            await post(client)


async def test_a_host_that_hangs_up_has_failed(client: GuardedClient, internet: Internet) -> None:
    internet.answers["/hook"] = b""
    with pytest.raises(FetchFailed):
        await post(client)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1/", "http://hooks.example:22/", "http://u:p@hooks.example/", "x"]
)
async def test_what_may_not_be_dialled_is_refused(
    client: GuardedClient, internet: Internet, url: str
) -> None:
    with pytest.raises(FetchRefused):
        await post(client, url)
    assert internet.dialled == []


async def test_a_name_that_leads_inside_is_refused(
    client: GuardedClient, internet: Internet
) -> None:
    internet.names["hooks.example"] = [["10.0.0.7"]]
    with pytest.raises(FetchRefused, match="at a private address, which is not dialled"):
        await post(client)
    assert internet.dialled == []
