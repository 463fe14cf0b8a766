"""A client that believes nothing: it polls a few videos as fast as it is answered, and looks for what must not be.

Arguments: the server's address, the owner's key, a stranger's key, a file with the ids of each lane on a line.
For each line of standard input, a number of seconds, it polls for so long and writes down a Sighting in JSON.
"""

import asyncio
import json
import sys
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

import uvloop

from bench.clients.connection import Connection, bearer, get

CONNECTIONS_PER_LANE = 2
STRANGE_SHARE = 20
"""One poll in so many carries the stranger's key."""
LAST_PERCENT = 99
RELAX_SECONDS = 0.002
"""Between two polls of one connection: the core that this takes is the load's."""


@dataclass(slots=True)
class Sighting:
    """`seen`: (id, percent, when) for each percentage as it was seen first."""

    answers: int = 0
    seen: list[tuple[str, int, float]] = field(default_factory=list)
    older: int = 0
    """Answers that said less than one which had come before they were asked for."""
    betrayed: int = 0
    """Answers to a stranger that were not 404."""
    failed: int = 0


@dataclass(slots=True)
class Lane:
    """The videos of a lane, one after the other, and the most that any connection has seen of the present one."""

    ids: list[str]
    percent: int = 0


async def poll(
    connection: Connection, lane: Lane, *, keys: tuple[str, str], until: float, sighting: Sighting
) -> None:
    number = 0
    while time.monotonic() < until:
        await asyncio.sleep(RELAX_SECONDS)
        number += 1
        video_id, known = lane.ids[0], lane.percent
        is_strange = number % STRANGE_SHARE == 0
        request = get(f"/v1/videos/video_{video_id}", bearer(keys[is_strange]))
        answer = await connection.ask(request)
        sighting.answers += 1
        if is_strange:
            sighting.betrayed += answer.status != 404
        elif answer.status != 200:
            sighting.failed += 1
        else:
            percent = json.loads(answer.body)["progress"]
            sighting.older += percent < known
            take_note(lane, video_id, percent, sighting)


def take_note(lane: Lane, video_id: str, percent: int, sighting: Sighting) -> None:
    """Of what is new; the lane goes on to its next video after the last percentage."""
    if video_id != lane.ids[0] or percent <= lane.percent:
        return
    sighting.seen.append((video_id, percent, time.monotonic()))
    lane.percent = percent
    if percent == LAST_PERCENT:
        lane.ids.pop(0)
        lane.percent = 0


async def main(url: str, key: str, strange: str, path: str) -> None:
    lanes = _read(path) * CONNECTIONS_PER_LANE
    print("ready", flush=True)
    for line in sys.stdin:
        sighting = Sighting()
        await _sample(url, lanes, keys=(key, strange), seconds=float(line), sighting=sighting)
        print(json.dumps(asdict(sighting)), flush=True)


def _read(path: str) -> list[Lane]:
    lines = Path(path).read_text(encoding="utf-8").splitlines()
    return [Lane(line.split()) for line in lines]


async def _sample(
    url: str, lanes: list[Lane], *, keys: tuple[str, str], seconds: float, sighting: Sighting
) -> None:
    # Anew each time: the server closes what has been idle for five seconds.
    connections = [await Connection.open(url) for _ in lanes]
    until = time.monotonic() + seconds
    async with asyncio.TaskGroup() as polls:
        for connection, lane in zip(connections, lanes, strict=True):
            polls.create_task(poll(connection, lane, keys=keys, until=until, sighting=sighting))
    for connection in connections:
        connection.close()


if __name__ == "__main__":
    uvloop.run(main(*sys.argv[1:]))
