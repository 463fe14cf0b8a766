"""What an openai-shaped upstream's answers mean in our words."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from filmgate.core.errors import EngineBusy, EngineFailed, EngineUnavailable
from filmgate.core.submission import Accepted, Declined, Doubtful, Outcome
from filmgate.engines.upstream.calls import JobState, JobUnknown, Sighting, UpstreamAway
from filmgate.engines.videos_api.exchange import Answer

MESSAGE_LIMIT = 400
ID_LIMIT = 200

# A matter between the operator and the upstream, or of time: the video is not to blame. Redirects are among
# them since they are not followed: they are answers to a wrong `url`.
_NOT_NOW = {301, 302, 307, 308, 401, 402, 403, 404, 405, 407, 421, 425, 426, 429}
_AWAY = (_NOT_NOW - {404}) | {408}

_BLOCKED = {"moderation_blocked", "content_policy_violation", "content_policy", "safety_violation"}
_SPENT = {"insufficient_quota", "billing_hard_limit_reached"}
_SHARED_CODES = {"image_rejected", "engine_timeout"}
_STATES = {
    "completed": JobState.COMPLETED,
    "failed": JobState.FAILED,
    "cancelled": JobState.FAILED,
    "canceled": JobState.FAILED,
    "expired": JobState.FAILED,
}


def outcome_of(answer: Answer, *, knows_keys: bool) -> Outcome:
    """What a create came to."""
    if answer.is_success:
        upstream_id = answer.document.get("id")
        if isinstance(upstream_id, str) and 0 < len(upstream_id) <= ID_LIMIT:
            return Accepted(upstream_id)
        return Doubtful("it answered without an id.")
    # Of a 409, an upstream that knows keys may mean that the first request is still under way; a 408 may come
    # from a gateway in front of it that has passed the request on.
    is_doubtful = answer.status == 408 or (answer.status == 409 and knows_keys)
    if is_doubtful or not (answer.status in _NOT_NOW or 400 <= answer.status < 500):
        return Doubtful(f"it answered with status {answer.status}.")
    code, message = _told(answer.document)
    if answer.status == 429 and code not in _BLOCKED | _SPENT:
        busy = "The upstream has all that it can take for now."
        return Declined(EngineBusy(busy, retry_after=answer.retry_after), answer.retry_after)
    if code not in _BLOCKED and answer.status in _NOT_NOW:
        words = f"The upstream takes no jobs from us now: it answered with status {answer.status}."
        return Declined(EngineUnavailable(words), answer.retry_after)
    return Declined(_failure(code, message, otherwise="upstream_rejected"))


def sighting_of(answer: Answer, upstream_id: str) -> Sighting:
    """Raises UpstreamAway, JobUnknown."""
    job = answer.document
    # A failed job may be answered with the status of its failure.
    if isinstance(job.get("status"), str) and (answer.is_success or job.get("id") == upstream_id):
        return _sighting(job, answer)
    if answer.status in {404, 410}:
        raise JobUnknown("The upstream knows no such job.")
    if answer.status in _AWAY or not 400 <= answer.status < 500:
        raise away(answer)
    code, message = _told(job)
    failure = _failure(code, message, otherwise="upstream_rejected")
    return Sighting(state=JobState.FAILED, failure=failure)


def is_stopped(answer: Answer) -> bool:
    """Whether there is nothing more to do about a job that was to be deleted. Raises UpstreamAway.

    False where the upstream does not let us.
    """
    if answer.is_success or answer.status in {404, 410}:
        return True
    # 409: it is being aborted, or has just begun.
    if answer.status in _AWAY - {405} or answer.status == 409 or answer.status >= 500:
        raise away(answer)
    return False


def away(answer: Answer) -> UpstreamAway:
    return UpstreamAway(
        f"The upstream answered with status {answer.status}, and not about the job.",
        retry_after=answer.retry_after,
    )


def is_like(job: object, fields: Mapping[str, str], *, since: datetime) -> bool:
    """Whether a listed job is one that a create with these fields could have made."""
    if not isinstance(job, dict) or not isinstance(job.get("id"), str):
        return False
    compared = ("prompt", "model", "size", "seconds")
    is_same = all(str(job.get(name)) == fields[name] for name in compared)
    return is_same and not is_older(job, than=since)


def is_older(job: object, *, than: datetime) -> bool:
    made_at = job.get("created_at") if isinstance(job, dict) else None
    return not isinstance(made_at, int | float) or made_at < than.timestamp()


def _sighting(job: Mapping[str, Any], answer: Answer) -> Sighting:
    state = _STATES.get(job["status"], JobState.RUNNING)
    failure = None
    if state is JobState.FAILED:
        code, message = _told(job)
        failure = _failure(code, message, otherwise="engine_failed")
    percent = job.get("progress")
    return Sighting(
        state=state,
        percent=percent if isinstance(percent, int | float) and 0 <= percent <= 100 else 0,
        failure=failure,
        look_after=answer.poll_after,
    )


def _told(document: Mapping[str, Any]) -> tuple[str, str]:
    """Code and message of an error in any of the shapes that are about."""
    error = document.get("error") or document.get("detail") or document.get("message") or ""
    if isinstance(error, dict):
        return str(error.get("code") or ""), _plain(error.get("message"))
    return "", _plain(error)


def _plain(text: object) -> str:
    words = " ".join("".join(c if c.isprintable() else " " for c in str(text or "")).split())
    return words if len(words) <= MESSAGE_LIMIT else words[:MESSAGE_LIMIT] + "…"


def _failure(code: str, message: str, *, otherwise: str) -> EngineFailed:
    if code in _BLOCKED:
        return EngineFailed("moderation_blocked", f"The upstream refused it: {message or code}")
    ours = code if code in _SHARED_CODES else otherwise
    deed = "refused this video" if otherwise == "upstream_rejected" else "could not make this video"
    return EngineFailed(ours, f"The upstream {deed}: {message or 'it does not say why.'}")
