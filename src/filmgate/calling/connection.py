"""Where a client connects, and as whom."""

from typing import Any

import httpx2

DEFAULT_URL = "http://127.0.0.1:8024"


def canonical_url(url: str) -> str:
    """The server's address without a trailing slash or `/v1`. Raises ValueError when it is no address."""
    try:
        parsed = httpx2.URL(url.strip())
    except httpx2.InvalidURL as error:
        raise ValueError(f"{url!r} is not an address: {error}") from error
    if parsed.scheme not in {"http", "https"} or not parsed.host:
        raise ValueError(f"{url!r} is not an address such as {DEFAULT_URL}")
    path = parsed.path.rstrip("/").removesuffix("/v1").rstrip("/")
    return str(parsed.copy_with(path=path, query=None, fragment=None)).rstrip("/")


def connection_settings(url: str, api_key: str | None) -> dict[str, Any]:
    """For `httpx2`'s clients. Raises ValueError when the key could not be sent."""
    if api_key is not None and not (api_key.isascii() and api_key.isprintable()):
        raise ValueError("The API key contains characters that no API key has.")
    headers = {"User-Agent": "filmgate-client", "Accept": "application/json, */*;q=0.5"}
    if api_key:
        headers["Authorization"] = f"Bearer {api_key}"
    # A proxy named in the environment could only reach its own loopback addresses, not ours.
    is_local = httpx2.URL(url).host in {"127.0.0.1", "localhost", "::1"}
    return {"base_url": url, "headers": headers, "trust_env": not is_local}
