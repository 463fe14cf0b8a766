"""Writing an MP4 as it is rendered: H.264 from YUV planes, AAC from samples, the index at the front."""

from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

import av
import numpy as np
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.video.stream import VideoStream
from numpy.typing import NDArray

from filmgate.core.spec import FRAMES_PER_SECOND, Size

SAMPLE_RATE = 48_000
"""Of every sound track that we write, in samples a second and channel."""

# Superfast would spend a third more bits on the same pictures for the little time that this takes.
_LOOKING_AHEAD = {"superfast": {"rc-lookahead": "10", "mbtree": "1"}}

# Above 64 kbit/s it comes closer to the sound than the default coder does, in a fifth of the time.
_AAC_CODER = "fast"

_BT709 = 1
_LIMITED_RANGE = 1


class Planes(NamedTuple):
    """One frame as 4:2:0 planes of limited-range BT.709: `u` and `v` have half of `y`'s width and height."""

    y: NDArray[np.uint8]
    u: NDArray[np.uint8]
    v: NDArray[np.uint8]


def frame_of(planes: Planes) -> av.VideoFrame:
    """A copy of the planes, with the name of their colours."""
    height, width = planes.y.shape
    frame = av.VideoFrame(width, height, "yuv420p")
    for target, source in zip(frame.planes, planes, strict=True):
        # A row of the frame's plane is longer than ours when the width is no multiple of its alignment.
        rows = np.frombuffer(memoryview(target), np.uint8).reshape(-1, target.line_size)
        rows[: source.shape[0], : source.shape[1]] = source
    frame.color_range, frame.colorspace = _LIMITED_RANGE, _BT709
    return frame


class Mp4Writer:
    """A context manager: leaving it normally finishes the file, leaving it by an exception removes it.

    Frames and samples may be written in any turn, but each second of one should be followed by the same
    second of the other, because the muxer holds back what is ahead.
    """

    def __init__(
        self,
        path: Path,
        size: Size,
        *,
        preset: str = "superfast",
        threads: int = 0,
        crf: int = 23,
        title: str = "",
        comment: str = "",
    ) -> None:
        self._path = path
        self._frame_count = 0
        self._sample_count = 0
        self._container: OutputContainer = av.open(
            str(path), "w", format="mp4", options={"movflags": "+faststart"}
        )
        self._container.metadata.update({"title": title, "comment": comment})
        self._video = _add_h264(self._container, size, preset=preset, threads=threads, crf=crf)
        self._audio = _add_aac(self._container)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if kind is None:
            self._finish()
            return
        self._container.close()
        self._path.unlink(missing_ok=True)

    def write_frame(self, planes: Planes) -> None:
        """Append a frame; the planes may be reused as soon as this returns."""
        frame = frame_of(planes)
        frame.pts = self._frame_count
        self._frame_count += 1
        self._container.mux(self._video.encode(frame))

    def write_audio(self, samples: NDArray[np.float32]) -> None:
        """Append stereo samples of -1 to 1, one row a channel."""
        frame = av.AudioFrame.from_ndarray(
            np.ascontiguousarray(samples, np.float32), format="fltp", layout="stereo"
        )
        frame.sample_rate = SAMPLE_RATE
        frame.pts = self._sample_count
        self._sample_count += samples.shape[1]
        self._container.mux(self._audio.encode(frame))

    def _finish(self) -> None:
        try:
            self._container.mux(self._video.encode(None))
            self._container.mux(self._audio.encode(None))
        finally:
            self._container.close()


def _add_h264(
    container: OutputContainer, size: Size, *, preset: str, threads: int, crf: int
) -> VideoStream:
    stream = container.add_stream(
        "libx264",
        rate=FRAMES_PER_SECOND,
        options={"preset": preset, "crf": str(crf), **_LOOKING_AHEAD.get(preset, {})},
    )
    stream.width, stream.height, stream.pix_fmt = size.width, size.height, "yuv420p"
    context = stream.codec_context
    context.thread_count = threads
    context.color_range = _LIMITED_RANGE
    context.colorspace = context.color_primaries = context.color_trc = _BT709
    return stream


def _add_aac(container: OutputContainer) -> AudioStream:
    stream = container.add_stream("aac", rate=SAMPLE_RATE, options={"aac_coder": _AAC_CODER})
    stream.layout = "stereo"
    stream.bit_rate = 128_000
    return stream
