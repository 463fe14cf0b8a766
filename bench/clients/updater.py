"""A worker's writes without a worker: so many commits a second, and a notice after each.

Arguments: the DSN, a file with the ids of each lane on a line, a file with the ids of all others, commits a
second. For each line of standard input, a number of seconds, it commits for so long and writes down, as JSON,
what it did in the lanes: (id, percent, when) each.
"""

import asyncio
import json
import random
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import uvloop

from filmgate.core.video import Video, VideoId
from filmgate.database import notices, videos

LANE_SHARE = 5
"""One commit in so many goes to a lane; the others just change the world."""
LAST_PERCENT = 99


@dataclass(slots=True)
class Lane:
    """Videos that get on one after the other, one percent at a time."""

    videos: list[Video]
    percent: int = 0

    def next(self) -> tuple[Video, int]:
        if self.percent == LAST_PERCENT:
            self.videos.pop(0)
            self.percent = 0
        self.percent += 1
        return self.videos[0], self.percent


@dataclass(slots=True)
class Updates:
    """What there is to change, and where it goes."""

    connection: asyncpg.Connection
    lanes: list[Lane]
    others: list[Video]
    pause: float

    async def make(self, seconds: float) -> list[tuple[VideoId, int, float]]:
        made = []
        due = ends = time.monotonic()
        ends += seconds
        number = 0
        while due < ends:
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            video, percent = self._choose(number)
            await videos.touch(self.connection, [(video.id, video.attempt, percent)])
            if number % LANE_SHARE == 0:
                made.append((video.id, percent, time.monotonic()))
            await notices.announce(self.connection, [video])
            due, number = due + self.pause, number + 1
        return made

    def _choose(self, number: int) -> tuple[Video, int]:
        if number % LANE_SHARE == 0:
            return self.lanes[number // LANE_SHARE % len(self.lanes)].next()
        return random.choice(self.others), random.randint(1, LAST_PERCENT)


async def main(dsn: str, lanes: str, others: str, rate: str) -> None:
    connection = await asyncpg.connect(dsn)
    updates = Updates(
        connection,
        [Lane(await _read(connection, line.split())) for line in _lines(lanes)],
        await _read(connection, _lines(others)),
        pause=1 / float(rate),
    )
    print("ready", flush=True)
    for line in sys.stdin:
        print(json.dumps(await updates.make(float(line))), flush=True)


def _lines(path: str) -> list[str]:
    return Path(path).read_text(encoding="utf-8").splitlines()


async def _read(connection: asyncpg.Connection, ids: Iterable[str]) -> list[Video]:
    """In the order in which they are named."""
    wanted = [VideoId(each) for each in ids]
    found = await videos.find_changed(connection, dict.fromkeys(wanted, -1))
    by_id = {video.id: video for video in found}
    return [by_id[each] for each in wanted]


if __name__ == "__main__":
    uvloop.run(main(*sys.argv[1:]))
