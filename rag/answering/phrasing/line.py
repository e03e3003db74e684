"""The connection of one call over httpx, which another thread can cut while the call waits on it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Mapping
from contextlib import suppress
from types import TracebackType
from typing import Any

_CONNECTED = "connection.connect_tcp.complete"


class Line:
    """Context manager around one call; `trace` belongs into the request's extensions of that name.

    It keeps a descriptor of its own for each connection, so that cutting never meets one that the call has closed and
    the system has given to somebody else.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._cut = False
        self._sockets: list[socket.socket] = []

    def __enter__(self) -> Line:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:
            for own in self._sockets:
                own.close()
            self._sockets.clear()

    def trace(self, event: str, info: Mapping[str, Any]) -> None:
        """httpcore's account of what it does: a connection is taken note of."""
        if event != _CONNECTED:
            return
        theirs = info["return_value"].get_extra_info("socket")
        own = socket.fromfd(theirs.fileno(), theirs.family, theirs.type)
        with self._lock:
            self._sockets.append(own)
            if self._cut:
                _shut(own)

    def cut(self) -> None:
        """Ends the connection in both directions: whoever reads from it meets its end at once."""
        with self._lock:
            self._cut = True
            for own in self._sockets:
                _shut(own)


def _shut(own: socket.socket) -> None:
    with suppress(OSError):  # the other side was first
        own.shutdown(socket.SHUT_RDWR)
