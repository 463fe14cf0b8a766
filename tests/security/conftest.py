"""Folders that every part of a real server can reach."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def folder() -> Iterator[Path]:
    """Not below pytest's own, which only its owner may enter: root's PostgreSQL is somebody else."""
    folder = Path(tempfile.mkdtemp(prefix="filmgate-security-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)
