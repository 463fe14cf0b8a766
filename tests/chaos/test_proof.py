"""The proof can fail: for every check, evidence that is forged in that one respect is found out."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

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
from tests.chaos.proof import Evidence, violations
from tests.chaos.records import (
    AccountRecord,
    DeliveryRecord,
    EventRecord,
    LedgerRecord,
    Records,
    VideoRecord,
)
from tests.chaos.wishes import MARK

FILM = "videos/one/2/video.mp4"
PICTURE = "videos/one/references/0.webp"

VIDEO = VideoRecord(
    id="one",
    account="ours",
    prompt=f"{MARK}ours-1: a lake at dawn",
    status="completed",
    attempt=2,
    file_key=FILM,
    file_bytes=1000,
    input_keys=(PICTURE,),
    is_deleted=False,
    is_emptied=False,
    is_overdue=False,
    is_priced=True,
    charge=400,
    failure=None,
)
STOPPED = replace(
    VIDEO,
    id="two",
    prompt=f"{MARK}ours-2: a lake at dawn",
    status="cancelled",
    file_key=None,
    file_bytes=None,
    input_keys=(),
    charge=0,
    failure="cancelled: The video was cancelled.",
)


def seen(video: str, status: str, progress: int = 0, account: str = "ours") -> Seen:
    return Seen(account=account, video=video, status=status, progress=progress)


def told(video: str, event: str, type_: str, reply: int = 204) -> Told:
    return Told(
        account="ours", endpoint="ours", event=f"evt_{event}", video=video, type=type_, reply=reply
    )


def entry(video: str | None, kind: str, amount: int) -> LedgerRecord:
    return LedgerRecord(account="ours", video=video, kind=kind, amount=amount)


JOURNAL: tuple[Entry, ...] = (
    Sent(account="ours", wish="ours-1", key="key-1"),
    Unanswered(account="ours", wish="ours-1", reason="ReadTimeout"),
    Sent(account="ours", wish="ours-1", key="key-1"),
    Accepted(account="ours", wish="ours-1", video="one", is_replay=True),
    Sent(account="ours", wish="ours-2", key=None),
    Accepted(account="ours", wish="ours-2", video="two", is_replay=False),
    Sent(account="ours", wish="ours-3", key=None),
    Refused(account="ours", wish="ours-3", status=429, code="insufficient_quota"),
    seen("one", "queued"),
    seen("one", "in_progress", 30),
    seen("one", "completed", 100),
    seen("two", "queued"),
    Stopped(account="ours", video="two"),
    seen("two", "failed"),
    told("one", "e1", "video.completed", reply=500),
    told("one", "e1", "video.completed"),
    told("two", "e2", "video.failed"),
)
RECORDS = Records(
    videos=(VIDEO, STOPPED),
    accounts=(AccountRecord(name="ours", has_credit=True, balance=600),),
    ledger=(
        entry(None, "grant", 1000),
        entry("one", "reserve", -500),
        entry("two", "reserve", -500),
        entry("two", "release", 500),
        entry("one", "settle", 100),
    ),
    events=(
        EventRecord(id="e1", account="ours", video="one", type="video.completed"),
        EventRecord(id="e2", account="ours", video="two", type="video.failed"),
    ),
    deliveries=(
        DeliveryRecord(account="ours", endpoint="w", event="e1", status="delivered"),
        DeliveryRecord(account="ours", endpoint="w", event="e2", status="delivered"),
    ),
)
EVIDENCE = Evidence(
    journal=JOURNAL,
    records=RECORDS,
    objects={FILM: 1000, "videos/one/2/thumbnail.webp": 10, PICTURE: 20},
    films={"one": None},
)

Forgery = Callable[[Evidence], Evidence]


def more(*entries: Entry) -> Forgery:
    return lambda original: replace(original, journal=(*original.journal, *entries))


def without(*entries: Entry) -> Forgery:
    return lambda original: replace(
        original, journal=[each for each in original.journal if each not in entries]
    )


def records(**changes: Any) -> Forgery:
    return lambda original: replace(original, records=replace(original.records, **changes))


def first_video(**changes: Any) -> Forgery:
    return records(videos=(replace(VIDEO, **changes), STOPPED))


def second_video(**changes: Any) -> Forgery:
    return records(videos=(VIDEO, replace(STOPPED, **changes)))


def evidence(**changes: Any) -> Forgery:
    return lambda original: replace(original, **changes)


def test_evidence_that_agrees_is_accepted() -> None:
    assert violations(EVIDENCE) == []


@pytest.mark.parametrize(
    ("forge", "found"),
    [
        (records(videos=(VIDEO,)), "two was accepted and does not exist"),
        (first_video(account="theirs"), "one of ours belongs to theirs"),
        (first_video(prompt=f"{MARK}ours-2: x"), "one answered the wish ours-1, and is of ours-2"),
        (first_video(status="in_progress"), "one is in_progress, attempt 2"),
        (first_video(status="failed", failure="engine_failed: why"), "one has failed: engine_"),
        (
            records(videos=(VIDEO, STOPPED, replace(VIDEO, id="twin"))),
            "(key key-1) has 2 videos, and should have 1 to 1",
        ),
        (
            records(videos=(VIDEO, STOPPED, replace(STOPPED, id="twin"))),
            "ours-2 of ours (key None) has 2 videos",
        ),
        (
            records(
                videos=(VIDEO, STOPPED, replace(STOPPED, id="x", prompt=f"{MARK}ours-3: a lake"))
            ),
            "ours-3 of ours (key None) has 1 videos, and should have 0 to 0",
        ),
        (
            records(videos=(VIDEO, STOPPED, replace(STOPPED, id="x", prompt="a cat"))),
            "1 videos of ours have the wish 'a cat', which nobody has sent",
        ),
        (
            more(Accepted(account="ours", wish="ours-1", video="two", is_replay=False)),
            "two answered the wish ours-1",
        ),
        (
            more(Accepted(account="ours", wish="ours-2", video="two", is_replay=True)),
            "two was called a replay",
        ),
        (
            more(Refused(account="ours", wish="ours-3", status=422, code="idempotency_conflict")),
            "ours-3 was refused: 422 idempotency_conflict",
        ),
        (more(seen("one", "in_progress", 100)), "one was seen completed, and then in_progress"),
        (more(seen("one", "gone"), seen("one", "completed", 100)), "one was seen gone, and then"),
        (more(seen("two", "failed", 9), seen("two", "failed", 8)), "two went from 9 % back to 8 %"),
        (more(seen("one", "gone")), "one was not found, though nobody had deleted it"),
        (more(seen("two", "completed")), "two was seen completed, and is cancelled"),
        (more(Stopped(account="ours", video="one")), "one was cancelled, and is completed"),
        (
            more(Deleted(account="ours", video="one", is_certain=True)),
            "one was deleted, and is not",
        ),
        (second_video(is_deleted=True), "two is deleted, and nobody had asked for it"),
        (second_video(is_overdue=True), "two was deleted minutes ago"),
        (evidence(objects={PICTURE: 20}), f"one is completed, and {FILM} is not stored"),
        (evidence(objects={FILM: 999, PICTURE: 20}), "999 bytes, and should have 1000"),
        (evidence(films={}), "one is completed, and its film was not looked at"),
        (evidence(films={"one": "it is cut short"}), "the film of one: it is cut short"),
        (
            records(accounts=(AccountRecord(name="ours", has_credit=True, balance=599),)),
            "the balance of ours is 599, and its ledger adds up to 600",
        ),
        (
            records(
                accounts=(AccountRecord(name="ours", has_credit=True, balance=-400),),
                ledger=RECORDS.ledger[1:],
            ),
            "ours has credit, and owes 400",
        ),
        (
            records(ledger=(*RECORDS.ledger[1:], RECORDS.ledger[0])),
            "ours had credit, and owed 1000 at reserve",
        ),
        (
            records(ledger=(*RECORDS.ledger, entry("one", "settle", 0))),
            "one is completed, and its ledger entries are ['reserve', 'settle', 'settle']",
        ),
        (
            records(ledger=(*RECORDS.ledger, entry("two", "settle", 0))),
            "two is cancelled, and its ledger entries are ['release', 'reserve', 'settle']",
        ),
        (first_video(is_priced=False), "one is completed, and its ledger entries are"),
        (first_video(charge=401), "one was charged 401, and paid 400"),
        (
            records(events=(*RECORDS.events, replace(RECORDS.events[0], id="e3"))),
            "one is completed, and its events are ['video.completed', 'video.completed']",
        ),
        (records(events=RECORDS.events[:1]), "two is cancelled, and its events are []"),
        (
            records(deliveries=(*RECORDS.deliveries, RECORDS.deliveries[0])),
            "the event e1 of ours has 2 deliveries",
        ),
        (records(deliveries=RECORDS.deliveries[:1]), "the event e2 of ours has 0 deliveries"),
        (
            records(
                deliveries=(RECORDS.deliveries[0], replace(RECORDS.deliveries[1], status="failed"))
            ),
            "the delivery of e2 to ours is failed",
        ),
        (without(told("two", "e2", "video.failed")), "ours was never told of the event e2"),
        (
            more(told("one", "e9", "video.completed")),
            "ours was told of the event e9, which it does not have",
        ),
        (more(told("two", "e1", "video.failed")), "the event e1 was told as video.failed of two"),
        (
            evidence(objects=dict(EVIDENCE.objects) | {"videos/one/1/video.mp4": 5}),
            "videos/one/1/video.mp4 is stored, and no row names it",
        ),
        (
            first_video(is_deleted=True, is_emptied=True),
            f"{FILM} is stored, and no row names it",
        ),
        (more(Wrong(account="ours", what="GET /: 500")), "ours saw: GET /: 500"),
    ],
)
def test_a_forgery_is_found_out(forge: Forgery, found: str) -> None:
    assert any(found in sentence for sentence in violations(forge(EVIDENCE)))


def test_a_lost_answer_may_have_made_a_video_or_not() -> None:
    lost = Unanswered(account="ours", wish="ours-3", reason="ReadTimeout")
    sent = Sent(account="ours", wish="ours-3", key=None)
    made = replace(STOPPED, id="three", prompt=f"{MARK}ours-3: a lake", is_priced=False)
    event = EventRecord(id="e3", account="ours", video="three", type="video.failed")
    delivery = DeliveryRecord(account="ours", endpoint="w", event="e3", status="delivered")
    with_it = records(
        videos=(*RECORDS.videos, made),
        events=(*RECORDS.events, event),
        deliveries=(*RECORDS.deliveries, delivery),
    )(more(sent, lost, told("three", "e3", "video.failed"))(EVIDENCE))
    assert violations(more(sent, lost)(EVIDENCE)) == []
    assert violations(with_it) == []


def test_a_video_deleted_while_it_ran_may_end_without_a_word() -> None:
    silent = records(
        videos=(VIDEO, replace(STOPPED, is_deleted=True)),
        events=RECORDS.events[:1],
        deliveries=RECORDS.deliveries[:1],
    )(without(told("two", "e2", "video.failed"))(EVIDENCE))
    assert violations(more(Deleted(account="ours", video="two", is_certain=True))(silent)) == []
