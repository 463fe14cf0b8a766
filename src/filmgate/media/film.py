"""Films that may come from anyone, opened so that nothing but a film can open, and read frame by frame.

What a file is, its first bytes decide. Only two demuxers and a dozen decoders are ever reached, and no other
file or address that the film may name.
"""

import re
from collections import deque
from collections.abc import Iterator, Set
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TypeVar

import av
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.packet import Packet
from av.stream import Disposition
from av.video.stream import VideoStream

from filmgate.media.errors import UnusableFilm

Track = TypeVar("Track", AudioStream, VideoStream)

VIDEO_CODECS = frozenset({"h264", "hevc", "vp9", "av1", "mpeg4", "vp8"})
AUDIO_CODECS = frozenset(
    {"aac", "mp3", "opus", "vorbis", "ac3", "eac3", "flac", "alac", "pcm_s16le", "pcm_s16be", "pcm_s24le"}
)  # fmt: skip
LONGEST_SIDE = 4096
MAX_FRAMES = 10_000
"""More than any film that we accept has; what claims to have more is not read to its end."""

_THREADS = 4
_NOTHING_DECODES = "The pictures of this film do not decode; send a film that plays."
_HEAD_BYTES = 32

# An ISO file begins with the length and the kind of its first box, an old QuickTime file not always with `ftyp`.
_DEMUXERS = (
    (re.compile(rb"....(ftyp|moov|mdat|wide|free|skip)", re.DOTALL), "mp4"),
    (re.compile(rb"\x1a\x45\xdf\xa3"), "matroska"),
)
_STILL = re.compile(rb"....ftyp(hei[cxms]|hev[cmx]|mif1|msf1|avi[fs])", re.DOTALL)

# Decoders have names of their own, which are not always their codec's.
_DECODERS = VIDEO_CODECS | AUDIO_CODECS | {"libdav1d", "mp3float", "libopus", "libvorbis"}


@dataclass(frozen=True, slots=True)
class Moment:
    """When a frame is shown, in the ticks of its track."""

    start: int
    ticks: int
    is_key: bool


@dataclass(frozen=True, slots=True)
class Timeline:
    """All frames of a film in the order in which they are shown, as its packets tell, and not its header."""

    moments: tuple[Moment, ...]
    tick: Fraction

    @property
    def start(self) -> int:
        return self.moments[0].start

    @property
    def keys(self) -> list[int]:
        """Where one can begin to decode."""
        return [moment.start for moment in self.moments if moment.is_key]

    @property
    def duration(self) -> Fraction:
        """In seconds, the last frame's own time included."""
        last = self.moments[-1]
        # The last packet of a WebM film seldom says how long it lasts.
        ticks = last.ticks or (last.start - self.start) // max(1, len(self.moments) - 1)
        return (last.start + ticks - self.start) * self.tick


class Film:
    """An open film with a picture track that we decode, and a sound track or none."""

    def __init__(self, container: InputContainer) -> None:
        self._container = container
        self.video = _picture_track(container)
        self.audio = next(iter(container.streams.audio), None)
        _check_codecs(self.video, self.audio)
        self.timeline = _timeline(container, self.video)
        # A header may claim any size: what is larger than this is never allocated.
        self.video.codec_context.options = {"max_pixels": str(LONGEST_SIDE**2)}
        self.video.codec_context.thread_count = _THREADS
        self.video.codec_context.thread_type = "AUTO"

    def says(self, name: str) -> str:
        """What it says about itself under that name, if anything."""
        return self._container.metadata.get(name, "")

    @property
    def pixel_aspect(self) -> Fraction:
        """How much wider than high a pixel is shown."""
        return self.video.sample_aspect_ratio or Fraction(1)

    def frames(
        self, *, since: int | None = None, wanted: Set[int] | None = None
    ) -> Iterator[av.VideoFrame]:
        """The pictures from the last point on from which one can decode; what does not decode is left out.

        Of all others than the wanted, only those that must be decoded anyway: about half of an H.264 film.
        """
        for packet in self.packets(self.video, since=since):
            is_wanted = wanted is None or packet.pts in wanted
            self.video.codec_context.skip_frame = "DEFAULT" if is_wanted else "NONREF"
            yield from decoded_pictures(packet)

    def packets(self, track: Track, *, since: int | None = None) -> Iterator["Packet[Track]"]:
        """All of a track, or what belongs to a picture of that moment and all that follows.

        The last packet, empty, makes the decoder give what it still holds.
        """
        with unreadable_is_unusable():
            first_key = self.timeline.keys[0]
            self._container.seek(first_key if since is None else since, stream=self.video)
        yield from _demuxed(self._container, track)

    def first_frame(self) -> av.VideoFrame:
        """The first picture that decodes. Raises UnusableFilm when none does."""
        first = next(self.frames(), None)
        if first is None:
            raise UnusableFilm(_NOTHING_DECODES)
        return first

    def last_frame(self) -> av.VideoFrame:
        """The last picture that decodes. Raises UnusableFilm when none does."""
        end = self.timeline.moments[-1].start
        last = deque(self.frames(since=self.timeline.keys[-1], wanted={end}), maxlen=1)
        if last and last[0].pts == end:
            return last[0]
        # The end is broken, or its moments are not what they claim to be: look at everything.
        if last := deque(self.frames(), maxlen=1):
            return last[0]
        raise UnusableFilm(_NOTHING_DECODES)


