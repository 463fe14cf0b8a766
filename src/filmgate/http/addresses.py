"""Where a request comes from, as coarsely as addresses are given out: what is counted by address is counted by this."""

from ipaddress import IPv6Address, IPv6Network, ip_address

from starlette.types import Scope

UNKNOWN = "unknown"
"""A unix socket has no address, and a proxy may write nonsense: all such clients count as one."""


def origin(scope: Scope) -> str:
    """The client's IPv4 address, or its IPv6 network: whoever has one address there has 2**64 of them."""
    client = scope.get("client")
    return network_of(client[0]) if client else UNKNOWN


def network_of(host: str) -> str:
    """As `origin`, of an address in its usual spelling."""
    try:
        address = ip_address(host)
    except ValueError:
        return UNKNOWN
    if not isinstance(address, IPv6Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(IPv6Network((address.packed, 64), strict=False))
