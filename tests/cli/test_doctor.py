"""`filmgate doctor` on where films are kept, before any server ran there."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.s3 import S3Server

COMMAND = Path(sys.executable).with_name("filmgate")


def findings(folder: Path, **variables: str) -> tuple[int, str, str]:
    """The exit code, the line about storage, and everything that was said."""
    ended = subprocess.run(
        [COMMAND, "doctor", "--data", str(folder / "data")],
        cwd=folder,
        env={"PATH": "/usr/bin:/bin", "HOME": str(folder), "LANG": "C.UTF-8", **variables},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    lines = [line for line in ended.stdout.splitlines() if " storage " in line]
    return ended.returncode, " ".join(lines), ended.stdout + ended.stderr


def test_a_bucket_is_written_to_with_the_clouds_own_variables(s3: S3Server, tmp_path: Path) -> None:
    url = "s3://films/doctor"
    code, line, everything = findings(tmp_path, FILMGATE_STORAGE_URL=url, **s3.variables)
    assert (code, line) == (0, f"ok    storage        {url}: objects can be written")
    assert s3.secret_access_key not in everything


@pytest.mark.parametrize(
    ("storage", "word"),
    [
        ("s3://films?endpoint=hidden", "http://host:port"),
        (
            "s3://films?endpoint=http://127.0.0.1:1&access_key_id=a&secret_access_key=hidden",
            "cannot",
        ),
        ("hidden://films", "file:///folder"),
    ],
)
def test_a_place_that_cannot_be_used_fails_and_shows_no_secret(
    tmp_path: Path, storage: str, word: str
) -> None:
    code, line, everything = findings(tmp_path, FILMGATE_STORAGE_URL=storage)
    assert code == 1
    assert line.startswith("FAIL  storage")
    assert word in line
    assert "hidden" not in everything


def test_a_place_named_in_the_configuration_file_is_judged_too(tmp_path: Path) -> None:
    (tmp_path / "filmgate.toml").write_text('storage_url = "s3://key:hidden@films"\n')
    code, line, everything = findings(tmp_path)
    assert (code, "storage_url: must be" in line) == (1, True)
    assert "hidden" not in everything
