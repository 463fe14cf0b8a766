"""The proof: what the journal, the records and the store have to say together. Values in, violations out.

A violation is a sentence. None of the checks asks the server: it is on trial.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from tests.chaos.journal import (
    Accepted,
    Deleted,
    Entry,
    Refused,
    Seen,
    Sent,
    Stopped,
    Told,
    Unanswered,
    Wrong,
)
from tests.chaos.records import Records, VideoRecord
from tests.chaos.wishes import MARK

EXPECTED_REFUSALS = frozenset({"insufficient_quota", "rate_limit_exceeded"})
OWNER = "filmgate/owner"
"""Says whose the store is; no row names it."""

WIRE_STATUS = {"cancelled": "failed"}
TOLD_TYPES = {
    "completed": "video.completed",
    "failed": "video.failed",
    "cancelled": "video.failed",
}

EntryT = TypeVar("EntryT", bound=Entry)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What the checks are given. `films` says of each kept film what was wrong with it, if anything."""

    journal: Sequence[Entry]
    records: Records
    objects: Mapping[str, int]
    films: Mapping[str, str | None] = field(default_factory=dict)

    def entries(self, kind: type[EntryT]) -> list[EntryT]:
        return [entry for entry in self.journal if isinstance(entry, kind)]

    @property
    def videos(self) -> dict[str, VideoRecord]:
        return {video.id: video for video in self.records.videos}


def violations(evidence: Evidence) -> list[str]:
    """Everything that is not as promised, in the order of the checks."""
    return [sentence for check in CHECKS for sentence in check(evidence)]


def _accepted_videos_are_there(evidence: Evidence) -> Iterator[str]:
    videos = evidence.videos
    for accepted in evidence.entries(Accepted):
        video = videos.get(accepted.video)
        if video is None:
            yield f"{accepted.video} was accepted and does not exist"
        elif video.account != accepted.account:
            yield f"{accepted.video} of {accepted.account} belongs to {video.account}"
        elif wish_of(video) != accepted.wish:
            yield f"{accepted.video} answered the wish {accepted.wish}, and is of {wish_of(video)}"


def _all_videos_have_ended(evidence: Evidence) -> Iterator[str]:
    for video in evidence.records.videos:
        if not video.is_terminal:
            yield f"{video.id} is {video.status}, attempt {video.attempt}"
        if video.status == "failed":  # no fault of a run is a reason for it
            yield f"{video.id} has failed: {video.failure}"


def _each_wish_has_its_videos(evidence: Evidence) -> Iterator[str]:
    """One video for each key; without a key, one for each create that may have been accepted."""
    made = Counter((video.account, wish_of(video)) for video in evidence.records.videos)
    promised: dict[tuple[str, str], set[str]] = defaultdict(set)
    for accepted in evidence.entries(Accepted):
        promised[accepted.account, accepted.wish].add(accepted.video)
    unknown = Counter((entry.account, entry.wish) for entry in evidence.entries(Unanswered))
    keys = {(sent.account, sent.wish): sent.key for sent in evidence.entries(Sent)}
    for wish, key in keys.items():
        least, most = len(promised[wish]), len(promised[wish]) + unknown[wish]
        if key is not None:
            most = 1
        if not least <= made[wish] <= most:
            yield (
                f"the wish {wish[1]} of {wish[0]} (key {key}) has {made[wish]} videos, "
                f"and should have {least} to {most}"
            )
    for wish in made.keys() - keys.keys():
        yield f"{made[wish]} videos of {wish[0]} have the wish {wish[1]!r}, which nobody has sent"


def _keyless_answers_are_no_replays(evidence: Evidence) -> Iterator[str]:
    keys = {(sent.account, sent.wish): sent.key for sent in evidence.entries(Sent)}
    for accepted in evidence.entries(Accepted):
        if accepted.is_replay and keys[accepted.account, accepted.wish] is None:
            yield f"{accepted.video} was called a replay, and the create had no key"


def _refusals_have_a_reason(evidence: Evidence) -> Iterator[str]:
    for refused in evidence.entries(Refused):
        if refused.code not in EXPECTED_REFUSALS:
            yield f"the wish {refused.wish} was refused: {refused.status} {refused.code}"


