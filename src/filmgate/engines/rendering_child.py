"""Renders in child processes: what the child says becomes what an engine may raise."""

from collections.abc import Iterator
from contextlib import contextmanager

from filmgate.core.errors import EngineCrashed, EngineFailed
from filmgate.processes.outcomes import ChildBroken, Refused


@contextmanager
def in_engine_words() -> Iterator[None]:
    """Around a `Children.run` that renders."""
    try:
        yield
    except Refused as error:
        raise EngineFailed(error.code, error.message) from error
    except ChildBroken as error:
        raise EngineCrashed(f"The render process failed: {error}") from error
