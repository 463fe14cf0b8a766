"""Ways to write an address that strangers may not have us dial: none is dialled, whoever asks and however.

The internet is the stub of `internet.py`: the names below lead where their clouds would have them lead.
"""

import re
from collections import defaultdict
from collections.abc import Awaitable

import pytest

from filmgate.net.errors import FetchError, FetchRefused
from filmgate.net.guarded import GuardedClient
from tests.net.internet import PUBLIC, Internet, fetch, open_client, redirect

LEAST = 80

NOTHING = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"

HOST = re.compile(r"^host: (\S+)", re.ASCII | re.IGNORECASE | re.MULTILINE)

NAMES = {
    "localhost": ["127.0.0.1", "::1"],
    "localhost.localdomain": ["127.0.0.1"],
    "ip6-localhost": ["::1"],
    "inside.localhost": ["127.0.0.1"],
    "metadata.google.internal": ["169.254.169.254"],
    "metadata.goog": ["169.254.169.254"],
    "metadata": ["169.254.169.254"],
    "instance-data": ["169.254.169.254"],
    "instance-data.ec2.internal": ["169.254.169.254"],
    "metadata.azure.internal": ["169.254.169.254"],
    "metadata.tencentyun.com": ["169.254.0.23"],
    "metadata.platformequinix.com": ["192.80.8.124", "169.254.169.254"],
    "metadata.packet.net": ["10.64.0.1"],
    "rancher-metadata": ["169.254.169.250"],
    "kubernetes.default.svc": ["10.96.0.1"],
    "host.docker.internal": ["192.168.65.254"],
    "router.local": ["fe80::1%eth0"],
    "127.0.0.1.nip.example": ["127.0.0.1"],
    "mapped.example": ["::ffff:10.0.0.1"],
    "mixed.example": [PUBLIC, "127.0.0.1"],
    "mixed-six.example": ["2606:4700::1111", "fd00:ec2::254"],
    "translated.example": ["64:ff9b::a9fe:a9fe"],
    "nobody.example": ["0.0.0.0"],
}

HOSTS = (
    *NAMES,
    # IPv4, as it is and as some parsers read it.
    "127.0.0.1",
    "127.0.0.2",
    "127.255.255.255",
    "127.1",
    "127.0.1",
    "127.0.0.01",
    "127.0.0.1.",
    "127.0.0.1..",
    "2130706433",
    "017700000001",
    "0x7f000001",
    "0X7F000001",
    "0x7f.1",
    "0x7f.0x0.0x0.0x1",
    "0177.0.0.1",
    "0177.0.0.01",
    "00000177.0.0.1",
    "127.0x1",
    "4294967295",
    "18446744073709551617",
    "127.0.0.1.1",
    "383.0.0.1",
    "0",
    "0.0.0.0",
    "0.0.0.1",
    "10.0.0.1",
    "10.1",
    "0xa.0.0.1",
    "012.0.0.1",
    "100.64.0.1",
    "100.100.100.200",
    "168.63.129.16",
    "169.254.169.254",
    "169.254.43518",
    "0xa9fea9fe",
    "0251.0376.0251.0376",
    "2852039166",
    "169.254.170.2",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.192",
    "192.168.0.1",
    "192.168.257",
    "198.18.0.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    # In other alphabets, and encoded.
    "127。0。0。1",
    "127．0．0．1",  # noqa: RUF001
    "127｡0｡0｡1",
    "①②⑦.0.0.1",
    "１２７.0.0.1",  # noqa: RUF001
    "𝟏𝟐𝟕.0.0.1",  # noqa: RUF001
    "ⓛⓞⓒⓐⓛⓗⓞⓢⓣ",
    "ＬＯＣＡＬＨＯＳＴ",  # noqa: RUF001
    "LOCALHOST",
    "LocalHost.",
    "localhost。",
    "loc\u00adalhost",
    "127\u200b.0.0.1",
    "%31%32%37.0.0.1",
    "127%2e0%2e0%2e1",
    "%6cocalhost",
    "localhost%00.example",
    "localhost%2eexample",
    "127.0.0.1%20",
    # IPv6, by itself and with IPv4 within.
    "[::]",
    "[::1]",
    "[0:0:0:0:0:0:0:1]",
    "[0000:0000:0000:0000:0000:0000:0000:0001]",
    "[::0001]",
    "[::1%25lo]",
    "[::1%lo]",
    "[::127.0.0.1]",
    "[::ffff:127.0.0.1]",
    "[::FFFF:7F00:1]",
    "[0:0:0:0:0:ffff:7f00:0001]",
    "[::ffff:169.254.169.254]",
    "[::ffff:0:127.0.0.1]",
    "[64:ff9b::127.0.0.1]",
    "[64:ff9b::a9fe:a9fe]",
    "[64:ff9b:1::7f00:1]",
    "[64:ff9b:1:7f00:0:100::]",
    "[64:ff9b:1:ffff::8.8.8.8]",
    "[2002:7f00:1::]",
    "[2002:a9fe:a9fe::1]",
    "[2001:0:7f00:1:0:0:f7f7:f7f7]",
    "[2001:0:4136:e378:8000:63bf:80ff:fffe]",
    "[2001:db8::1]",
    "[3fff::1]",
    "[100::1]",
    "[fc00::1]",
    "[fd00:ec2::254]",
    "[fd20:ce::254]",
    "[fe80::1]",
    "[fe80::1%25eth0]",
    "[febf::1]",
    "[fec0::1]",
    "[ff02::1]",
    "[ff0e::1]",
    "[127.0.0.1]",
    "[localhost]",
    "[v1.127.0.0.1]",
    "::1",
    # With something before or behind.
    "user@127.0.0.1",
    "user:secret@pictures.example",
    "pictures.example@127.0.0.1",
    "127.0.0.1#@pictures.example",
    "127.0.0.1?@pictures.example",
    "127.0.0.1\\@pictures.example",
    "pictures.example\\@127.0.0.1",
    "127.0.0.1:80",
    "127.0.0.1:443",
    "[::1]:80",
    f"{PUBLIC}:22",
    f"{PUBLIC}:25",
    f"{PUBLIC}:6379",
    f"{PUBLIC}:8080",
    f"{PUBLIC}:65616",
    "pictures.example:5432",
    "pictures.example:0",
    "pictures.example:80:22",
    " 127.0.0.1",
    "127.0.0.1\t",
    "127.0.0.1\r\nHost: pictures.example",
    "",
)

