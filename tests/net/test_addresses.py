"""Which addresses may be dialled. Pure: nothing here opens a connection."""

from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filmgate.net.addresses import refusal


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("0.0.0.0", "unspecified"),
        ("0.1.2.3", "reserved"),
        ("10.0.0.1", "private"),
        ("10.255.255.255", "private"),
        ("100.64.0.1", "carrier"),
        ("100.127.255.255", "carrier"),
        ("100.100.100.200", "metadata"),
        ("127.0.0.1", "loopback"),
        ("127.255.255.254", "loopback"),
        ("168.63.129.16", "metadata"),
        ("169.254.0.1", "link-local"),
        ("169.254.169.254", "metadata"),
        ("172.16.0.1", "private"),
        ("172.31.255.255", "private"),
        ("192.0.0.192", "metadata"),
        ("192.0.0.8", "reserved"),
        ("192.0.2.1", "documentation"),
        ("192.88.99.1", "reserved"),
        ("192.168.1.1", "private"),
        ("198.18.0.1", "reserved"),
        ("198.19.255.255", "reserved"),
        ("198.51.100.7", "documentation"),
        ("203.0.113.9", "documentation"),
        ("224.0.0.1", "multicast"),
        ("239.255.255.255", "multicast"),
        ("240.0.0.1", "reserved"),
        ("255.255.255.255", "reserved"),
        ("::", "unspecified"),
        ("::1", "loopback"),
        ("::7f00:1", "not a public"),  # IPv4-compatible, long withdrawn
        ("::ffff:127.0.0.1", "loopback"),
        ("::ffff:a9fe:a9fe", "metadata"),
        ("::ffff:0:127.0.0.1", "not a public"),  # IPv4-translated
        ("64:ff9b::127.0.0.1", "loopback"),
        ("64:ff9b::a00:1", "private"),
        ("64:ff9b:1::808:808", "private"),
        ("100::1", "not a public"),
        ("2001:2::1", "reserved"),
        ("2001:0:4136:e378:8000:63bf:807f:fffe", "loopback"),  # Teredo, client 127.128.0.1
        ("2001:0:7f00:1:0:0:f7f7:f7f7", "loopback"),  # Teredo, server 127.0.0.1
        ("2001:20::1", "reserved"),
        ("2001:db8::1", "documentation"),
        ("2002:7f00:1::", "loopback"),
        ("2002:c0a8:101::1", "private"),
        ("3fff::1", "documentation"),
        ("4000::1", "not a public"),
        ("5f00::1", "not a public"),
        ("fc00::1", "private"),
        ("fd12:3456::1", "private"),
        ("fd00:ec2::254", "metadata"),
        ("fd20:ce::254", "metadata"),
        ("fe80::1", "link-local"),
        ("fe80::1%eth0", "link-local"),
        ("febf::1", "link-local"),
        ("fec0::1", "private"),
        ("feff::1", "private"),
        ("ff02::1", "multicast"),
        ("2606:4700::1111%eth0", "not a public"),
        ("localhost", "not an IP address"),
        ("127.1", "not an IP address"),
        ("", "not an IP address"),
    ],
)
def test_what_is_not_public_is_refused(address: str, reason: str) -> None:
    assert reason in (refusal(address) or "nothing")


@pytest.mark.parametrize(
    "address",
    [
        "1.1.1.1",
        "8.8.8.8",
        "9.255.255.255",
        "11.0.0.0",
        "93.184.215.14",
        "100.63.255.255",
        "100.128.0.0",
        "126.255.255.255",
        "128.0.0.0",
        "172.15.255.255",
        "172.32.0.0",
        "192.169.0.0",
        "223.255.255.255",
        "::ffff:8.8.8.8",
        "64:ff9b::8.8.8.8",
        "2002:808:808::1",
        "2001:4860:4860::8888",
        "2606:4700:4700::1111",
        "2a00:1450:4001:80b::200e",
    ],
)
def test_what_is_public_is_not(address: str) -> None:
    assert refusal(address) is None


@given(st.ip_addresses(v=4))
def test_an_address_in_disguise_is_judged_as_what_it_is(plain: IPv4Address) -> None:
    reason = refusal(plain)
    mapped = IPv6Address(f"::ffff:{plain}")
    translated = IPv6Address(f"64:ff9b::{plain}")
    assert [refusal(mapped), refusal(translated)] == [reason, reason]


@given(st.ip_addresses())
def test_nothing_passes_that_python_knows_to_be_special(
    address: IPv4Address | IPv6Address,
) -> None:
    special = (
        address.is_loopback
        or address.is_link_local
        or address.is_multicast
        or address.is_unspecified
        or (address.version == 4 and (address.is_private or address.is_reserved))
    )
    if special:
        assert refusal(address) is not None


@given(st.ip_addresses())
def test_text_and_value_are_judged_alike(address: IPv4Address | IPv6Address) -> None:
    assert refusal(str(address)) == refusal(ip_address(address))
