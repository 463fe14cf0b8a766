"""How work in a child process ends other than well. Whoever ordered the work translates it.

What the machine is short of comes out as the OSError that the child met.
"""

import errno

SCARCE = frozenset(
    {errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN, errno.ENOSPC, errno.EDQUOT}
)
"""This machine has no file, memory, process or disk to spare just now: no fault of the work's."""


class Refused(Exception):
    """The work's own verdict, raised in the child and again in the parent: no repetition will help."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class ChildBroken(Exception):
    """The work ended without a verdict: by an exception, whose name this tells, or because its process died."""
