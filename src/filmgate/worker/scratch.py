"""Scratch folders: one for each worker process, and none left behind by those that were killed."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path


@contextmanager
def own_folder(root: Path) -> Iterator[Path]:
    """A folder below `root` that no other worker touches while this one lives."""
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    with ExitStack() as life:
        with _locked(root):  # or another worker could find our folder before we have locked it
            _remove_forsaken(root)
            folder = Path(tempfile.mkdtemp(dir=root, prefix="worker-"))
            life.enter_context(_locked(folder))
        try:
            yield folder
        finally:
            shutil.rmtree(folder)


def _remove_forsaken(root: Path) -> None:
    """A killed process leaves its folder, and the kernel its lock."""
    for folder in root.glob("worker-*"):
        try:
            with _locked(folder, wait=False):
                shutil.rmtree(folder)
        except (BlockingIOError, FileNotFoundError):
            continue  # it is alive, or just leaving


@contextmanager
def _locked(folder: Path, *, wait: bool = True) -> Iterator[None]:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        yield
    finally:
        os.close(descriptor)
