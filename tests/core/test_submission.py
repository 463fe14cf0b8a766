"""Submissions over every history of faults and crashes: paid for once at most, and never followed without an id."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import Enum, auto

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from filmgate.core.errors import EngineFailed, EngineUnavailable
from filmgate.core.ports import Token
from filmgate.core.submission import (
    WITHDRAWN,
    Accepted,
    Declined,
    Doubtful,
    Move,
    Outcome,
    Submission,
    Terms,
)

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
WINDOW = timedelta(minutes=30)
PLAIN = Terms(upstream="cloud", url="https://videos.example.org", credential="CLOUD_KEY")
WITH_KEYS = replace(PLAIN, key_window=WINDOW)
LISTING = replace(PLAIN, can_list=True)
FREE = replace(PLAIN, charges=False)
NOT_NOW = Declined(EngineUnavailable("429"))


def intended(terms: Terms) -> Submission:
    return Submission(terms=terms, key="k", intended_at=NOON)


def found_again(terms: Terms) -> Submission:
    """As the next attempt reads it."""
    found = Submission.from_token(intended(terms).to_token())
    assert found is not None
    return found


@pytest.mark.parametrize("terms", [PLAIN, WITH_KEYS, LISTING, FREE])
def test_a_fresh_intent_is_posted(terms: Terms) -> None:
    assert intended(terms).next_move(at=NOON) is Move.POST


@pytest.mark.parametrize(
    ("terms", "move"),
    [
        (PLAIN, Move.GIVE_UP),
        (WITH_KEYS, Move.POST),
        (LISTING, Move.LOOK_UP),
        (replace(WITH_KEYS, can_list=True), Move.POST),
        (FREE, Move.POST),
    ],
)
@pytest.mark.parametrize("is_found", [True, False])
def test_a_doubt_is_resolved_as_the_upstream_allows(
    terms: Terms, move: Move, *, is_found: bool
) -> None:
    doubtful = found_again(terms) if is_found else intended(terms).after(Doubtful("reset"))
    assert doubtful is not None
    assert doubtful.next_move(at=NOON) is move


def test_a_key_is_not_repeated_once_the_upstream_may_have_forgotten_it() -> None:
    submission = found_again(WITH_KEYS)
    assert submission.next_move(at=NOON + WINDOW - timedelta(seconds=1)) is Move.POST
    assert submission.next_move(at=NOON + WINDOW) is Move.GIVE_UP
    assert (
        replace(submission, terms=replace(WITH_KEYS, can_list=True)).next_move(at=NOON + WINDOW)
        is Move.LOOK_UP
    )


def test_what_was_declined_at_first_is_withdrawn() -> None:
    assert intended(PLAIN).after(NOT_NOW) is None
    assert Submission.from_token(WITHDRAWN) is None


def test_that_a_repetition_was_declined_settles_no_doubt() -> None:
    doubtful = found_again(WITH_KEYS)
    assert doubtful.after(NOT_NOW) == doubtful


def test_an_accepted_job_is_followed_and_never_posted_again() -> None:
    submission = intended(PLAIN).after(Accepted("video_1"))
    assert submission is not None
    again = Submission.from_token(submission.to_token())
    assert again == submission
    assert again.next_move(at=NOON + timedelta(days=9)) is Move.FOLLOW


def test_only_a_lost_job_that_cost_nothing_is_made_again() -> None:
    assert intended(FREE).may_begin_anew()
    assert not intended(PLAIN).may_begin_anew()


def test_what_is_looked_for_is_never_sent_again() -> None:
    sought = replace(found_again(replace(WITH_KEYS, can_list=True)), is_doubtful=True).sought()
    again = Submission.from_token(sought.to_token())
    assert again == sought
    assert again.next_move(at=NOON) is Move.LOOK_UP
    assert again.found("video_1").next_move(at=NOON) is Move.FOLLOW


@pytest.mark.parametrize("lacking", ["intent", "intended_at", "url", "charges", "upstream"])
def test_a_resume_point_that_lacks_something_is_not_taken_for_nothing(lacking: str) -> None:
    token = dict(intended(PLAIN).to_token())
    del token[lacking]
    with pytest.raises(ValueError, match=lacking):
        Submission.from_token(token)


terms_strategy = st.builds(
    Terms,
    upstream=st.text(min_size=1),
    url=st.text(),
    credential=st.none() | st.text(),
    charges=st.booleans(),
    key_window=st.none() | st.integers(1, 10**7).map(lambda seconds: timedelta(seconds=seconds)),
    can_list=st.booleans(),
)


@given(terms_strategy, st.text(min_size=1), st.none() | st.text(min_size=1))
def test_a_resume_point_holds_everything(terms: Terms, key: str, upstream_id: str | None) -> None:
    submission = Submission(
        terms=terms,
        key=key,
        intended_at=NOON,
        upstream_id=upstream_id,
        is_doubtful=upstream_id is None,
    )
    assert Submission.from_token(submission.to_token()) == submission


class Fate(Enum):
    """Of one post."""

    ANSWERED = auto()
    ACCEPTED_AND_LOST = auto()
    LOST = auto()
    LATE = auto()
    DECLINED = auto()
    REFUSED = auto()


class Crash(Enum):
    """Where an attempt dies, if it does."""

    NOWHERE = auto()
    BEFORE_POST = auto()
    AFTER_POST = auto()
    AFTER_COMMIT = auto()


@dataclass(frozen=True)
class Turn:
    """One attempt: what happens to its post, where it dies, and how long until the next one."""

    fate: Fate
    crash: Crash
    pause: timedelta


turns = st.lists(
    st.builds(
        Turn,
        st.sampled_from(Fate),
        st.sampled_from(Crash),
        st.integers(0, 20).map(lambda minutes: timedelta(minutes=minutes)),
    ),
    max_size=20,
)


@dataclass
class World:
    """An upstream that counts what it takes money for, the row's resume point, and a clock."""

    honours_keys: bool
    now: datetime = NOON
    token: Token | None = None
    paid: list[str] = field(default_factory=list)
    followed: set[str] = field(default_factory=set)
    verdict: str | None = None
    _remembered: dict[str, tuple[datetime, str]] = field(default_factory=dict)
    _late: list[str] = field(default_factory=list)

    def accept(self, key: str) -> str:
        if self.honours_keys and key in self._remembered:
            first_at, upstream_id = self._remembered[key]
            # A little longer than promised: what is sent within the window may arrive after it.
            if self.now < first_at + WINDOW + timedelta(minutes=1):
                return upstream_id
        upstream_id = f"video_{len(self.paid)}"
        self.paid.append(upstream_id)
        self._remembered[key] = (self.now, upstream_id)
        return upstream_id

    def post(self, key: str, fate: Fate) -> Outcome:
        match fate:
            case Fate.ANSWERED:
                return Accepted(self.accept(key))
            case Fate.ACCEPTED_AND_LOST:
                self.accept(key)
            case Fate.LATE:
                self._late.append(key)
            case Fate.DECLINED:
                return NOT_NOW
            case Fate.REFUSED:
                return Declined(EngineFailed("upstream_rejected", "no"))
        return Doubtful("lost")

    def look_up(self) -> str | None:
        return self.paid[-1] if self.paid else None

    def let_time_pass(self, pause: timedelta) -> None:
        late, self._late = self._late, []
        for key in late:
            self.accept(key)
        self.now += pause


