"""What is written in one turn of the event loop goes out in one piece."""

import asyncio

from filmgate.http.gathering import Gathering


class Wire(asyncio.Transport):
    """Keeps the pieces that it is given."""

    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[bytes] = []
        self.is_closed = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        assert not self.is_closed
        self.pieces.append(bytes(data))

    def is_closing(self) -> bool:
        return self.is_closed

    def close(self) -> None:
        self.is_closed = True

    def get_write_buffer_size(self) -> int:
        return 7


def gathering() -> tuple[Wire, Gathering]:
    wire = Wire()
    return wire, Gathering(wire, asyncio.get_running_loop())


async def test_a_head_and_its_body_are_one_piece() -> None:
    wire, ours = gathering()
    ours.write(b"head ")
    ours.write(b"body")
    assert wire.pieces == []
    await asyncio.sleep(0)
    ours.write(b"next")
    await asyncio.sleep(0)
    assert wire.pieces == [b"head body", b"next"]


async def test_what_is_large_waits_for_nothing() -> None:
    wire, ours = gathering()
    ours.write(b"head")
    ours.write(b"x" * 64 * 1024)
    assert [len(piece) for piece in wire.pieces] == [64 * 1024 + 4]
    await asyncio.sleep(0)
    assert len(wire.pieces) == 1


async def test_nothing_is_lost_when_the_connection_is_closed_in_the_same_turn() -> None:
    wire, ours = gathering()
    ours.write(b"goodbye")
    ours.close()
    assert (wire.pieces, ours.is_closing()) == ([b"goodbye"], True)
    await asyncio.sleep(0)


async def test_all_else_is_the_transports_own() -> None:
    _, ours = gathering()
    assert ours.get_write_buffer_size() == 7
