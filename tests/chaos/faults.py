"""The faults of a plan, carried out at their time on the processes of a site."""

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import psutil

from tests.chaos.plan import Fault, Kind
from tests.chaos.processes import Member
from tests.chaos.site import Site

REST_SECONDS = 4.0
CATCH_SECONDS = 5.0
LOOK_SECONDS = 0.01
NEED_A_RENDER = frozenset({Kind.KILL_WORKER, Kind.PAUSE_WORKER, Kind.KILL_RENDER})


class Faults:
    """`done` counts what was carried out, by kind. Everything is up again when `run` returns."""

    def __init__(self, site: Site, log: Path) -> None:
        self._log = log
        self.done: Counter[Kind] = Counter()
        self._site = site
        self._database = asyncio.Lock()
        self._ends_at = 0.0

    async def run(self, planned: Sequence[Fault], *, seconds: float) -> None:
        """What could not begin in so many seconds, because its victim was still on the floor, is left out."""
        began = asyncio.get_running_loop().time()
        self._ends_at = began + seconds
        async with asyncio.TaskGroup() as under_way:
            for fault in planned:
                pause = began + fault.at - asyncio.get_running_loop().time()
                await asyncio.sleep(max(0, pause))
                under_way.create_task(self._carry_out(fault))

    async def _carry_out(self, fault: Fault) -> None:
        do = {
            Kind.KILL_API: self._kill,
            Kind.KILL_WORKER: self._kill,
            Kind.PAUSE_API: self._pause,
            Kind.PAUSE_WORKER: self._pause,
            Kind.RESTART_API: self._restart,
            Kind.RESTART_WORKER: self._restart,
            Kind.KILL_RENDER: self._kill_render,
        }.get(fault.kind)
        if do is None:
            await self._hurt_database(fault)
            return
        member = self._member(fault)
        async with member.lock:
            if self._is_over():
                return
            member.note_death()
            if fault.kind in NEED_A_RENDER:
                await self._catch(member)
            with self._noted(fault.kind, member.name):
                self.done[fault.kind] += await do(member, fault.lasts)
            await self._rest()

    def _is_over(self) -> bool:
        return asyncio.get_running_loop().time() > self._ends_at

    async def _catch(self, worker: Member) -> None:
        """Wait a while until it has just begun a video: to hurt an idle one proves little."""
        before = worker.renders_begun
        deadline = asyncio.get_running_loop().time() + CATCH_SECONDS
        while asyncio.get_running_loop().time() < deadline:
            if worker.renders_begun > before:
                return
            await asyncio.sleep(LOOK_SECONDS)

    async def _rest(self) -> None:
        """Leave who was hurt alone for a while: what never gets up cannot lose anything."""
        left = self._ends_at - asyncio.get_running_loop().time()
        await asyncio.sleep(max(0, min(REST_SECONDS, left)))

    async def _kill(self, member: Member, away: float) -> bool:
        await member.kill()
        await asyncio.sleep(away)
        await member.start()
        return True

    async def _restart(self, member: Member, away: float) -> bool:
        await member.stop()
        await asyncio.sleep(away)
        await member.start()
        return True

    async def _pause(self, member: Member, lasts: float) -> bool:
        member.pause()
        try:
            await asyncio.sleep(lasts)
        finally:
            member.resume()
        return True

    async def _kill_render(self, member: Member, _lasts: float) -> bool:
        """Those of any worker, if the one that was meant has none at the moment."""
        for each in (member, *self._site.workers):
            for child in each.render_children():
                return _killed(child)
        return False

    async def _hurt_database(self, fault: Fault) -> None:
        async with self._database:
            if self._is_over():
                return
            with self._noted(fault.kind, "database"):
                if fault.kind is Kind.RESTART_DATABASE:
                    await self._site.restart_database(away=fault.lasts)
                else:
                    self._site.kill_database()
                    await self._site.revive_database(after=fault.lasts)
            self.done[fault.kind] += 1
            await self._rest()

    @contextmanager
    def _noted(self, kind: Kind, whom: str) -> Iterator[None]:
        """In a file beside the journal: when it began, and when all was up again."""
        began = datetime.now(UTC)
        yield
        ended = datetime.now(UTC)
        with self._log.open("a") as log:
            log.write(f"{began:%H:%M:%S.%f} {ended:%H:%M:%S.%f} {kind} {whom}\n")

    def _member(self, fault: Fault) -> Member:
        is_api = fault.kind in (Kind.KILL_API, Kind.PAUSE_API, Kind.RESTART_API)
        return (self._site.apis if is_api else self._site.workers)[fault.target]


def _killed(child: psutil.Process) -> bool:
    try:
        child.kill()
    except psutil.NoSuchProcess:
        return False
    return True
