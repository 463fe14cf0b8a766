"""`make footprint`: what `pip install filmgate` brings, package by package, measured from the lock's own packages.

Sizes are of the installed files, bytecode left out. A locked package that is not installed here is named as such.
"""

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import Distribution
from pathlib import Path

ROOT = Path(__file__).parents[1]
LOCK = ROOT / "requirements" / "runtime.lock"
MEBIBYTE = 1 << 20
BUILD_ONLY = {"editables", "hatchling", "packaging", "pathspec", "pluggy", "tomlkit"} | {
    "trove-classifiers"
}
"""In the lock for `pip install --no-build-isolation`; nobody who installs a wheel gets them."""

_PINNED = re.compile(r"^([a-z0-9._-]+)==(\S+)(?: ; (.*?))? \\$", re.MULTILINE)
_VIA = re.compile(r"^    # +(?:via )?(\S.*)$")


@dataclass(frozen=True, slots=True)
class Package:
    """One that is installed. `wanted_by` are those that ask for it."""

    name: str
    version: str
    size_bytes: int
    wanted_by: tuple[str, ...]


def main() -> None:
    packages = sorted(installed(LOCK.read_text()), key=lambda each: -each.size_bytes)
    own = sum(
        path.stat().st_size for path in (ROOT / "src" / "filmgate").rglob("*") if _counts(path)
    )
    for each in packages:
        print(
            f"{each.size_bytes / MEBIBYTE:7.1f} MiB  {each.name:<26}{each.version:<16}"
            f"{', '.join(each.wanted_by)}"
        )
    print(f"{own / MEBIBYTE:7.1f} MiB  filmgate itself")
    whole = own + sum(each.size_bytes for each in packages)
    print(f"{whole / MEBIBYTE:7.1f} MiB  in all, {len(packages) + 1} packages")


def installed(lock: str) -> Iterator[Package]:
    """Those of the lock that are here in the version that it names."""
    for match in _PINNED.finditer(lock):
        name, version, marker = match.groups()
        if name in BUILD_ONLY:
            continue
        found = next(iter(Distribution.discover(name=name)), None)
        if found is not None and found.version == version:
            paths = [Path(str(file.locate())) for file in found.files or []]
            size = sum(path.stat().st_size for path in paths if _counts(path))
            yield Package(name, version, size, tuple(_wanted_by(lock[match.end() :])))
        elif marker is None:
            print(f"{name} {version} is locked, and not installed here.", file=sys.stderr)


def _wanted_by(rest: str) -> Iterator[str]:
    for line in rest.splitlines()[1:]:
        if line and not line.startswith(" "):
            return
        found = _VIA.match(line)
        if found and found[1] != "via":
            yield found[1].removesuffix(" (pyproject.toml)")


def _counts(path: Path) -> bool:
    return path.is_file() and path.suffix != ".pyc" and not path.is_symlink()


if __name__ == "__main__":
    main()
