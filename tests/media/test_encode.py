"""The MP4 writer."""

from pathlib import Path

import av
import numpy as np
import pytest

from filmgate.core.spec import FRAMES_PER_SECOND, Size
from filmgate.media.encode import SAMPLE_RATE, Mp4Writer, Planes
from filmgate.media.probe import probe


def flat(size: Size, *, y: int = 120, u: int = 90, v: int = 170) -> Planes:
    half = (size.height // 2, size.width // 2)
    return Planes(
        np.full((size.height, size.width), y, np.uint8),
        np.full(half, u, np.uint8),
        np.full(half, v, np.uint8),
    )


def write(path: Path, size: Size, *, seconds: int) -> None:
    with Mp4Writer(path, size, preset="ultrafast") as writer:
        for _ in range(seconds):
            for _ in range(FRAMES_PER_SECOND):
                writer.write_frame(flat(size))
            writer.write_audio(np.zeros((2, SAMPLE_RATE), np.float32))


@pytest.mark.parametrize(
    "size", [Size(64, 64), Size(114, 64), Size(64, 114), Size(130, 98)], ids=str
)
def test_a_frame_comes_back_whatever_the_width(tmp_path: Path, size: Size) -> None:
    path = tmp_path / "out.mp4"
    write(path, size, seconds=1)

    with av.open(str(path)) as container:
        frame = next(container.decode(video=0)).to_ndarray(format="yuv420p")

    expected = np.concatenate([plane.ravel() for plane in flat(size)])
    assert np.abs(frame.ravel().astype(int) - expected).max() <= 2


def test_picture_and_sound_are_equally_long(tmp_path: Path) -> None:
    path = tmp_path / "out.mp4"
    write(path, Size(64, 64), seconds=3)

    facts = probe(path)

    assert (facts.duration, facts.audio_duration) == (3.0, 3.0)


def test_an_exception_leaves_no_file(tmp_path: Path) -> None:
    path = tmp_path / "out.mp4"

    def fail() -> None:
        with Mp4Writer(path, Size(64, 64)) as writer:
            writer.write_frame(flat(Size(64, 64)))
            raise KeyError("stop")

    with pytest.raises(KeyError):
        fail()
    assert not path.exists()
