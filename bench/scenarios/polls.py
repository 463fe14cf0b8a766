"""How many polls one API core answers, with every feature on, beside what answers less."""

import asyncio
import json
import urllib.request
from collections.abc import Mapping
from contextlib import ExitStack

import psutil

from bench.figures import Finding, Report, Row, at_least, at_most, row_named, rows_of
from bench.processes import BenchmarkFailed
from bench.references.serving import (
    NGINX_MISSING,
    has_nginx,
    nginx,
    python_reference,
    write_page,
)
from bench.rounds import Target, interleave
from bench.seeds import add_completed, add_customers, add_running
from bench.stage import Server, Stage, serving
from bench.wrk import Drive

HELLO = "raw ASGI hello"
FRAMEWORK = "FastAPI, response model"
NGINX = "nginx, static file"
COMPLETED = "openai, completed"
FEATURES = (
    "With authentication, ownership, a rate limit that counts, request ids, ETags and metrics; "
    "64 connections."
)


def measure(stage: Stage) -> Report:
    """Both dialects and both kinds of answer, in every combination where there is time, and three references."""
    customer, *_ = asyncio.run(add_customers(stage.dsn, 1))
    completed = asyncio.run(add_completed(stage.dsn, customer.account_id))
    (running,) = asyncio.run(add_running(stage.dsn, customer.account_id, 1))
    paths = {
        COMPLETED: f"/v1/videos/video_{completed}",
        "relay, in progress": f"/v1/result/sora_{running}",
    }
    if stage.effort.is_full:
        paths["openai, in progress"] = f"/v1/videos/video_{running}"
        paths["relay, completed"] = f"/v1/result/sora_{completed}"
    headers = {"Authorization": f"Bearer {customer.key}"}
    with ExitStack() as stack:
        server = stack.enter_context(serving(stage, "--no-worker"))
        page = _read(server.url + paths[COMPLETED], headers)
        targets = [_poll(stage, server, name, path, headers) for name, path in paths.items()]
        targets += _references(stage, stack, page=page)
        rounds = interleave(targets, stage.effort)
    rows = rows_of(rounds, reference=HELLO)
    notes = (FEATURES,) if has_nginx() else (FEATURES, NGINX_MISSING)
    return Report(rows=rows, rounds=rounds, findings=_findings(rows, list(paths)), notes=notes)


def poll_target(
    stage: Stage, server: Server, name: str, *, path: str, headers: Mapping[str, str]
) -> Target:
    """One video, polled over 64 connections."""
    drive = Drive(url=server.url + path, cores=stage.cores.load, headers=headers)
    return Target(name, drive, (server.process,))


def hello_target(stage: Stage, stack: ExitStack) -> Target:
    """The least that a server on the same machine can do for an answer."""
    hello = stack.enter_context(python_reference(stage, "hello"))
    return _reference(stage, HELLO, hello.url, hello.processes)


def _poll(stage: Stage, server: Server, name: str, path: str, headers: Mapping[str, str]) -> Target:
    answer = json.loads(_read(server.url + path, headers))
    if not path.endswith(answer["id"]):
        raise BenchmarkFailed(f"{path} does not answer with the video: {answer}")
    return poll_target(stage, server, name, path=path, headers=headers)


def _references(stage: Stage, stack: ExitStack, *, page: bytes) -> list[Target]:
    found = []
    found.append(hello_target(stage, stack))
    framework = stack.enter_context(python_reference(stage, "framework"))
    address = f"{framework.url}/v1/videos/video_1"
    found.append(_reference(stage, FRAMEWORK, address, framework.processes))
    if has_nginx():
        locations = write_page(stage.folder / "page", page)
        static = stack.enter_context(nginx(stage, locations=locations))
        found.append(_reference(stage, NGINX, f"{static.url}/status.json", static.processes))
    return found


def _reference(stage: Stage, name: str, url: str, processes: tuple[psutil.Process, ...]) -> Target:
    return Target(name, Drive(url=url, cores=stage.cores.load), processes)


def _read(url: str, headers: Mapping[str, str]) -> bytes:
    request = urllib.request.Request(url, headers=dict(headers))
    with urllib.request.urlopen(request, timeout=10) as answer:
        body: bytes = answer.read()
    return body


def _findings(rows: list[Row], ours: list[str]) -> list[Finding]:
    found = []
    for name in ours:
        row = row_named(rows, name)
        found.append(Finding(f"{name}: polls", row.rate, "/s", at_least(20_000)))
        found.append(Finding(f"{name}: p99", row.p99, "ms", at_most(10)))
        if row.ratio is not None:
            found.append(Finding(f"{name}: share of {HELLO}", row.ratio, "", at_least(0.55)))
    return found
