"""What work on films says when it cannot be done. Whoever asked translates a verdict on an upload."""

from filmgate.core.errors import ServiceUnavailable


class UnusableFilm(ValueError):
    """The file is no film that we work with: the message says what was found, and what would be right."""


class MediaStarved(ServiceUnavailable):
    """This machine has no room, file or process to spare for work on films just now."""


class MediaUnavailable(ServiceUnavailable):
    """The process that was at work on a film broke or took too long; another try may succeed."""
