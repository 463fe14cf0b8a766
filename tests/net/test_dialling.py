"""Where the guarded client connects, and where it never does, whatever a name or a redirect says."""

import asyncio
import ssl
from contextlib import aclosing
from ipaddress import ip_network

import httpcore2
import pytest

from filmgate.net.errors import FetchFailed, FetchRefused
from filmgate.net.guarded import GuardedClient
from tests.net.internet import PUBLIC, Internet, fetch, ok, open_client, redirect

LOOPBACK = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
OTHER = "93.184.215.15"
NEW = "2606:2800:21f:cb07:6820:80da:af6b:8b2c"


async def test_a_name_is_resolved_once_and_the_checked_address_dialled(
    client: GuardedClient, internet: Internet
) -> None:
    internet.answers["/a.png"] = ok()
    internet.names["pictures.example"] = [[PUBLIC], ["127.0.0.1"]]
    assert await fetch(client) == b"picture"
    assert internet.resolved == ["pictures.example"]
    assert internet.dialled == [(PUBLIC, 80)]


async def test_every_fetch_is_checked_again(client: GuardedClient, internet: Internet) -> None:
    internet.answers["/a.png"] = ok()
    internet.names["pictures.example"] = [[PUBLIC], ["127.0.0.1"]]
    await fetch(client)
    with pytest.raises(FetchRefused, match="loopback"):
        await fetch(client)
    assert internet.dialled == [(PUBLIC, 80)]


@pytest.mark.parametrize(
    "answers",
    [
        ["127.0.0.1"],
        [PUBLIC, "10.0.0.1"],
        ["10.0.0.1", PUBLIC],
        [PUBLIC, OTHER, "::ffff:169.254.169.254"],
        ["64:ff9b::7f00:1"],
        ["fe80::1%eth0"],
        ["0.0.0.0"],
    ],
)
async def test_a_name_with_one_bad_answer_is_refused(
    client: GuardedClient, internet: Internet, answers: list[str]
) -> None:
    internet.names["pictures.example"] = [answers]
    with pytest.raises(FetchRefused):
        await fetch(client)
    assert internet.dialled == []


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://127.0.0.1:80/",
        "http://127。0。0。1/",
        "http://0.0.0.0/",
        "http://10.1.2.3/",
        "http://100.64.0.1/",
        "http://169.254.169.254/latest/meta-data/",
        "http://172.16.0.1/",
        "http://192.168.0.1/",
        "http://224.0.0.1/",
        "http://255.255.255.255/",
        "https://[::]/",
        "https://[::1]/",
        "https://[0:0:0:0:0:0:0:1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[::ffff:7f00:1]/",
        "http://[::127.0.0.1]/",
        "http://[64:ff9b::127.0.0.1]/",
        "http://[2002:7f00:1::]/",
        "http://[2001:0:7f00:1:0:0:f7f7:f7f7]/",
        "http://[fd00:ec2::254]/",
        "http://[fe80::1%25eth0]/",
        "http://[fec0::1]/",
        "http://[ff02::1]/",
        f"http://{PUBLIC}:22/",
        f"http://{PUBLIC}:8080/",
        f"http://{PUBLIC}:-1/",
        f"http://{PUBLIC}:65616/",  # 80, to who keeps 16 bits of it
        "https://pictures.example:6379/",
    ],
)
async def test_an_address_or_port_that_is_not_the_web_s_is_refused(
    client: GuardedClient, internet: Internet, url: str
) -> None:
    with pytest.raises(FetchRefused):
        await fetch(client, url)
    assert internet.dialled == []


@pytest.mark.parametrize("url", ["http://2130706433/", "file:///etc/passwd", "http://u@h.example/"])
async def test_a_url_that_is_refused_by_its_text_is_not_resolved(
    client: GuardedClient, internet: Internet, url: str
) -> None:
    with pytest.raises(FetchRefused):
        await fetch(client, url)
    assert internet.resolved == []


async def test_a_refusal_does_not_tell_where_a_name_leads(
    client: GuardedClient, internet: Internet
) -> None:
    internet.names["pictures.example"] = [["10.20.30.40"]]
    with pytest.raises(FetchRefused) as caught:
        await fetch(client)
    assert "10.20.30.40" not in str(caught.value)


@pytest.mark.parametrize("url", ["http://localhost:8080/a.png", "http://127.0.0.1:8080/a.png"])
async def test_an_allowed_network_may_be_dialled_on_any_port(internet: Internet, url: str) -> None:
    internet.answers["/a.png"] = ok()
    internet.names["localhost"] = [["::1", "127.0.0.1"]]
    async with open_client(internet, allow=LOOPBACK) as client:
        assert await fetch(client, url) == b"picture"


@pytest.mark.parametrize(
    "url", ["http://10.0.0.1/", f"http://{PUBLIC}:8080/", "http://[2002:7f00:1::]/"]
)
async def test_an_allowed_network_opens_no_other(internet: Internet, url: str) -> None:
    async with open_client(internet, allow=LOOPBACK) as client:
        with pytest.raises(FetchRefused):
            await fetch(client, url)


async def test_one_allowed_answer_does_not_excuse_another(internet: Internet) -> None:
    internet.names["pictures.example"] = [["127.0.0.1", "10.0.0.1"]]
    async with open_client(internet, allow=LOOPBACK) as client:
        with pytest.raises(FetchRefused, match="private"):
            await fetch(client)


