"""What the children of these tests do, by the order's `do`."""

import errno
import os
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from filmgate.processes.outcomes import Refused


def work(order: Mapping[str, Any], progress: Callable[[float], None]) -> object:
    match order["do"]:
        case "report":
            progress(50)
            Path(order["file"]).write_text(f"{os.getpid()} {sorted(os.environ)}")  # noqa: TID251
        case "chatter":
            print("a library prints to standard output")  # noqa: T201
        case "refuse" | "break":
            raise _ENDINGS[order["do"]]
        case "run out" | "miss":
            _fail_at_a_file(errno.ENOSPC if order["do"] == "run out" else errno.ENOENT)
        case "die":
            os._exit(9)
        case "hang":
            Path(order["file"]).write_text(str(os.getpid()))
            time.sleep(60)
        case "breed":
            Path(order["file"]).write_text(str(subprocess.Popen(["sleep", "60"]).pid))
            time.sleep(60)
    return order.get("returning")


_ENDINGS = {
    "refuse": Refused("moderation_blocked", "No."),
    "break": ZeroDivisionError("by zero"),
}


def _fail_at_a_file(number: int) -> None:
    raise OSError(number, os.strerror(number), "/a/secret/place")
