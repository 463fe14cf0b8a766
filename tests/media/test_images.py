"""Reference images, made here with Pillow: what passes comes out upright, exact and re-encoded."""

import base64
import struct
import zlib
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import ExifTags, Image, ImageChops, ImageStat, PngImagePlugin

from filmgate.core.errors import ImageSizeMismatch, InvalidImage, InvalidRequest
from filmgate.core.spec import Size
from filmgate.media.images import MAX_IMAGE_BYTES, image_from_text, normalise_reference

SIZE = Size(64, 36)
PARAM = "input_reference"
RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)


def _corners() -> Image.Image:
    """Red, green and blue corners, clockwise from the top left, on black: no turn leaves it the same."""
    image = Image.new("RGB", (SIZE.width, SIZE.height))
    for colour, box in ((RED, (0, 0)), (GREEN, (48, 0)), (BLUE, (48, 24))):
        image.paste(colour, (*box, box[0] + 16, box[1] + 12))
    return image


def _file(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    buffer = BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def _png(size: Size, rows: bytes, *, depth: int = 8, colour: int = 2, before: bytes = b"") -> bytes:
    """A PNG by hand, for what Pillow does not write. `colour` 0 is grey, 2 RGB, 3 palette."""
    head = struct.pack(">IIBBBBB", size.width, size.height, depth, colour, 0, 0, 0)
    body = _chunk(b"IHDR", head) + before + _chunk(b"IDAT", zlib.compress(rows))
    return b"\x89PNG\r\n\x1a\n" + body + _chunk(b"IEND", b"")


def _exif(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    exif[ExifTags.Base.ImageDescription] = "where I live"
    return exif


def _normalised(data: bytes, size: Size = SIZE) -> Image.Image:
    image = Image.open(BytesIO(normalise_reference(data, size=size, param=PARAM)))
    image.load()
    return image


LOSSY = 6
"""What an encoder may change on average; a picture turned the wrong way differs by 42."""


def _difference(one: Image.Image, other: Image.Image) -> float:
    """The mean difference over all pixels, of the band where it is largest."""
    return max(ImageStat.Stat(ImageChops.difference(one, other)).mean)


@pytest.mark.parametrize(
    ("data", "tolerance"),
    [
        (_file(_corners(), "PNG"), 0),
        (_file(_corners(), "WEBP", lossless=True), 0),
        (_file(_corners(), "WEBP", quality=95), LOSSY),
        (_file(_corners(), "JPEG", quality=95, subsampling=0), LOSSY),
        (_file(_corners(), "JPEG", quality=95, subsampling=0, progressive=True), LOSSY),
    ],
    ids=["png", "webp lossless", "webp", "jpeg", "progressive jpeg"],
)
def test_the_three_formats_keep_their_pixels(data: bytes, tolerance: int) -> None:
    assert _difference(_normalised(data), _corners()) <= tolerance


def test_what_comes_out_is_our_own_lossless_encoding() -> None:
    image = _normalised(_file(_corners()))
    assert (image.format, image.mode, image.size) == ("WEBP", "RGB", (64, 36))


def test_what_comes_out_goes_in_again_unchanged() -> None:
    once = normalise_reference(_file(_corners()), size=SIZE, param=PARAM)
    assert normalise_reference(once, size=SIZE, param=PARAM) == once


def test_metadata_and_trailing_bytes_are_dropped() -> None:
    data = _file(_corners(), "JPEG", exif=_exif(1), comment=b"where I live") + b"<script>"
    stored = normalise_reference(data, size=SIZE, param=PARAM)
    assert b"where I live" not in stored
    assert b"<script>" not in stored


@pytest.mark.parametrize(
    ("mode", "colour"),
    [("L", 128), ("1", 1), ("P", 1), ("LA", (128, 255)), ("RGBA", (*RED, 255)), ("RGB", RED)],
)
def test_other_modes_become_rgb(mode: str, colour: Any) -> None:
    picture = Image.new(mode, (64, 36), colour)
    assert _difference(_normalised(_file(picture)), picture.convert("RGB")) == 0


def test_cmyk_becomes_rgb() -> None:
    picture = _corners().convert("CMYK")
    stored = _normalised(_file(picture, "JPEG", quality=95))
    assert _difference(stored, _corners()) <= LOSSY


def test_sixteen_bits_of_grey_are_scaled_and_not_clipped() -> None:
    row = b"\0" + struct.pack(">64H", *[value * 1040 for value in range(64)])
    stored = _normalised(_png(SIZE, row * 36, depth=16, colour=0))
    ramp = [stored.getpixel((x, 0)) for x in range(64)]
    assert ramp[0] == (0, 0, 0)
    assert ramp[32] == (129, 129, 129)
    assert ramp[63] == (254, 254, 254)


def test_sixteen_bits_of_colour_are_scaled() -> None:
    row = b"\0" + struct.pack(">3H", 0xFFFF, 0x8000, 0) * 64
    stored = _normalised(_png(SIZE, row * 36, depth=16))
    assert stored.getpixel((0, 0)) == (255, 128, 0)


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_what_is_transparent_becomes_white(mode: str) -> None:
    picture = Image.new(mode, (64, 36))
    assert _normalised(_file(picture)).getpixel((10, 10)) == WHITE


def test_a_transparent_palette_entry_becomes_white() -> None:
    picture = Image.new("P", (64, 36), 3)
    picture.putpalette(bytes(768))
    assert _normalised(_file(picture, transparency=3)).getpixel((10, 10)) == WHITE


def test_a_transparent_colour_becomes_white() -> None:
    stored = _normalised(_file(_corners(), transparency=RED))
    assert stored.getpixel((1, 1)) == WHITE
    assert stored.getpixel((60, 1)) == GREEN


def test_half_transparent_is_half_white() -> None:
    picture = Image.new("RGBA", (64, 36), (*RED, 128))
    assert _normalised(_file(picture)).getpixel((0, 0)) == (255, 127, 127)


_TAKEN_AS = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}
"""How a camera held so that EXIF says 1 to 8 stores an upright scene."""


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize("orientation", _TAKEN_AS)
def test_orientation_turns_the_picture_upright(kind: str, orientation: int) -> None:
    turn = _TAKEN_AS[orientation]
    taken = _corners() if turn is None else _corners().transpose(turn)
    options: dict[str, dict[str, Any]] = {"JPEG": {"quality": 95}, "WEBP": {"lossless": True}}
    data = _file(taken, kind, exif=_exif(orientation), **options.get(kind, {}))
    assert _difference(_normalised(data), _corners()) <= LOSSY


def test_an_orientation_behind_the_pixels_counts_too() -> None:
    taken = _file(_corners().transpose(Image.Transpose.ROTATE_90))
    late = _chunk(b"eXIf", _exif(6).tobytes().removeprefix(b"Exif\0\0"))
    assert _difference(_normalised(taken[:-12] + late + taken[-12:]), _corners()) == 0


def test_an_orientation_that_makes_the_size_wrong_is_a_mismatch() -> None:
    with pytest.raises(ImageSizeMismatch, match="is 36x64, but the video is 64x36"):
        _normalised(_file(_corners(), "JPEG", exif=_exif(6)))


@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_an_orientation_that_means_nothing_is_ignored(orientation: int) -> None:
    assert _difference(_normalised(_file(_corners(), exif=_exif(orientation))), _corners()) == 0


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize(("width", "height"), [(63, 36), (64, 37), (36, 64), (128, 72), (1, 1)])
def test_another_size_is_a_mismatch_that_names_both(kind: str, width: int, height: int) -> None:
    with pytest.raises(ImageSizeMismatch) as caught:
        _normalised(_file(Image.new("RGB", (width, height)), kind))
    assert caught.value.param == PARAM
    assert caught.value.message == (
        f"{PARAM} is {width}x{height}, but the video is 64x36; send a picture of exactly 64x36."
    )


def test_a_mismatch_names_the_size_that_a_viewer_would_show() -> None:
    with pytest.raises(ImageSizeMismatch, match="is 40x50,"):
        _normalised(_file(Image.new("RGB", (50, 40)), "JPEG", exif=_exif(6)))


def test_a_bomb_is_refused_by_its_header() -> None:
    bomb = _png(Size(50_000, 50_000), bytes(1000))
    with pytest.raises(ImageSizeMismatch, match="is 50000x50000"):
        _normalised(bomb)


def test_a_webp_bomb_is_refused_by_its_header() -> None:
    data = bytearray(_file(Image.new("RGBA", (16, 16)), "WEBP", lossless=True))
    place = data.index(b"VP8L") + 9
    data[place : place + 4] = struct.pack("<I", 16_382 | 16_382 << 14)
    with pytest.raises(InvalidImage, match="too many pixels"):
        _normalised(bytes(data))


def test_a_text_chunk_that_unpacks_to_gigabytes_is_refused() -> None:
    text = _chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(50_000_000), 9))
    with pytest.raises(InvalidImage):
        _normalised(_png(SIZE, bytes(193 * 36), before=text))


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_an_animation_is_refused(kind: str) -> None:
    second = Image.new("RGB", (64, 36), "red")
    with pytest.raises(InvalidImage, match="animation"):
        _normalised(_file(_corners(), kind, save_all=True, append_images=[second]))


