"""How the end of a child becomes the verdict of an engine."""

import pytest

from filmgate.core.errors import EngineFailed, EngineUnavailable
from filmgate.engines.rendering_child import in_engine_words
from filmgate.processes.outcomes import ChildBroken, Refused


def test_a_refusal_is_final_and_keeps_its_code() -> None:
    with pytest.raises(EngineFailed, match=r"^No\.$") as caught, in_engine_words():
        raise Refused("moderation_blocked", "No.")
    assert caught.value.failure_code == "moderation_blocked"


def test_a_broken_child_leaves_hope_for_another_attempt() -> None:
    with pytest.raises(EngineUnavailable, match="ZeroDivisionError"), in_engine_words():
        raise ChildBroken("ZeroDivisionError: by zero")


def test_what_the_machine_lacks_is_not_the_engines_verdict() -> None:
    with pytest.raises(OSError, match="Too many"), in_engine_words():
        raise OSError("Too many open files")
