"""Signed links over HTTP: good as we wrote them, to the bit, for their day and their video, and never else."""

import asyncio
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from urllib.parse import quote, urlsplit

import httpx2
import pytest

from filmgate.core.spec import ObjectKey
from filmgate.http.app import build_app
from filmgate.http.services import Services
from filmgate.storage.links import LinkSigner
from tests.eventually import eventually
from tests.http.conftest import BASE_URL
from tests.http.live import live
from tests.http.stage import DAY, FILM, Stage

AT_ONCE = 8


async def finished(
    client: httpx2.AsyncClient, stage: Stage, *, at: datetime | None = None
) -> tuple[str, str]:
    """A video's id, and its link as a path and a query."""
    body = {"model": "sora-2", "prompt": "A cat"}
    wire_id = (await client.post("/sora/videos", json=body)).json()["id"]
    await stage.complete(wire_id, at=at)
    url = (await client.get(f"/v1/result/{wire_id}")).json()["video_url"]
    return wire_id, url.removeprefix(BASE_URL)


@pytest.fixture
async def wire_id_and_link(client: httpx2.AsyncClient, stage: Stage) -> tuple[str, str]:
    return await finished(client, stage)


@pytest.fixture
def wire_id(wire_id_and_link: tuple[str, str]) -> str:
    return wire_id_and_link[0]


@pytest.fixture
def link(wire_id_and_link: tuple[str, str]) -> str:
    return wire_id_and_link[1]