def test_a_phone_s_jpeg_with_a_second_picture_behind_it_is_still() -> None:
    data = _file(_corners(), "MPO", save_all=True, append_images=[_corners()], quality=95)
    assert _difference(_normalised(data), _corners()) <= LOSSY


@pytest.mark.parametrize(
    "data",
    [
        _file(_corners(), "GIF"),
        _file(_corners(), "BMP"),
        _file(_corners(), "TIFF"),
        _file(_corners(), "ICO"),
        _file(_corners(), "PPM"),
        b'<svg xmlns="http://www.w3.org/2000/svg" width="64" height="36"/>',
        b"<!DOCTYPE html><title>404</title>",
        b"%PDF-1.7",
        b"\0\0\0\x20ftypavif",
        b"RIFF\0\0\0\0WAVEfmt ",
        b"not a picture",
        b" " + _file(_corners()),
    ],
    ids=["gif", "bmp", "tiff", "ico", "ppm", "svg", "html", "pdf", "avif", "wave", "text", "space"],
)
def test_other_formats_are_refused(data: bytes) -> None:
    with pytest.raises(InvalidImage, match=f"{PARAM} is not a JPEG, PNG or WebP picture"):
        _normalised(data)


def test_nothing_is_refused() -> None:
    with pytest.raises(InvalidImage, match="empty"):
        _normalised(b"")