def attempt(world: World, terms: Terms, turn: Turn, *, number: int) -> None:
    """What a driver does: the machine decides, the commits come where its docstring says."""
    submission = Submission.from_token(world.token)
    if submission is None:
        submission = Submission(terms=terms, key=f"k{number}", intended_at=world.now)
        world.token = submission.to_token()
    if submission.next_move(at=world.now) is Move.POST:
        posted = send(world, submission, turn)
        if posted is None or posted.next_move(at=world.now) is Move.POST:
            return
        submission = posted
    if submission.next_move(at=world.now) is Move.LOOK_UP:
        submission = look_up(world, submission)
    if submission.next_move(at=world.now) is not Move.FOLLOW:
        world.verdict = "failed"
        return
    assert world.token is not None
    world.followed.add(world.token["id"])
    world.verdict = "completed"


def send(world: World, submission: Submission, turn: Turn) -> Submission | None:
    """None when the attempt ends here."""
    if turn.crash is Crash.BEFORE_POST:
        return None
    outcome = world.post(submission.key, turn.fate)
    if turn.crash is Crash.AFTER_POST:
        return None
    after = submission.after(outcome)
    world.token = WITHDRAWN if after is None else after.to_token()
    if after is None and turn.fate is Fate.REFUSED:
        world.verdict = "failed"
    return None if turn.crash is Crash.AFTER_COMMIT else after


def look_up(world: World, submission: Submission) -> Submission:
    found = world.look_up()
    if found is None:
        return submission
    world.token = submission.found(found).to_token()
    return submission.found(found)


def history(world: World, terms: Terms, played: list[Turn]) -> None:
    quiet = Turn(Fate.ANSWERED, Crash.NOWHERE, timedelta(0))
    for number, turn in enumerate([*played, quiet, quiet]):
        if world.verdict is None:
            attempt(world, terms, turn, number=number)
        world.let_time_pass(turn.pause)


@given(turns)
@example([Turn(Fate.ACCEPTED_AND_LOST, Crash.NOWHERE, timedelta(0))] * 3)
@example([Turn(Fate.LATE, Crash.AFTER_POST, timedelta(0))])
def test_an_upstream_without_keys_is_paid_once_at_most(played: list[Turn]) -> None:
    world = World(honours_keys=False)
    history(world, PLAIN, played)
    assert len(world.paid) <= 1
    assert world.verdict is not None


@given(turns)
def test_a_look_up_pays_for_nothing_again(played: list[Turn]) -> None:
    world = World(honours_keys=False)
    history(world, LISTING, played)
    assert len(world.paid) <= 1
    assert world.verdict is not None


@given(turns)
@example([Turn(Fate.ACCEPTED_AND_LOST, Crash.NOWHERE, timedelta(minutes=20))] * 2)
def test_an_upstream_with_keys_is_paid_once_at_most(played: list[Turn]) -> None:
    world = World(honours_keys=True)
    history(world, WITH_KEYS, played)
    assert len(world.paid) <= 1
    assert world.verdict is not None


@given(turns)
def test_within_the_window_keys_lead_to_exactly_one_job(played: list[Turn]) -> None:
    world = World(honours_keys=True)
    soon = [
        replace(turn, pause=timedelta(seconds=1))
        for turn in played
        if turn.fate is not Fate.REFUSED
    ]
    history(world, WITH_KEYS, soon)
    assert (world.verdict, len(world.paid)) == ("completed", 1)
    assert world.followed == set(world.paid)


@given(turns)
def test_an_upstream_that_does_not_charge_is_asked_until_it_answers(played: list[Turn]) -> None:
    world = World(honours_keys=False)
    history(world, FREE, [turn for turn in played if turn.fate is not Fate.REFUSED])
    assert world.verdict == "completed"
