"""Which URLs a stranger may have us fetch, as far as the text alone can tell."""

import re
from ipaddress import ip_address

import httpx2

from filmgate.net.errors import FetchRefused

LENGTH_LIMIT = 8192
"""Characters; presigned URLs have some two thousand."""

_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_HOST_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*", re.ASCII)
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*", re.ASCII)


def parse_url(text: str, *, base: httpx2.URL | None = None) -> httpx2.URL:
    """Return a URL that `check_url` lets pass, read as a redirect from `base` where there is one."""
    if len(text) > LENGTH_LIMIT:
        raise FetchRefused(f"The URL is longer than {LENGTH_LIMIT} characters.")
    try:
        url = httpx2.URL(text) if base is None else base.join(text)
    # ValueError: what a lone surrogate or a bad IDNA label raises from deep inside.
    except (httpx2.InvalidURL, ValueError) as error:
        raise FetchRefused(
            "It is not a URL that we understand; send one such as https://example.com/path."
        ) from error
    check_url(url)
    return url


def check_url(url: httpx2.URL) -> None:
    """Raise FetchRefused unless scheme, user info and host are of the plain kind.

    Addresses, and which ports may be used, are checked where they are dialled: only there is it known where a name leads.
    """
    if url.scheme not in ("http", "https"):
        raise FetchRefused(f"The scheme {url.scheme!r:.40} is not spoken; use http or https.")
    if url.userinfo:
        raise FetchRefused("The URL holds a user name or password; leave them out.")
    if url.port is not None and not 0 < url.port < 65536:
        raise FetchRefused(f"Port {url.port} does not exist; leave it out.")
    # Not `url.host`, which raises for some hosts that begin with xn--.
    host = url.raw_host.decode("ascii")
    if not host:
        raise FetchRefused("The URL names no host.")
    if not _is_plain(host):
        raise FetchRefused(
            f"The host {host!r:.80} is neither a plain host name nor a plain IP address."
        )


def _is_plain(host: str) -> bool:
    return _is_address(host) or _is_name(host)


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _is_name(host: str) -> bool:
    """A name whose last label is a number is an IPv4 address to some parsers: 127.1, 0x7f000001."""
    last_label = host.rpartition(".")[2]
    return (
        len(host) <= 253
        and _HOST_NAME.fullmatch(host) is not None
        and _NUMBER.fullmatch(last_label) is None
    )
