"""A video as an answer: held back as long as the client likes, and not sent twice."""

from collections.abc import Callable
from dataclasses import replace

from starlette.requests import Request
from starlette.responses import Response

from filmgate.core.video import Status, Video
from filmgate.http.conditional import conditional_json
from filmgate.http.following.preferring import preferred_wait, until_finished
from filmgate.http.idempotency import REPLAYED
from filmgate.http.json_answer import json_answer
from filmgate.http.services import Services
from filmgate.usecases.idempotency import Made
from filmgate.usecases.line import Wait, Waiting, waiting_of

# The official clients wait so long between two polls; the first answer's word holds for the whole loop.
_ASK_AGAIN = {"openai-poll-after-ms": "2000", "retry-after": "2"}

AddPlace = Callable[[str, Wait], str]
"""A dialect's body once more, with the video's place in the line in it."""


def polling_headers(*, is_terminal: bool) -> dict[str, str]:
    """What a client is told of its next poll."""
    return {} if is_terminal else dict(_ASK_AGAIN)


async def answer_created(
    services: Services,
    request: Request,
    made: Made[Video],
    *,
    write: Callable[[Video], str],
    write_at_once: Callable[[Video], str] | None = None,
    add_place: AddPlace | None = None,
) -> Response:
    """A create may have words of its own, `write_at_once`, for clients that do not wish to wait.

    Sent again under its idempotency key, it is answered as it was the first time, but for its place in the line.
    """
    video, is_waited_for = made.thing, preferred_wait(request.headers) is not None
    if made.is_replay and not is_waited_for:
        add_place = add_place if video.status is Status.QUEUED else None  # it stands there no more
        video = _as_created(video)
    if write_at_once is not None and not is_waited_for:
        write = write_at_once
    if not made.is_replay:
        _note_accepted(services, video)
    answer = await answer_video(services, request, video, write=write, add_place=add_place)
    if made.is_replay:
        answer.headers.update(REPLAYED)
    return answer


async def body_of_accepted(
    services: Services,
    video: Video,
    *,
    write: Callable[[Video], str],
    add_place: AddPlace | None,
) -> str:
    """Of `answer_created`, for a new video and a client that does not wish to wait."""
    waiting = _note_accepted(services, video)
    return await _body_of(services, write(video), waiting, add_place=add_place)


async def answer_video(
    services: Services,
    request: Request,
    video: Video,
    *,
    write: Callable[[Video], str],
    add_place: AddPlace | None = None,
) -> Response:
    """The caller's own video, in the words of `write`, and with its place in the line where it has one."""
    patience = preferred_wait(request.headers)
    told = {}
    # A preference, and no more: where too many are waiting already, this one is not.
    if patience is not None and services.waits.has_one(video.account_id):
        with services.waits.taken(video.account_id):
            video = await until_finished(services.watch, request, video, at_most=patience)
        told["preference-applied"] = f"wait={int(patience.total_seconds())}"
    services.sightings.note(video)
    headers = told | polling_headers(is_terminal=video.status.is_terminal)
    body = await _body_of(services, write(video), waiting_of(video), add_place=add_place)
    if request.method != "GET":
        return json_answer(body, headers=headers)
    return conditional_json(request, body, headers=headers)


async def _body_of(
    services: Services, body: str, waiting: Waiting | None, *, add_place: AddPlace | None
) -> str:
    if add_place is None or waiting is None:
        return body
    wait = await services.lines.wait_of(waiting)
    return body if wait is None else add_place(body, wait)


def _note_accepted(services: Services, video: Video) -> Waiting | None:
    waiting = waiting_of(video)
    if waiting is not None:
        services.lines.note_accepted(waiting)
    return waiting


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
        # Of one that waits no more nobody is told where it stands.
        place=video.place if video.status is Status.QUEUED else None,
    )