def _states_move_forwards(evidence: Evidence) -> Iterator[str]:
    """Progress only grows, what has ended stays so, and what is gone does not come back."""
    last: dict[str, Seen] = {}
    for seen in evidence.entries(Seen):
        before = last.get(seen.video)
        last[seen.video] = seen
        if before is None or seen.status == "gone":
            continue
        if before.status in ("completed", "failed", "gone") and seen.status != before.status:
            yield f"{seen.video} was seen {before.status}, and then {seen.status}"
        if (seen.progress or 0) < (before.progress or 0):
            yield f"{seen.video} went from {before.progress} % back to {seen.progress} %"


def _what_was_seen_last_is_true(evidence: Evidence) -> Iterator[str]:
    deleted = {entry.video for entry in evidence.entries(Deleted)}
    videos = evidence.videos
    for seen in {seen.video: seen for seen in evidence.entries(Seen)}.values():
        video = videos.get(seen.video)
        if video is None:
            continue  # said already, by the first check
        if seen.status == "gone" and not (video.is_deleted and seen.video in deleted):
            yield f"{seen.video} was not found, though nobody had deleted it"
        true = WIRE_STATUS.get(video.status, video.status)
        if seen.status in ("completed", "failed") and seen.status != true:
            yield f"{seen.video} was seen {seen.status}, and is {video.status}"


def _cancels_and_deletes_hold(evidence: Evidence) -> Iterator[str]:
    videos = evidence.videos
    for stopped in evidence.entries(Stopped):
        video = videos.get(stopped.video)
        if video is not None and video.status != "cancelled":
            yield f"{stopped.video} was cancelled, and is {video.status}"
    asked = evidence.entries(Deleted)
    for deleted in asked:
        video = videos.get(deleted.video)
        if deleted.is_certain and video is not None and not video.is_deleted:
            yield f"{deleted.video} was deleted, and is not"
    for deleted_id in (video.id for video in evidence.records.videos if video.is_deleted):
        if deleted_id not in {entry.video for entry in asked}:
            yield f"{deleted_id} is deleted, and nobody had asked for it"


def _deleted_films_are_removed(evidence: Evidence) -> Iterator[str]:
    for video in evidence.records.videos:
        if video.is_overdue:
            yield f"{video.id} was deleted minutes ago, and its objects have not been removed"


def _films_are_there(evidence: Evidence) -> Iterator[str]:
    """Stored in full, and of each video one attempt's alone."""
    for video in evidence.records.videos:
        if not video.is_kept or video.file_key is None:
            continue
        size = evidence.objects.get(video.file_key)
        if size is None:
            yield f"{video.id} is completed, and {video.file_key} is not stored"
        elif size != video.file_bytes:
            yield f"{video.file_key} has {size} bytes, and should have {video.file_bytes}"
        if video.id not in evidence.films:
            yield f"{video.id} is completed, and its film was not looked at"
        elif problem := evidence.films[video.id]:
            yield f"the film of {video.id}: {problem}"


def _the_ledger_adds_up(evidence: Evidence) -> Iterator[str]:
    sums: Counter[str] = Counter()
    for entry in evidence.records.ledger:
        sums[entry.account] += entry.amount
    for account in evidence.records.accounts:
        if account.balance != sums[account.name]:
            yield (
                f"the balance of {account.name} is {account.balance}, "
                f"and its ledger adds up to {sums[account.name]}"
            )
        if account.has_credit and account.balance < 0:
            yield f"{account.name} has credit, and owes {-account.balance}"


def _nobody_ever_owed(evidence: Evidence) -> Iterator[str]:
    """Not at the end alone: the entries in their order never took an account with credit below zero."""
    with_credit = {account.name for account in evidence.records.accounts if account.has_credit}
    balances: Counter[str] = Counter()
    for entry in evidence.records.ledger:
        balances[entry.account] += entry.amount
        if entry.account in with_credit and balances[entry.account] < 0:
            yield f"{entry.account} had credit, and owed {-balances[entry.account]} at {entry.kind}"


