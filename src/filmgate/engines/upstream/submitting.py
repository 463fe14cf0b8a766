"""From an order to a submission whose id is committed. What may be done when is decided in `core/submission.py`."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import TypeVar
from uuid import uuid4

import structlog

from filmgate.core.errors import DatabaseUnavailable, EngineBusy, EngineUnavailable
from filmgate.core.ports import Attempt, Token
from filmgate.core.submission import (
    WITHDRAWN,
    Accepted,
    Declined,
    Doubtful,
    Move,
    Outcome,
    Submission,
    unknown,
)
from filmgate.engines.upstream.calls import Channel, Order, Patience, Upstream, UpstreamAway
from filmgate.engines.upstream.undisturbed import undisturbed

CLOCKS_DIFFER = timedelta(minutes=15)
"""Between the upstream's clock, which dates its jobs, and this host's, which dates the intent. It may be generous:
other videos' jobs are known, whatever their date."""

COMMIT_PAUSE = timedelta(milliseconds=500)

Answer = tuple[Outcome, Submission | None]
"""The outcome of a post, and what is known of the submission now."""

T = TypeVar("T")

log = structlog.get_logger()


async def submit(order: Order, attempt: Attempt, *, channel: Channel) -> Submission:
    """Return the submission with its id, made now or by an earlier attempt. Raises EngineError."""
    found = left_by_earlier(attempt.token)
    if found is None:
        return await _begin(order, attempt, channel=channel)
    if found.next_move(at=_now()) is Move.FOLLOW:
        return found
    return await _go_on(order, found, attempt, channel=channel)


async def _go_on(
    order: Order, found: Submission, attempt: Attempt, *, channel: Channel
) -> Submission:
    upstream = channel.reach(found.terms)
    answer = None
    async with channel.pace.posts:
        move = found.next_move(at=_now())
        log.info("submission in doubt", **_traces(found), move=move.name.lower())
        if move is Move.POST:
            answer = await _send(
                order, found, attempt, upstream=upstream, patience=channel.patience
            )
    if answer is None:
        return await _resolve(order, found, attempt, upstream=upstream, channel=channel)
    return await _conclude(order, answer, attempt, upstream=upstream, channel=channel)


def left_by_earlier(token: Token | None) -> Submission | None:
    """Raises EngineFailed for a resume point that says something else than a submission."""
    try:
        return Submission.from_token(token)
    except ValueError as error:
        raise unknown("what an earlier attempt noted cannot be read.") from error


async def commit(attempt: Attempt, token: Token, *, patience: Patience) -> None:
    """Save what must be known to have been saved, however long the database is away, within reason."""
    await _insisting(lambda: attempt.save(token), patience=patience)


async def _begin(order: Order, attempt: Attempt, *, channel: Channel) -> Submission:
    # First of all, so that nothing is in doubt when it fails for want of a secret.
    upstream = channel.reach(channel.terms)
    # Before the intent is committed: who dies while it waits leaves no doubt.
    async with channel.pace.posts:
        intent = Submission(terms=channel.terms, key=str(uuid4()), intended_at=_now())
        # Until it is certain: an intent that was committed unheard would be a doubt without need.
        await commit(attempt, intent.to_token(), patience=channel.patience)
        answer = await _send(order, intent, attempt, upstream=upstream, patience=channel.patience)
    return await _conclude(order, answer, attempt, upstream=upstream, channel=channel)


async def _send(
    order: Order,
    submission: Submission,
    attempt: Attempt,
    *,
    upstream: Upstream,
    patience: Patience,
) -> Answer:
    # To its end even if the attempt is cancelled: an answer that nobody hears is a doubt.
    post = _post(order, submission, attempt, upstream=upstream, patience=patience)
    return await undisturbed(post, limit=patience.leave_limit)


