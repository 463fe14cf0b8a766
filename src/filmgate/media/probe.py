"""Is this file a video that plays, and what is in it? Measured from the file, not believed from its header."""

import os
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
from av.container import InputContainer
from av.video.stream import VideoStream

from filmgate.media.boxes import mp4_boxes


class UnplayableFile(ValueError):
    """The file is not an MP4 that a player would show; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """What a playable file holds. Durations are in seconds, each of its own track."""

    duration: float
    width: int
    height: int
    frame_count: int
    frames_per_second: Fraction
    video_codec: str
    pixel_format: str
    audio_codec: str | None
    audio_duration: float | None
    has_index_at_front: bool


def probe(path: Path) -> Probe:
    """Decode the first frame and count all the others. Raises UnplayableFile for anything but a whole MP4."""
    try:
        # The format is given, or any text would be taken for a film of a terminal.
        with av.open(str(path), format="mp4", metadata_errors="replace") as container:
            facts = _measure(container, path)
    except (av.error.FFmpegError, OSError) as error:
        raise UnplayableFile(f"{path.name} is not a playable MP4: {error.strerror}.") from error
    return facts


def _measure(container: InputContainer, path: Path) -> Probe:
    if not container.streams.video:
        raise UnplayableFile(f"{path.name} has no video track.")
    video = container.streams.video[0]
    audio = container.streams.audio[0] if container.streams.audio else None
    span, frame_count = _scan(container, video, path)
    _decode_first_frame(container, video, path)
    length = None if audio is None or audio.duration is None else audio.duration
    return Probe(
        duration=float(span),
        width=video.width,
        height=video.height,
        frame_count=frame_count,
        frames_per_second=frame_count / span,
        video_codec=video.codec_context.name,
        pixel_format=video.codec_context.pix_fmt or "unknown",
        audio_codec=None if audio is None else audio.codec_context.name,
        audio_duration=None if audio is None or length is None else float(length * _tick(audio)),
        has_index_at_front=_has_index_at_front(path),
    )


def _tick(stream: av.AudioStream | VideoStream) -> Fraction:
    """The stream's unit of time, in seconds."""
    return stream.time_base or Fraction(1)


def _scan(container: InputContainer, video: VideoStream, path: Path) -> tuple[Fraction, int]:
    """The track's length and number of frames, from its packets: fragmented files lie in their header."""
    spans = [
        (packet.pts, packet.pts + (packet.duration or 0))
        for packet in container.demux(video)
        if packet.pts is not None and packet.size > 0 and not packet.is_corrupt
    ]
    if len(spans) < video.frames:
        found = f"{len(spans)} of its {video.frames} frames are there"
        raise UnplayableFile(f"{path.name} is cut short: {found}.")
    ticks = max((end for _, end in spans), default=0) - min(
        (start for start, _ in spans), default=0
    )
    if ticks <= 0:
        raise UnplayableFile(f"{path.name} has a video track of no length.")
    return ticks * _tick(video), len(spans)


def _decode_first_frame(container: InputContainer, video: VideoStream, path: Path) -> None:
    container.seek(0, stream=video)
    if next(container.decode(video), None) is None:
        raise UnplayableFile(f"{path.name} has a video track that does not decode.")


def _has_index_at_front(path: Path) -> bool:
    """Whether a player can start before it has the whole file. Raises UnplayableFile if the file is cut off."""
    with path.open("rb") as file:
        boxes = list(mp4_boxes(file))
        end = file.seek(0, os.SEEK_END)
    if any(box.end > end for box in boxes):
        raise UnplayableFile(f"{path.name} is cut short: it ends in the middle of a box.")
    return next((box.kind for box in boxes if box.kind in (b"moov", b"mdat")), b"") == b"moov"
