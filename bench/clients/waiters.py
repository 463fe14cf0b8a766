"""Clients that wait, thousands in one process: each follows a video of its own by a stream or by long polls.

Arguments: the server's address, `streams` or `polls`, a file with a key and a video's id on each line. Says
"ready" when all of them wait. For each line of standard input it writes down in JSON how they fare.
"""

import asyncio
import json
import resource
import sys
import time
from collections.abc import Coroutine
from dataclasses import asdict, dataclass, field
from pathlib import Path

import uvloop

from bench.clients.connection import Connection, ConnectionLost, bearer, get
from bench.clients.frames import FrameReader

OPENED_AT_ONCE = 50
WAIT_SECONDS = 60
UNFINISHED = {"queued", "in_progress"}


@dataclass(slots=True)
class Crowd:
    """`told`: when each of those whose video ended heard of it. `lost`: what the others were sent away with."""

    told: dict[str, float] = field(default_factory=dict)
    lost: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Place:
    """Where they wait. So many may be at the `door` at once; who is through it, or gone, has `arrived`."""

    url: str
    crowd: Crowd = field(default_factory=Crowd)
    door: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(OPENED_AT_ONCE))
    arrived: asyncio.Queue[str] = field(default_factory=asyncio.Queue)


async def stream(place: Place, key: str, video_id: str) -> None:
    reader, crowd = FrameReader(), place.crowd

    def heard(piece: bytes) -> None:
        moment = time.time()
        if any(frame.name == "video.failed" for frame in reader.read(piece)):
            crowd.told[video_id] = moment

    async with place.door:
        connection = await Connection.open(place.url, heard)
        request = get(f"/v1/videos/video_{video_id}/events", bearer(key))
        status = await connection.begin(request)
    place.arrived.put_nowait(video_id)
    answer = await connection.rest()
    if status != 200 or video_id not in crowd.told:
        crowd.lost.append(f"{status} {answer.body.decode()}")


async def poll(place: Place, key: str, video_id: str) -> None:
    path, prefer = f"/v1/videos/video_{video_id}", {"Prefer": f"wait={WAIT_SECONDS}"}
    async with place.door:
        connection = await Connection.open(place.url)
        # The first one comes back at once: the server is then known to have time for the next.
        await connection.ask(get(path, bearer(key)))
    place.arrived.put_nowait(video_id)
    is_over = False
    while not is_over:
        answer = await connection.ask(get(path, bearer(key) | prefer))
        if answer.status != 200:
            place.crowd.lost.append(f"{answer.status} {answer.body.decode()}")
            return
        is_over = json.loads(answer.body)["status"] not in UNFINISHED
    place.crowd.told[video_id] = time.time()


KINDS = {"streams": stream, "polls": poll}


async def main(url: str, kind: str, path: str) -> None:
    _allow_many_files()
    place, customers = Place(url), _read(path)
    async with asyncio.TaskGroup() as clients:
        for key, video_id in customers:
            clients.create_task(_until_lost(KINDS[kind](place, key, video_id), place))
        for _ in customers:
            await place.arrived.get()
        print("ready", flush=True)
        while await asyncio.to_thread(sys.stdin.readline):
            print(json.dumps(asdict(place.crowd)), flush=True)


async def _until_lost(following: Coroutine[None, None, None], place: Place) -> None:
    try:
        await following
    except (ConnectionLost, OSError) as error:
        place.crowd.lost.append(f"{type(error).__name__}: {error}")
        place.arrived.put_nowait("")


def _read(path: str) -> list[tuple[str, str]]:
    lines = Path(path).read_text(encoding="utf-8").splitlines()
    return [(key, video_id) for key, video_id in (line.split() for line in lines)]


def _allow_many_files() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


if __name__ == "__main__":
    uvloop.run(main(*sys.argv[1:]))
