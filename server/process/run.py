"""Runs a server until it is told to stop: a socket that answers at once, the index opened behind it.

Told to stop (SIGTERM, Ctrl-C), it is not ready any more, goes on listening until what it was answering is answered, and
then ends, all of it within `shutdown_timeout_s`. Told a second time, it ends at once.
"""

from __future__ import annotations

import asyncio
import logging
import multiprocessing
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType

import uvicorn

from rag.errors import ExitCode
from rag.settings import Settings
from server.app import build_app
from server.guarding.guard import check_binding
from server.guarding.lines import lines_of
from server.process.sockets import QUEUED, base_url, bind
from server.process.traffic import Traffic
from server.state import State, build_state
from server.telemetry.logs import set_up_logs, tell_address
from server.telemetry.tracing import open_tracing

_UNWIND_S = 0.2
"""How long requests and threads that are cut off may take to notice."""
_NATIVE = frozenset({"wenbao-open", "warm"})
"""Daemon threads in which libraries run code that is not Python's."""

_log = logging.getLogger(__name__)

SWITCH_S = 0.0005
"""How long a thread that computes may keep Python's lock from the one that reads and writes the sockets."""


def serve(settings: Settings, *, on_ready: Callable[[str], None] | None = None) -> None:
    """Serves `settings.host:settings.port` until the process is interrupted or terminated.

    Args:
        settings: port 0 takes a free port; with `workers` above 1, that many processes answer.
        on_ready: called with the base address once the socket answers; unset: it is told on stderr.

    Raises:
        SettingsError: the address can be reached by others and no keys are set.
        ServerError: the address cannot be bound, or the workers do not stay alive.
        KeyboardInterrupt: it was ended by Ctrl-C.
    """
    set_up_logs(settings)
    check_binding(settings)
    with bind(settings.host, settings.port) as listener:
        url = base_url(settings.host, listener.getsockname()[1])

        def tell() -> None:
            if on_ready is not None:
                on_ready(url)
            else:
                tell_address(settings, url)

        if settings.workers > 1:
            from server.process.workers import Workers

            Workers(settings, listener, tell).run()
        else:
            end_with(make_server(build_state(settings), tell), listener)


def make_server(state: State, on_ready: Callable[[], None], *, is_worker: bool = False) -> Server:
    """A server over a state, for those who must be able to stop it.

    Args:
        state: what it serves.
        on_ready: called once it answers.
        is_worker: whether another process tells it when to stop.
    """
    level = logging.INFO if state.settings.log_level in {"debug", "info"} else logging.WARNING
    config = uvicorn.Config(
        build_app(state, open_tracing()),
        http=lines_of(state.settings.body_timeout_s),
        log_config=None,
        log_level=max(getattr(logging, state.settings.log_level.upper()), level),
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=state.settings.shutdown_timeout_s,  # type: ignore[arg-type]  # asyncio takes any number
        # asyncio takes in so many connections at a time: one, and the next is for whichever worker is idle.
        backlog=1 if is_worker else QUEUED,
    )
    return Server(config, on_ready, traffic=state.traffic, on_drain=state.cancel_work, is_worker=is_worker)


class Server(uvicorn.Server):
    """A uvicorn server that says when it answers, and finishes what it has begun before it stops listening."""

    def __init__(
        self,
        config: uvicorn.Config,
        on_ready: Callable[[], None],
        *,
        traffic: Traffic | None = None,
        on_drain: Callable[[], None] = lambda: None,
        is_worker: bool = False,
    ) -> None:
        """A server.

        Args:
            config: its `timeout_graceful_shutdown` bounds all that its end waits for.
            on_ready: called once it answers.
            traffic: counts what it answers; None where nobody counts, and then it ends as soon as it is told.
            on_drain: called when it is told to end.
            is_worker: whether another process tells it so.
        """
        super().__init__(config)
        self._traffic = traffic or Traffic()
        self._on_ready = on_ready
        self._on_drain = on_drain
        self._is_worker = is_worker
        self._deadline: float | None = None
        self._signal = 0

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        sys.setswitchinterval(SWITCH_S)
        await super().startup(sockets=sockets)
        for listener in sockets or ():
            listener.listen(QUEUED)  # however many are taken in at a time
        self._on_ready()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002  # the base class's signature
        """A signal: the first has the server drain, the next ends it at once."""
        if self._is_worker:  # Ctrl-C and service managers signal a whole group; who decides is the parent
            if sig == signal.SIGINT:
                return
        elif self._traffic.draining:
            _end_at_once(sig)
        self._signal = sig
        self._traffic.drain()

    async def on_tick(self, counter: int) -> bool:
        """Ten times a second: True once nothing keeps the server any more."""
        if await super().on_tick(counter):
            return True
        if not self._traffic.draining:
            return False
        if self._deadline is None:
            self._deadline = time.monotonic() + (self.config.timeout_graceful_shutdown or 0)
            _log.info("shutting down: %d requests under way", self._traffic.in_flight)
            self._on_drain()
        left = self._deadline - time.monotonic()
        # What came after the signal has the rest of the time, on connections that are open already.
        self.config.timeout_graceful_shutdown = max(0.0, left)  # type: ignore[assignment]  # asyncio takes any number
        return self._traffic.drained or left <= 0

    async def _serve(self, sockets: list[socket.socket] | None = None) -> None:
        await super()._serve(sockets)
        if self._deadline is None:
            return
        await asyncio.sleep(_UNWIND_S)
        if cut := self._traffic.in_flight:
            _log.warning("%d requests were not answered within shutdown_timeout_s and are cut off", cut)
            _leave(self._signal)  # the event loop would wait for their threads, however long
        if self._signal == signal.SIGINT:
            self._captured_signals.append(self._signal)  # the base class raises it once all is closed


def end_with(server: uvicorn.Server, listener: socket.socket) -> None:
    """Runs a server and ends as the signal asks that ended it, whether Python or the event loop heard of it first.

    Raises:
        KeyboardInterrupt: it was Ctrl-C.
    """
    try:
        server.run(sockets=[listener])
        interrupted = signal.SIGINT in server._captured_signals
    except KeyboardInterrupt:
        interrupted = True
    leave_if_busy(signal.SIGINT if interrupted else signal.SIGTERM)
    if interrupted:
        raise KeyboardInterrupt


def leave_if_busy(sig: int = signal.SIGTERM) -> None:
    """Ends the process if threads still work for nobody.

    Python would wait for those of requests, however long. One that opens the index would be met in the middle of a
    library's own code when that library is taken down, and abort the process.

    Args:
        sig: what ended the server; decides the exit status.
    """
    deadline = time.monotonic() + _UNWIND_S
    for thread in threading.enumerate():
        matters = not thread.daemon or thread.name in _NATIVE
        if matters and thread is not threading.current_thread():
            thread.join(max(0.0, deadline - time.monotonic()))
            if thread.is_alive():
                _log.info("the thread %s still works, and is cut off", thread.name)
                _leave(sig)


def _leave(sig: int) -> None:
    if sig == signal.SIGINT:  # as the command line says it when it is left in the ordinary way
        sys.stderr.write("stopped\n")
        sys.stderr.flush()
    logging.shutdown()
    os._exit(ExitCode.INTERRUPTED if sig == signal.SIGINT else ExitCode.OK)


def _end_at_once(sig: int) -> None:
    for child in multiprocessing.active_children():
        child.kill()
    signal.signal(sig, signal.SIG_DFL)
    signal.raise_signal(sig)
