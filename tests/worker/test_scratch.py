"""Scratch folders come and go with their workers, however these end."""

import subprocess
import sys
from pathlib import Path

from filmgate.worker.scratch import own_folder

HOLDS_ONE = """
import sys
from pathlib import Path
from filmgate.worker.scratch import own_folder
with own_folder(Path(sys.argv[1])) as folder:
    (folder / "half.mp4").touch()
    print("ready", flush=True)
    sys.stdin.read()
"""


def test_a_folder_goes_with_its_worker(tmp_path: Path) -> None:
    with own_folder(tmp_path / "scratch") as folder:
        (folder / "half.mp4").touch()
    assert list((tmp_path / "scratch").iterdir()) == []


def test_a_living_workers_folder_is_left_alone_and_a_killed_ones_removed(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDS_ONE, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    [theirs] = tmp_path.iterdir()
    with own_folder(tmp_path):
        assert theirs.exists()
    process.kill()
    process.communicate()
    with own_folder(tmp_path) as ours:
        assert list(tmp_path.iterdir()) == [ours]
