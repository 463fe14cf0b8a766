"""The command lines of the relay's documents, run by a shell as they stand there.

Only the host, the key and the picture, which nobody can reach, are replaced. The second create is the
Chinese documents': the English ones never close its array.
"""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.clients.published import Site
from tests.e2e.server import Relay

PICTURE = "https://example.com/reference1.jpg"
VIDEO_ID = "sora_abc123def456"

CREATE_UNCLOSED = """\
curl --request POST \\
  --url {{host}}/kyyReactApiServer/sora/videos \\
  --header 'Authorization: Bearer {{key}}' \\
  --header 'Content-Type: application/json' \\
  --data '{
    "model": "openAiSora2Plus",
    "prompt": "A cat dancing in the rain, cinematic style",
    "aspect_ratio": "16:9",
    "seconds": 8,
    "input_reference": [
      "https://example.com/reference1.jpg"
  }'
"""
CREATE = CREATE_UNCLOSED.replace('reference1.jpg"\n', 'reference1.jpg"\n    ]\n')
QUERIES = [
    """\
curl --request GET \\
--url {{host}}/kyyReactApiServer/v1/videos/sora_abc123def456 \\
--header 'Authorization: Bearer {{key}}'
""",
    """\
curl --request GET \\
  --url {{host}}/kyyReactApiServer/v1/result/sora_abc123def456 \\
  --header 'Authorization: Bearer {{key}}'
""",
    """\
curl --request GET \\
  --url {{host}}/v1/videos/sora_abc123def456 \\
  --header 'Authorization: Bearer {{key}}'
""",
]


@pytest.fixture(autouse=True)
def curl() -> None:
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed, so the documents' command lines cannot be run here.")


def run(command_line: str, site: Site, folder: Path, **replaced: str) -> tuple[int, Any]:
    """The status and body that the command line is answered with."""
    for old, new in {"{{host}}": site.url, "{{key}}": site.api_key, **replaced}.items():
        command_line = command_line.replace(old, new)
    # What the command lines lack for a test stands where people put their own preferences.
    (folder / ".curlrc").write_text(
        'silent\nshow-error\nwrite-out = "\\n%{http_code}"\nmax-time = 60\n'
    )
    done = subprocess.run(
        ["sh", "-c", command_line],
        env={"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(folder)},
        capture_output=True,
        text=True,
        timeout=90,
        check=True,
    )
    body, _, status = done.stdout.rpartition("\n")
    return int(status), json.loads(body)


def test_the_create_command_is_answered_as_documented(
    site: Site, relay: Relay, pictures: str, tmp_path: Path
) -> None:
    status, video = run(CREATE, site, tmp_path, **{PICTURE: f"{pictures}/landscape.png"})
    assert status == 200, video
    assert list(video) == ["id", "object", "created", "model", "status"]
    assert (video["object"], video["model"]) == ("video.generation", "openAiSora2Plus")
    assert relay.wait_for(video["id"], "completed", "failed")["status"] == "completed"


def test_the_create_command_whose_array_is_never_closed_is_refused_as_malformed(
    site: Site, pictures: str, tmp_path: Path
) -> None:
    replaced = {PICTURE: f"{pictures}/landscape.png"}
    status, refusal = run(CREATE_UNCLOSED, site, tmp_path, **replaced)
    assert (status, refusal["error"]["code"]) == (400, "invalid_request")
    assert refusal["message"] == refusal["error"]["message"]


def test_a_picture_that_is_not_there_is_refused_by_its_name(
    site: Site, pictures: str, tmp_path: Path
) -> None:
    status, refusal = run(CREATE, site, tmp_path, **{PICTURE: f"{pictures}/nothing.jpg"})
    assert (status, refusal["error"]["code"]) == (400, "image_unreachable")
    assert refusal["error"]["param"] == "input_reference"


@pytest.mark.parametrize("command_line", QUERIES, ids=["videos", "result", "root"])
def test_the_query_commands_are_answered_as_documented(
    command_line: str, site: Site, film_id: str, tmp_path: Path
) -> None:
    wire_id = film_id.replace("video_", "sora_")
    status, video = run(command_line, site, tmp_path, **{VIDEO_ID: wire_id})
    assert status == 200
    assert list(video) == [
        "id",
        "object",
        "created",
        "model",
        "status",
        "video_url",
        "actualDuration",
        "error",
    ]
    assert (video["id"], video["status"], video["error"]) == (wire_id, "completed", None)
    assert video["actualDuration"] == 4


@pytest.mark.parametrize("command_line", QUERIES, ids=["videos", "result", "root"])
def test_the_query_commands_as_they_stand_name_a_video_that_nobody_made(
    command_line: str, site: Site, tmp_path: Path
) -> None:
    status, refusal = run(command_line, site, tmp_path)
    assert (status, refusal["error"]["code"]) == (404, "video_not_found")
