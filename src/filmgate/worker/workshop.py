"""What every video of a worker is made with."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from filmgate.core.ports import Engine, ObjectStore
from filmgate.database.connection import Database
from filmgate.media.bench import MediaBench

ROOMS = 8
"""Films from elsewhere that are on this machine at once, from the first byte until they are stored."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Workshop:
    """`scratch` holds the attempts' folders, `rooms` is held by films that come from elsewhere.

    A slot rests for `scarcity_pause` where this machine has too little left: it would take one video after the
    other, and hand each back, faster than any worker that can make them.
    """

    database: Database
    store: ObjectStore
    engines: Mapping[str, Engine]
    bench: MediaBench
    keep_for: timedelta
    time_limit: timedelta
    scratch: Path
    retry_delay: timedelta = timedelta(seconds=2)
    scarcity_pause: timedelta = timedelta(seconds=10)
    log_prompts: bool = False
    rooms: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(ROOMS))
