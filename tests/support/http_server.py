"""A loopback HTTP server whose every answer a test writes by hand."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field


@dataclass
class Seen:
    """A request as the server saw it."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


Reply = bytes | Callable[[socket.socket], None]
"""The raw bytes of an answer, or a function that writes them as it likes."""


def reply(status: int = 200, body: bytes = b"", **headers: str) -> bytes:
    """An ordinary answer; header names are given with underscores."""
    lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


@dataclass
class Server:
    """`answers` is asked with each request, in order."""

    answer: Callable[[Seen], Reply]
    url: str = ""
    seen: list[Seen] = field(default_factory=list)

    def serve(self, connection: socket.socket) -> None:
        with connection, suppress(OSError, ValueError):
            file = connection.makefile("rb")
            while line := file.readline():
                method, path, _ = line.decode("latin-1").split(" ", 2)
                headers = {}
                while (header := file.readline()) not in (b"\r\n", b""):
                    name, _, value = header.decode("latin-1").partition(":")
                    headers[name.lower()] = value.strip()
                request = Seen(method, path, headers, file.read(int(headers.get("content-length", "0"))))
                self.seen.append(request)
                found = self.answer(request)
                if callable(found):
                    found(connection)
                    return
                connection.sendall(found)


@contextmanager
def http_server(answer: Callable[[Seen], Reply]) -> Iterator[Server]:
    """Serve on a free loopback port until the block ends."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = Server(answer, f"http://127.0.0.1:{listener.getsockname()[1]}")
    open_now: list[socket.socket] = []

    def accept() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                open_now.append(connection)
                threading.Thread(target=server.serve, args=(connection,), daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        for connection in open_now:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        thread.join(5)
