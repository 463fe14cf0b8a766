"""The published `openai` packages for Node, unmodified, against a running server."""

import shutil
import subprocess
from typing import Any

import pytest

from tests.clients.published import Site, node_client
from tests.http.stage import picture

OLDEST_NODE = 20
COMPLETED = {
    "made": ("completed", "1280x720", "8"),
    "pictured": ("completed", "720x1280", "4"),
    "remixed": ("completed", "1280x720", "4"),
    "edited": ("completed", "1280x720", "4"),
    "extended": ("completed", "1280x720", "8"),
}


@pytest.fixture(scope="module")
def node() -> str:
    node = shutil.which("node")
    if node is None or shutil.which("npm") is None:
        pytest.skip("Node or npm is not installed, so the npm package cannot be tested here.")
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout
    if int(version.removeprefix("v").split(".")[0]) < OLDEST_NODE:
        pytest.skip(f"Node {version.strip()} is older than what the npm package runs on.")
    return node


@pytest.fixture(scope="module", params=["openai-6", "openai"])
def walked(
    request: pytest.FixtureRequest,
    node: str,
    site: Site,
    film_id: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Any:
    """What this package's calls were answered."""
    home = tmp_path_factory.mktemp("npm")
    right, wrong = home / "portrait.png", home / "landscape.png"
    right.write_bytes(picture(720, 1280))
    wrong.write_bytes(picture(1280, 720))
    client = node_client(node, site, home)
    return client.run("node/walk.mjs", request.param, film_id, right, wrong)


def test_every_call_that_makes_a_video_makes_it(walked: Any, film_id: str) -> None:
    films = {name: walked[name] for name in COMPLETED}
    assert {n: (v["status"], v["size"], v["seconds"]) for n, v in films.items()} == COMPLETED
    assert walked["remixed"]["remixed_from_video_id"] == film_id


def test_each_variant_downloads_as_what_it_is(walked: Any) -> None:
    assert walked["contents"]["video"][8:16] == b"ftyp".hex()
    assert walked["contents"]["thumbnail"][:8] == b"RIFF".hex()
    assert walked["contents"]["spritesheet"][:6] == b"\xff\xd8\xff".hex()


def test_the_list_is_walked_page_by_page_in_both_orders(walked: Any) -> None:
    assert walked["asc"] == walked["desc"][::-1]
    assert {walked[name]["id"] for name in COMPLETED} <= set(walked["asc"])


def test_a_deleted_video_is_gone(walked: Any) -> None:
    assert walked["deleted"]["deleted"] is True
    assert walked["refusals"]["deleted"] == ["NotFoundError", 404, "video_not_found", None]


def test_refusals_name_the_field(walked: Any) -> None:
    mismatch = ["BadRequestError", 400, "image_size_mismatch", "input_reference"]
    assert walked["refusals"]["picture"] == mismatch
    assert walked["refusals"]["size"] == ["BadRequestError", 400, "invalid_value", "size"]