def test_more_bytes_than_the_limit_are_refused() -> None:
    with pytest.raises(InvalidImage, match="larger than 20 MB"):
        _normalised(_file(_corners()) + bytes(MAX_IMAGE_BYTES))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize("kept", [0.1, 0.5, 0.9])
def test_a_truncated_file_is_refused(kind: str, kept: float) -> None:
    noise = Image.effect_noise((64, 36), 90)
    data = _file(noise, kind)
    with pytest.raises(InvalidImage):
        _normalised(data[: int(len(data) * kept)])


@pytest.mark.parametrize(
    "data",
    [
        b"\x89PNG\r\n\x1a\n",
        b"\xff\xd8\xff",
        b"RIFF\0\0\0\0WEBP",
        _png(SIZE, b"too few rows"),
        _png(SIZE, bytes(65 * 36), colour=3),
        _png(Size(0, 0), b""),
        _png(SIZE, bytes(193 * 36), before=_chunk(b"iCCP", b"icc\0")),
        _file(_corners()).replace(b"IDAT", b"JDAT"),
    ],
    ids=[
        "png head",
        "jpeg head",
        "webp head",
        "few rows",
        "no palette",
        "no pixels",
        "bad profile",
        "wrong sum",
    ],
)
def test_a_broken_file_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidRequest) as caught:
        _normalised(data)
    assert caught.value.param == PARAM