async def _conclude(
    order: Order, answer: Answer, attempt: Attempt, *, upstream: Upstream, channel: Channel
) -> Submission:
    """What may take long, and keeps no other post waiting."""
    outcome, after = answer
    if isinstance(outcome, Declined) and after is None:
        await _hold_off(outcome, patience=channel.patience)
        raise outcome.error
    assert after is not None
    if isinstance(outcome, Accepted):
        return after
    reason = outcome.reason if isinstance(outcome, Doubtful) else outcome.error.message
    log.warning("post in doubt", **_traces(after), reason=reason)
    if after.next_move(at=_now()) is Move.POST:
        # By another attempt, a while later, under the same key.
        raise EngineUnavailable(f"It is not known yet whether the upstream took the job: {reason}")
    return await _resolve(order, after, attempt, upstream=upstream, channel=channel)


async def _post(
    order: Order,
    submission: Submission,
    attempt: Attempt,
    *,
    upstream: Upstream,
    patience: Patience,
) -> Answer:
    """One post, and its outcome committed as far as it is certain."""
    outcome = await upstream.submit(order, key=submission.key)
    after = submission.after(outcome)
    if after is None or after.upstream_id is not None:
        token = WITHDRAWN if after is None else after.to_token()
        await commit(attempt, token, patience=patience)
    return outcome, after


async def _hold_off(declined: Declined, *, patience: Patience) -> None:
    """An upstream that asks for time gets it before the next attempt can begin."""
    if isinstance(declined.error, EngineBusy):
        return  # whoever takes videos for it hears of it, and waits
    if declined.retry_after is not None and isinstance(declined.error, EngineUnavailable):
        await asyncio.sleep(min(declined.retry_after, patience.longest_asked).total_seconds())


async def _resolve(
    order: Order,
    submission: Submission,
    attempt: Attempt,
    *,
    upstream: Upstream,
    channel: Channel,
) -> Submission:
    """Find out what became of a post that may not be sent again."""
    if submission.next_move(at=_now()) is not Move.LOOK_UP:
        raise unknown("its answer was lost, and there is no way to ask.")
    sought = submission.sought()
    await commit(attempt, sought.to_token(), patience=channel.patience)
    return await _look_up(order, sought, attempt, upstream=upstream, channel=channel)


async def _look_up(
    order: Order,
    sought: Submission,
    attempt: Attempt,
    *,
    upstream: Upstream,
    channel: Channel,
) -> Submission:
    """Find its job and commit the id. An accepted job may take a while to be listed: there are several looks."""
    free: list[str] = []
    for pause in channel.patience.look_up_pauses:
        await asyncio.sleep(pause.total_seconds())
        free = await _free(order, sought, attempt, upstream=upstream, channel=channel)
        if len(free) == 1:
            found = sought.found(free[0])
            if await _claim(attempt, found.to_token(), patience=channel.patience):
                return found
    if len(free) == 1:
        raise EngineUnavailable(
            "A job was found at the upstream, and it is not known yet whether it is another video's."
        )
    if free:
        raise unknown(f"its list holds {len(free)} jobs that could be this one.")
    raise unknown("its answer was lost, and its list does not hold the job.")


async def _free(
    order: Order, sought: Submission, attempt: Attempt, *, upstream: Upstream, channel: Channel
) -> list[str]:
    """The jobs that could be this one and are not known to be another video's."""
    try:
        async with channel.pace.looks:
            listed = await upstream.look_up(order, since=sought.intended_at - CLOCKS_DIFFER)
    except UpstreamAway as error:
        raise EngineUnavailable(
            f"It is not known yet whether the upstream took the job: {error.message}"
        ) from error
    return await _insisting(
        lambda: attempt.unclaimed(sought.terms.url, listed), patience=channel.patience
    )


async def _claim(attempt: Attempt, token: Token, *, patience: Patience) -> bool:
    return await _insisting(lambda: attempt.claim(token), patience=patience)


async def _insisting(ask: Callable[[], Awaitable[T]], *, patience: Patience) -> T:
    loop = asyncio.get_running_loop()
    until = loop.time() + patience.away_limit.total_seconds()
    while True:
        try:
            return await ask()
        except DatabaseUnavailable:
            if loop.time() > until:
                raise
            await asyncio.sleep(COMMIT_PAUSE.total_seconds())


def _traces(submission: Submission) -> dict[str, str]:
    """What an operator needs to ask the upstream about it."""
    return {"upstream": submission.terms.upstream, "idempotency_key": submission.key}


def _now() -> datetime:
    return datetime.now(UTC)
