"""A slow upstream on loopback: it takes every video at once, and finishes none until it is told to.

Speaks what the `videos_api` engine needs of the openai dialect. Reads words from its standard input: `counts` answers
with what it was asked so far, in JSON; `finish FILM` has all its jobs completed, with the bytes of that file.
"""

import asyncio
import json
import socket
import sys
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import uvicorn

HEADERS = [(b"openai-poll-after-ms", b"2000")]
"""As a filmgate says to every poll: each job asks to be looked at every two seconds."""


@dataclass
class Upstream:
    """Raw ASGI. `stopped` holds when each job was deleted, by a clock that all processes share."""

    created: int = 0
    looks: int = 0
    downloads: int = 0
    downloading: int = 0
    most_downloads: int = 0
    stopped: dict[str, float] = field(default_factory=dict)
    film: bytes = b""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        job_id = scope["path"].removeprefix("/v1/videos").strip("/")
        match scope["method"]:
            case "POST":
                await _whole_body(receive)
                job_id = f"video_{self.created}"
                self.created += 1
            case "DELETE":
                self.stopped[job_id] = time.monotonic()
            case _ if job_id.endswith("/content"):
                await self._send_film(send)
                return
            case _:
                self.looks += 1
        await _answer(send, json.dumps(self._view(job_id)).encode(), HEADERS)

    def _view(self, job_id: str) -> dict[str, object]:
        status = "completed" if self.film else "in_progress"
        return {"id": job_id, "object": "video", "status": status, "progress": 40, "error": None}

    async def _send_film(self, send: Any) -> None:
        self.downloads += 1
        self.downloading += 1
        self.most_downloads = max(self.most_downloads, self.downloading)
        await _answer(send, self.film, [])
        self.downloading -= 1

    def counts(self) -> dict[str, object]:
        return {name: value for name, value in asdict(self).items() if name != "film"}


async def main() -> None:
    upstream = Upstream()
    config = uvicorn.Config(upstream, lifespan="off", log_config=None, access_log=False)
    server = uvicorn.Server(config)
    listening = socket.create_server(("127.0.0.1", 0))
    async with asyncio.TaskGroup() as life:
        life.create_task(server.serve([listening]))
        print(listening.getsockname()[1], flush=True)
        while word := await asyncio.to_thread(sys.stdin.readline):
            if word.startswith("finish "):
                upstream.film = await asyncio.to_thread(Path(word.split()[1]).read_bytes)
            print(json.dumps(upstream.counts()), flush=True)
        server.should_exit = True


async def _whole_body(receive: Any) -> None:
    while (await receive()).get("more_body"):
        pass


async def _answer(send: Any, body: bytes, headers: list[tuple[bytes, bytes]]) -> None:
    length = (b"content-length", str(len(body)).encode())
    start = {"type": "http.response.start", "status": 200, "headers": [length, *headers]}
    await send(start)
    await send({"type": "http.response.body", "body": body})


if __name__ == "__main__":
    asyncio.run(main())