def _seeds() -> Iterator[bytes]:
    text = PngImagePlugin.PngInfo()
    text.add_text("a", "b" * 50, zip=True)
    yield _file(_corners(), "PNG", pnginfo=text)
    yield _file(_corners().quantize(8), "PNG", transparency=1)
    yield _file(_corners(), "JPEG", progressive=True)
    yield _file(_corners().convert("CMYK"), "JPEG")
    yield _file(_corners(), "WEBP")
    yield _file(_corners().convert("RGBA"), "WEBP", lossless=True)


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(list(_seeds())),
    st.lists(st.tuples(st.integers(0, 10_000), st.binary(max_size=6)), min_size=1, max_size=3),
)
def test_a_damaged_file_is_read_or_refused_and_nothing_else(
    data: bytes, damage: list[tuple[int, bytes]]
) -> None:
    for place, patch in damage:
        start = place % len(data)
        data = data[:start] + patch + data[start + len(patch) :]
    try:
        stored = normalise_reference(data, size=SIZE, param=PARAM)
    except InvalidRequest:
        return
    assert Image.open(BytesIO(stored)).size == (64, 36)


PICTURE = _file(_corners())
BASE64 = base64.b64encode(PICTURE).decode()


@pytest.mark.parametrize(
    "text",
    [
        BASE64,
        BASE64.rstrip("="),
        BASE64 + "==",
        f"  {BASE64}\n",
        "\r\n".join(BASE64[start : start + 76] for start in range(0, len(BASE64), 76)),
        base64.urlsafe_b64encode(PICTURE).decode(),
        base64.urlsafe_b64encode(PICTURE).decode().rstrip("="),
        f"data:image/png;base64,{BASE64}",
        f"data:image/jpeg;base64,{BASE64}",
        f"data:;base64,{BASE64}",
        f"data:image/png;charset=utf-8;name=a.png;base64,{BASE64}",
        f"DATA:IMAGE/PNG;BASE64,{BASE64}",
        f" data:image/png;base64, {BASE64}",
        f"data:image/png;base64,{base64.urlsafe_b64encode(PICTURE).decode().rstrip('=')}",
    ],
)
def test_every_spelling_of_base64_is_read(text: str) -> None:
    assert image_from_text(text, param=PARAM) == PICTURE


@given(st.binary(min_size=1, max_size=200))
def test_any_bytes_survive_as_text(data: bytes) -> None:
    text = base64.urlsafe_b64encode(data).decode().rstrip("=")
    assert image_from_text(f"data:image/png;base64,{text}", param=PARAM) == data


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "empty"),
        ("   ", "empty"),
        ("data:image/png;base64,", "empty"),
        ("data:image/svg+xml,%3Csvg/%3E", "not base64"),
        ("data:image/png,iVBORw0KGgo=", "not base64"),
        ("data:", "not base64"),
        ("https://pictures.example/a.png", "neither"),
        ("iVBORw0K!", "neither"),
        ("iVBOR", "neither"),
        ("iVBO=Rw0K", "neither"),
        ("ïVBORw0K", "neither"),
        ("\ud800", "neither"),
        ("data:image/png;base64,data:image/png;base64,iVBO", "neither"),
    ],
)
def test_other_text_is_refused(text: str, complaint: str) -> None:
    with pytest.raises(InvalidImage, match=complaint) as caught:
        image_from_text(text, param=PARAM)
    assert caught.value.param == PARAM


@pytest.mark.parametrize("extra", [4, MAX_IMAGE_BYTES * 2])
def test_text_of_more_bytes_than_the_limit_is_refused(extra: int) -> None:
    text = "A" * (MAX_IMAGE_BYTES // 3 * 4 + extra)
    with pytest.raises(InvalidImage, match="larger than 20 MB"):
        image_from_text(text, param=PARAM)
