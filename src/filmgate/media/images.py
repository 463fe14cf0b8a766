"""Reference images: from untrusted bytes to a still picture of the right size, in our own encoding.

All of it is synchronous work for the CPU: call it in a thread.
"""

import base64
import re
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO

from PIL import ExifTags, Image
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.WebPImagePlugin import WebPImageFile

from filmgate.core.errors import ImageSizeMismatch, InvalidImage
from filmgate.core.spec import Size

MAX_IMAGE_BYTES = 20 * 1024 * 1024

_ANY_DATA_URL = re.compile(r"\s*data:", re.IGNORECASE)
_DATA_URL = re.compile(r"\s*data:[^,]{0,200};\s*base64\s*,", re.IGNORECASE)
_PLAIN_DIGITS = bytes.maketrans(b"-_", b"+/")
_WHITE_SPACE = b" \t\r\n\v\f"

# The plugins' own classes, and not Image.open: that warns of a header's size before we can judge it, and
# takes the pictures of many phones, a JPEG with another one behind it, for an animation.
_FORMATS = (
    (re.compile(rb"\xff\xd8\xff"), JpegImageFile),
    (re.compile(rb"\x89PNG\r\n\x1a\n"), PngImageFile),
    (re.compile(rb"RIFF....WEBP", re.DOTALL), WebPImageFile),
)

# What the plugins let out for broken files, found by breaking a quarter of a million: beside what they mean
# to raise, whatever their parsers stumble over.
_BROKEN = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    struct.error,
    zlib.error,
    LookupError,
    ArithmeticError,
    TypeError,
    AttributeError,
    AssertionError,
)

_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What to do to the pixels, by the value of EXIF's orientation."""


def normalise_reference(data: bytes, *, size: Size, param: str) -> bytes:
    """Return the picture as a lossless WebP of exactly `size`, in RGB and without metadata.

    Raises InvalidImage for what is no still JPEG, PNG or WebP, whatever its name or type claims, and
    ImageSizeMismatch, before anything is decoded where the header tells.
    """
    _check_length(len(data), param)
    with _broken_is_invalid(param), _opened(data, param) as image:
        if getattr(image, "n_frames", 1) > 1:
            raise InvalidImage(param, f"{param} is an animation; send a still picture.")
        _check_area(image, size, param=param)
        image.load()
        upright = _upright(image)
        _check_size(upright.size, size, param=param)
        return _encoded(_rgb(upright))


def image_from_text(text: str, *, param: str) -> bytes:
    """Decode a data URL or bare base64, of either alphabet, with or without padding and line breaks."""
    # No bytes are copied for a text that is too long in any spelling.
    _check_limit(len(text) // 2, param)
    if _ANY_DATA_URL.match(text) and not _DATA_URL.match(text):
        raise InvalidImage(param, f"{param} is a data URL that is not base64.")
    prefix = _DATA_URL.match(text)
    # As bytes, and in one pass: a text of this length would keep everybody waiting through each step.
    try:
        digits = text[prefix.end() if prefix else 0 :].encode("ascii")
        digits = digits.translate(_PLAIN_DIGITS, _WHITE_SPACE).rstrip(b"=")
        data = base64.b64decode(digits + b"=" * (-len(digits) % 4), validate=True)
    except ValueError as error:
        raise InvalidImage(
            param, f"{param} is neither a URL, nor a data URL, nor valid base64."
        ) from error
    _check_length(len(data), param)
    return data


def _check_length(length: int, param: str) -> None:
    if length == 0:
        raise InvalidImage(param, f"{param} is empty; send a JPEG, PNG or WebP picture.")
    _check_limit(length, param)


def _check_limit(length: int, param: str) -> None:
    if length > MAX_IMAGE_BYTES:
        raise InvalidImage(param, f"{param} is larger than {MAX_IMAGE_BYTES // 1024 // 1024} MB.")


@contextmanager
def _broken_is_invalid(param: str) -> Iterator[None]:
    try:
        yield
    except Image.DecompressionBombError as error:
        raise InvalidImage(param, f"{param} has far too many pixels.") from error
    except _BROKEN as error:
        raise InvalidImage(
            param, f"{param} is a picture that cannot be decoded: it is broken or incomplete."
        ) from error


def _opened(data: bytes, param: str) -> ImageFile:
    for beginning, plugin in _FORMATS:
        if beginning.match(data):
            return plugin(BytesIO(data))
    raise InvalidImage(param, f"{param} is not a JPEG, PNG or WebP picture.")


def _check_area(image: ImageFile, size: Size, *, param: str) -> None:
    """Refuse by the header alone what no orientation could make right: a bomb is never decoded."""
    if sorted(image.size) != sorted((size.width, size.height)):
        width, height = image.size
        # A PNG may name its orientation after its pixels; to look there would be to decode them.
        if "exif" in image.info and _orientation(image) >= 5:
            width, height = height, width
        _check_size((width, height), size, param=param)


def _check_size(actual: tuple[int, int], size: Size, *, param: str) -> None:
    if actual != (size.width, size.height):
        raise ImageSizeMismatch(
            param,
            f"{param} is {Size(*actual)}, but the video is {size}; send a picture of exactly {size}.",
        )


def _orientation(image: Image.Image) -> int:
    value = image.getexif().get(ExifTags.Base.Orientation, 1)
    return value if isinstance(value, int) else 1


def _upright(image: Image.Image) -> Image.Image:
    turn = _TURNS.get(_orientation(image))
    return image if turn is None else image.transpose(turn)


def _rgb(image: Image.Image) -> Image.Image:
    if image.mode == "I;16":
        # `convert` would clip at 255 and leave a white picture.
        image = image.point(lambda value: value * (1 / 257)).convert("L")
    if not image.has_transparency_data:
        return image.convert("RGB")
    # On white, as a page would show it.
    white = Image.new("RGBA", image.size, "white")
    return Image.alpha_composite(white, image.convert("RGBA")).convert("RGB")


def _encoded(image: Image.Image) -> bytes:
    # 1280x720 pixels of a photograph: 33 ms and 2.0 MB; as PNG of level 1, 100 ms and 2.0 MB.
    buffer = BytesIO()
    image.save(buffer, format="WEBP", lossless=True, method=0, quality=0)
    return buffer.getvalue()
