"""Which URLs are refused by their text alone."""

from contextlib import suppress

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from filmgate.net.errors import FetchRefused
from filmgate.net.urls import LENGTH_LIMIT, parse_url

PLAIN = "https://pictures.example/a.png"


@pytest.mark.parametrize(
    "url",
    [
        PLAIN,
        "http://pictures.example",
        "HTTPS://Pictures.Example:443/a.png?size=720x1280#top",
        "https://a_b.pictures.example/",
        "https://bücher.example/ä.png",
        "https://xn--bcher-kva.example/",
        "https://3com.example/",
        "https://1.2.3.example/",
        "http://8.8.8.8/a.png",
        "http://[2606:4700::1111]/a.png",
        "https://pictures.example/@user/a.png",
        "https://pictures.example/?next=http://user@127.0.0.1/",
    ],
)
def test_plain_urls_pass(url: str) -> None:
    parse_url(url)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "pictures.example/a.png",
        "//pictures.example/a.png",
        "/a.png",
        "ftp://pictures.example/a.png",
        "file:///etc/passwd",
        "file://localhost/etc/passwd",
        "gopher://127.0.0.1:6379/_INFO",
        "data:image/png;base64,AAAA",
        "javascript:alert(1)",
        "unix:/run/docker.sock",
        "http+unix://%2Frun%2Fdocker.sock/",
        "ws://pictures.example/",
        "http://",
        "http:///a.png",
        "http:pictures.example/a.png",
        "https://user@pictures.example/",
        "https://user:secret@pictures.example/",
        "https://:secret@pictures.example/",
        "https://pictures.example\\@127.0.0.1/",
        "https://pictures.example:443@127.0.0.1/",
        "https://pictures.example&@127.0.0.1# @8.8.8.8/",
        "http://2130706433/",
        "http://0x7f000001/",
        "http://0x7F.0.0.1/",
        "http://0177.0.0.1/",
        "http://017700000001/",
        "http://127.1/",
        "http://127.0.1/",
        "http://0/",
        "http://127.0.0.1.5/",
        "http://127.0.0.256/",
        "http://127.0.0.1./",
        "http://localhost./",
        "http://pictures.example./",
        "http://.pictures.example/",
        "http://pictures..example/",
        "http://-pictures.example/",
        "http://pictures%2eexample/",
        "http://127%2e0%2e0%2e1/",
        "http://%31%32%37.0.0.1/",
        "http://pictures.example%00.evil.example/",
        "http://pictures example/",
        "http://pictures.example\\.evil.example/",
        "http://pictures.exa\tmple/",
        "http://pictures.example\r\nHost: evil/",
        "http://①②⑦.⓪.⓪.①/",
        "http://\uff11\uff12\uff17.0.0.1/",  # full-width digits
        "http://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ/",
        "http://loc\u00adalhost/",
        "http://[::1/",
        "http://::1/",
        "http://[127.0.0.1]/",
        "http://[v1.fe80::1]/",
        "http://[localhost]/",
        "http://pictures.example:eighty/",
        "http://pictures.example:80:80/",
        "http://pictures.example:0/",
        "http://pictures.example:-1/",
        "http://pictures.example:65536/",
        "http://" + "a" * 64 + ".example/",
        "http://" + "a." * 127 + "example/",
        "http://pictures.example/" + "a" * LENGTH_LIMIT,
        "http://pictures.example/\udcff",
        "http://\udcff.example/",
        "http:// xn--/",
        "http://..xn--/",
    ],
)
def test_every_other_url_is_refused(url: str) -> None:
    with pytest.raises(FetchRefused):
        parse_url(url)


@pytest.mark.parametrize("url", ["https://user:secret@pictures.example/", "http://[::secret/"])
def test_a_refusal_repeats_no_password(url: str) -> None:
    with pytest.raises(FetchRefused) as caught:
        parse_url(url)
    assert "secret" not in str(caught.value)


@given(st.text(st.characters(codec=None), max_size=30))
def test_any_text_is_parsed_or_refused(text: str) -> None:
    for url in (text, f"http://{text}", f"http://{text}.example/"):
        with suppress(FetchRefused):
            assert parse_url(url).scheme in ("http", "https")


@given(st.text(st.characters(codec=None), max_size=30))
def test_any_redirect_is_parsed_or_refused(text: str) -> None:
    for location in (text, f"//{text}", f"https://{text}/"):
        with suppress(FetchRefused):
            assert parse_url(location, base=httpx2.URL(PLAIN)).raw_host


def test_a_refusal_stays_short() -> None:
    with pytest.raises(FetchRefused) as caught:
        parse_url("http://" + "a" * 5000)
    assert len(str(caught.value)) < 200
