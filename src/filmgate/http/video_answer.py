"""A video as an answer: held back as long as the client likes, and not sent twice."""

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response

from filmgate.core.video import Video
from filmgate.http.conditional import conditional_json
from filmgate.http.following.preferring import preferred_wait, until_finished
from filmgate.http.json_answer import json_answer
from filmgate.http.services import Services

# The official clients wait so long between two polls; the first answer's word holds for the whole loop.
_ASK_AGAIN = {"openai-poll-after-ms": "2000", "retry-after": "2"}


async def answer_video(
    services: Services,
    request: Request,
    video: Video,
    *,
    write: Callable[[Video], str],
    write_at_once: Callable[[Video], str] | None = None,
) -> Response:
    """The caller's own video, in the words of `write`.

    A create may have words of its own, `write_at_once`, for clients that do not wish to wait.
    """
    patience = preferred_wait(request.headers)
    headers = {}
    if patience is not None:
        video = await until_finished(services.watch, request, video, at_most=patience)
        headers["preference-applied"] = f"wait={int(patience.total_seconds())}"
    elif write_at_once is not None:
        write = write_at_once
    if not video.status.is_terminal:
        headers |= _ASK_AGAIN
    if request.method != "GET":
        return json_answer(write(video), headers=headers)
    return conditional_json(request, write(video), headers=headers)
