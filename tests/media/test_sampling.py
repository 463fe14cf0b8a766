"""Which frames stand for the parts of a film."""

from pathlib import Path

import pytest

from filmgate.media.sampling import numbers_sampled, sampled
from tests.media.films import write_film


@pytest.mark.parametrize("frame_count", [1, 7, 20, 24, 96, 100])
@pytest.mark.parametrize("parts", [1, 12, 20])
def test_whoever_has_the_frames_in_hand_takes_those_that_the_film_would_give(
    tmp_path: Path, frame_count: int, parts: int
) -> None:
    film = write_film(tmp_path / "f.mp4", count=frame_count)
    times = {place: frame.time for place, _, frame in sampled(film, parts)}

    assert numbers_sampled(frame_count, parts) == [
        round(24 * times[place]) for place in range(parts)
    ]
