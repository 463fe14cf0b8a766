"""How long polls take while a large film is downloaded: from the API, through nginx, and from a bucket.

Polls come as fast as they are answered, which tells what the downloads take away; and at the pace of clients that
pause, which tells how long each of those waits.
"""

import asyncio
import json
import os
import statistics
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from obstore.store import S3Store

from bench.clients.downloader import CLIENTS, PIECE_BYTES, Haul
from bench.figures import Finding, Load, Report, at_most, row_named, rows_of
from bench.machine import on
from bench.processes import hear, module, tell
from bench.references.serving import NGINX_MISSING, has_nginx, nginx
from bench.rounds import Target, interleave
from bench.scenarios.polls import poll_target
from bench.seeds import add_completed, add_customers
from bench.stage import Server, Stage, serving
from bench.wrk import Drive
from filmgate.core.video import VideoId
from tests.s3 import BUCKET, S3Server

ALONE = "polls alone"
API = "downloads from the API"
NGINX = "downloads through nginx (X-Accel)"
PRESIGNED = "downloads from a bucket (presigned)"
FILM_BYTES = 100_000_000
CONNECTIONS = 64
PAUSE_MILLISECONDS = 60
PACED = ", paced"


@dataclass(frozen=True, slots=True)
class Scene:
    """One film and its owner's key. `hauls`: what was downloaded in each round, by target."""

    stage: Stage
    video_id: VideoId
    key: str
    film: Path
    hauls: defaultdict[str, list[Haul]] = field(default_factory=lambda: defaultdict(list))


def measure(stage: Stage) -> Report:
    """The bucket only where there is time to start one."""
    scene = _film(stage)
    with ExitStack() as stack:
        server = stack.enter_context(serving(stage, "--no-worker"))
        targets = [
            *_polls(scene, server, ALONE),
            *stack.enter_context(_downloads(scene, server, API, server.url)),
        ]
        if has_nginx():
            targets += stack.enter_context(_through_nginx(scene))
        if stage.effort.is_full:
            targets += stack.enter_context(_from_bucket(scene))
        rounds = interleave(targets, stage.effort)
    rows = rows_of(rounds, reference=ALONE)
    findings = []
    for name, hauls in scene.hauls.items():
        findings += _findings(name, hauls, p99=row_named(rows, name).p99)
    note = (
        f"Polls over {CONNECTIONS} connections, while {CLIENTS} clients download a film of"
        f" {FILM_BYTES // 1_000_000} MB in random ranges of {PIECE_BYTES // 1024**2} MiB, as fast as they can."
        f" Paced polls pause {PAUSE_MILLISECONDS} ms on average after each answer."
    )
    notes = (note,) if has_nginx() else (note, NGINX_MISSING)
    return Report(rows=rows, rounds=rounds, findings=findings, notes=notes)


def _film(stage: Stage) -> Scene:
    (customer,) = asyncio.run(add_customers(stage.dsn, 1))
    video_id = asyncio.run(add_completed(stage.dsn, customer.account_id, film_bytes=FILM_BYTES))
    film = stage.data / f"objects/videos/{video_id}/1/video.mp4"
    film.parent.mkdir(mode=0o700, parents=True)
    film.write_bytes(os.urandom(FILM_BYTES))
    return Scene(stage, video_id, customer.key, film)


@contextmanager
def _through_nginx(scene: Scene) -> Iterator[list[Target]]:
    stage, prefix = scene.stage, "/protected/"
    with (
        serving(stage, "--no-worker", FILMGATE_X_ACCEL_PREFIX=prefix) as server,
        nginx(
            stage,
            locations=f"""
            location {prefix} {{ internal; alias {stage.data}/objects/; }}
            location / {{
                proxy_pass {server.url};
                proxy_http_version 1.1;
                proxy_set_header Connection "";
            }}
            """,
        ) as proxy,
        _downloads(scene, server, NGINX, proxy.url) as targets,
    ):
        yield targets


@contextmanager
def _from_bucket(scene: Scene) -> Iterator[list[Target]]:
    stage = scene.stage
    bucket = S3Server(stage.folder / "bucket")
    with on(stage.cores.database):
        bucket.start()
    try:
        _upload(bucket, scene.film, f"videos/{scene.video_id}/1/video.mp4")
        with (
            serving(stage, "--no-worker", FILMGATE_STORAGE_URL=bucket.url("")) as server,
            _downloads(scene, server, PRESIGNED, server.url) as targets,
        ):
            yield targets
    finally:
        bucket.stop()


def _upload(bucket: S3Server, film: Path, key: str) -> None:
    store = S3Store(
        BUCKET,
        config={
            "endpoint": bucket.endpoint,
            "access_key_id": bucket.access_key_id,
            "secret_access_key": bucket.secret_access_key,
        },
        client_options={"allow_http": True},
    )
    store.put(key, film)


def _polls(scene: Scene, server: Server, name: str) -> list[Target]:
    """As fast as they can, and paced."""
    headers = {"Authorization": f"Bearer {scene.key}"}
    path = f"/v1/videos/video_{scene.video_id}"
    paced = Drive(
        url=server.url + path,
        cores=scene.stage.cores.load,
        headers=headers,
        script="paced_polls.lua",
        arguments=[str(PAUSE_MILLISECONDS)],
    )
    return [
        poll_target(scene.stage, server, name, path=path, headers=headers),
        Target(f"{name}{PACED}", paced, (server.process,)),
    ]


@contextmanager
def _downloads(scene: Scene, server: Server, name: str, front: str) -> Iterator[list[Target]]:
    """Polls of the server, while the film is downloaded from what is in front of it."""
    address = f"{front}/v1/videos/video_{scene.video_id}/content"
    with module(
        "bench.clients.downloader",
        *(address, scene.key, str(FILM_BYTES)),
        cores=scene.stage.cores.load,
    ) as downloader:
        hear(downloader)

        def load(polls: Target, seconds: int) -> Load:
            tell(downloader, str(seconds))
            seen = polls.load(seconds)
            scene.hauls[polls.name].append(Haul(**json.loads(hear(downloader))))
            return seen

        yield [replace(polls, load=partial(load, polls)) for polls in _polls(scene, server, name)]


def _findings(name: str, hauls: list[Haul], *, p99: float) -> list[Finding]:
    """Of a name that stands in the table already."""
    pace = statistics.median(haul.length / haul.seconds / 1e6 for haul in hauls)
    return [
        Finding(f"{name}: p99 of polls", p99, "ms", at_most(20)),
        Finding(f"{name}: downloaded", pace, "MB/s"),
        Finding(f"{name}: failed", sum(haul.failed for haul in hauls), "", at_most(0)),
    ]
