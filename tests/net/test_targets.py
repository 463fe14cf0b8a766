"""What can be said of a URL before anybody dials it."""

from ipaddress import ip_network

import pytest

from filmgate.net.errors import FetchRefused
from filmgate.net.targets import check_target

LOOPBACK = (ip_network("127.0.0.0/8"),)


@pytest.mark.parametrize(
    "url",
    [
        "https://hooks.example/x?y=z",
        "http://hooks.example",
        "https://hooks.example:443/",
        "http://hooks.example:443/",
        "https://93.184.215.14/",
        "https://[2606:2800:21f::1]/",
    ],
)
def test_a_public_address_on_the_webs_ports_may_be_tried(url: str) -> None:
    check_target(url, allow=())


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("https://hooks.example:8443/", "Port 8443 is not dialled; use 80 or 443"),
        ("https://93.184.215.14:22/", "Port 22"),
        ("http://127.0.0.1/", "a loopback address"),
        ("http://localhost/", "a loopback address"),
        ("http://api.localhost/", "a loopback address"),
        ("http://[::ffff:10.0.0.1]/", "a private address"),
        ("http://u@hooks.example/", "a user name or password"),
        ("gopher://hooks.example/", "use http or https"),
        ("", "use http or https"),
    ],
)
def test_what_is_certain_to_be_refused_is_refused_now(url: str, reason: str) -> None:
    with pytest.raises(FetchRefused, match=reason):
        check_target(url, allow=())


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:9999/", "http://localhost:9999/", "http://hooks.example:9999/"]
)
def test_where_networks_are_allowed_a_name_may_lead_there(url: str) -> None:
    check_target(url, allow=LOOPBACK)


def test_allowing_one_network_allows_no_other() -> None:
    with pytest.raises(FetchRefused, match="a private address"):
        check_target("http://10.0.0.1/", allow=LOOPBACK)
