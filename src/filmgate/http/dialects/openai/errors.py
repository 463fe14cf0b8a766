"""How the openai dialect says no."""

from filmgate.http.dialects.openai.wire import ErrorBody, ErrorDetail
from filmgate.http.errors import Refusal


def write(refusal: Refusal) -> str:
    error = ErrorDetail(
        message=refusal.message, type=refusal.type, param=refusal.param, code=refusal.code
    )
    return ErrorBody(error=error).model_dump_json()
