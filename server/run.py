"""Runs a server until it is told to stop: a socket that answers at once, the index opened behind it."""

from __future__ import annotations

import logging
import socket
import sys
from collections.abc import Callable

import uvicorn

from rag.errors import ServerError
from rag.settings import Settings
from server.app import build_app
from server.guard import check_binding
from server.state import State, build_state

STOP_S = 5
"""How long requests under way may still take once the server is told to stop."""
_BACKLOG = 128


def serve(settings: Settings, *, on_ready: Callable[[str], None] | None = None) -> None:
    """Serves `settings.host:settings.port` until the process is interrupted or terminated.

    Args:
        settings: port 0 takes a free port.
        on_ready: called with the base address once the socket answers; unset: it is told on stderr.

    Raises:
        SettingsError: the address can be reached by others and no keys are set.
        ServerError: the address cannot be bound.
    """
    check_binding(settings)
    listener = bind(settings.host, settings.port)
    tell = on_ready or _tell
    run(settings, listener, lambda: tell(base_url(settings.host, listener.getsockname()[1])))


def run(settings: Settings, listener: socket.socket, on_ready: Callable[[], None]) -> None:
    """Serves on a socket that listens already, and closes it in the end."""
    with listener:
        make_server(build_state(settings), on_ready).run(sockets=[listener])


def make_server(state: State, on_ready: Callable[[], None]) -> Server:
    """The server that `run` runs, for those who must be able to stop it."""
    config = uvicorn.Config(
        build_app(state),
        log_config=None,
        log_level=max(getattr(logging, state.settings.log_level.upper()), logging.WARNING),
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=STOP_S,
    )
    return Server(config, on_ready)


class Server(uvicorn.Server):
    """A uvicorn server that says when it answers."""

    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        self._on_ready()


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
        listener.listen(_BACKLOG)
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


def _tell(url: str) -> None:
    sys.stderr.write(f"wenbao: {url}\n")
    sys.stderr.flush()