async def test_the_next_address_is_tried(client: GuardedClient, internet: Internet) -> None:
    internet.answers["/a.png"] = ok()
    internet.names["pictures.example"] = [[NEW, PUBLIC]]
    internet.unreachable = {NEW}
    assert await fetch(client) == b"picture"
    assert internet.dialled == [(NEW, 80), (PUBLIC, 80)]


async def test_a_host_that_accepts_no_connection_has_failed(
    client: GuardedClient, internet: Internet
) -> None:
    internet.unreachable = {PUBLIC}
    with pytest.raises(FetchFailed, match="does not accept connections"):
        await fetch(client)


@pytest.mark.parametrize("answers", [[], ["not an address"], [PUBLIC, "not an address"]])
async def test_a_name_without_usable_answers_has_failed(
    client: GuardedClient, internet: Internet, answers: list[str]
) -> None:
    internet.names["pictures.example"] = [answers]
    with pytest.raises(FetchFailed, match="no address"):
        await fetch(client)


async def test_a_name_that_does_not_resolve_has_failed(internet: Internet) -> None:
    async def resolve(host: str) -> list[str]:
        raise OSError(-2, "Name or service not known")

    async with aclosing(GuardedClient(resolve=resolve, connect=internet.connect)) as client:
        with pytest.raises(FetchFailed, match="cannot be found"):
            await fetch(client)


async def test_the_system_s_own_resolver_is_guarded_too(internet: Internet) -> None:
    async with aclosing(GuardedClient(connect=internet.connect)) as client:
        with pytest.raises(FetchRefused, match="loopback"):
            await fetch(client, "http://localhost/")


@pytest.mark.parametrize(
    "location",
    [
        "http://127.0.0.1/",
        "http://169.254.169.254/latest/meta-data/",
        "http://inside.example/",
        "http://[::1]/",
        "//127.0.0.1/",
        "http://user@pictures.example/",
        "http://pictures.example:22/",
        "ftp://pictures.example/a.png",
        "file:///etc/passwd",
        "http://0x7f.1/",
        "http://pictures.example:oops/",
        "http://[oops/",
        "http://..xn--/",
        "//\u00e9%127.0.0.1 @",
        ":https://",
    ],
)
async def test_a_redirect_to_a_refused_place_is_refused(
    client: GuardedClient, internet: Internet, location: str
) -> None:
    internet.answers["/a.png"] = redirect(location)
    internet.names["inside.example"] = [["192.168.1.1"]]
    with pytest.raises(FetchRefused):
        await fetch(client)
    assert internet.dialled == [(PUBLIC, 80)]


async def test_a_redirect_to_the_same_name_is_resolved_again(
    client: GuardedClient, internet: Internet
) -> None:
    internet.answers["/a.png"] = redirect("/b.png")
    internet.answers["/b.png"] = ok(b"the inside")
    internet.names["pictures.example"] = [[PUBLIC], ["10.0.0.1"]]
    with pytest.raises(FetchRefused):
        await fetch(client)


class _TlsStream(httpcore2.AsyncNetworkStream):
    """Notes how TLS was asked for, and goes on in the clear."""

    def __init__(self, inner: httpcore2.AsyncNetworkStream) -> None:
        self.inner = inner
        self.names: list[str | None] = []
        self.contexts: list[ssl.SSLContext] = []

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 -- httpcore2's signature
    ) -> httpcore2.AsyncNetworkStream:
        self.names.append(server_hostname)
        self.contexts.append(ssl_context)
        return self.inner


async def test_tls_is_asked_for_the_host_s_name_and_not_for_the_address(
    internet: Internet,
) -> None:
    streams: list[_TlsStream] = []

    async def connect(address: str, port: int) -> httpcore2.AsyncNetworkStream:
        streams.append(_TlsStream(await internet.connect(address, port)))
        return streams[-1]

    internet.answers["/a.png"] = ok()
    async with aclosing(GuardedClient(resolve=internet.resolve, connect=connect)) as client:
        await fetch(client, "https://pictures.example/a.png")
    assert internet.dialled == [(PUBLIC, 443)]
    assert streams[0].names == ["pictures.example"]
    assert streams[0].contexts[0].verify_mode is ssl.CERT_REQUIRED
    assert streams[0].contexts[0].check_hostname


@pytest.mark.parametrize("location", ["http://pictures.example/b.png", "http://other.example/b"])
async def test_a_redirect_out_of_tls_is_refused(internet: Internet, location: str) -> None:
    async def connect(address: str, port: int) -> httpcore2.AsyncNetworkStream:
        return _TlsStream(await internet.connect(address, port))

    internet.answers["/a.png"] = redirect(location)
    async with aclosing(GuardedClient(resolve=internet.resolve, connect=connect)) as client:
        with pytest.raises(FetchRefused, match="from https to http"):
            await fetch(client, "https://pictures.example/a.png")
    assert internet.dialled == [(PUBLIC, 443)]


async def test_a_host_without_proper_tls_has_failed(
    client: GuardedClient, internet: Internet
) -> None:
    internet.tls_answer = b"HTTP/1.1 400 Bad Request\r\n\r\n"
    with pytest.raises(FetchFailed, match="TLS"):
        await fetch(client, "https://pictures.example/a.png")


async def test_a_handshake_that_is_given_up_leaves_no_connection_open(internet: Internet) -> None:
    async with open_client(internet, seconds=0.2) as client:
        with pytest.raises(FetchFailed, match="longer than"):
            await fetch(client, "https://pictures.example/a.png")
        async with asyncio.timeout(5):
            await internet.is_hung_up.wait()
