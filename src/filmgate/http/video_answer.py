"""A video as an answer: held back as long as the client likes, and not sent twice."""

from collections.abc import Callable
from dataclasses import replace

from starlette.requests import Request
from starlette.responses import Response

from filmgate.core.video import Status, Video
from filmgate.database.line import Wait
from filmgate.http.conditional import conditional_json
from filmgate.http.following.preferring import preferred_wait, until_finished
from filmgate.http.idempotency import REPLAYED
from filmgate.http.json_answer import json_answer
from filmgate.http.services import Services
from filmgate.usecases.idempotency import Made
from filmgate.usecases.line import wait_of

# The official clients wait so long between two polls; the first answer's word holds for the whole loop.
_ASK_AGAIN = {"openai-poll-after-ms": "2000", "retry-after": "2"}


async def answer_created(
    services: Services,
    request: Request,
    made: Made[Video],
    *,
    write: Callable[[Video], str],
    write_at_once: Callable[[Video], str] | None = None,
    write_waiting: Callable[[Video, Wait], str] | None = None,
) -> Response:
    """A create may have words of its own, `write_at_once`, for clients that do not wish to wait.

    Sent again under its idempotency key, it is answered as it was the first time, but for its place in the line.
    """
    video, is_waited_for = made.thing, preferred_wait(request.headers) is not None
    if made.is_replay and not is_waited_for:
        video = _as_created(video)
    if write_at_once is not None and not is_waited_for:
        write = write_at_once
    answer = await answer_video(services, request, video, write=write, write_waiting=write_waiting)
    if made.is_replay:
        answer.headers.update(REPLAYED)
    return answer


async def answer_video(
    services: Services,
    request: Request,
    video: Video,
    *,
    write: Callable[[Video], str],
    write_waiting: Callable[[Video, Wait], str] | None = None,
) -> Response:
    """The caller's own video, in the words of `write`; of `write_waiting` where it has a place in the line."""
    patience = preferred_wait(request.headers)
    headers = {}
    # A preference, and no more: where too many are waiting already, this one is not.
    if patience is not None and services.waits.has_one(video.account_id):
        with services.waits.taken(video.account_id):
            video = await until_finished(services.watch, request, video, at_most=patience)
        headers["preference-applied"] = f"wait={int(patience.total_seconds())}"
    if not video.status.is_terminal:
        headers |= _ASK_AGAIN
    wait = None if write_waiting is None else await wait_of(services.database, video)
    body = write(video) if write_waiting is None or wait is None else write_waiting(video, wait)
    if request.method != "GET":
        return json_answer(body, headers=headers)
    return conditional_json(request, body, headers=headers)


def _as_created(video: Video) -> Video:
    """Without what has become of it."""
    return replace(
        video,
        status=Status.QUEUED,
        progress=0,
        completed_at=None,
        expires_at=None,
        asset=None,
        failure=None,
    )
