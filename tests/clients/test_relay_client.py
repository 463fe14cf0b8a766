"""A relay client, written from what public ones do (contracts, section 2), against a running server."""

import json
import time
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from typing import Any

import pytest

from tests.clients.published import Site

TIMEOUT_SECONDS = 120
WITHIN_SECONDS = 60
PREFIXES = ["", "/kyyReactApiServer", "/kyyAiPower"]


class BadAnswer(Exception):
    """What such clients give up on: no 2xx, no body, no id, no status."""


@dataclass(frozen=True, slots=True)
class RelayClient:
    base_url: str
    api_key: str

    def make(self, **fields: object) -> dict[str, Any]:
        """Post, poll until the status is terminal, and return the last answer."""
        video = self._ask("/v1/sora/videos", fields)
        ended = time.monotonic() + WITHIN_SECONDS
        while video["status"] in {"queued", "processing"}:
            assert time.monotonic() < ended, video
            time.sleep(0.1)
            video = self._ask(f"/v1/result/{urllib.parse.quote(video['id'], safe='')}")
        return video

    def _ask(self, path: str, fields: dict[str, object] | None = None) -> dict[str, Any]:
        request = urllib.request.Request(
            self.base_url + path,
            data=None if fields is None else json.dumps(fields).encode(),
            headers={
                "Authorization": f"Bearer {self.api_key}",
                "Content-Type": "application/json",
            },
        )
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:
            body = answer.read()
        video: dict[str, Any] = json.loads(body)
        if not body or not video.get("id") or not video.get("status"):
            raise BadAnswer(body)
        return video


def fetch(url: str) -> bytes:
    """As such clients do: with no header of their own."""
    with urllib.request.urlopen(url, timeout=TIMEOUT_SECONDS) as answer:
        content: bytes = answer.read()
    return content


@pytest.mark.parametrize("prefix", PREFIXES)
def test_a_relay_client_gets_its_film_under_every_prefix(
    prefix: str, site: Site, pictures: str
) -> None:
    video = RelayClient(site.url + prefix, site.api_key).make(
        model="openAiSora2Plus",
        prompt="A cat dancing in the rain, cinematic style",
        aspect_ratio="9:16",
        seconds=8,
        input_reference=[f"{pictures}/portrait.png"],
    )
    assert (video["status"], video["actualDuration"], video["error"]) == ("completed", 8, None)
    assert urllib.parse.urlsplit(video["video_url"]).path.endswith(".mp4")
    assert fetch(video["video_url"])[4:8] == b"ftyp"


@pytest.mark.parametrize(
    ("model", "seconds"),
    [("openAiSora2Plus", 4), ("openAiSora2Pro", 12), ("sora-2", 10), ("sora-2-pro", 25)],
)
def test_a_relay_client_gets_every_model_that_the_documents_name(
    model: str, seconds: int, site: Site
) -> None:
    client = RelayClient(site.url, site.api_key)
    video = client.make(model=model, prompt="A lake", size="1280x720", duration=seconds)
    assert (video["status"], video["model"], video["actualDuration"]) == (
        "completed",
        model,
        seconds,
    )


def test_a_relay_client_reads_a_refusal_in_the_body(site: Site) -> None:
    with pytest.raises(urllib.error.HTTPError) as caught:
        RelayClient(site.url, site.api_key).make(model="openAiSora2Plus", prompt="A", seconds=5)
    body = json.loads(caught.value.read())
    caught.value.close()
    assert caught.value.code == 400
    assert body["message"] == body["error"]["message"]
    assert "4, 8, 12" in body["message"]