def _each_video_is_paid_once(evidence: Evidence) -> Iterator[str]:
    moves: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for entry in evidence.records.ledger:
        if entry.video is not None:
            moves[entry.video].append((entry.kind, entry.amount))
    for video in evidence.records.videos:
        kinds = sorted(kind for kind, _ in moves[video.id])
        end = "settle" if video.status == "completed" else "release"
        expected = sorted(["reserve", end]) if video.is_priced else []
        if video.is_terminal and kinds != expected:
            yield f"{video.id} is {video.status}, and its ledger entries are {kinds}"
            continue
        paid = -sum(amount for _, amount in moves[video.id])
        if video.is_priced and video.is_terminal and paid != video.charge:
            yield f"{video.id} was charged {video.charge}, and paid {paid}"


def _each_end_is_one_event(evidence: Evidence) -> Iterator[str]:
    """A video that was deleted while it ran may have ended without a word."""
    told: dict[str, list[str]] = defaultdict(list)
    for event in evidence.records.events:
        told[event.video].append(event.type)
    for video in evidence.records.videos:
        expected = [TOLD_TYPES[video.status]] if video.is_terminal else []
        is_silent = video.is_deleted and video.status == "cancelled" and told[video.id] == []
        if told[video.id] != expected and not is_silent:
            yield f"{video.id} is {video.status}, and its events are {told[video.id]}"


def _each_event_has_one_delivery(evidence: Evidence) -> Iterator[str]:
    """To each endpoint; here, every account has one, and had it from the start."""
    numbers = Counter(each.event for each in evidence.records.deliveries)
    for event in evidence.records.events:
        if numbers[event.id] != 1:
            yield f"the event {event.id} of {event.account} has {numbers[event.id]} deliveries"
    for each in evidence.records.deliveries:
        if each.status != "delivered":
            yield f"the delivery of {each.event} to {each.account} is {each.status}"


def _each_event_was_heard(evidence: Evidence) -> Iterator[str]:
    """By its own account alone, and under one id however often it was sent."""
    events = {(event.account, event.id): event for event in evidence.records.events}
    heard = {
        (told.account, told.event.removeprefix("evt_")): told for told in evidence.entries(Told)
    }
    for account, event_id in events.keys() - heard.keys():
        yield f"{account} was never told of the event {event_id}"
    for account, event_id in heard.keys() - events.keys():
        yield f"{account} was told of the event {event_id}, which it does not have"
    for each in events.keys() & heard.keys():
        told, event = heard[each], events[each]
        if (told.video, told.type) != (event.video, event.type):
            yield f"the event {event.id} was told as {told.type} of {told.video}"


def _nothing_is_stray(evidence: Evidence) -> Iterator[str]:
    for key in strays(evidence.records, evidence.objects):
        yield f"{key} is stored, and no row names it"


def _nothing_went_wrong(evidence: Evidence) -> Iterator[str]:
    for wrong in evidence.entries(Wrong):
        yield f"{wrong.account} saw: {wrong.what}"


def strays(records: Records, objects: Mapping[str, int]) -> list[str]:
    """Objects that no row names. A row names its film with what lies beside it, and what it is made from."""
    keys: set[str] = set()
    folders: set[str] = set()
    for video in records.videos:
        if video.is_emptied:
            continue
        keys.update(video.input_keys)
        if video.file_key is not None:
            folders.add(video.file_key.rpartition("/")[0])
    return sorted(
        key
        for key in objects.keys() - {OWNER}
        if key not in keys and key.rpartition("/")[0] not in folders
    )


def wish_of(video: VideoRecord) -> str:
    """The name that its prompt carries; the whole prompt where it carries none."""
    if not video.prompt.startswith(MARK):
        return video.prompt
    return video.prompt.removeprefix(MARK).partition(":")[0]


Check = Callable[[Evidence], Iterator[str]]
CHECKS: tuple[Check, ...] = (
    _accepted_videos_are_there,
    _all_videos_have_ended,
    _each_wish_has_its_videos,
    _keyless_answers_are_no_replays,
    _refusals_have_a_reason,
    _states_move_forwards,
    _what_was_seen_last_is_true,
    _cancels_and_deletes_hold,
    _deleted_films_are_removed,
    _films_are_there,
    _the_ledger_adds_up,
    _nobody_ever_owed,
    _each_video_is_paid_once,
    _each_end_is_one_event,
    _each_event_has_one_delivery,
    _each_event_was_heard,
    _nothing_is_stray,
    _nothing_went_wrong,
)
