"""The least that an ASGI server can do: one fixed answer, whatever is asked."""

from typing import Any

from bench.references.uvicorn_server import serve

BODY = b"hello, world\n"
START = {
    "type": "http.response.start",
    "status": 200,
    "headers": [(b"content-type", b"text/plain"), (b"content-length", str(len(BODY)).encode())],
}


async def hello(scope: Any, receive: Any, send: Any) -> None:  # noqa: ARG001
    await send(START)
    await send({"type": "http.response.body", "body": BODY})


if __name__ == "__main__":
    serve(hello)
