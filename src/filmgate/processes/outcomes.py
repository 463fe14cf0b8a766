"""How work in a child process ends other than well. Whoever ordered the work translates both."""


class Refused(Exception):
    """The work's own verdict, raised in the child and again in the parent: no repetition will help."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class ChildBroken(Exception):
    """The work ended without a verdict: by an exception, or because its process died."""
