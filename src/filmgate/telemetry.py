"""Logs: set up here, used everywhere through `structlog.get_logger()`. What is counted is in `metrics/`."""

import json
import logging
import sys
from functools import partial
from typing import Literal

import structlog
from pydantic_core import PydanticSerializationError, to_json

from filmgate.log_lines import LogLines


def set_up_logging(
    *,
    level: Literal["debug", "info", "warning", "error"],
    style: Literal["auto", "text", "json"],
) -> None:
    """Write one line an event to standard error: text for a person, JSON for a collector."""
    is_text = style == "text" or (style == "auto" and sys.stderr.isatty())
    facts: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=not is_text),
    ]
    structlog.configure(
        processors=[*facts, *_renderers(is_text=is_text)],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=partial(_same, LogLines(sys.stderr)),
        cache_logger_on_first_use=True,
    )
    _listen_to_libraries(facts, _renderers(is_text=is_text))


def _same(lines: LogLines, *_: object) -> LogLines:
    """For every logger, whatever its name."""
    return lines


def _listen_to_libraries(
    facts: list[structlog.types.Processor], renderers: list[structlog.types.Processor]
) -> None:
    """They speak through the standard library: only what went wrong there is worth a line, and one like ours."""
    handler = logging.StreamHandler(sys.stderr)
    unwrap = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[unwrap, *renderers], foreign_pre_chain=facts
        )
    )
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    # Whoever needs the database says by itself that it is away, without a traceback a second.
    logging.getLogger("asyncpg").setLevel(logging.CRITICAL)
    # They warn of every request that is broken, which any client can make them do as often as it likes.
    for chatterer in ("python_multipart", "uvicorn.error"):
        logging.getLogger(chatterer).setLevel(logging.ERROR)


def _renderers(*, is_text: bool) -> list[structlog.types.Processor]:
    if is_text:
        # Not the default traceback: it prints local variables, and with them whoever's Authorization header.
        plain = structlog.dev.plain_traceback
        return [
            structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=plain)
        ]
    return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(_json)]


def _json(event: object, **_: object) -> str:
    """A line for each request is written here: this takes a tenth of the time that the standard library does."""
    try:
        return to_json(event, fallback=repr).decode()
    except PydanticSerializationError:
        return json.dumps(event, default=repr)  # half a character, say, which is no UTF-8
