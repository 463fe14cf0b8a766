"""Rendering orders to MP4 files."""

from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from filmgate.core.catalogue import DEFAULT_MODELS, LANDSCAPE
from filmgate.core.spec import FRAMES_PER_SECOND, Size
from filmgate.engines.scenes.order import SceneOrder
from filmgate.engines.scenes.render import COMMENT, render
from filmgate.media.probe import Probe, probe

Picture = NDArray[np.uint8]

SIZES = sorted({size for model in DEFAULT_MODELS for size in model.sizes})
TINY_SIZES = {
    Size(1280, 720): (114, 64),
    Size(720, 1280): (64, 114),
    Size(1792, 1024): (112, 64),
    Size(1024, 1792): (64, 112),
    Size(1920, 1080): (114, 64),
    Size(1080, 1920): (64, 114),
}


def rendered(
    folder: Path,
    *,
    prompt: str = "A cat dancing in the rain, cinematic style",
    size: Size = LANDSCAPE,
    seconds: int = 1,
    tiny: bool = False,
    references: tuple[Path, ...] = (),
) -> Path:
    output = folder / "out.mp4"
    order = SceneOrder(
        prompt=prompt, width=size.width, height=size.height, seconds=seconds, seed=3,
        references=references, output=output, tiny=tiny,
    )  # fmt: skip
    render(order, progress=lambda _: None)
    return output


def assert_is_what_we_promise(facts: Probe, *, seconds: int) -> None:
    assert facts.frame_count == seconds * FRAMES_PER_SECOND
    assert facts.duration == seconds
    assert facts.audio_duration == pytest.approx(seconds, abs=0.03)
    assert (facts.video_codec, facts.pixel_format, facts.audio_codec) == ("h264", "yuv420p", "aac")
    assert facts.has_index_at_front


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_every_size_of_the_catalogue_renders(tmp_path: Path, size: Size) -> None:
    facts = probe(rendered(tmp_path, size=size))

    assert (facts.width, facts.height) == (size.width, size.height)
    assert_is_what_we_promise(facts, seconds=1)


@pytest.mark.parametrize(("size", "tiny"), TINY_SIZES.items(), ids=str)
def test_a_tiny_film_keeps_shape_and_length(
    tmp_path: Path, size: Size, tiny: tuple[int, int]
) -> None:
    facts = probe(rendered(tmp_path, size=size, seconds=8, tiny=True))

    assert (facts.width, facts.height) == tiny
    assert_is_what_we_promise(facts, seconds=8)


@pytest.mark.parametrize("seconds", sorted({s for model in DEFAULT_MODELS for s in model.seconds}))
def test_every_length_of_the_catalogue_renders(tmp_path: Path, seconds: int) -> None:
    assert_is_what_we_promise(
        probe(rendered(tmp_path, seconds=seconds, tiny=True)), seconds=seconds
    )


def test_a_landscape_renders_with_its_sound(tmp_path: Path) -> None:
    video = rendered(tmp_path, prompt="a mountain lake at sunset", size=Size(320, 180), seconds=2)

    assert_is_what_we_promise(probe(video), seconds=2)


def test_the_file_says_what_it_is_and_not_what_was_asked(tmp_path: Path) -> None:
    video = rendered(tmp_path, prompt="a secret meadow", tiny=True)

    with av.open(str(video)) as container:
        assert container.metadata["comment"] == COMMENT
        assert "not a generative model" in COMMENT
        assert "secret" not in str(container.metadata)


def test_colours_are_tagged_as_limited_range_bt709(tmp_path: Path) -> None:
    with av.open(str(rendered(tmp_path, tiny=True))) as container:
        context = container.streams.video[0].codec_context
        tags = (context.color_range, context.colorspace, context.color_primaries, context.color_trc)

        assert tags == (1, 1, 1, 1)


def test_progress_grows_from_nothing_to_everything(tmp_path: Path) -> None:
    seen: list[float] = []
    order = SceneOrder(
        prompt="x", width=1280, height=720, seconds=4, seed=3,
        references=(), output=tmp_path / "out.mp4", tiny=True,
    )  # fmt: skip

    render(order, progress=seen.append)

    assert (seen[0], seen[-1]) == (0, 100)
    assert seen == sorted(seen)


def test_a_render_that_fails_leaves_no_file(tmp_path: Path) -> None:
    def stop(percent: float) -> None:
        if percent > 40:
            raise InterruptedError

    order = SceneOrder(
        prompt="x", width=320, height=180, seconds=2, seed=3,
        references=(), output=tmp_path / "out.mp4", tiny=False,
    )  # fmt: skip

    with pytest.raises(InterruptedError):
        render(order, progress=stop)
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    """Soft colours with hard-edged shapes on them, as a photograph has."""
    y, x = np.mgrid[0:360, 0:640]
    image = np.stack([x / 640 * 255, y / 360 * 255, 255 - x / 640 * 200], axis=2).astype(np.uint8)
    cv2.circle(image, (200, 150), 60, (30, 40, 220), -1, cv2.LINE_AA)
    cv2.rectangle(image, (400, 200), (560, 300), (240, 240, 230), -1)
    path = tmp_path / "reference.png"
    path.write_bytes(cv2.imencode(".png", image)[1].tobytes())
    return path


def psnr(first: Picture, second: Picture) -> float:
    error = np.mean((first.astype(float) - second.astype(float)) ** 2)
    return float(10 * np.log10(255**2 / error))


def loaded(path: Path) -> Picture:
    image = cv2.imread(str(path))
    assert image is not None
    return np.asarray(image, np.uint8)


def decoded(video: Path) -> list[Picture]:
    with av.open(str(video)) as container:
        return [
            np.asarray(frame.to_ndarray(format="bgr24"), np.uint8)
            for frame in container.decode(video=0)
        ]


@pytest.mark.parametrize("prompt", ["pan left over it", "snow falls, zoom in", "a quiet picture"])
def test_the_first_frame_is_the_reference(tmp_path: Path, picture: Path, prompt: str) -> None:
    video = rendered(tmp_path, prompt=prompt, size=Size(640, 360), references=(picture,))

    assert psnr(decoded(video)[0], loaded(picture)) > 30


def test_the_reference_stays_recognisable_and_moves(tmp_path: Path, picture: Path) -> None:
    video = rendered(
        tmp_path, prompt="zoom in, snow", size=Size(640, 360), seconds=2, references=(picture,)
    )
    last = decoded(video)[-1]

    assert 14 < psnr(last, loaded(picture)) < 35


def test_a_second_reference_is_where_the_film_ends(tmp_path: Path, picture: Path) -> None:
    other = tmp_path / "other.png"
    plain = np.full((360, 640, 3), (200, 120, 40), np.uint8)
    other.write_bytes(cv2.imencode(".png", plain)[1].tobytes())

    video = rendered(
        tmp_path, prompt="calm", size=Size(640, 360), seconds=2, references=(picture, other)
    )

    assert psnr(decoded(video)[-1], plain) > 30


def test_a_reference_of_another_size_is_refused(tmp_path: Path, picture: Path) -> None:
    with pytest.raises(ValueError, match="640x360; it would have to be 1280x720"):
        rendered(tmp_path, references=(picture,))
