"""What every video of a worker is made with."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from filmgate.core.ports import Engine, ObjectStore
from filmgate.database.connection import Database
from filmgate.media.bench import MediaBench

ROOMS = 8
"""Films of one engine elsewhere that are on this machine at once, from the first byte until they are stored."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Workshop:
    """`scratch` holds the attempts' folders, `rooms` are held by films that come from elsewhere,
    each engine's by its own: one that delivers slowly keeps no other waiting.

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
    rooms: Mapping[str, asyncio.Semaphore] = field(
        default_factory=lambda: defaultdict(lambda: asyncio.Semaphore(ROOMS))
    )
