"""Candidates: videos that somebody wants, before they are accepted."""

from dataclasses import dataclass

from filmgate.core import pricing
from filmgate.core.account import AccountId, Caller
from filmgate.core.idempotency import Claim
from filmgate.core.spec import VideoSpec
from filmgate.core.video import Dialect, VideoId


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Candidate:
    """Its `claim` is held, or its key is new and is taken with the acceptance."""

    video_id: VideoId
    spec: VideoSpec
    caller: Caller
    dialect: Dialect
    price_per_second: int | None = None
    remixed_from: VideoId | None = None
    claim: Claim | None = None

    @property
    def account_id(self) -> AccountId:
        return self.caller.account_id

    @property
    def price(self) -> int:
        """What it may cost, in micro-units."""
        return pricing.reservation(self.spec, self.price_per_second)
