"""Which uploads are taken, what is measured in them, and what the others are told."""

import wave
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from filmgate.core.spec import Size
from filmgate.media.errors import UnusableFilm
from filmgate.media.uploads import FilmFacts, check_film
from tests.media.films import claiming, tone, with_patched_box, write_film


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("film.mp4", "libx264"),
        ("film.mov", "libx264"),
        ("film.mp4", "libx265"),
        ("film.mp4", "mpeg4"),
        ("film.mov", "mpeg4"),
        ("film.webm", "libvpx-vp9"),
        ("film.webm", "libvpx"),
        ("film.mp4", "libsvtav1"),
        ("film.webm", "libsvtav1"),
        ("film.mkv", "libx264"),
    ],
)
def test_a_film_is_measured_whatever_its_container_and_codec(
    tmp_path: Path, name: str, codec: str
) -> None:
    options = {"x265-params": "log-level=none"} if codec == "libx265" else {}
    film = write_film(tmp_path / name, codec=codec, count=48, options=options)

    facts = check_film(film)

    assert facts.duration == pytest.approx(2, abs=0.01)
    assert replace(facts, duration=2.0) == FilmFacts(
        duration=2.0, width=96, height=64, frame_count=48, has_sound=False
    )


@pytest.mark.parametrize(
    ("name", "sound_codec"),
    [("f.mp4", "aac"), ("f.mp4", "mp3"), ("f.webm", "libopus"), ("f.mov", "pcm_s16le")],
)
def test_sound_is_noticed(tmp_path: Path, name: str, sound_codec: str) -> None:
    codec = "libvpx-vp9" if name.endswith("webm") else "libx264"
    film = write_film(tmp_path / name, codec=codec, sound=tone(1), sound_codec=sound_codec)

    assert check_film(film).has_sound


def test_neither_name_nor_missing_name_matters(tmp_path: Path) -> None:
    write_film(tmp_path / "film.webm", codec="libvpx-vp9").rename(tmp_path / "upload")

    assert check_film(tmp_path / "upload").frame_count == 24


def test_names_inside_the_file_may_be_in_any_encoding(tmp_path: Path) -> None:
    film = write_film(tmp_path / "film.mp4")
    film.write_bytes(film.read_bytes().replace(b"VideoHandler", b"Vid\xe9oHandler"))

    assert check_film(film).frame_count == 24


@pytest.mark.parametrize("turned", [90, -90])
def test_a_turned_film_has_the_size_that_is_shown(tmp_path: Path, turned: int) -> None:
    facts = check_film(write_film(tmp_path / "film.mp4", turned=turned))

    assert (facts.width, facts.height) == (64, 96)


def test_pixels_that_are_not_square_count_as_wide_as_they_are_shown(tmp_path: Path) -> None:
    facts = check_film(write_film(tmp_path / "film.mp4", pixel_aspect=Fraction(4, 3)))

    assert (facts.width, facts.height) == (128, 64)


def test_a_fragmented_film_is_measured(tmp_path: Path) -> None:
    film = write_film(tmp_path / "f.mp4", muxing={"movflags": "frag_keyframe+empty_moov"})

    assert check_film(film).duration == 1.0


def test_a_film_recorded_live_is_measured(tmp_path: Path) -> None:
    """A browser's recording has neither a length nor an index."""
    film = write_film(tmp_path / "f.webm", codec="libvpx", count=48, muxing={"live": "1"})

    assert check_film(film).duration == pytest.approx(2, abs=0.01)


@pytest.mark.parametrize(
    ("count", "rate", "words"),
    [
        (10, 24, r"is 0\.42 seconds long; send one of 0\.5 to 120 seconds"),
        (1, 24, r"is 0\.04 seconds long"),
        (122, 1, r"is 122\.00 seconds long; send one of 0\.5 to 120 seconds"),
        (120, 120, "has 120 frames per second; send one of at most 60"),
    ],
)
def test_a_film_of_the_wrong_length_or_rate_is_told_so(
    tmp_path: Path, count: int, rate: int, words: str
) -> None:
    film = write_film(tmp_path / "film.mp4", count=count, rate=rate)

    with pytest.raises(UnusableFilm, match=words):
        check_film(film)


@pytest.mark.parametrize(("count", "rate"), [(12, 24), (120, 1), (60, 60)])
def test_the_limits_themselves_are_allowed(tmp_path: Path, count: int, rate: int) -> None:
    assert check_film(write_film(tmp_path / "film.mp4", count=count, rate=rate))


@pytest.mark.parametrize(
    ("size", "words"),
    [
        (Size(64, 14), "is 64x14; send one with sides of 16 to 4096 pixels"),
        (Size(4098, 2160), "is 4098x2160; send one with sides of 16 to 4096 pixels"),
        (Size(264, 64), "is 264x64; send one whose longer side is at most 4 times the shorter"),
    ],
    ids=str,
)
def test_a_film_of_the_wrong_size_is_told_so(tmp_path: Path, size: Size, words: str) -> None:
    film = write_film(tmp_path / "film.mp4", size=size, count=12)

    with pytest.raises(UnusableFilm, match=words):
        check_film(film)


