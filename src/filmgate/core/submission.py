"""Submissions: how one video reaches an upstream that charges, and is paid for once at most.

The intent is committed before the call and the upstream's id before the first look at it; what becomes of a
call whose answer never came is decided here. Values only: who calls and commits is in `engines/upstream/`.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import Enum, auto
from typing import Self

from filmgate.core.errors import EngineError, EngineFailed
from filmgate.core.ports import Token

WITHDRAWN: Token = {}
"""The resume point of a video that no upstream has accepted: the next attempt begins anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What holds of an upstream. Frozen with the intent: a changed configuration orphans no submission.

    `credential` is the name of a secret, never the secret. `key_window` is for how long the upstream answers a
    repeated idempotency key with the first job; None where it knows no such keys.
    """

    upstream: str
    url: str
    credential: str | None = None
    charges: bool = True
    key_window: timedelta | None = None
    can_list: bool = False


@dataclass(frozen=True, slots=True)
class Accepted:
    """The upstream has taken the job, and calls it so."""

    upstream_id: str


@dataclass(frozen=True, slots=True)
class Declined:
    """The upstream has certainly not taken the job. `error` says whether it ever would."""

    error: EngineError
    retry_after: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Doubtful:
    """The upstream may have taken the job: the answer was lost, late or unreadable."""

    reason: str


Outcome = Accepted | Declined | Doubtful
"""What a post came to."""


class Move(Enum):
    """What may be done next with a submission."""

    POST = auto()
    """Send it, under its key."""

    LOOK_UP = auto()
    """Find it among the upstream's jobs. Not to find it there proves nothing."""

    FOLLOW = auto()
    """The job has an id: look after it."""

    GIVE_UP = auto()
    """Whether it was accepted cannot be found out: to send it again might be to pay twice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """An intent, and the upstream's id once it is known.

    `is_doubtful` when an earlier post may have been accepted: of an intent that was read back without an id
    nobody knows whether it was ever sent. `is_sought` once it is looked for among the upstream's jobs: no attempt
    posts it any more, so that another video need not fear to take what this one is just being given.
    """

    terms: Terms
    key: str
    intended_at: datetime
    upstream_id: str | None = None
    is_doubtful: bool = False
    is_sought: bool = False

    def next_move(self, *, at: datetime) -> Move:
        if self.upstream_id is not None:
            return Move.FOLLOW
        if self.is_sought:
            return Move.LOOK_UP
        if not self.is_doubtful or not self.terms.charges or self._key_is_remembered(at=at):
            return Move.POST
        return Move.LOOK_UP if self.terms.can_list else Move.GIVE_UP

    def after(self, outcome: Outcome) -> Self | None:
        """What stands after a post; None when it is certain that nothing was accepted under this key."""
        match outcome:
            case Accepted(upstream_id):
                return self.found(upstream_id)
            case Doubtful():
                return replace(self, is_doubtful=True)
            case Declined():
                # That a repetition was declined says nothing about the post before it.
                return self if self.is_doubtful and self.terms.charges else None

    def sought(self) -> Self:
        """It is looked for from now on, and never sent again."""
        return replace(self, is_sought=True)

    def found(self, upstream_id: str) -> Self:
        """The job's id was answered or looked up."""
        return replace(self, upstream_id=upstream_id, is_doubtful=False, is_sought=False)

    def may_begin_anew(self) -> bool:
        """Whether a job that the upstream has lost may be submitted once more."""
        return not self.terms.charges

    def to_token(self) -> Token:
        terms = self.terms
        facts = {
            "intent": self.key,
            "intended_at": self.intended_at.isoformat(),
            "upstream": terms.upstream,
            "url": terms.url,
            "charges": _YES if terms.charges else _NO,
            "can_list": _YES if terms.can_list else _NO,
        }
        if terms.credential is not None:
            facts["credential"] = terms.credential
        if terms.key_window is not None:
            facts["key_window"] = str(terms.key_window.total_seconds())
        if self.upstream_id is not None:
            facts["id"] = self.upstream_id
        if self.is_sought:
            facts["sought"] = _YES
        return facts

    @classmethod
    def from_token(cls, token: Token | None) -> Self | None:
        """What an earlier attempt left; None when nothing was ever intended, or all of it withdrawn.

        Raises ValueError for a resume point of another kind: what it stands for is unknown.
        """
        if not token:
            return None
        try:
            return cls(
                terms=_terms(token),
                key=token["intent"],
                intended_at=datetime.fromisoformat(token["intended_at"]).astimezone(UTC),
                upstream_id=token.get("id"),
                is_doubtful="id" not in token,
                is_sought=token.get("sought") == _YES,
            )
        except KeyError as error:
            raise ValueError(f"The resume point lacks {error}.") from error

    def _key_is_remembered(self, *, at: datetime) -> bool:
        window = self.terms.key_window
        return window is not None and at < self.intended_at + window


def unknown(reason: str) -> EngineFailed:
    """The end of a submission of which nobody can say whether it was accepted."""
    return EngineFailed(
        "upstream_submission_unknown",
        f"Whether the upstream has accepted this video is not known: {reason} It is not sent again, since it might "
        "be paid for twice; create a new video if you want another try.",
    )


_YES, _NO = "yes", "no"


def _terms(token: Token) -> Terms:
    window = token.get("key_window")
    return Terms(
        upstream=token["upstream"],
        url=token["url"],
        credential=token.get("credential"),
        # Whatever is not plainly free is taken for something that costs money.
        charges=token["charges"] != _NO,
        key_window=None if window is None else timedelta(seconds=float(window)),
        can_list=token["can_list"] == _YES,
    )
