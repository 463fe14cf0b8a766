"""Small real films of many kinds, as strangers may send them."""

import struct
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
import numpy as np
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.video.stream import VideoStream
from numpy.typing import NDArray

from filmgate.core.spec import Size

Picture = Callable[[int], NDArray[np.uint8]]
"""The RGB pixels of a frame, by its number."""


def brightening(size: Size, *, count: int) -> Picture:
    """From black to white, so that each frame tells its number."""

    def picture(number: int) -> NDArray[np.uint8]:
        grey = round(255 * number / max(1, count - 1))
        return np.full((size.height, size.width, 3), grey, np.uint8)

    return picture


def quadrants(size: Size) -> Picture:
    """Red and green above, blue and white below: what is turned or mirrored shows."""
    pixels = np.zeros((size.height, size.width, 3), np.uint8)
    half_height, half_width = size.height // 2, size.width // 2
    pixels[:half_height, :half_width] = (255, 0, 0)
    pixels[:half_height, half_width:] = (0, 255, 0)
    pixels[half_height:, :half_width] = (0, 0, 255)
    pixels[half_height:, half_width:] = (255, 255, 255)
    return lambda _: pixels


def write_film(
    path: Path,
    *,
    size: Size = Size(96, 64),  # noqa: B008 (frozen)
    count: int = 24,
    rate: int = 24,
    codec: str = "libx264",
    picture: Picture | None = None,
    pixels: str = "yuv420p",
    sound: NDArray[np.float32] | None = None,
    sound_codec: str = "aac",
    sound_rate: int = 48_000,
    turned: int = 0,
    mirrored: bool = False,
    pixel_aspect: Fraction = Fraction(1),
    options: dict[str, str] | None = None,
    muxing: dict[str, str] | None = None,
) -> Path:
    """`sound` has a row for each channel; `turned` is in degrees against the clock."""
    picture = picture or brightening(size, count=count)
    with av.open(str(path), "w", options=muxing or {}) as container:
        stream = cast("VideoStream", container.add_stream(codec, rate=rate, options=options or {}))
        stream.width, stream.height, stream.pix_fmt = size.width, size.height, pixels
        stream.codec_context.sample_aspect_ratio = pixel_aspect
        if turned or mirrored:
            stream.set_display_rotation(turned, hflip=mirrored)
        audio = None
        if sound is not None:
            audio = cast("AudioStream", container.add_stream(sound_codec, rate=sound_rate))
            audio.layout = "mono" if len(sound) == 1 else "stereo"
        for number in range(count):
            frame = av.VideoFrame.from_ndarray(picture(number), format="rgb24")
            frame.pts = number
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
        if audio is not None and sound is not None:
            _write_sound(container, audio, sound, rate=sound_rate)
    return path


def _write_sound(
    container: OutputContainer, stream: AudioStream, sound: NDArray[np.float32], *, rate: int
) -> None:
    wanted = stream.codec_context.format.name
    resampler = av.AudioResampler(format=wanted, layout=stream.layout, rate=rate)
    for begin in range(0, sound.shape[1], 960):
        part = np.ascontiguousarray(sound[:, begin : begin + 960])
        frame = av.AudioFrame.from_ndarray(part, format="fltp", layout=stream.layout.name)
        frame.sample_rate, frame.pts = rate, begin
        for one in resampler.resample(frame):
            container.mux(stream.encode(one))
    container.mux(stream.encode(None))


def tone(
    seconds: float, *, pitch: float = 440, rate: int = 48_000, level: float = 0.5, channels: int = 2
) -> NDArray[np.float32]:
    time = np.arange(round(seconds * rate)) / rate
    wave = (level * np.sin(2 * np.pi * pitch * time)).astype(np.float32)
    return np.stack([wave] * channels)


def with_patched_box(data: bytes, kind: bytes, patch: Callable[[bytearray, int], None]) -> bytes:
    """The file with a box's content changed; `patch` gets all bytes and where the content begins."""
    changed = bytearray(data)
    patch(changed, changed.index(kind) + 4)
    return bytes(changed)


def claiming(value: int, *, at: int) -> Callable[[bytearray, int], None]:
    """A patch that writes a number of four bytes."""
    return lambda data, start: struct.pack_into(">I", data, start + at, value)
