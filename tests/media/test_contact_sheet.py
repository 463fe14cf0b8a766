"""Contact sheets."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from filmgate.core.spec import Size
from filmgate.media.contact_sheet import GROUND, write_contact_sheet
from filmgate.media.encode import Mp4Writer, Planes
from filmgate.media.errors import UnusableFilm

SIZE = Size(128, 72)


@pytest.fixture
def video(tmp_path: Path) -> Path:
    """One second that turns from black to white."""
    path = tmp_path / "video.mp4"
    grey = np.full((36, 64), 128, np.uint8)
    with Mp4Writer(path, SIZE, preset="ultrafast") as writer:
        for number in range(24):
            luma = np.full((72, 128), 16 + 9 * number, np.uint8)
            writer.write_frame(Planes(luma, grey, grey))
        writer.write_audio(np.zeros((2, 48_000), np.float32))
    return path


def sheet_of(video: Path, *, columns: int, rows: int) -> Image.Image:
    output = video.with_suffix(".png")
    write_contact_sheet(video, output, columns=columns, rows=rows, width=800, gap=8)
    with Image.open(output) as sheet:
        sheet.load()
        return sheet


def test_it_shows_the_frames_in_the_order_of_time(video: Path) -> None:
    sheet = np.asarray(sheet_of(video, columns=3, rows=2).convert("L"))
    tile_width, tile_height = (800 - 4 * 8) // 3, round((800 - 4 * 8) // 3 * 72 / 128)
    middles = [
        int(sheet[8 + r * (tile_height + 8) + 40, 8 + c * (tile_width + 8) + tile_width // 2])
        for r in range(2)
        for c in range(3)
    ]

    assert middles == sorted(middles)
    assert len(set(middles)) == 6


def test_it_has_the_width_asked_for_on_a_dark_ground(video: Path) -> None:
    sheet = sheet_of(video, columns=4, rows=3)

    assert (sheet.format, sheet.width) == ("PNG", 800)
    assert sheet.getpixel((2, 2)) == GROUND


def test_a_video_with_fewer_frames_than_places_fills_them_all(video: Path) -> None:
    sheet = sheet_of(video, columns=8, rows=5)

    assert sheet.height > 5 * 40


def test_a_file_that_does_not_play_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "text.mp4"
    path.write_text("no film")

    with pytest.raises(UnusableFilm):
        write_contact_sheet(path, tmp_path / "sheet.png")
