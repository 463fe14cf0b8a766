"""What the probe measures, and what it refuses."""

import wave
from collections.abc import Callable
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from filmgate.core.spec import Size
from filmgate.media.encode import SAMPLE_RATE, Mp4Writer, Planes
from filmgate.media.probe import UnplayableFile, probe

SIZE = Size(96, 64)


@pytest.fixture
def video(tmp_path: Path) -> Path:
    path = tmp_path / "video.mp4"
    rng = np.random.default_rng(1)
    with Mp4Writer(path, SIZE, preset="ultrafast") as writer:
        for _ in range(48):
            planes = (
                rng.integers(16, 235, shape, np.uint8) for shape in ((64, 96), (32, 48), (32, 48))
            )
            writer.write_frame(Planes(*planes))
        writer.write_audio(np.zeros((2, 2 * SAMPLE_RATE), np.float32))
    return path


def test_a_video_is_measured(video: Path) -> None:
    facts = probe(video)

    assert (facts.duration, facts.frame_count) == (2.0, 48)
    assert facts.frames_per_second == 24
    assert (facts.width, facts.height) == (96, 64)
    assert (facts.video_codec, facts.pixel_format, facts.audio_codec) == ("h264", "yuv420p", "aac")
    assert facts.has_index_at_front


def test_an_index_at_the_end_is_noticed(video: Path, tmp_path: Path) -> None:
    assert not probe(remuxed(video, tmp_path / "late.mp4", options={})).has_index_at_front


def test_a_fragmented_file_is_measured_by_its_packets(video: Path, tmp_path: Path) -> None:
    flags = {"movflags": "frag_keyframe+empty_moov"}

    assert probe(remuxed(video, tmp_path / "fragmented.mp4", options=flags)).duration == 2.0


def test_a_silent_video_has_no_audio_codec(tmp_path: Path) -> None:
    path = tmp_path / "silent.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=24)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        for _ in range(24):
            container.mux(stream.encode(av.VideoFrame(64, 64, "yuv420p")))
        container.mux(stream.encode(None))

    assert (probe(path).audio_codec, probe(path).audio_duration) == (None, None)


def remuxed(video: Path, target: Path, *, options: dict[str, str]) -> Path:
    with av.open(str(video)) as source, av.open(str(target), "w", options=options) as output:
        stream = source.streams.video[0]
        copy = output.add_stream_from_template(stream)
        for packet in source.demux(stream):
            if packet.dts is not None:
                packet.stream = copy
                output.mux(packet)
    return target


def _missing(_video: Path, _path: Path) -> None:
    return


def _empty(_video: Path, path: Path) -> None:
    path.write_bytes(b"")


def _text(_video: Path, path: Path) -> None:
    path.write_text("This is not a film.\n" * 200)


def _picture(_video: Path, path: Path) -> None:
    path.write_bytes(cv2.imencode(".png", np.zeros((64, 64, 3), np.uint8))[1].tobytes())


def _header_only(video: Path, path: Path) -> None:
    path.write_bytes(video.read_bytes()[:64])


def _half(video: Path, path: Path) -> None:
    data = video.read_bytes()
    path.write_bytes(data[: len(data) // 2])


def _end_missing(video: Path, path: Path) -> None:
    path.write_bytes(video.read_bytes()[:-40])


def _only_sound(_video: Path, path: Path) -> None:
    with av.open(str(path), "w", format="mp4") as container:
        stream = container.add_stream("aac", rate=SAMPLE_RATE)
        samples = np.zeros((2, SAMPLE_RATE), np.float32)
        frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout="stereo")
        frame.sample_rate = SAMPLE_RATE
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def _other_format(_video: Path, path: Path) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(bytes(16_000))


@pytest.mark.parametrize(
    "spoil",
    [
        _missing, _empty, _text, _picture, _header_only, _half, _end_missing, _only_sound, _other_format,
    ],
)  # fmt: skip
def test_whatever_does_not_play_is_refused(
    video: Path, tmp_path: Path, spoil: Callable[[Path, Path], None]
) -> None:
    path = tmp_path / "spoilt.mp4"
    spoil(video, path)

    with pytest.raises(UnplayableFile, match=r"spoilt\.mp4"):
        probe(path)


def test_frames_that_do_not_decode_are_refused(video: Path, tmp_path: Path) -> None:
    data = bytearray(video.read_bytes())
    start = data.index(b"mdat") + 4
    data[start:] = bytes(len(data) - start)
    path = tmp_path / "zeros.mp4"
    path.write_bytes(data)

    with pytest.raises(UnplayableFile):
        probe(path)
