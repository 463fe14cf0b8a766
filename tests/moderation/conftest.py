"""The face detector, with the model that `filmgate[faces]` brings."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from filmgate.moderation.face_model import face_model
from filmgate.moderation.faces import FaceDetector


@pytest.fixture
async def detector(tmp_path: Path) -> AsyncIterator[FaceDetector]:
    detector = FaceDetector(face_model(), scratch=tmp_path)
    yield detector
    await detector.aclose()
