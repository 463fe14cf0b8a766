"""How long one video takes on an idle machine, step by step, as its client and its row saw it."""

import asyncio
import json
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import asyncpg

from bench.clients.connection import Connection, bearer, get, post
from bench.clients.frames import FrameReader
from bench.clients.receiver import Receiver, receiving
from bench.figures import Report, Timing, timing
from bench.processes import BenchmarkFailed, child
from bench.seeds import PROMPT, add_customers
from bench.stage import Server, Stage, serving

WISH = {"model": "sora-2", "prompt": PROMPT, "seconds": "8", "size": "720x1280"}
PAUSE_SECONDS = 0.1
"""Between two videos: what follows an end is not to fall into the next one."""
DEADLINE_SECONDS = 60
PICTURE_RUNS = 10


@dataclass(slots=True)
class Times:
    """In milliseconds, of each video but the first, which starts the renderer."""

    answered: list[float] = field(default_factory=list)
    completed: list[float] = field(default_factory=list)


def measure(stage: Stage) -> Report:
    """With the smallest films, so that the steps around the render are seen; then with one of full size."""
    count = 100 if stage.effort.is_full else 10
    (customer,) = asyncio.run(add_customers(stage.dsn, 1))
    variables = {"FILMGATE_ALLOW_PRIVATE_WEBHOOKS": "true"}
    with (
        receiving() as receiver,
        serving(stage, "--speed", "tiny", cores=stage.cores.everywhere, **variables) as server,
    ):
        timings = asyncio.run(_follow(stage, server, receiver, key=customer.key, count=count))
    notes = [
        f"{count} films of 8 s and 64 pixels, one after the other; server and worker in one process.",
        "Starts and events are by the database's clock, arrivals by the client's: it is the same one.",
    ]
    if stage.effort.is_full:
        timings.append(_pictures(stage))
        notes.append(f"Engine done to completed: {PICTURE_RUNS} films of 8 s at 720x1280.")
    return Report(timings=timings, notes=notes)


async def _follow(
    stage: Stage, server: Server, receiver: Receiver, *, key: str, count: int
) -> list[Timing]:
    told: dict[str, float] = {}
    reader = FrameReader()

    def heard(piece: bytes) -> None:
        moment = time.time()
        for frame in reader.read(piece):
            if frame.name == "video.completed":
                told.setdefault(frame.video_id, moment)

    stream, client = await Connection.open(server.url, heard), await Connection.open(server.url)
    try:
        await _register(client, receiver.url, key)
        await stream.begin(get("/v1/events", bearer(key)))
        times = await _make_all(client, key, count)
        await _until(count + 1, told, receiver.arrived)
    finally:
        stream.close()
        client.close()
    connection = await asyncpg.connect(stage.dsn)
    try:
        return await _timings(connection, times, told=told, delivered=receiver.arrived)
    finally:
        await connection.close()


async def _register(client: Connection, url: str, key: str) -> None:
    answer = await client.ask(post("/v1/webhooks", bearer(key), json.dumps({"url": url}).encode()))
    if answer.status != 200:
        raise BenchmarkFailed(f"The webhook was refused: {answer.body.decode()}")


async def _make_all(client: Connection, key: str, count: int) -> Times:
    times = Times()
    for number in range(count + 1):
        answered, completed = await make_film(client, key)
        if number:
            times.answered.append(answered)
            times.completed.append(completed)
        await asyncio.sleep(PAUSE_SECONDS)
    return times


async def make_film(client: Connection, key: str) -> tuple[float, float]:
    """Return after how many milliseconds it was accepted, and completed."""
    began = time.perf_counter()
    answer = await client.ask(post("/v1/videos", bearer(key), json.dumps(WISH).encode()))
    answered = time.perf_counter() - began
    video = json.loads(answer.body)
    wait = get(f"/v1/videos/{video['id']}", {**bearer(key), "Prefer": "wait=60"})
    while video["status"] in {"queued", "in_progress"}:
        video = json.loads((await client.ask(wait)).body)
    if video["status"] != "completed":
        raise BenchmarkFailed(f"A video failed: {video}")
    return answered * 1e3, (time.perf_counter() - began) * 1e3


async def _until(count: int, *known: Mapping[str, float]) -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while min(map(len, known)) < count:
        if time.monotonic() > deadline:
            raise BenchmarkFailed("Not every video was told of by webhook and by stream.")
        await asyncio.sleep(0.05)


async def _timings(
    connection: asyncpg.Connection,
    times: Times,
    *,
    told: Mapping[str, float],
    delivered: Mapping[str, float],
) -> list[Timing]:
    """All but the first video."""
    rows = await connection.fetch(
        """
        select video.id, extract(epoch from started_at - video.created_at)::float8 * 1000 as wait,
               extract(epoch from event.created_at)::float8 as ended
        from video join event on event.video_id = video.id order by video.created_at offset 1
        """
    )
    waits = [row["wait"] for row in rows]
    hooks = [(delivered[row["id"]] - row["ended"]) * 1e3 for row in rows]
    streams = [(told[row["id"]] - row["ended"]) * 1e3 for row in rows]
    return [
        timing("create to its answer", times.answered),
        timing("create to worker started", waits, p50=15, p99=100),
        timing("create to completed, tiny", times.completed),
        timing("event to webhook received", hooks, p99=100),
        timing("event to SSE received", streams, p99=50),
    ]


def _pictures(stage: Stage) -> Timing:
    """Its own benchmark looks into the steps; here only the sum matters."""
    path = stage.folder / "pictures.json"
    command = [sys.executable, "-m", "bench.pictures", "--size", "720x1280"]
    command += ["--runs", str(PICTURE_RUNS), "--json", str(path)]
    with child(command, cores=stage.cores.everywhere) as process:
        process.communicate()
    steps = json.loads(path.read_text(encoding="utf-8"))
    done = steps["ENGINE DONE TO COMPLETED"][1:]
    return timing("engine done to completed, 8 s at 720x1280", done, p99=500)
