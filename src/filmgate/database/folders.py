"""Whom the embedded server runs as, and whose its folders are."""

import os
import pwd
from pathlib import Path
from typing import Final

ROOTS_STAND_INS: Final = ("filmgate", "nobody")


class EmbeddedDatabaseError(Exception):
    """The embedded server cannot be used; the message says why and what to do."""


def server_owner() -> pwd.struct_passwd | None:
    """Whom the server runs as: ourselves, or for root, which PostgreSQL refuses, a stand-in."""
    if os.geteuid() != 0:
        return None
    for name in ROOTS_STAND_INS:
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise EmbeddedDatabaseError(
        "PostgreSQL does not run as root. Create a system user 'filmgate' for it, or start filmgate "
        "as an ordinary user."
    )


def make_folder(folder: Path, owner: pwd.struct_passwd | None) -> None:
    """Private to its owner. Root's outer folder lets the stand-in pass through, and shows nothing."""
    passable = os.geteuid() == 0 and owner is None
    folder.mkdir(mode=0o711 if passable else 0o700, parents=True, exist_ok=True)
    # An empty one of root's was being made when its maker was killed.
    if owner is not None and folder.stat().st_uid == 0 and not any(folder.iterdir()):
        os.chown(folder, owner.pw_uid, owner.pw_gid)
    _refuse_foreign(folder, owner)


def _refuse_foreign(folder: Path, owner: pwd.struct_passwd | None) -> None:
    """A folder that somebody else made in a shared place could hand us their server."""
    found = folder.stat().st_uid
    if owner is not None and found != owner.pw_uid:
        raise EmbeddedDatabaseError(
            f"{folder} belongs to user id {found}, not to {owner.pw_name!r}: it was made by another "
            "user's filmgate. Choose another --data folder."
        )
    if found not in {0, os.geteuid(), *([owner.pw_uid] if owner else [])}:
        raise EmbeddedDatabaseError(
            f"{folder} belongs to user id {found}. Choose another --data folder."
        )


def is_reachable(folder: Path, user: pwd.struct_passwd) -> bool:
    """Whether the user may pass through every parent and enter the folder itself."""

    def may_enter(place: Path) -> bool:
        status = place.stat()
        if status.st_uid == user.pw_uid:
            return bool(status.st_mode & 0o100)
        if status.st_gid == user.pw_gid:
            return bool(status.st_mode & 0o010)
        return bool(status.st_mode & 0o001)

    return all(may_enter(place) for place in (folder, *folder.parents))
