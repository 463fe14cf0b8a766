"""Clients that download one film over and over, a range at a time, wherever they are sent for it.

Arguments: the film's address, the key, its size in bytes. For each line of standard input, a number of seconds,
they download for so long and write down in JSON how much came.
"""

import asyncio
import json
import random
import sys
import time
from dataclasses import asdict, dataclass
from urllib.parse import urlsplit

import uvloop

from bench.clients.connection import Connection, bearer, get

CLIENTS = 16
PIECE_BYTES = 4 * 1024 * 1024


@dataclass(slots=True)
class Haul:
    """What came. `failed`: answers that were not the range that was asked for."""

    seconds: float = 0.0
    pieces: int = 0
    failed: int = 0
    length: int = 0

    def heard(self, piece: bytes) -> None:
        self.length += len(piece)


@dataclass(frozen=True, slots=True)
class Film:
    """What is downloaded, and with whose key."""

    url: str
    key: str
    size: int

    def piece(self) -> str:
        start = random.randrange(self.size - PIECE_BYTES)
        return f"bytes={start}-{start + PIECE_BYTES - 1}"


class Downloader:
    """One client: it keeps a connection to each server that it is sent to."""

    def __init__(self, film: Film, haul: Haul) -> None:
        self._film, self._haul = film, haul
        self._connections: dict[str, Connection] = {}

    async def download(self, until: float) -> None:
        while time.monotonic() < until:
            piece = {"Range": self._film.piece()}
            status, location = await self._ask(self._film.url, bearer(self._film.key) | piece)
            if status == 302 and location is not None:
                status, _ = await self._ask(location, piece)
            self._haul.pieces += status == 206
            self._haul.failed += status != 206
        for connection in self._connections.values():
            connection.close()

    async def _ask(self, url: str, headers: dict[str, str]) -> tuple[int, str | None]:
        parts = urlsplit(url)
        if parts.netloc not in self._connections:
            self._connections[parts.netloc] = await Connection.open(url, self._haul.heard)
        path = f"{parts.path}?{parts.query}" if parts.query else parts.path
        answer = await self._connections[parts.netloc].ask(
            get(path, headers | {"Host": parts.netloc})
        )
        return answer.status, answer.location


async def main(url: str, key: str, size: str) -> None:
    film = Film(url, key, int(size))
    print("ready", flush=True)
    for line in sys.stdin:
        haul, began = Haul(), time.monotonic()
        until = began + float(line)
        async with asyncio.TaskGroup() as clients:
            for _ in range(CLIENTS):
                clients.create_task(Downloader(film, haul).download(until))
        haul.seconds = time.monotonic() - began  # every piece that was begun has come
        print(json.dumps(asdict(haul)), flush=True)


if __name__ == "__main__":
    uvloop.run(main(*sys.argv[1:]))
