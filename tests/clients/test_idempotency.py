"""The published SDK with an idempotency key: what docs/client-limits.md advises for its retries."""

from datetime import timedelta
from pathlib import Path

import pytest

from filmgate.core.idempotency import in_progress
from tests.clients.gate import Gate
from tests.clients.published import Site, python_client

VERSIONS = ["openai-2.16", "openai-2.54", "openai-newest"]


@pytest.mark.parametrize("version", VERSIONS)
def test_retries_carry_the_key_and_a_key_still_in_progress_is_asked_for_again(
    version: str, site: Site, tmp_path: Path
) -> None:
    pause = timedelta(seconds=1.2)  # longer than the pauses that the SDK would choose itself
    gate = Gate(site, [in_progress(under_way_for=pause)])
    with gate.opened() as gated:
        made = python_client(version, gated, tmp_path).run("openai_sdk/keyed.py", "a", "A lake")
    assert made["id"].startswith("video_")
    assert [create.headers["idempotency-key"] for create in gate.creates] == ["a", "a"]
    assert min(gate.pauses) >= pause.total_seconds()


@pytest.mark.parametrize("version", VERSIONS)
def test_a_program_that_runs_again_under_its_key_gets_the_same_video(
    version: str, site: Site, tmp_path: Path
) -> None:
    sdk = python_client(version, site, tmp_path)
    first, again = (sdk.run("openai_sdk/keyed.py", "b", "A lake") for _ in range(2))
    assert first == again
    other = sdk.run("openai_sdk/keyed.py", "b", "A desert")
    assert other == {"gave up with": "idempotency_conflict"}
