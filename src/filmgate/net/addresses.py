"""Which IP addresses a stranger may have us dial: those of the public internet and no others.

Our own table, and not `ipaddress`'s properties: these differ between Python's patch releases, and call
fec0::/10 global. Sources: the IANA special-purpose registries, and the clouds' own documents.
"""

from collections.abc import Iterator
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

IPAddress = IPv4Address | IPv6Address
IPNetwork = IPv4Network | IPv6Network


def refusal(address: str | IPAddress) -> str | None:
    """Say what is wrong with dialling this address, or None.

    An IPv6 address that stands for an IPv4 one must pass as both.
    """
    try:
        parsed = ip_address(address)
    except ValueError:
        return "not an IP address"
    return next((reason for each in meanings(parsed) if (reason := _refusal(each))), None)


def meanings(address: IPAddress) -> Iterator[IPAddress]:
    """The IPv4 addresses that a packet to this one may reach on its way, and the address itself."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            # The kernel dials this as IPv4: that is all it means.
            yield address.ipv4_mapped
            return
        if address.sixtofour is not None:
            yield address.sixtofour
        if address.teredo is not None:
            yield from address.teredo
        if address in _NAT64:
            yield IPv4Address(address.packed[-4:])
    yield address


def _refusal(address: IPAddress) -> str | None:
    for network, reason in _REFUSED:
        if address in network:
            return reason
    if isinstance(address, IPv6Address) and not _is_public(address):
        return "not a public address"
    return None


def _is_public(address: IPv6Address) -> bool:
    # A zone names one of our own interfaces: no stranger has a reason to.
    return address.scope_id is None and (address in _GLOBAL_UNICAST or address in _NAT64)


_GLOBAL_UNICAST = IPv6Network("2000::/3")
_NAT64 = IPv6Network("64:ff9b::/96")

_PRIVATE = "a private address"
_LOOPBACK = "a loopback address"
_LINK_LOCAL = "a link-local address"
_METADATA = "a cloud's metadata address"
_UNSPECIFIED = "the unspecified address"
_MULTICAST = "a multicast address"
_DOCUMENTATION = "an address for documentation"
_RESERVED = "a reserved address"

# The first match gives the reason, so the narrower network stands before the wider one.
_REFUSED: tuple[tuple[IPNetwork, str], ...] = tuple(
    (ip_network(network), reason)
    for network, reason in (
        ("0.0.0.0/32", _UNSPECIFIED),
        ("0.0.0.0/8", _RESERVED),
        ("10.0.0.0/8", _PRIVATE),
        ("100.100.100.200/32", _METADATA),  # Alibaba Cloud
        ("100.64.0.0/10", "an address behind a carrier's NAT"),
        ("127.0.0.0/8", _LOOPBACK),
        ("168.63.129.16/32", _METADATA),  # Azure: public by number, and inside by route
        ("169.254.169.254/32", _METADATA),
        ("169.254.0.0/16", _LINK_LOCAL),
        ("172.16.0.0/12", _PRIVATE),
        ("192.0.0.192/32", _METADATA),  # Oracle Cloud, first generation
        ("192.0.0.0/24", _RESERVED),
        ("192.0.2.0/24", _DOCUMENTATION),
        ("192.88.99.0/24", _RESERVED),  # 6to4 relays
        ("192.168.0.0/16", _PRIVATE),
        ("198.18.0.0/15", _RESERVED),  # benchmarks
        ("198.51.100.0/24", _DOCUMENTATION),
        ("203.0.113.0/24", _DOCUMENTATION),
        ("224.0.0.0/4", _MULTICAST),
        ("240.0.0.0/4", _RESERVED),  # the broadcast address included
        ("::/128", _UNSPECIFIED),
        ("::1/128", _LOOPBACK),
        ("64:ff9b:1::/48", _PRIVATE),  # NAT64 of one's own
        ("2001::/23", _RESERVED),  # Teredo, ORCHID, benchmarks
        ("2001:db8::/32", _DOCUMENTATION),
        ("3fff::/20", _DOCUMENTATION),
        ("fd00:ec2::254/128", _METADATA),  # AWS
        ("fd20:ce::254/128", _METADATA),  # Google Cloud
        ("fc00::/7", _PRIVATE),
        ("fe80::/10", _LINK_LOCAL),
        ("fec0::/10", _PRIVATE),  # site-local
        ("ff00::/8", _MULTICAST),
    )
)
