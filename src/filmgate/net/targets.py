"""Which address and port may be dialled, and what can be said of a URL before anybody dials it."""

from collections.abc import Sequence
from ipaddress import ip_address

from filmgate.net.addresses import IPAddress, IPNetwork, meanings, refusal
from filmgate.net.errors import FetchRefused
from filmgate.net.urls import parse_url

PORTS = (80, 443)

_LOOPBACK = ip_address("127.0.0.1")


def check_address(address: IPAddress, port: int, *, allow: Sequence[IPNetwork]) -> None:
    """Raise FetchRefused unless it is public, on one of the web's ports, or in the `allow` networks."""
    if _is_allowed(address, allow):
        return
    reason = refusal(address)
    if reason is not None:
        raise FetchRefused(f"The host is at {reason}, which is not dialled.")
    if port not in PORTS:
        raise FetchRefused(f"Port {port} is not dialled; use 80 or 443.")


def check_target(text: str, *, allow: Sequence[IPNetwork]) -> None:
    """Raise FetchRefused for a URL that is certain to be refused when it is dialled.

    What a host name leads to is known only then.
    """
    url = parse_url(text)
    port = url.port or (443 if url.scheme == "https" else 80)
    address = _known_address(url.raw_host.decode("ascii"))
    if address is not None:
        check_address(address, port, allow=allow)
    elif port not in PORTS and not allow:
        raise FetchRefused(f"Port {port} is not dialled; use 80 or 443.")


def _is_allowed(address: IPAddress, allow: Sequence[IPNetwork]) -> bool:
    return all(any(meaning in network for network in allow) for meaning in meanings(address))


def _known_address(host: str) -> IPAddress | None:
    """Where the host is, if that needs no asking: RFC 6761 keeps `localhost` for loopback."""
    if host == "localhost" or host.endswith(".localhost"):
        return _LOOPBACK
    try:
        return ip_address(host)
    except ValueError:
        return None
