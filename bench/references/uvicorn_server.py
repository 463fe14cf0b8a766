"""A uvicorn with the options of `filmgate serve`, for the references."""

import socket
from typing import Any

import uvicorn
import uvloop


def serve(app: Any) -> None:
    """Say the address, and answer until ended."""
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    listening.listen(2048)
    listening.setblocking(False)  # noqa: FBT003
    print(f"http://127.0.0.1:{listening.getsockname()[1]}", flush=True)
    config = uvicorn.Config(
        app,
        http="httptools",
        lifespan="off",
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
    )
    uvloop.run(uvicorn.Server(config).serve(sockets=[listening]))