def _picture(path: Path) -> None:
    Image.new("RGB", (64, 64)).save(path, "PNG")


def _animation(path: Path) -> None:
    frames = [Image.new("P", (64, 64), number) for number in range(24)]
    frames[0].save(path, "GIF", save_all=True, append_images=frames[1:])


def _avif(path: Path) -> None:
    Image.new("RGB", (64, 64)).save(path, "AVIF")


def _text(path: Path) -> None:
    path.write_text("This is not a film.\n" * 200)


def _playlist(path: Path) -> None:
    path.write_text("#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n/etc/hostname\n#EXT-X-ENDLIST\n")


def _script(path: Path) -> None:
    path.write_text("ffconcat version 1.0\nfile /etc/hostname\n")


def _empty(path: Path) -> None:
    path.touch()


def _waves(path: Path) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(bytes(16_000))


def _avi(path: Path) -> None:
    write_film(path.with_suffix(".avi"), codec="mpeg4").rename(path)


@pytest.mark.parametrize(
    ("write", "words"),
    [
        (_picture, "not an MP4, MOV or WebM"),
        (_animation, "not an MP4, MOV or WebM"),
        (_avif, "is a picture; send a film"),
        (_text, "not an MP4, MOV or WebM"),
        (_playlist, "not an MP4, MOV or WebM"),
        (_script, "not an MP4, MOV or WebM"),
        (_empty, "not an MP4, MOV or WebM"),
        (_waves, "not an MP4, MOV or WebM"),
        (_avi, "not an MP4, MOV or WebM"),
    ],
)
def test_what_is_no_film_is_never_opened_as_one(
    tmp_path: Path, write: Callable[[Path], None], words: str
) -> None:
    path = tmp_path / "film.mp4"
    write(path)

    with pytest.raises(UnusableFilm, match=words):
        check_film(path)


def test_a_piece_of_music_is_no_film(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=48_000)
        frame = av.AudioFrame.from_ndarray(tone(1), format="fltp", layout="stereo")
        frame.sample_rate = 48_000
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))

    with pytest.raises(UnusableFilm, match="no picture track; send a film"):
        check_film(path)


@pytest.mark.parametrize(
    ("codec", "pixels", "words"),
    [("mjpeg", "yuvj420p", "encoded as mjpeg"), ("prores_ks", "yuv422p10le", "encoded as prores")],
)
def test_another_codec_is_named(tmp_path: Path, codec: str, pixels: str, words: str) -> None:
    film = write_film(tmp_path / "film.mov", codec=codec, pixels=pixels)

    with pytest.raises(UnusableFilm, match=words + ".*H.264, HEVC, VP9"):
        check_film(film)


def test_another_sound_codec_is_named(tmp_path: Path) -> None:
    film = write_film(tmp_path / "film.mov", sound=tone(1), sound_codec="pcm_alaw")

    with pytest.raises(UnusableFilm, match=r"sound .* encoded as pcm_alaw; AAC, MP3"):
        check_film(film)


@pytest.mark.parametrize("name", ["film.mp4", "film.webm"])
@pytest.mark.parametrize("kept", [0.02, 0.5, 0.98])
def test_a_film_that_is_cut_short_is_refused(tmp_path: Path, name: str, kept: float) -> None:
    codec = "libvpx-vp9" if name.endswith("webm") else "libx264"
    rng = np.random.default_rng(1)
    noise = rng.integers(0, 255, (24, 64, 96, 3), np.uint8)
    film = write_film(
        tmp_path / name,
        codec=codec,
        picture=lambda number: noise[number],
        muxing={"movflags": "faststart"} if name.endswith("mp4") else {},
    )
    data = film.read_bytes()
    film.write_bytes(data[: round(len(data) * kept)])

    with pytest.raises(UnusableFilm):
        check_film(film)


def test_a_film_whose_pictures_are_rubbish_is_refused(tmp_path: Path) -> None:
    film = write_film(tmp_path / "film.mp4", muxing={"movflags": "faststart"})
    data = bytearray(film.read_bytes())
    start = data.index(b"mdat") + 4
    data[start:] = bytes(len(data) - start)
    film.write_bytes(data)

    with pytest.raises(UnusableFilm, match="do not decode"):
        check_film(film)


def test_a_film_that_claims_more_frames_than_we_read_is_refused(tmp_path: Path) -> None:
    """All samples of one size is four bytes in a header, however many there are said to be."""
    film = write_film(tmp_path / "film.mp4")
    data = with_patched_box(film.read_bytes(), b"stsz", claiming(1, at=4))
    film.write_bytes(with_patched_box(data, b"stsz", claiming(1 << 22, at=8)))

    with pytest.raises(UnusableFilm):
        check_film(film)


def test_pictures_that_claim_to_be_enormous_are_refused(tmp_path: Path) -> None:
    film = write_film(
        tmp_path / "film.mp4",
        size=Size(8192, 4096),
        count=2,
        rate=2,
        options={"preset": "ultrafast"},
    )

    with pytest.raises(UnusableFilm):
        check_film(film)