URLS = (
    *(f"http://{host}/latest/meta-data/" for host in HOSTS),
    "file:///etc/passwd",
    "file://127.0.0.1/etc/passwd",
    "ftp://pictures.example/a.png",
    "gopher://127.0.0.1:6379/_INFO",
    "dict://127.0.0.1:11211/stats",
    "ldap://127.0.0.1/",
    "tftp://127.0.0.1/a",
    "jar:http://127.0.0.1!/a",
    "unix:/run/docker.sock",
    "http+unix://%2Frun%2Fdocker.sock/info",
    "ws://127.0.0.1/",
    "data:image/png;base64,AAAA",
    "javascript:alert(1)",
    "http:/127.0.0.1/",
    "http:127.0.0.1/",
    "http:///127.0.0.1/",
    "//127.0.0.1/",
    "\\\\127.0.0.1\\share",
)


@pytest.fixture
def internet(internet: Internet) -> Internet:
    internet.names = {name: [answers] for name, answers in NAMES.items()}
    return internet


def test_the_list_is_long_and_names_nothing_twice() -> None:
    assert len(set(HOSTS)) == len(HOSTS) >= LEAST
    assert len(set(URLS)) == len(URLS)


async def test_no_spelling_is_fetched_from_or_posted_to(
    client: GuardedClient, internet: Internet
) -> None:
    assert [url for url in URLS if not await _is_refused(fetch(client, url))] == []
    assert [url for url in URLS if not await _is_refused(client.post(url, b"", headers={}))] == []
    assert internet.dialled == []


async def test_no_redirect_leads_to_a_spelling(internet: Internet) -> None:
    """Some are relative in a Location header, and then lead to where it came from: a public host."""
    async with open_client(internet) as client:
        for url in URLS:
            if url.isascii() and url.isprintable():
                internet.answers = defaultdict(lambda: NOTHING, {"/a.png": redirect(url)})
                with pytest.raises(FetchError):
                    await fetch(client)
    assert {address for address, _ in internet.dialled} == {PUBLIC}
    assert {host for head in internet.heads for host in HOST.findall(head)} == {"pictures.example"}


async def _is_refused(call: Awaitable[object]) -> bool:
    try:
        await call
    except FetchRefused:
        return True
    return False
