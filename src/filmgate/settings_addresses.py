"""The addresses among the settings: what they must look like, and what they name."""

from collections.abc import Sequence
from ipaddress import ip_network
from urllib.parse import urlsplit

from filmgate.net.addresses import IPNetwork


def networks(text: str) -> Sequence[IPNetwork]:
    """Raises ValueError."""
    return [ip_network(each.strip()) for each in text.split(",") if each.strip()]


def host_and_port(address: str) -> tuple[str, int]:
    """Raises ValueError."""
    parts = urlsplit(f"//{address}")
    is_more = parts.netloc != address or parts.username is not None
    if parts.hostname is None or parts.port is None or is_more:
        raise ValueError("must be an address and a port, such as 127.0.0.1:9464 or [::1]:9464")
    return parts.hostname, parts.port


def is_postgresql(url: str) -> bool:
    try:
        parts = urlsplit(url)
        is_numbered = parts.port is None or parts.port > 0
    except ValueError:
        return False
    return parts.scheme in {"postgresql", "postgres"} and not parts.fragment and is_numbered
