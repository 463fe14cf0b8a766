"""A client of the application in process, at an address of its own."""

import httpx2

from filmgate.http.app import build_app
from filmgate.http.services import Services
from tests.http.conftest import BASE_URL


def opened(
    services: Services, key: str | None, *, address: str = "203.0.113.5"
) -> httpx2.AsyncClient:
    transport = httpx2.ASGITransport(build_app(services), client=(address, 5_000))
    headers = {"authorization": f"Bearer {key}"} if key else {}
    return httpx2.AsyncClient(transport=transport, base_url=BASE_URL, headers=headers)
