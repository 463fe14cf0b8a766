"""The published `openai` packages for Python, unmodified, against a running server."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from filmgate.core.errors import QuotaExceeded, RateLimited
from filmgate.core.spec import Size
from tests.clients.gate import Gate
from tests.clients.published import Client, Site, python_client
from tests.clients.receiver import receiving
from tests.e2e.server import Relay
from tests.http.stage import picture
from tests.scripted_engine import write_sample

VERSIONS = ["openai-2.16", "openai-2.54", "openai-newest"]
WITH_EDITS = pytest.mark.parametrize("version", VERSIONS[1:])
FTYP, RIFF, JPEG = b"ftyp".hex(), b"RIFF".hex(), b"\xff\xd8\xff".hex()


@pytest.fixture(scope="module", params=VERSIONS)
def version(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def sdk(version: str, site: Site, tmp_path: Path) -> Client:
    return python_client(version, site, tmp_path)


@pytest.fixture(scope="module")
def created(
    version: str, site: Site, tmp_path_factory: pytest.TempPathFactory, pictures: str
) -> dict[str, dict[str, Any]]:
    """What this version's creates were answered, by the way in which each was asked."""
    home = tmp_path_factory.mktemp("creates")
    right, wrong = home / "portrait.png", home / "landscape.png"
    right.write_bytes(picture(720, 1280))
    wrong.write_bytes(picture(1280, 720))
    sdk = python_client(version, site, home)
    found: dict[str, dict[str, Any]] = sdk.run(
        "openai_sdk/create.py", right, wrong, f"{pictures}/portrait.png"
    )
    return found


def test_every_way_to_ask_for_a_video_is_understood(created: dict[str, dict[str, Any]]) -> None:
    words = {
        name: (video.get("model"), video.get("size"), video.get("seconds"))
        for name, video in created["requests"].items()
    }
    assert words == {
        "nothing but a prompt": ("sora-2", "720x1280", "4"),
        "seconds as text": ("sora-2", "720x1280", "8"),
        "seconds as a number": ("sora-2", "720x1280", "8"),
        "every field": ("sora-2-pro", "1792x1024", "12"),
        "a relay's words": ("openAiSora2Plus", "1280x720", "8"),
        "an address in extra_body": ("sora-2", "720x1280", "4"),
    }
    statuses = {video["status"] for video in created["requests"].values()}
    assert statuses <= {"queued", "in_progress"}


def test_the_sdk_itself_refuses_an_address_where_its_types_allow_one(
    created: dict[str, dict[str, Any]],
) -> None:
    assert created["limits"]["an address"]["raised"] == "RuntimeError", "see docs/client-limits.md"


def test_every_kind_of_upload_arrives_as_the_picture_that_it_is(
    created: dict[str, dict[str, Any]],
) -> None:
    assert all(video.get("object") == "video" for video in created["pictures"].values())
    assert len(created["wrong"]) == 5
    for name, refused in created["wrong"].items():
        assert refused == {"code": "image_size_mismatch", "param": "input_reference"}, name


def test_create_and_poll_returns_the_completed_video(sdk: Client) -> None:
    made, polled, retrieved = sdk.run("openai_sdk/poll.py")
    assert made == polled == retrieved
    assert made["status"] == "completed"
    assert (made["progress"], made["size"], made["seconds"]) == (100, "1280x720", "4")
    assert made["expires_at"] - made["completed_at"] == 24 * 60 * 60


def test_each_variant_downloads_as_what_it_is(sdk: Client, film_id: str) -> None:
    found = sdk.run("openai_sdk/download.py", film_id)
    for variant, (first, *others) in found.items():
        assert all(other == first for other in others), variant
        assert first[1] > 200, variant
    assert found["video"][0][0][8:16] == FTYP
    assert found["default"][0] == found["video"][0]
    assert found["thumbnail"][0][0].startswith(RIFF)
    assert found["spritesheet"][0][0].startswith(JPEG)


def test_the_list_is_walked_page_by_page_in_both_orders(sdk: Client, relay: Relay) -> None:
    made = [relay.create(seconds=4).replace("sora_", "video_") for _ in range(6)]
    found = sdk.run("openai_sdk/pages.py", 5)
    assert found["asc"][-6:] == made
    assert found["desc"] == found["default"] == found["asc"][::-1]
    assert len(set(found["asc"])) == len(found["asc"])
    assert (found["first page"], found["has_more"]) == (made[:0:-1], True)


def test_a_remix_names_its_source_and_becomes_a_film(sdk: Client, film_id: str) -> None:
    created, done = sdk.run("openai_sdk/remix.py", film_id)
    assert created["status"] == "queued"
    assert created["prompt"] == done["prompt"] == "The same lake at night"
    assert created["remixed_from_video_id"] == done["remixed_from_video_id"] == film_id
    assert done["status"] == "completed"


