"""How the relay dialect says no: the common envelope, and the sentence once more where relay clients look."""

import re

from filmgate.http.dialects.relay.wire import ErrorDetail, RelayErrorBody
from filmgate.http.errors import Refusal

PATHS = re.compile(r"/(?:v1/)?sora/|/v1/result/|/v1/videos/sora_")
"""Where clients read this shape."""


def write(refusal: Refusal) -> str:
    error = ErrorDetail(
        message=refusal.message, type=refusal.type, param=refusal.param, code=refusal.code
    )
    return RelayErrorBody(error=error, message=refusal.message).model_dump_json()