async def sent_as_it_is(address: str, target: bytes) -> bytes:
    """The whole answer to a request for these bytes, whatever they are: clients would tidy them up."""
    host = urlsplit(address)
    async with asyncio.timeout(20):
        reader, writer = await asyncio.open_connection(host.hostname, host.port)
        try:
            writer.write(b"GET " + target + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            return await reader.read()
        finally:
            writer.close()
            await writer.wait_closed()


async def answers_at(address: str) -> bool:
    """A server's socket has its address some moments before anybody listens."""
    try:
        return status_of(await sent_as_it_is(address, b"/healthz")) == 200
    except ConnectionRefusedError:
        return False


def status_of(answer: bytes) -> int:
    match = re.match(rb"HTTP/1\.1 (\d{3}) ", answer)
    assert match is not None, answer[:100]
    return int(match[1])


async def test_no_bit_of_a_link_can_be_changed(services: Services, link: str) -> None:
    whole = link.encode("ascii")
    flipped = [
        whole[:place] + bytes([whole[place] ^ 1 << bit]) + whole[place + 1 :]
        for place in range(len(whole))
        for bit in range(8)
    ]
    answers: dict[bytes, int] = {}
    async with live(services) as address:
        await eventually(partial(answers_at, address))
        assert status_of(await sent_as_it_is(address, whole)) == 200

        async def send_each() -> None:
            while flipped:
                target = flipped.pop()
                answer = await sent_as_it_is(address, target)
                assert FILM[:32] not in answer, target
                answers[target] = status_of(answer)

        async with asyncio.TaskGroup() as group:
            for _ in range(AT_ONCE):
                group.create_task(send_each())
    assert len(answers) == 8 * len(whole)
    # 400: no HTTP any more. 404: not below /files any more.
    assert {
        target: status for target, status in answers.items() if status not in (400, 403, 404)
    } == {}
    beyond_prefix = [target for target in answers if target.startswith(b"/files/")]
    assert {answers[target] for target in beyond_prefix} <= {400, 403}


def _query(link: str) -> str:
    return link.partition("?")[2]


def _signature(link: str) -> str:
    return link.rpartition("=")[2]


def _with_expiry(link: str, change: Callable[[int], object]) -> str:
    return re.sub(r"expires=(\d+)", lambda match: f"expires={change(int(match[1]))}", link)


def _encoded(text: str) -> str:
    return "".join(f"%{ord(letter):02x}" for letter in text)


ALTERED: dict[str, Callable[[str], str]] = {
    "a later end": lambda link: _with_expiry(link, lambda at: at + 1),
    "an earlier end": lambda link: _with_expiry(link, lambda at: at - 1),
    "an end far away": lambda link: _with_expiry(link, lambda at: "9" * 12),
    "no end": lambda link: _with_expiry(link, lambda at: ""),
    "an end with a plus": lambda link: _with_expiry(link, lambda at: f"+{at}"),
    "an end with a zero": lambda link: _with_expiry(link, lambda at: f"0{at}"),
    "an end with a fraction": lambda link: _with_expiry(link, lambda at: f"{at}.0"),
    "an end in hex": lambda link: _with_expiry(link, hex),
    "an unknown key id": lambda link: link.replace("kid=k1", "kid=k9"),
    "no key id": lambda link: link.replace("kid=k1", "kid="),
    "another version": lambda link: link.replace("v=1&", "v=2&"),
    "no version": lambda link: link.replace("v=1&", ""),
    "no signature": lambda link: link.removesuffix(_signature(link)),
    "half a signature": lambda link: link[:-20],
    "a padded signature": lambda link: link + "=",
    "a signature in another alphabet": lambda link: link.replace("-", "+").replace("_", "/") + "+",
    "a signature in lower case": lambda link: link.replace(_signature(link), _signature(link).lower() + "A"),
    "an empty query": lambda link: link.partition("?")[0],
    "an end named twice": lambda link: f"{link}&expires=9999999999",
    "an end named first": lambda link: link.replace("?", "?expires=9999999999&"),
    "a signature named twice": lambda link: f"{link}&signature={_signature(link)}",
    "something more": lambda link: f"{link}&download=1",
    "an empty pair more": lambda link: f"{link}&",
    "another order": lambda link: link.replace(_query(link), "&".join(reversed(_query(link).split("&")))),
    "names in capitals": lambda link: link.replace("expires", "EXPIRES"),
    "semicolons": lambda link: link.replace("&", ";"),
    "an encoded value": lambda link: link.replace("kid=k1", "kid=%6b1"),
    "an encoded name": lambda link: link.replace("kid=", "%6bid="),
    "an encoded ampersand": lambda link: link.replace("&kid", "%26kid"),
    "another attempt": lambda link: link.replace("/1/video", "/2/video"),
    "another attempt with a zero": lambda link: link.replace("/1/video", "/01/video"),
    "the thumbnail": lambda link: link.replace("video.mp4", "thumbnail.webp"),
    "the contact sheet": lambda link: link.replace("video.mp4", "spritesheet.jpg"),
    "another name": lambda link: link.replace("video.mp4", "source.mp4"),
    "a reference": lambda link: link.replace("1/video.mp4", "references/0.webp"),
    "the folder": lambda link: link.replace("video.mp4", ""),
    "capitals in the path": lambda link: link.replace("/videos/", "/VIDEOS/"),
    "capitals at its end": lambda link: link.replace("video.mp4", "video.MP4"),
    "a dot at its end": lambda link: link.replace("video.mp4", "video.mp4."),
    "a slash at its end": lambda link: link.replace("video.mp4", "video.mp4/"),
    "a slash twice": lambda link: link.replace("/videos/", "//videos/"),
    "a way round": lambda link: link.replace("/1/video", "/x/%2e%2e/1/video"),
    "a way round, half encoded": lambda link: link.replace("/1/video", "/x/.%2e/1/video"),
    "a way round, with a backslash": lambda link: link.replace("/1/video", "/x/..%5c1/video"),
    "a way out": lambda link: link.replace("/files/videos", "/files/%2e%2e/%2e%2e/videos"),
    "a way out, encoded twice": lambda link: link.replace("/files/", "/files/%252e%252e%252f"),
    "a way to the system": lambda link: f"/files/%2fetc%2fpasswd?{_query(link)}",
    "a NUL": lambda link: link.replace("video.mp4", "video.mp4%00"),
    "a line break": lambda link: link.replace("video.mp4", "video.mp4%0a"),
    "an encoded letter": lambda link: link.replace("/videos/", "/%76ideos/"),
    "an encoded slash": lambda link: link.replace("/1/video", "%2f1%2fvideo"),
    "all encoded": lambda link: "/files/" + _encoded(link[7:].partition("?")[0]) + f"?{_query(link)}",
    "a letter of full width": lambda link: link.replace("/videos/", f"/{quote(chr(0xFF56))}ideos/"),
}  # fmt: skip
"""Each is one way to make another link out of a good one."""


@pytest.mark.parametrize("name", ALTERED)
async def test_an_altered_link_opens_nothing(
    name: str, link: str, anonymous: httpx2.AsyncClient
) -> None:
    altered = ALTERED[name](link)
    assert altered != link
    for method, headers in (("GET", {}), ("HEAD", {}), ("GET", {"range": "bytes=0-9"})):
        answer = await anonymous.request(method, altered, headers=headers)
        assert answer.status_code == 403, answer.text
        assert "content-range" not in answer.headers
        assert "etag" not in answer.headers
        if method == "GET":
            assert answer.json()["error"]["code"] == "invalid_signature"


async def test_parts_of_two_good_links_make_no_third(
    client: httpx2.AsyncClient, anonymous: httpx2.AsyncClient, stage: Stage, link: str
) -> None:
    _, other = await finished(client, stage, at=datetime.now(UTC) - timedelta(hours=1))
    path, _, query = link.partition("?")
    other_path, _, other_query = other.partition("?")
    swapped = [
        f"{path}?{other_query}",
        f"{other_path}?{query}",
        link.replace(_signature(link), _signature(other)),
        _with_expiry(link, lambda _: re.findall(r"expires=(\d+)", other)[0]),
    ]
    assert [(await anonymous.get(each)).status_code for each in (link, other)] == [200, 200]
    assert [(await anonymous.get(each)).status_code for each in swapped] == [403] * 4


async def test_a_link_of_a_retired_or_another_key_opens_nothing(
    services: Services, link: str
) -> None:
    secrets = {"k1": bytes(range(1, 33)), "k2": bytes(range(32))}
    for known, current in (({"k2": secrets["k2"]}, "k2"), (secrets, "k2"), (secrets, "k1")):
        app = build_app(replace(services, signer=LinkSigner(known, current=current)))
        transport = httpx2.ASGITransport(app)
        async with httpx2.AsyncClient(transport=transport, base_url=BASE_URL) as client:
            for asked in (link, link.replace("kid=k1", "kid=k2")):
                assert (await client.get(asked)).status_code == 403


async def test_when_its_day_is_over_a_link_is_gone_and_a_forged_one_still_forged(
    client: httpx2.AsyncClient, anonymous: httpx2.AsyncClient, stage: Stage
) -> None:
    _, link = await finished(client, stage, at=datetime.now(UTC) - DAY)
    for method in ("GET", "HEAD"):
        assert (await anonymous.request(method, link)).status_code == 410
        longer = _with_expiry(link, lambda at: at + 86_400)
        assert (await anonymous.request(method, longer)).status_code == 403


async def test_a_link_that_was_signed_for_longer_than_the_video_is_kept_ends_with_it(
    client: httpx2.AsyncClient, anonymous: httpx2.AsyncClient, stage: Stage, signer: LinkSigner
) -> None:
    _, link = await finished(client, stage, at=datetime.now(UTC) - DAY)
    key = ObjectKey(link.partition("?")[0].removeprefix("/files/"))
    longer = signer.sign(key, expires_at=datetime.now(UTC) + DAY)
    answer = await anonymous.get(longer)
    assert (answer.status_code, answer.json()["error"]["code"]) == (410, "video_expired")


async def test_after_its_video_was_deleted_a_link_opens_nothing(
    client: httpx2.AsyncClient, anonymous: httpx2.AsyncClient, wire_id: str, link: str
) -> None:
    assert (await anonymous.get(link)).content == FILM
    await client.delete(f"/v1/videos/{wire_id}")
    for headers in ({}, {"range": "bytes=0-9"}, {"if-none-match": "*"}):
        answer = await anonymous.get(link, headers=headers)
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "video_not_found")
    assert (await anonymous.head(link)).status_code == 404