@contextmanager
def opened(path: Path) -> Iterator[Film]:
    """Raises UnusableFilm for what is no film."""
    demuxer = _demuxer(path)
    with unreadable_is_unusable():
        container = av.open(
            str(path),
            format=demuxer,
            options={"max_pixels": str(LONGEST_SIDE**2)},
            container_options={
                "protocol_whitelist": "file",
                "codec_whitelist": ",".join(sorted(_DECODERS)),
            },
            metadata_errors="replace",
        )
    with container:
        yield Film(container)


@contextmanager
def unreadable_is_unusable() -> Iterator[None]:
    try:
        yield
    except av.error.MemoryError:
        raise UnusableFilm("This film claims to be far larger than it is.") from None
    except av.error.FFmpegError as error:
        raise UnusableFilm(
            f"This film cannot be read ({error.strerror}); send one that plays."
        ) from error


def decoded_pictures(packet: "Packet[VideoStream]") -> list[av.VideoFrame]:
    """A damaged packet yields nothing, and what follows it may be whole."""
    try:
        return packet.decode()
    except av.error.FFmpegError:
        return []


def decoded_samples(packet: "Packet[AudioStream]") -> list[av.AudioFrame]:
    """As `decoded_pictures`."""
    try:
        return packet.decode()
    except av.error.FFmpegError:
        return []


def _demuxer(path: Path) -> str:
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    if _STILL.match(head):
        raise UnusableFilm("This is a picture; send a film: an MP4, MOV or WebM file.")
    for beginning, name in _DEMUXERS:
        if beginning.match(head):
            return name
    raise UnusableFilm("This is not an MP4, MOV or WebM file, whatever it is called.")


def _picture_track(container: InputContainer) -> VideoStream:
    """The first that is not the cover of a piece of music."""
    for stream in container.streams.video:
        if not stream.disposition & Disposition.attached_pic:
            return stream
    raise UnusableFilm("This file has no picture track; send a film.")


def _check_codecs(video: VideoStream, audio: AudioStream | None) -> None:
    found = _codec(video)
    if found not in VIDEO_CODECS:
        raise UnusableFilm(
            f"The pictures of this film are encoded as {found}; "
            "H.264, HEVC, VP9, VP8, AV1 and MPEG-4 are accepted."
        )
    if audio is not None and (found := _codec(audio)) not in AUDIO_CODECS:
        raise UnusableFilm(
            f"The sound of this film is encoded as {found}; AAC, MP3, Opus, Vorbis, FLAC and PCM are accepted."
        )


def _codec(stream: AudioStream | VideoStream) -> str:
    context = stream.codec_context
    return "nothing that we know" if context is None else context.codec.canonical_name


def _demuxed(container: InputContainer, track: Track) -> Iterator["Packet[Track]"]:
    packets = container.demux(track)
    while True:
        with unreadable_is_unusable():
            packet = next(packets, None)
        if packet is None:
            return
        yield packet


def _timeline(container: InputContainer, video: VideoStream) -> Timeline:
    """Read the whole track without decoding it."""
    moments: list[Moment] = []
    for packet in _demuxed(container, video):
        start = packet.dts if packet.pts is None else packet.pts
        if start is None or packet.size == 0 or packet.is_discard:
            continue
        if packet.is_corrupt:
            raise UnusableFilm("This film is cut short or damaged; send a whole one.")
        if len(moments) == MAX_FRAMES:
            raise UnusableFilm(f"This film has more than {MAX_FRAMES} frames.")
        moments.append(Moment(start, packet.duration or 0, packet.is_keyframe))
    if not any(moment.is_key for moment in moments):
        raise UnusableFilm(_NOTHING_DECODES)
    return Timeline(tuple(sorted(moments, key=lambda one: one.start)), _tick(video))


def _tick(stream: AudioStream | VideoStream) -> Fraction:
    return stream.time_base or Fraction(1)
