"""What the routes stand on, handed in by `wiring.py`."""

from collections.abc import Mapping
from dataclasses import dataclass

from filmgate.core.catalogue import Catalogue
from filmgate.core.ports import Engine, ObjectStore
from filmgate.database.connection import Database
from filmgate.storage.links import LinkSigner
from filmgate.usecases.references import Fetch


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """`public_url` is the base of signed URLs; without one, links point to the host that the client asked.

    `engines` by name: the ones that this server's models may be rendered by, wherever their worker runs.
    """

    database: Database
    catalogue: Catalogue
    store: ObjectStore
    signer: LinkSigner
    fetch: Fetch
    engines: Mapping[str, Engine]
    public_url: str | None = None
    max_body_bytes: int = 64 * 1024 * 1024
