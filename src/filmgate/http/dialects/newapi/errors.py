"""How the newapi dialect says no: in the openai envelope."""

import re

from filmgate.http.dialects.newapi.wire import ErrorBody, ErrorDetail
from filmgate.http.errors import Refusal

PATHS = re.compile(r"/v1/video/generations(?:/|$)")
"""Where clients read this shape."""


def write(refusal: Refusal) -> str:
    error = ErrorDetail(
        message=refusal.message, type=refusal.type, param=refusal.param, code=refusal.code
    )
    return ErrorBody(error=error).model_dump_json()
