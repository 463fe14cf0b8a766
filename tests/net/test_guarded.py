"""What the guarded client takes from a host that it may dial: small plain bodies, soon."""

import asyncio
import gzip

import pytest

from filmgate.net.errors import FetchFailed, FetchTooLarge
from filmgate.net.guarded import GuardedClient
from tests.net.internet import LIMIT, PUBLIC, Answer, Internet, fetch, ok, open_client, redirect


async def test_a_public_picture_is_fetched(client: GuardedClient, internet: Internet) -> None:
    internet.answers["/a.png"] = ok(b"picture")
    assert await fetch(client) == b"picture"
    assert internet.dialled == [(PUBLIC, 80)]


async def test_the_request_says_who_asks_and_nothing_of_us(
    client: GuardedClient, internet: Internet
) -> None:
    internet.answers["/a.png?x=1"] = ok()
    await fetch(client, "http://pictures.example/a.png?x=1#part")
    head = internet.heads[0].lower()
    assert head.startswith("get /a.png?x=1 http/1.1\r\nhost: pictures.example\r\n")
    assert "user-agent: filmgate\r\n" in head
    assert "accept-encoding: identity\r\n" in head
    assert "authorization" not in head


async def test_a_redirect_is_followed(client: GuardedClient, internet: Internet) -> None:
    internet.answers["/a.png"] = redirect("/c.png", status="308 Permanent Redirect")
    internet.answers["/c.png"] = redirect("../d/e.png")
    internet.answers["/d/e.png"] = ok(b"moved")
    assert await fetch(client) == b"moved"


async def test_three_redirects_are_followed_and_no_more(
    client: GuardedClient, internet: Internet
) -> None:
    for number in range(9):
        internet.answers[f"/{number}"] = redirect(f"/{number + 1}")
    internet.answers["/9"] = ok()
    assert await fetch(client, "http://pictures.example/6") == b"picture"
    with pytest.raises(FetchFailed, match="more than 3"):
        await fetch(client, "http://pictures.example/5")


async def test_a_redirect_loop_ends(client: GuardedClient, internet: Internet) -> None:
    internet.answers["/a.png"] = redirect("/a.png")
    with pytest.raises(FetchFailed, match="more than 3"):
        await fetch(client)
    assert len(internet.heads) == 4


async def test_a_redirect_s_own_body_is_not_read(client: GuardedClient, internet: Internet) -> None:
    async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 302 Found\r\nLocation: /b.png\r\n\r\n")
        while True:
            writer.write(bytes(65536))
            await writer.drain()

    internet.answers["/a.png"] = flood
    internet.answers["/b.png"] = ok()
    assert await fetch(client) == b"picture"


async def test_no_cookie_goes_from_one_fetch_to_the_next(
    client: GuardedClient, internet: Internet
) -> None:
    internet.answers["/a.png"] = ok(headers="Set-Cookie: who=you; Path=/\r\n")
    await fetch(client)
    await fetch(client)
    assert not any("cookie" in head.lower() for head in internet.heads)


async def test_a_body_of_just_the_limit_is_fetched(
    client: GuardedClient, internet: Internet
) -> None:
    internet.answers["/a.png"] = ok(bytes(LIMIT))
    assert await fetch(client) == bytes(LIMIT)


async def test_a_body_that_is_declared_too_large_is_not_read(
    client: GuardedClient, internet: Internet
) -> None:
    internet.answers["/a.png"] = f"HTTP/1.1 200 OK\r\nContent-Length: {LIMIT + 1}\r\n\r\n".encode()
    with pytest.raises(FetchTooLarge, match="1000 bytes"):
        await fetch(client)


async def test_a_body_without_a_length_is_cut_off_at_the_limit(
    client: GuardedClient, internet: Internet
) -> None:
    async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            writer.write(b"100\r\n" + bytes(256) + b"\r\n")
            await writer.drain()

    internet.answers["/a.png"] = endless
    with pytest.raises(FetchTooLarge):
        await fetch(client)


async def _drip_body(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n")
    await _drip(writer)


async def _drip_head(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nX: ")
    await _drip(writer)


async def _drip(writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.01)


async def _silence(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()


async def _say_continue(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n" * 100)
        await writer.drain()


async def _drip_empty_chunks(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        writer.write(b"1;" + b"x" * 1000 + b"\r\nx\r\n")
        await writer.drain()
        await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    "answer", [_drip_body, _drip_head, _silence, _say_continue, _drip_empty_chunks]
)
async def test_a_host_that_keeps_us_waiting_is_given_up(internet: Internet, answer: Answer) -> None:
    internet.answers["/a.png"] = answer
    async with open_client(internet, seconds=0.2) as client:
        with pytest.raises(FetchFailed, match=r"longer than 0\.2 seconds"):
            await fetch(client)


async def test_the_clock_runs_on_over_redirects(internet: Internet) -> None:
    async def late(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.15)
        writer.write(redirect("/a.png"))

    internet.answers["/a.png"] = late
    async with open_client(internet, seconds=0.4) as client:
        with pytest.raises(FetchFailed, match="longer than"):
            await fetch(client)


@pytest.mark.parametrize(
    "encoding", ["gzip", "GZIP", "br", "zstd", "deflate", "identity, gzip", "x"]
)
async def test_an_encoded_body_is_refused_undecoded(
    client: GuardedClient, internet: Internet, encoding: str
) -> None:
    headers = f"Content-Encoding: {encoding}\r\n"
    internet.answers["/a.png"] = ok(gzip.compress(bytes(10_000)), headers=headers)
    with pytest.raises(FetchFailed, match="encoded"):
        await fetch(client)


@pytest.mark.parametrize("status", ["404 Not Found", "500 Oops", "304 Not Modified", "301 Moved"])
async def test_an_answer_that_is_not_2xx_has_failed(
    client: GuardedClient, internet: Internet, status: str
) -> None:
    internet.answers["/a.png"] = f"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n".encode()
    with pytest.raises(FetchFailed, match=f"status {status[:3]}"):
        await fetch(client)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"SSH-2.0-OpenSSH_9.9\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * 200_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 50_000 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;" + b"x" * 200_000,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: " + b"x" * 200_000,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"f" * 20 + b"\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
    ],
    ids=[
        "nothing",
        "ssh",
        "short",
        "long length",
        "bad chunk",
        "large head",
        "very many headers",
        "negative length",
        "two lengths",
        "packed in transfer",
        "endless chunk head",
        "endless trailer",
        "huge chunk",
        "another protocol",
    ],
)
async def test_an_answer_that_is_not_http_has_failed(
    client: GuardedClient, internet: Internet, answer: bytes
) -> None:
    internet.answers["/a.png"] = answer
    with pytest.raises(FetchFailed):
        await fetch(client)


async def test_proxies_of_the_environment_are_not_used(
    internet: Internet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    internet.answers["/a.png"] = ok()
    async with open_client(internet) as client:
        assert await fetch(client) == b"picture"


async def test_fetches_at_once_do_not_disturb_each_other(
    client: GuardedClient, internet: Internet
) -> None:
    for number in range(20):
        internet.answers[f"/{number}"] = ok(str(number).encode())
    async with asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(fetch(client, f"http://pictures.example/{number}"))
            for number in range(20)
        ]
    assert [task.result() for task in tasks] == [str(number).encode() for number in range(20)]
