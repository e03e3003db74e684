"""The socket that a server listens on, and its address. Light, for a client that starts a server needs it at once."""

from __future__ import annotations

import socket

from rag.errors import ServerError

QUEUED = 2048
"""Connections that the system holds until they are taken in."""


def bind(host: str, port: int) -> socket.socket:
    """A socket that listens, so that callers may connect before the server has started.

    Raises:
        ServerError: the address is taken, not this machine's, or not allowed.
    """
    listener: socket.socket | None = None
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(QUEUED)
    except OSError as error:
        if listener is not None:
            listener.close()
        raise ServerError(
            f"cannot serve on {host}:{port}: {error.strerror or error}",
            hint="Stop what serves there, or choose another port with --port; --port 0 takes a free one.",
        ) from error
    return listener


def base_url(host: str, port: int) -> str:
    """The address to call a server by that binds to `host`."""
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
