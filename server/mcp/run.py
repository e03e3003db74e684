"""Runs the MCP server: on standard input and output for the program that started it, or over HTTP for many."""

from __future__ import annotations

import logging
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import replace
from typing import TYPE_CHECKING

import anyio
import uvicorn
from mcp.server.stdio import stdio_server
from mcp.server.streamable_http_manager import StreamableHTTPASGIApp, StreamableHTTPSessionManager
from mcp.server.transport_security import TransportSecuritySettings
from starlette.applications import Starlette
from starlette.routing import Route

from rag.settings import Settings
from rag.types import Progress
from server.guarding.guard import Guard, check_binding
from server.live import LiveLibrary
from server.mcp.app import build_server
from server.process.run import end_with
from server.process.sockets import base_url, bind
from server.state import State, build_state

if TYPE_CHECKING:
    from rag.library import Library

PATH = "/mcp"
STOP_S = 5
"""How long calls under way may still take once the server is told to stop."""

Prepare = Callable[[Settings], object]
"""Sees to it that there is an index, before it is opened; raises what the callers are then told."""


def mcp_state(settings: Settings, prepare: Prepare | None = None) -> State:
    """The state of an MCP server. It follows every new generation, and makes none: that is left to others."""

    def open_library(progress: Callable[[Progress], None]) -> Library:
        from rag.library import Library  # takes a second, which a greeting does not wait for

        if prepare is not None:
            prepare(settings)
        return Library.open(settings, progress)

    quiet = settings.model_copy(update={"watch": False})
    return replace(build_state(quiet), live=LiveLibrary(open_library))


def serve_stdio(state: State) -> None:
    """Serves the program that holds the other ends of standard input and output, until it closes them.

    Nothing but the protocol goes to standard output: what anything else writes there goes to standard error.
    """
    # A read of standard input cannot be called off, so that an exception would wait for the next line. Nothing is lost:
    # the server only reads.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    anyio.run(_serve_stdio, state)


async def _serve_stdio(state: State) -> None:
    server = build_server(state)
    try:
        async with stdio_server() as (receiving, sending):
            with redirect_stdout(sys.stderr):
                await server.run(receiving, sending, server.create_initialization_options())
    except* BrokenPipeError:  # whoever asked has gone
        logging.getLogger(__name__).info("the client closed its end first")


def serve_http(state: State, *, on_ready: Callable[[str], None] | None = None) -> None:
    """Serves streamable HTTP on `settings.host:settings.port` until the process is interrupted or terminated.

    Args:
        state: its settings say where, and for whom.
        on_ready: called with the address of the endpoint once it answers; unset: it is told on stderr.

    Raises:
        SettingsError: the address can be reached by others and no keys are set.
        ServerError: the address cannot be bound.
    """
    settings = state.settings
    check_binding(settings)
    tell = on_ready or _tell
    with bind(settings.host, settings.port) as listener:
        url = base_url(settings.host, listener.getsockname()[1]) + PATH
        end_with(make_http_server(state, lambda: tell(url)), listener)


class HttpServer(uvicorn.Server):
    """A uvicorn server that says when it answers."""

    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        self._on_ready()


def make_http_server(state: State, on_ready: Callable[[], None]) -> HttpServer:
    """The server that `serve_http` runs, for those who must be able to stop it."""
    config = uvicorn.Config(
        build_app(state),
        log_config=None,
        log_level=max(getattr(logging, state.settings.log_level.upper()), logging.WARNING),
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=STOP_S,
    )
    return HttpServer(config, on_ready)


def build_app(state: State) -> Starlette:
    """The endpoint, behind the guard that the HTTP API stands behind: names, keys, sizes and numbers.

    No sessions are kept: every request stands for itself, so workers and restarts make no difference to a client.
    """
    manager = StreamableHTTPSessionManager(
        build_server(state, opens_at_once=True),
        stateless=True,
        security_settings=_names(state.settings),
        max_request_body_size=state.settings.max_body_bytes,
    )
    # GET would open a stream for messages that this server never sends.
    route = Route(PATH, StreamableHTTPASGIApp(manager), methods=["POST"])
    app = Starlette(routes=[route], lifespan=lambda _: manager.run())
    app.add_middleware(Guard, settings=state.settings)
    return app


def _names(settings: Settings) -> TransportSecuritySettings:
    """The guard's rules against DNS rebinding once more, for the SDK's own check.

    With keys the server may go by any name: a page that a browser was tricked into does not know the key.
    """
    names = {"localhost", "127.0.0.1", "[::1]", f"[{settings.host}]" if ":" in settings.host else settings.host.lower()}
    hosts = sorted(name + port for name in names for port in ("", ":*"))
    origins = [f"{scheme}://{host}" for scheme in ("http", "https") for host in hosts]
    return TransportSecuritySettings(
        enable_dns_rebinding_protection=not settings.api_keys,
        allowed_hosts=hosts,
        allowed_origins=[*origins, *settings.cors_origins],
    )


def _tell(url: str) -> None:
    sys.stderr.write(f"wenbao: {url}\n")
    sys.stderr.flush()