@WITH_EDITS
def test_edits_extensions_and_characters_become_films(
    sdk: Client, film_id: str, tmp_path: Path
) -> None:
    film = tmp_path / "film.mp4"
    write_sample(film, seconds=4, size=Size(720, 1280))
    found = sdk.run("openai_sdk/derive.py", film_id, film)
    character = found.pop("character")
    assert character["name"] == "Mossy"
    assert found.pop("character again") == character
    assert {n: (v["status"], v["size"], v["seconds"]) for n, v in found.items()} == {
        "edit by id": ("completed", "1280x720", "4"),
        "edit by file": ("completed", "720x1280", "4"),
        "extension by id": ("completed", "1280x720", "8"),
        "extension by file": ("completed", "720x1280", "8"),
        "with a character": ("completed", "720x1280", "4"),
    }


def test_a_video_is_deleted_in_the_making_and_when_it_is_completed(
    sdk: Client, relay: Relay
) -> None:
    wire_id = relay.create(seconds=4)
    relay.wait_for(wire_id, "completed")
    in_the_making, completed = sdk.run("openai_sdk/delete.py", wire_id.replace("sora_", "video_"))
    assert (in_the_making["status"], completed["status"]) == ("in_progress", "completed")
    for found in (in_the_making, completed):
        assert (found["deleted"]["object"], found["deleted"]["deleted"]) == ("video.deleted", True)
        assert found["then"] == "video_not_found"


def test_each_refusal_becomes_the_exception_that_it_is(sdk: Client) -> None:
    found = sdk.run("openai_sdk/errors.py")
    assert all(refusal["request_id"].startswith("req_") for refusal in found.values())
    known = {name: [r["kind"], r["code"], r["param"]] for name, r in found.items()}
    assert known == {
        "unknown key": ["AuthenticationError", "invalid_api_key", None],
        "unknown id": ["NotFoundError", "video_not_found", None],
        "content of an unknown id": ["NotFoundError", "video_not_found", None],
        "remix of an unknown id": ["NotFoundError", "video_not_found", None],
        "size": ["BadRequestError", "invalid_value", "size"],
        "seconds": ["BadRequestError", "invalid_value", "seconds"],
        "model": ["BadRequestError", "model_not_found", "model"],
        "prompt": ["BadRequestError", "invalid_value", "prompt"],
    }
    assert "720x1280, 1280x720" in found["size"]["message"]


def test_the_asynchronous_client_goes_from_prompt_to_bytes(sdk: Client) -> None:
    found = sdk.run("openai_sdk/asynchronous.py")
    assert found["video"]["status"] == "completed"
    assert found["begins"][8:16] == FTYP
    assert found["listed"][0] == found["video"]["id"]
    assert found["deleted"]["deleted"] is True


def test_a_rate_limited_create_is_sent_again_after_the_pause_that_was_asked_for(
    version: str, site: Site, tmp_path: Path
) -> None:
    pause = timedelta(seconds=1.2)  # longer than the pauses that the SDK would choose itself
    gate = Gate(site, [RateLimited("Too many requests.", retry_after=pause) for _ in range(2)])
    with gate.opened() as gated:
        video = python_client(version, gated, tmp_path).run("openai_sdk/retry.py")
    assert video["status"] == "queued"
    assert len(gate.pauses) == 2
    assert min(gate.pauses) >= pause.total_seconds()
    assert [create.headers["x-stainless-retry-count"] for create in gate.creates] == ["0", "1", "2"]


def test_a_create_over_quota_is_not_sent_again(version: str, site: Site, tmp_path: Path) -> None:
    gate = Gate(site, [QuotaExceeded("The quota is used up.")])
    with gate.opened() as gated:
        found = python_client(version, gated, tmp_path).run("openai_sdk/retry.py")
    assert found == {"gave up with": "insufficient_quota"}
    assert len(gate.creates) == 1


def test_a_delivery_that_arrived_is_unwrapped_as_the_event_that_it_is(
    sdk: Client, relay: Relay
) -> None:
    with receiving(relay) as receiver:
        video_id = relay.create(seconds=4).replace("sora_", "video_")
        delivery = receiver.delivery_of(video_id)
    found = sdk.run("openai_sdk/unwrap.py", json.dumps({"secret": receiver.secret, **delivery}))
    assert found["event"]["type"] == "video.completed"
    assert found["event"]["data"] == {"id": video_id}
    assert found["an altered body opens"] is False
    assert found["another secret opens it"] is False
