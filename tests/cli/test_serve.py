"""What `serve` refuses before it serves, and how it listens."""

import socket

import pytest

from filmgate.cli.output import Refused
from filmgate.cli.serve import _address, _is_loopback, _listen


def test_answers_are_not_held_back_by_nagle() -> None:
    """Event loops switch it off only on sockets that say that they are TCP."""
    with _listen("127.0.0.1", 0) as listening:
        assert listening.proto == socket.IPPROTO_TCP


def test_a_port_that_is_taken_is_refused_with_a_way_out() -> None:
    with _listen("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(Refused, match=rf"127\.0\.0\.1:{port} .*--port 0 for a free one"):
            _listen("127.0.0.1", port)


def test_a_host_that_is_none_is_refused() -> None:
    with pytest.raises(Refused, match="not an address of this machine"):
        _listen("256.1.1.1", 0)


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", "http://127.0.0.1:8024"),
        ("0.0.0.0", "http://127.0.0.1:8024"),
        ("::", "http://127.0.0.1:8024"),
        ("::1", "http://[::1]:8024"),
        ("localhost", "http://localhost:8024"),
    ],
)
def test_the_address_is_one_that_works_here(host: str, address: str) -> None:
    assert _address(host, 8024) == address


@pytest.mark.parametrize(
    ("host", "is_ours_alone"),
    [
        ("127.0.0.1", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("10.0.0.1", False),
    ],
)
def test_only_loopback_is_ours_alone(host: str, is_ours_alone: bool) -> None:  # noqa: FBT001
    assert _is_loopback(host) is is_ours_alone
