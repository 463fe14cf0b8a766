"""The child's side of `children.py`: take an order, do the work, report, wait for the next.

Run as `python -m filmgate.processes.child MODULE:FUNCTION`. Orders are lines of JSON on standard input, events
are lines of JSON on standard output. When the input ends, our parent is gone or wants us gone: we leave at
once, whatever we are doing.
"""

import importlib
import json
import os
import queue
import sys
import threading
import traceback
from collections.abc import Callable, Mapping
from typing import Any, TextIO

from filmgate.processes.outcomes import Refused

Progress = Callable[[float], None]
Work = Callable[[Mapping[str, Any], Progress], object]
"""Takes an order, may raise Refused, and returns what JSON can say."""


def main(target: str) -> None:
    """Serve orders with the function named `module:function`."""
    os.nice(5)  # the server that feeds us must stay quick to answer
    events = _take_over_stdout()
    orders: queue.Queue[str] = queue.Queue()
    threading.Thread(target=_read_orders, args=(orders,), daemon=True).start()
    work = _load(target)
    _send(events, {"event": "ready"})
    while True:
        _send(events, _outcome(work, json.loads(orders.get()), events))


def _outcome(work: Work, order: Mapping[str, Any], events: TextIO) -> dict[str, object]:
    try:
        result = work(
            order, lambda percent: _send(events, {"event": "progress", "percent": percent})
        )
    except Refused as error:
        return {"event": "refused", "code": error.code, "message": error.message}
    except Exception as error:  # noqa: BLE001 (the parent decides what broken work means)
        traceback.print_exc()
        # Its words are for the log alone: they may hold paths of this machine.
        number = error.errno if isinstance(error, OSError) else None
        return {"event": "broken", "message": type(error).__name__, "errno": number}
    return {"event": "finished", "result": result}


def _take_over_stdout() -> TextIO:
    """Keep standard output for events: what a library prints there goes to standard error."""
    events = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return events


def _read_orders(orders: queue.Queue[str]) -> None:
    for line in sys.stdin:
        orders.put(line)
    os._exit(0)


def _load(target: str) -> Work:
    module, _, name = target.partition(":")
    work: Work = getattr(importlib.import_module(module), name)
    return work


def _send(events: TextIO, event: Mapping[str, object]) -> None:
    try:
        events.write(json.dumps(event) + "\n")
        events.flush()
    except (
        ConnectionError
    ):  # our parent was killed, which the end of our input is just about to say
        os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1])
