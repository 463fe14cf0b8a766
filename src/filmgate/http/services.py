"""What the routes stand on, handed in by `wiring.py`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_network
from pathlib import Path

from filmgate.core.catalogue import Catalogue
from filmgate.core.ports import Engine, ObjectStore
from filmgate.database.connection import Database
from filmgate.http.bodies.room import Room
from filmgate.http.following.watching import Watch
from filmgate.http.limits import RequestRate
from filmgate.http.places import Places
from filmgate.http.sightings import Sightings
from filmgate.http.wrong_keys import WrongKeys
from filmgate.media.bench import MediaBench
from filmgate.net.addresses import IPNetwork
from filmgate.storage.links import LinkSigner
from filmgate.storage.reading import FileReads
from filmgate.usecases.acceptance import Acceptance
from filmgate.usecases.line import Lines
from filmgate.usecases.policies import NO_POLICIES, Policies
from filmgate.usecases.references import Fetch

FILM_UPLOAD_LIMIT = 4
"""Of one account at once: looking at a hostile film can take a process a minute."""

WAIT_LIMIT = 1_000
"""Of one account at once: where it has so many requests held back already, the next is answered without delay."""

LOOPBACK = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
MEBIBYTE = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """`public_url` is the base of signed URLs; without one, links point to the host that the client asked.

    `engines` by name: the ones that this server's models may be rendered by, wherever their worker runs.
    `webhook_networks` are those that webhooks may be sent into, public or not.
    `scratch` is an existing folder for uploads, which no other process touches.
    `memory` and `disk` are the room for bodies on their way in: texts, and uploads.
    `trusted_proxies` are believed when they say for whom they ask.
    `x_accel_prefix` is where the proxy before us finds the store's folder, if it is to send the bytes itself.
    """

    database: Database
    catalogue: Catalogue
    store: ObjectStore
    signer: LinkSigner
    fetch: Fetch
    engines: Mapping[str, Engine]
    bench: MediaBench
    scratch: Path
    film_uploads: Places = field(
        default_factory=lambda: Places(FILM_UPLOAD_LIMIT, what="uploads of films")
    )
    memory: Room = field(
        default_factory=lambda: Room(of_account=128 * MEBIBYTE, in_all=256 * MEBIBYTE)
    )
    disk: Room = field(
        default_factory=lambda: Room(of_account=512 * MEBIBYTE, in_all=4096 * MEBIBYTE)
    )
    waits: Places = field(default_factory=lambda: Places(WAIT_LIMIT, what="waiting requests"))
    wrong_keys: WrongKeys = field(default_factory=WrongKeys)
    request_rate: RequestRate = field(default_factory=RequestRate)
    trusted_proxies: Sequence[IPNetwork] = LOOPBACK
    watch: Watch
    sightings: Sightings
    lines: Lines
    webhook_networks: Sequence[IPNetwork] = ()
    acceptance: Acceptance
    policies: Policies = NO_POLICIES
    public_url: str | None = None
    x_accel_prefix: str | None = None
    file_reads: FileReads = field(default_factory=FileReads)
    max_body_bytes: int = 64 * 1024 * 1024
