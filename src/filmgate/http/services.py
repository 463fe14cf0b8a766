"""What the routes stand on, handed in by `wiring.py`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from filmgate.core.catalogue import Catalogue
from filmgate.core.ports import Engine, ObjectStore
from filmgate.database.connection import Database
from filmgate.http.following.watching import Watch
from filmgate.http.places import Places
from filmgate.media.bench import MediaBench
from filmgate.net.addresses import IPNetwork
from filmgate.storage.links import LinkSigner
from filmgate.usecases.references import Fetch

FILM_UPLOAD_LIMIT = 4
"""Of one account at once: looking at a hostile film can take a process a minute."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """`public_url` is the base of signed URLs; without one, links point to the host that the client asked.

    `engines` by name: the ones that this server's models may be rendered by, wherever their worker runs.
    `webhook_networks` are those that webhooks may be sent into, public or not.
    `scratch` is an existing folder for uploads, which no other process touches.
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
    watch: Watch
    webhook_networks: Sequence[IPNetwork] = ()
    public_url: str | None = None
    max_body_bytes: int = 64 * 1024 * 1024
