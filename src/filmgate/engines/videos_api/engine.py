"""The `videos_api` engine: videos made by an upstream that speaks the openai dialect."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import httpx2
import structlog

from filmgate.core.errors import EngineFailed, EngineUnavailable
from filmgate.core.ports import Attempt, RenderedFile, Seats, Token
from filmgate.core.spec import VideoSpec
from filmgate.core.submission import Terms
from filmgate.engines.upstream import driving
from filmgate.engines.upstream.calls import Channel, Patience
from filmgate.engines.upstream.pacing import Pace
from filmgate.engines.videos_api.exchange import make_client
from filmgate.engines.videos_api.upstream import Limits, Lines, VideosApi
from filmgate.net.addresses import IPNetwork
from filmgate.net.transport import GuardedTransport

log = structlog.get_logger()

CHECK_LIMIT = timedelta(seconds=2)
CHECK_HOLDS = timedelta(seconds=5)
"""How long a verdict stands, so that whoever asks for our health does not load the upstream."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """What the operator says of an upstream. `names` are its names of our models."""

    terms: Terms
    names: Mapping[str, str] = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)
    seats: Seats = field(default_factory=Seats)
    looks_per_second: float = 50.0


class VideosApiEngine:
    """Submits each video once, whatever happens to the attempts at it: see `engines/upstream/`."""

    def __init__(
        self,
        contract: Contract,
        *,
        secrets: Mapping[str, str],
        patience: Patience = Patience(),  # noqa: B008 - frozen
        allow: Sequence[IPNetwork] = (),
    ) -> None:
        """`secrets` by the names that terms use: those of earlier terms too, if their jobs are to be followed.

        Where the upstream points to for a film must be public, or within the `allow` networks.
        """
        self._contract = contract
        self._secrets = secrets
        tls = httpx2.create_ssl_context()  # one for all: it reads the certificates
        self._lines = Lines(
            calls=make_client(tls, keep_alive=True),
            posts=make_client(tls, keep_alive=False),
            elsewhere=make_client(tls, keep_alive=False, transport=GuardedTransport(allow=allow)),
        )
        self._channel = Channel(
            terms=contract.terms,
            reach=self._reach,
            patience=patience,
            pace=Pace(looks_per_second=contract.looks_per_second),
        )
        self._checked = _Verdict()

    @property
    def seats(self) -> Seats:
        return self._contract.seats

    async def render(self, spec: VideoSpec, attempt: Attempt) -> RenderedFile:
        if spec.characters:
            raise EngineFailed("upstream_rejected", "This model takes no characters.")
        if len(attempt.references) > 1:
            raise EngineFailed("upstream_rejected", "This model takes one reference image.")
        return await driving.make(spec, attempt, channel=self._channel)

    async def forget(self, token: Token) -> None:
        await driving.forget(token, reach=self._reach)

    async def check(self) -> None:
        now = asyncio.get_running_loop().time()
        if now >= self._checked.until:
            self._checked = _Verdict(now + CHECK_HOLDS.total_seconds(), await self._look())
        if self._checked.trouble is not None:
            raise EngineUnavailable(self._checked.trouble)

    async def aclose(self) -> None:
        for client in (self._lines.calls, self._lines.posts, self._lines.elsewhere):
            await client.aclose()

    async def _look(self) -> str | None:
        try:
            async with asyncio.timeout(CHECK_LIMIT.total_seconds()):
                await self._reach(self._contract.terms).check()
        except TimeoutError:
            return "The upstream does not answer."
        except EngineUnavailable as error:
            return error.message
        return None

    def _reach(self, terms: Terms) -> VideosApi:
        secret = None
        if terms.credential is not None:
            secret = self._secrets.get(terms.credential)
            if secret is None:
                log.warning("a credential is not set any more", credential=terms.credential)
                raise EngineUnavailable("The key for the upstream is not set any more.")
        return VideosApi(
            lines=self._lines,
            terms=terms,
            secret=secret,
            names=self._contract.names,
            limits=self._contract.limits,
        )


@dataclass(frozen=True, slots=True)
class _Verdict:
    until: float = 0.0
    trouble: str | None = None
