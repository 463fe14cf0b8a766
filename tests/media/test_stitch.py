"""Two films made into one."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from filmgate.core.spec import Size
from filmgate.media.encode import SAMPLE_RATE, Mp4Writer, Planes
from filmgate.media.errors import UnusableFilm
from filmgate.media.film import opened
from filmgate.media.probe import probe
from filmgate.media.sound import read_sound
from filmgate.media.stitch import stitch
from tests.media.films import brightening, quadrants, tone, write_film
from tests.scripted_engine import write_sample

SIZE = Size(96, 64)


def stitched(
    first: Path, second: Path, *, size: Size = SIZE, told: list[float] | None = None
) -> Path:
    output = first.parent / "whole.mp4"
    progress = (told if told is not None else []).append
    stitch(first, second, output, size=size, progress=progress)
    return output


def brightness(film: Path) -> list[float]:
    with opened(film) as one:
        return [float(frame.to_ndarray(format="gray").mean()) for frame in one.frames()]


def continuation(folder: Path, *, seconds: int = 1) -> Path:
    path = folder / "second.mp4"
    write_sample(path, seconds=seconds, size=SIZE)
    return path


def test_it_is_one_mp4_of_both_one_after_the_other(tmp_path: Path) -> None:
    first = write_film(tmp_path / "first.mp4", count=48, sound=tone(2))

    facts = probe(stitched(first, continuation(tmp_path, seconds=2)))

    assert (facts.frame_count, facts.duration, facts.audio_duration) == (96, 4.0, 4.0)
    assert (facts.width, facts.height) == (96, 64)
    assert facts.frames_per_second == 24
    assert (facts.video_codec, facts.pixel_format, facts.audio_codec) == ("h264", "yuv420p", "aac")
    assert facts.has_index_at_front


def test_it_says_of_itself_what_the_second_says(tmp_path: Path) -> None:
    first = write_film(tmp_path / "first.mp4")
    grey = Planes(*(np.full(shape, 128, np.uint8) for shape in ((64, 96), (32, 48), (32, 48))))
    with Mp4Writer(tmp_path / "second.mp4", SIZE, title="Title", comment="Words") as writer:
        writer.write_frame(grey)
        writer.write_audio(np.zeros((2, SAMPLE_RATE // 24), np.float32))

    with av.open(str(stitched(first, tmp_path / "second.mp4"))) as container:
        assert (container.metadata["title"], container.metadata["comment"]) == ("Title", "Words")


def test_frames_of_24_a_second_are_taken_one_by_one(tmp_path: Path) -> None:
    first = write_film(tmp_path / "first.mp4", count=36)

    levels = brightness(stitched(first, continuation(tmp_path)))

    wanted = 16 + 219 * np.arange(36) / 35  # the Y plane as it is stored
    found = brightness(first)
    assert np.abs(np.subtract(levels[:36], found)).max() < 3
    assert np.abs(np.subtract(found, wanted)).max() < 40
    assert np.diff(levels[:36]).min() > 0


@pytest.mark.parametrize(
    ("name", "codec", "rate", "count", "frames"),
    [
        ("f.mp4", "libx264", 30, 60, 48),
        ("f.mp4", "libx264", 60, 60, 24),
        ("f.mp4", "libx264", 12, 24, 48),
        ("f.mov", "mpeg4", 25, 40, 38),
        ("f.webm", "libvpx-vp9", 30, 45, 36),
        ("f.mp4", "libx265", 50, 60, 29),
    ],
)
def test_another_rate_keeps_its_pace(
    tmp_path: Path, name: str, codec: str, rate: int, count: int, frames: int
) -> None:
    """Brightness tells the moment: each of our frames shows what was to be seen nearest to it."""
    options = {"x265-params": "log-level=none"} if codec == "libx265" else {}
    first = write_film(
        tmp_path / name,
        codec=codec,
        rate=rate,
        count=count,
        options=options,
        picture=brightening(SIZE, count=count),
    )

    levels = brightness(stitched(first, continuation(tmp_path)))

    assert len(levels) == frames + 24
    moments = np.arange(frames) / 24
    nearest = np.minimum(np.round(moments * rate), count - 1)
    shown = np.interp(nearest, np.arange(count), 255 * np.arange(count) / (count - 1))
    half_a_frame = 255 / (count - 1) * 0.51 + 3
    assert np.abs(np.subtract(levels[:frames], shown)).max() < half_a_frame + 255 / (count - 1)


def test_another_size_fills_the_frame_and_a_turned_film_is_set_upright(tmp_path: Path) -> None:
    first = write_film(
        tmp_path / "first.mp4", size=Size(160, 240), picture=quadrants(Size(160, 240)), turned=90
    )
    film = stitched(first, continuation(tmp_path))

    with opened(film) as one:
        pixels = one.first_frame().to_ndarray(format="rgb24", src_colorspace="ITU709").astype(int)

    quarters = [pixels[16, 24], pixels[16, 72], pixels[48, 24], pixels[48, 72]]
    assert [(np.asarray(one) > 128).tolist() for one in quarters] == [
        [False, True, False],
        [True, True, True],
        [True, False, False],
        [False, False, True],
    ]


def test_pixels_that_are_not_square_are_stretched(tmp_path: Path) -> None:
    first = write_film(tmp_path / "f.mp4", size=Size(48, 64), pixel_aspect=Fraction(2))

    facts = probe(stitched(first, continuation(tmp_path)))

    assert (facts.width, facts.height) == (96, 64)


@pytest.mark.parametrize(("rate", "channels"), [(44_100, 1), (48_000, 2), (22_050, 2)])
def test_the_sound_is_heard_where_it_was(tmp_path: Path, rate: int, channels: int) -> None:
    sound = tone(1, rate=rate, channels=channels)
    first = write_film(tmp_path / "first.mp4", sound=sound, sound_rate=rate)

    heard = _heard(stitched(first, continuation(tmp_path)), seconds=2)

    second = SAMPLE_RATE
    assert _pitch(heard[0, second // 4 : second * 3 // 4]) == pytest.approx(440, abs=3)
    assert np.abs(heard[:, second + second // 4 :]).max() < 0.02


def test_two_silent_films_make_a_film_with_a_silent_track(tmp_path: Path) -> None:
    first = write_film(tmp_path / "first.mp4")

    film = stitched(first, continuation(tmp_path))

    assert probe(film).audio_duration == 2.0
    assert not _heard(film, seconds=2).any()


def test_no_click_is_heard_at_the_seam_after_encoding(tmp_path: Path) -> None:
    first = write_film(tmp_path / "first.mp4", sound=tone(1, pitch=330))
    second = write_film(tmp_path / "second.mp4", sound=tone(1, pitch=495))

    heard = _heard(stitched(first, second), seconds=2)

    jumps = np.abs(np.diff(heard, axis=1)).max(axis=0)
    second_length = SAMPLE_RATE
    at_seam = jumps[second_length - 4800 : second_length + 4800].max()
    elsewhere = jumps[second_length + 9600 : second_length + 24_000].max()
    assert at_seam < 1.3 * elsewhere


def test_progress_is_told_up_to_the_end(tmp_path: Path) -> None:
    told: list[float] = []
    stitched(write_film(tmp_path / "first.mp4"), continuation(tmp_path), told=told)

    assert told == sorted(told)
    assert told[-1] == 100


def test_what_is_no_film_is_not_stitched_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "first.mp4").write_text("no film")

    with pytest.raises(UnusableFilm):
        stitched(tmp_path / "first.mp4", continuation(tmp_path))
    assert not (tmp_path / "whole.mp4").exists()


def _heard(film: Path, *, seconds: int) -> NDArray[np.float32]:
    with opened(film) as one:
        return read_sound(one, length=seconds * SAMPLE_RATE)


def _pitch(sound: NDArray[np.float32]) -> float:
    return float(np.abs(np.fft.rfft(sound)).argmax() * SAMPLE_RATE / len(sound))
