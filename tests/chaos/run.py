"""A run from start to end: site, accounts, load and faults side by side, then quiet, then the proof."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from filmgate.database.connection import Database
from filmgate.storage.opening import open_store
from filmgate.usecases.orphans import remove_orphans
from tests.chaos.accounts import open_accounts
from tests.chaos.customers import ACCOUNTS, Customer
from tests.chaos.faults import Faults
from tests.chaos.figures import Figures, figures_of
from tests.chaos.films import Screening
from tests.chaos.journal import Journal, read_journal
from tests.chaos.line import Line
from tests.chaos.plan import Plan, faults
from tests.chaos.processes import left_behind
from tests.chaos.proof import Evidence, strays, violations
from tests.chaos.receiver import Receiver
from tests.chaos.records import Records, read_records
from tests.chaos.site import Site, open_site
from tests.scripted_server import ScriptedServer

DRAIN_SECONDS = 150.0
LOOK_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Outcome:
    """`violations` is empty where every promise was kept."""

    figures: Figures
    violations: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """What stands while the load runs: the site, the keys to it, and those who write down what they see."""

    plan: Plan
    folder: Path
    site: Site
    keys: Mapping[str, str]
    journal: Journal
    receiver: Receiver
    faults: Faults

    def rng(self, purpose: str) -> random.Random:
        return random.Random(f"{purpose} {self.plan.seed}")


async def run(plan: Plan, folder: Path) -> Outcome:
    """Leave journal and logs in the folder, and no process."""
    async with _stage(plan, folder) as stage:
        lines = [_line(stage, account.name) for account in ACCOUNTS]
        load_ends_at = time.monotonic() + plan.seconds
        is_drained = await _load(stage, lines)
        outage = max(line.longest_outage for line in lines)
        outcome = await _prove(stage, longest_outage=outage, load_ended_at=load_ends_at)
    ended = [death for member in stage.site.members for death in member.deaths]
    left = [f"process {each.pid} is left: {each.cmdline()}" for each in left_behind(folder)]
    late = [] if is_drained else [f"{DRAIN_SECONDS:g} s after the faults, customers still waited"]
    return Outcome(outcome.figures, [*late, *outcome.violations, *ended, *left])


@asynccontextmanager
async def _stage(plan: Plan, folder: Path) -> AsyncIterator[Stage]:
    async with AsyncExitStack() as stack:
        journal = stack.enter_context(Journal(folder / "journal.jsonl"))
        hooks = stack.enter_context(ScriptedServer())
        receiver = Receiver(hooks, journal, random.Random(f"receiver {plan.seed}"))
        site = await stack.enter_async_context(open_site(plan, folder))
        keys = await open_accounts(ACCOUNTS, site, receiver)
        yield Stage(
            plan=plan,
            folder=folder,
            site=site,
            keys=keys,
            journal=journal,
            receiver=receiver,
            faults=Faults(site, folder / "faults.log"),
        )


def _line(stage: Stage, account: str) -> Line:
    return Line(
        account,
        stage.keys[account],
        urls=stage.site.urls,
        journal=stage.journal,
        rng=stage.rng(f"line {account}"),
    )


async def _load(stage: Stage, lines: list[Line]) -> bool:
    """Return when no customer waits any more and everything is up again; False if some wait for ever."""
    customers = [
        Customer(account, line, stage.journal, stage.rng(account.name))
        for account, line in zip(ACCOUNTS, lines, strict=True)
    ]
    is_over = asyncio.Event()
    async with AsyncExitStack() as stack, asyncio.TaskGroup() as life:
        for line in lines:
            await stack.enter_async_context(line)
        shopping = life.create_task(_shop(customers, is_over, seconds=stage.plan.seconds))
        life.create_task(stage.faults.run(faults(stage.plan), seconds=stage.plan.seconds))
        await asyncio.sleep(stage.plan.seconds)
        is_over.set()
        stage.receiver.behave()
    return shopping.result()


async def _shop(customers: list[Customer], is_over: asyncio.Event, *, seconds: float) -> bool:
    strangers = [*customers[1:], customers[0]]
    try:
        async with asyncio.timeout(seconds + DRAIN_SECONDS), asyncio.TaskGroup() as crowd:
            for customer, stranger in zip(customers, strangers, strict=True):
                crowd.create_task(customer.run(until=is_over, stranger=stranger))
    except TimeoutError:
        return False
    return True


async def _prove(stage: Stage, *, longest_outage: float, load_ended_at: float) -> Outcome:
    records = await _quiet(stage.site)
    drained_in = time.monotonic() - load_ended_at
    screening = Screening(stage.keys, stage.site.urls, stage.rng("screening"))
    kept = [video for video in records.videos if video.is_kept]
    films = await screening.look_at(kept, stage.folder)
    before = strays(records, await asyncio.to_thread(stage.site.objects))
    await _sweep(stage.site)
    records = await read_records(stage.site.dsn)
    objects = await asyncio.to_thread(stage.site.objects)
    journal = read_journal(stage.journal.path)
    figures = figures_of(
        stage.plan,
        journal=journal,
        records=records,
        faults=stage.faults.done,
        longest_outage=longest_outage,
        drained_in=drained_in,
        strays=(len(before), len(strays(records, objects))),
    )
    evidence = Evidence(journal=journal, records=records, objects=objects, films=films)
    return Outcome(figures, violations(evidence))


async def _quiet(site: Site) -> Records:
    """The records once nothing is left to be made or told, or when it has taken too long."""
    deadline = time.monotonic() + DRAIN_SECONDS
    while True:
        records = await read_records(site.dsn)
        if records.is_quiet or time.monotonic() > deadline:
            return records
        await asyncio.sleep(LOOK_SECONDS)


async def _sweep(site: Site) -> None:
    """The server's own, which comes by too rarely to be waited for."""
    database = await Database.open(site.dsn)
    try:
        store = open_store(site.storage_url)
        await remove_orphans(database, store=store, older_than=timedelta(0))
    finally:
        await database.aclose()
