"""Signed URLs: good exactly as written, until their second has come, and never otherwise."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filmgate.core.errors import InvalidSignature, VideoExpired
from filmgate.core.spec import ObjectKey
from filmgate.storage.links import PATH_PREFIX, SECRET_BYTES, LinkSigner

KEY = ObjectKey("videos/01k9zq3v8h5e7g2m4n6p8r0s1t/1/video.mp4")
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
TOMORROW = NOW + timedelta(days=1)
OLD, NEW = b"o" * SECRET_BYTES, b"n" * SECRET_BYTES
SIGNER = LinkSigner({"k1": OLD}, current="k1")
LINK = SIGNER.sign(KEY, expires_at=TOMORROW)
QUERY = LINK.partition("?")[2]

printable = st.characters(min_codepoint=0x21, max_codepoint=0x7E)


def _verify(link: str, *, by: LinkSigner = SIGNER, now: datetime = NOW) -> ObjectKey:
    path, _, query = link.partition("?")
    assert path.startswith(PATH_PREFIX)
    return by.verify(path.removeprefix(PATH_PREFIX), query, now=now)


def test_a_link_leads_back_to_its_key() -> None:
    assert _verify(LINK) == KEY


def test_the_path_ends_as_the_key_does() -> None:
    assert LINK.partition("?")[0] == f"/files/{KEY}"
    assert LINK.partition("?")[0].endswith(".mp4")


def test_the_same_input_gives_the_same_link() -> None:
    again = LinkSigner({"k1": OLD}, current="k1").sign(KEY, expires_at=TOMORROW)
    assert again == LINK


def test_the_form_of_a_link_is_stable() -> None:
    """Links given out by one release must be good in the next: change this only with the version."""
    assert LINK == (
        "/files/videos/01k9zq3v8h5e7g2m4n6p8r0s1t/1/video.mp4"
        "?v=1&kid=k1&expires=1795262400&signature=-mNNBmkCRaWVKzd5IUC6v6SNhOtQShuLXMWGSSV0YXc"
    )


def test_a_fraction_of_a_second_does_not_change_a_link() -> None:
    assert SIGNER.sign(KEY, expires_at=TOMORROW + timedelta(milliseconds=999)) == LINK


def test_another_time_zone_does_not_change_a_link() -> None:
    elsewhere = TOMORROW.astimezone(datetime.strptime("+0530", "%z").tzinfo)
    assert SIGNER.sign(KEY, expires_at=elsewhere) == LINK


def test_a_link_needs_no_escaping() -> None:
    _, _, query = LINK.partition("?")
    assert "&".join(f"{name}={value}" for name, value in parse_qsl(query)) == query


def test_a_parsed_query_is_accepted() -> None:
    assert SIGNER.verify(KEY, dict(parse_qsl(QUERY)), now=NOW) == KEY


def test_a_link_is_good_in_its_last_second() -> None:
    assert _verify(LINK, now=TOMORROW - timedelta(microseconds=1)) == KEY


@pytest.mark.parametrize("late", [timedelta(0), timedelta(seconds=1), timedelta(days=400)])
def test_a_link_ends_when_it_said_it_would(late: timedelta) -> None:
    with pytest.raises(VideoExpired, match="2026-11-21T12:00:00Z"):
        _verify(LINK, now=TOMORROW + late)


def test_a_forged_link_is_never_called_expired() -> None:
    with pytest.raises(InvalidSignature):
        _verify(LINK[:-1] + ("A" if LINK[-1] != "A" else "B"), now=TOMORROW + timedelta(days=1))


@given(st.data())
def test_any_altered_character_is_refused(data: st.DataObject) -> None:
    index = data.draw(st.integers(len(PATH_PREFIX), len(LINK) - 1))
    other = data.draw(printable.filter(lambda char: char != LINK[index]))
    with pytest.raises(InvalidSignature):
        _verify(LINK[:index] + other + LINK[index + 1 :])


@given(st.data())
def test_any_dropped_character_is_refused(data: st.DataObject) -> None:
    index = data.draw(st.integers(len(PATH_PREFIX), len(LINK) - 1))
    with pytest.raises(InvalidSignature):
        _verify(LINK[:index] + LINK[index + 1 :])


@given(st.integers(len(PATH_PREFIX), len(LINK)), printable)
def test_any_added_character_is_refused(index: int, char: str) -> None:
    with pytest.raises(InvalidSignature):
        _verify(LINK[:index] + char + LINK[index:])


@given(st.text(max_size=80))
def test_any_other_query_is_refused(query: str) -> None:
    with pytest.raises(InvalidSignature):
        SIGNER.verify(KEY, query, now=NOW)


@given(st.text(max_size=40))
def test_any_other_key_is_refused(key: str) -> None:
    with pytest.raises(InvalidSignature):
        SIGNER.verify(key, QUERY, now=NOW)


@pytest.mark.parametrize(
    "key",
    [
        "videos/01k9zq3v8h5e7g2m4n6p8r0s1t/2/video.mp4",
        "videos/01k9zq3v8h5e7g2m4n6p8r0s1t/1/../1/video.mp4",
        "videos/01k9zq3v8h5e7g2m4n6p8r0s1t//1/video.mp4",
        "/videos/01k9zq3v8h5e7g2m4n6p8r0s1t/1/video.mp4",
        "../../etc/passwd",
        f"{KEY}\n",
        f"{KEY}/",
        KEY.upper(),
        KEY.replace("v", "ν"),  # noqa: RUF001 -- a Greek letter on purpose
        "",
    ],
)
def test_another_path_is_refused(key: str) -> None:
    with pytest.raises(InvalidSignature):
        SIGNER.verify(key, QUERY, now=NOW)


def _fields(**changes: str) -> str:
    return "&".join(f"{name}={value}" for name, value in (dict(parse_qsl(QUERY)) | changes).items())


@pytest.mark.parametrize(
    "query",
    [
        "",
        "&",
        QUERY + "&",
        "&" + QUERY,
        QUERY + "&download=1",
        QUERY + "&signature=" + QUERY.rpartition("=")[2],
        QUERY + "=",
        QUERY.replace("v=1&", ""),
        QUERY.replace("v=1", "v"),
        QUERY.replace("v=1", "v=2"),
        QUERY.replace("&kid=k1", ""),
        QUERY.replace("k1", "%6b1"),
        QUERY.replace("&", ";"),
        QUERY.rpartition("&signature")[0],
        "&".join(reversed(QUERY.split("&"))),
        _fields(kid="k2"),
        _fields(kid=""),
        _fields(expires=""),
        _fields(expires="0"),
        _fields(expires="-1"),
        _fields(expires="+1795262400"),
        _fields(expires="01795262400"),
        _fields(expires="1795262401"),
        _fields(expires="1795262400.0"),
        _fields(expires="1_795_262_400"),
        _fields(expires="٣" * 10),
        _fields(expires="9" * 400),
        _fields(signature=""),
        _fields(signature="é" * 43),
        _fields(signature="\ud800"),
    ],
)
def test_a_query_in_any_other_form_is_refused(query: str) -> None:
    with pytest.raises(InvalidSignature):
        SIGNER.verify(KEY, query, now=NOW)


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"signature": "x"},
        dict(parse_qsl(QUERY)) | {"extra": "1"},
        {name: value for name, value in parse_qsl(QUERY) if name != "expires"},
    ],
)
def test_a_mapping_with_other_names_is_refused(query: Mapping[str, str]) -> None:
    with pytest.raises(InvalidSignature):
        SIGNER.verify(KEY, query, now=NOW)


def test_another_server_s_link_is_refused() -> None:
    with pytest.raises(InvalidSignature):
        _verify(LINK, by=LinkSigner({"k1": NEW}, current="k1"))


def test_a_new_key_signs_and_the_old_one_still_verifies() -> None:
    rotated = LinkSigner({"k1": OLD, "k2": NEW}, current="k2")
    assert _verify(LINK, by=rotated) == KEY
    assert "kid=k2" in rotated.sign(KEY, expires_at=TOMORROW)


def test_a_retired_key_verifies_no_more() -> None:
    with pytest.raises(InvalidSignature):
        _verify(LINK, by=LinkSigner({"k2": NEW}, current="k2"))


def test_a_link_cannot_be_passed_to_another_signing_key() -> None:
    rotated = LinkSigner({"k1": OLD, "k2": NEW}, current="k2")
    with pytest.raises(InvalidSignature):
        _verify(LINK.replace("kid=k1", "kid=k2"), by=rotated)


@given(
    st.from_regex(r"[a-z0-9_-]{1,20}(/[a-z0-9_-]{1,20}){0,3}\.mp4", fullmatch=True),
    st.integers(1, 253_000_000_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC)),
)
def test_every_key_and_time_that_can_be_signed_can_be_verified(key: str, at: datetime) -> None:
    link = SIGNER.sign(ObjectKey(key), expires_at=at)
    assert _verify(link, now=at - timedelta(microseconds=1)) == key


def test_only_object_keys_are_signed() -> None:
    with pytest.raises(ValueError, match="not an object key"):
        SIGNER.sign(ObjectKey("../secret"), expires_at=TOMORROW)


def test_a_naive_time_is_not_signed() -> None:
    with pytest.raises(ValueError, match="aware"):
        SIGNER.sign(KEY, expires_at=TOMORROW.replace(tzinfo=None))


@pytest.mark.parametrize(
    ("keys", "current", "complaint"),
    [
        ({}, "k1", "not among"),
        ({"k1": OLD}, "k2", "not among"),
        ({"k1": b"short"}, "k1", "5 bytes"),
        ({"K 1": OLD}, "K 1", "key id"),
        ({"": OLD}, "", "key id"),
    ],
)
def test_unusable_signing_keys_are_refused(
    keys: dict[str, bytes], current: str, complaint: str
) -> None:
    with pytest.raises(ValueError, match=complaint):
        LinkSigner(keys, current=current)


def test_no_bit_of_a_link_can_be_flipped() -> None:
    sent = LINK.removeprefix(PATH_PREFIX).encode("ascii")
    for place in range(len(sent)):
        for bit in range(8):
            flipped = sent[:place] + bytes([sent[place] ^ 1 << bit]) + sent[place + 1 :]
            key, _, query = flipped.decode("latin-1").partition("?")
            with pytest.raises(InvalidSignature):
                SIGNER.verify(key, query, now=NOW)
