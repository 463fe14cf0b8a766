"""Why a guarded fetch ended without its bytes.

The messages are written for whoever gave us the URL, and name no address that a host name led to.
"""


class FetchError(Exception):
    """The root of both families."""


class FetchRefused(FetchError):
    """A URL or an address that may not be dialled. No byte was sent there."""


class FetchFailed(FetchError):
    """It may be dialled, and did not give us the bytes: unreachable, too slow, or another answer."""


class FetchTooLarge(FetchFailed):
    """More bytes than the caller wanted."""
