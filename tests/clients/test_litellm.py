"""The published `litellm` library's video calls, unmodified, with `api_base` at a running server."""

from typing import Any

import pytest

from filmgate.core.spec import Size
from tests.clients.published import Site, python_client
from tests.http.stage import picture
from tests.scripted_engine import write_sample

# It would otherwise fetch its list of prices from the internet.
STAY_HERE = {"LITELLM_LOCAL_MODEL_COST_MAP": "True"}


@pytest.fixture(scope="module")
def walked(site: Site, pictures: str, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What litellm's calls were answered."""
    home = tmp_path_factory.mktemp("litellm")
    portrait, film = home / "portrait.png", home / "film.mp4"
    portrait.write_bytes(picture(720, 1280))
    write_sample(film, seconds=2, size=Size(720, 1280))
    return python_client("litellm", site, home, STAY_HERE).run(
        "litellm_calls/walk.py",
        f"{site.url}/v1",
        site.api_key,
        portrait,
        f"{pictures}/portrait.png",
        film,
    )


def test_every_call_that_makes_a_video_makes_it(walked: Any) -> None:
    films = walked["films"]
    assert {n: (v["status"], v["size"], v["seconds"]) for n, v in films.items()} == {
        "created": ("completed", "1280x720", "8"),
        "of a relay's model": ("completed", "720x1280", "4"),
        "of a picture": ("completed", "720x1280", "4"),
        "of an address": ("completed", "720x1280", "4"),
        "of a character": ("completed", "720x1280", "4"),
        "remixed": ("completed", "1280x720", "8"),
        "edited": ("completed", "1280x720", "8"),
        "extended": ("completed", "1280x720", "12"),
    }


def test_each_variant_downloads_as_what_it_is(walked: Any) -> None:
    video, thumbnail, spritesheet = walked["contents"]
    assert video[8:16] == b"ftyp".hex()
    assert thumbnail[:8] == b"RIFF".hex()
    assert spritesheet[:6] == b"\xff\xd8\xff".hex()


def test_a_page_begins_after_an_id_of_litellms_own(walked: Any) -> None:
    assert len(walked["first page"]) == 2
    assert walked["first page"] + walked["second page"] == walked["whole list"][:4]


def test_a_character_is_found_again(walked: Any) -> None:
    assert walked["character"]["name"] == "Mossy"


def test_the_asynchronous_calls_work(walked: Any) -> None:
    assert walked["asynchronously"] == ["video", "video", "list"]


def test_refusals_become_exceptions(walked: Any) -> None:
    # The name of the second is a limit of litellm's own: see docs/client-limits.md.
    assert walked["refusals"] == {
        "size": ["BadRequestError", 400],
        "model": ["NotFoundError", 400],
        "an address for a file": ["BadRequestError", 400],
    }