async def test_a_link_leads_to_the_film_and_to_nothing_beside_it(
    client: httpx2.AsyncClient,
    anonymous: httpx2.AsyncClient,
    signer: LinkSigner,
    stage: Stage,
    wire_id: str,
) -> None:
    video_id = wire_id.removeprefix("sora_")
    beside = [
        f"videos/{video_id}/1/thumbnail.webp",
        f"videos/{video_id}/1/spritesheet.jpg",
        f"videos/{video_id}/references/0.webp",
        f"videos/{video_id}/source.mp4",
        f"characters/{video_id}/portrait.webp",
    ]
    for key in map(ObjectKey, beside):
        await stage.store.put_bytes(key, b"not for strangers")
        answer = await anonymous.get(signer.sign(key, expires_at=datetime.now(UTC) + DAY))
        assert answer.status_code == 404, key


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
async def test_a_link_is_for_reading_only(
    method: str, anonymous: httpx2.AsyncClient, link: str
) -> None:
    answer = await anonymous.request(method, link)
    assert answer.status_code == 405
    assert (await anonymous.get(link)).content == FILM


async def test_a_key_does_not_open_what_a_signature_has_to(
    client: httpx2.AsyncClient, link: str
) -> None:
    assert (await client.get(link.partition("?")[0])).status_code == 403
