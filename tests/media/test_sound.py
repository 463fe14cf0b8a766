"""Sound tracks read as samples, and joined without a seam."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from filmgate.media.encode import SAMPLE_RATE
from filmgate.media.film import opened
from filmgate.media.sound import CROSSFADE, joined, read_sound
from tests.media.films import tone, write_film

SECOND = SAMPLE_RATE


def sound_of(film: Path, *, seconds: float = 1.0) -> NDArray[np.float32]:
    with opened(film) as one:
        return read_sound(one, length=round(seconds * SECOND))


def noise(seconds: float, *, seed: int, level: float = 0.1) -> NDArray[np.float32]:
    rng = np.random.default_rng(seed)
    return (level * rng.standard_normal((2, round(seconds * SECOND)))).astype(np.float32)


def loudness(sound: NDArray[np.float32]) -> float:
    return float(np.sqrt(np.mean(sound**2)))


def largest_jump(sound: NDArray[np.float32]) -> float:
    return float(np.abs(np.diff(sound, axis=1)).max())


@pytest.mark.parametrize(
    ("name", "codec", "sound_codec", "rate", "channels"),
    [
        ("f.mp4", "libx264", "aac", 48_000, 2),
        ("f.mp4", "libx264", "aac", 44_100, 1),
        ("f.mp4", "libx264", "aac", 22_050, 2),
        ("f.mp4", "libx264", "mp3", 44_100, 2),
        ("f.mov", "libx264", "pcm_s16le", 8_000, 1),
        ("f.webm", "libvpx", "libopus", 48_000, 2),
    ],
)
def test_a_tone_comes_back_whatever_its_rate_and_channels(
    tmp_path: Path, name: str, codec: str, sound_codec: str, rate: int, channels: int
) -> None:
    film = write_film(
        tmp_path / name,
        codec=codec,
        sound=tone(1, rate=rate, channels=channels),
        sound_codec=sound_codec,
        sound_rate=rate,
    )

    sound = sound_of(film)

    assert sound.shape == (2, SECOND)
    middle = sound[:, SECOND // 4 : SECOND * 3 // 4]
    loudest = np.abs(np.fft.rfft(middle[0])).argmax() * 2
    assert abs(int(loudest) - 440) <= 2
    assert loudness(middle) == pytest.approx(0.5 / np.sqrt(2), rel=0.08)
    assert np.abs(middle[0] - middle[1]).max() < 0.05


@pytest.mark.parametrize("sound_codec", ["aac", "mp3"])
def test_sound_stays_where_it_was(tmp_path: Path, sound_codec: str) -> None:
    """A click after a quarter of a second, although encoders begin with a delay of their own."""
    click = np.zeros((2, SECOND), np.float32)
    click[:, SECOND // 4 : SECOND // 4 + 48] = 0.9
    film = write_film(tmp_path / "f.mp4", sound=click, sound_codec=sound_codec)

    place = int(np.abs(sound_of(film)[0]).argmax())

    assert abs(place - SECOND // 4) < SECOND // 200


def test_a_film_without_sound_is_silent(tmp_path: Path) -> None:
    assert not sound_of(write_film(tmp_path / "f.mp4")).any()


def test_what_is_missing_at_the_end_is_silence_and_what_is_over_is_left_out(tmp_path: Path) -> None:
    film = write_film(tmp_path / "f.mp4", sound=tone(0.5))

    assert loudness(sound_of(film)[:, SECOND * 3 // 5 :]) < 0.01
    assert sound_of(film, seconds=0.2).shape == (2, SECOND // 5)


def test_nothing_moves_where_two_sounds_meet() -> None:
    first, second = noise(2, seed=1), noise(3, seed=2)

    whole = joined(first, second)

    assert whole.shape == (2, 5 * SECOND)
    assert np.array_equal(whole[:, : 2 * SECOND - CROSSFADE], first[:, :-CROSSFADE])
    after = whole[:, 2 * SECOND :]
    assert np.corrcoef(after.ravel(), second.ravel())[0, 1] > 0.99


@pytest.mark.parametrize("pitch", [110, 441, 1000.7])
def test_there_is_no_click_between_two_tones(pitch: float) -> None:
    first, second = tone(2, pitch=pitch), tone(2, pitch=pitch * 1.5)[:, 100:]

    whole = joined(first, second)

    around = whole[:, 2 * SECOND - 2 * CROSSFADE : 2 * SECOND + CROSSFADE]
    assert largest_jump(around) <= 1.3 * largest_jump(second)


def test_there_is_no_gap_between_two_noises() -> None:
    whole = joined(noise(2, seed=1), noise(2, seed=2))

    step = SECOND // 50
    levels = [
        loudness(whole[:, begin : begin + step])
        for begin in range(2 * SECOND - 10 * step, 2 * SECOND + 10 * step, step)
    ]
    assert min(levels) > 0.8 * 0.1
    assert max(levels) < 1.2 * 0.1


def test_a_much_quieter_film_begins_nearly_as_loud_and_becomes_itself() -> None:
    whole = joined(noise(3, seed=1, level=0.1), noise(4, seed=2, level=0.05))

    assert loudness(whole[:, 3 * SECOND : 3 * SECOND + SECOND // 10]) > 0.09
    assert loudness(whole[:, 6 * SECOND :]) == pytest.approx(0.05, rel=0.02)


def test_levelling_never_overdrives() -> None:
    whole = joined(tone(2, level=0.9), tone(2, level=0.6))

    assert np.abs(whole).max() <= 1
    assert np.abs(whole[:, 2 * SECOND :]).max() > 0.85


@pytest.mark.parametrize("order", [(0.0, 0.1), (0.1, 0.0)])
def test_sound_on_one_side_only_is_faded(order: tuple[float, float]) -> None:
    before, after = (noise(1, seed=3, level=level) for level in order)

    whole = joined(before, after)

    step = SECOND // 20
    seam = [loudness(whole[:, SECOND + n * step : SECOND + (n + 1) * step]) for n in range(-7, 7)]
    assert min(seam) < 0.02
    assert max(seam) > 0.08
    assert largest_jump(whole[:, SECOND - 200 : SECOND + 200]) < 0.06


def test_two_silences_are_silent() -> None:
    silence = np.zeros((2, SECOND), np.float32)

    assert not joined(silence, silence).any()
