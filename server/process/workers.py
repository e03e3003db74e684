"""Several processes that answer on one socket, over one index: `workers` above 1.

Each opens the index for itself; its large files are mapped and shared by the system. The first of them watches the
corpus; whichever is asked to refresh does so, and the others name its job (`server.refreshing.job_notes`) and hop to
what it publishes. A worker that dies is replaced. This process answers nothing: it passes on what it is told.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from multiprocessing.synchronize import Event
from types import FrameType

from prometheus_client.multiprocess import mark_process_dead

from rag.errors import RagError, ServerError
from rag.settings import Settings
from server.state import build_state
from server.telemetry.logs import set_up_logs
from server.telemetry.metrics import SHARED_FOLDER

_LOOK_S = 0.2
_MARGIN_S = 15.0
"""What a worker may take beyond `shutdown_timeout_s` to close what it has open."""
_QUICK_S = 10.0
"""A worker that lives shorter than this has not come up."""
_QUICK_DEATHS = 5
"""So many of these, one after the other, and the server gives up."""

_log = logging.getLogger(__name__)


class Workers:
    """Starts the workers, replaces those that die, ends them.

    Args:
        settings: those of the server.
        listener: the socket, bound and listening.
        on_ready: called once, when the first worker answers.
    """

    def __init__(self, settings: Settings, listener: socket.socket, on_ready: Callable[[], None]) -> None:
        self._settings = settings
        self._listener = listener
        self._on_ready = on_ready
        self._context = multiprocessing.get_context("spawn")  # forked, they would inherit threads that hold locks
        self._answers: Event = self._context.Event()
        self._processes: dict[int, BaseProcess] = {}
        self._started: dict[int, float] = {}
        self._quick_deaths = 0
        self._signal = 0
        self._signals = 0

    def run(self) -> None:
        """Runs until told to stop.

        Raises:
            ServerError: the workers die as soon as they are started.
            KeyboardInterrupt: it was ended by Ctrl-C.
        """
        with tempfile.TemporaryDirectory(prefix="wenbao-metrics-") as shared:
            os.environ[SHARED_FOLDER] = shared  # has the workers count where each can read the others' figures
            handled = {number: signal.signal(number, self._on_signal) for number in (signal.SIGINT, signal.SIGTERM)}
            try:
                for number in range(self._settings.workers):
                    self._start(number)
                self._watch(shared)
                self._end()
            finally:
                self._kill()
                for number, handler in handled.items():
                    signal.signal(number, handler)
                del os.environ[SHARED_FOLDER]
        if self._signal == signal.SIGINT:
            raise KeyboardInterrupt

    def _start(self, number: int) -> None:
        arguments = (self._settings, self._listener, number, self._answers)
        process = self._context.Process(target=_work, args=arguments, name=f"wenbao-worker-{number}")
        process.start()
        self._processes[number], self._started[number] = process, time.monotonic()

    def _watch(self, shared: str) -> None:
        """Replaces workers that die, until a signal comes."""
        told = False
        while not self._signals:
            wait([process.sentinel for process in self._processes.values()], _LOOK_S)
            if not told and self._answers.is_set():
                told = True
                self._on_ready()
            for number, process in list(self._processes.items()):
                if process.exitcode is None or self._signals:
                    continue
                _log.warning("worker %d ended with status %s and is replaced", process.pid, process.exitcode)
                mark_process_dead(process.pid, shared)  # type: ignore[no-untyped-call]
                lived = time.monotonic() - self._started[number]
                self._quick_deaths = self._quick_deaths + 1 if lived < _QUICK_S else 0
                if self._quick_deaths >= _QUICK_DEATHS:
                    raise ServerError(
                        f"The workers end as soon as they are started, with status {process.exitcode}.",
                        hint="Run `wenbao serve --workers 1` to see why, or `wenbao doctor`.",
                    )
                process.close()
                self._start(number)

    def _end(self) -> None:
        """Has the workers finish; a second signal, or the end of their time, ends the wait."""
        for process in self._processes.values():
            process.terminate()
        deadline = time.monotonic() + self._settings.shutdown_timeout_s + _MARGIN_S
        while self._signals < 2 and time.monotonic() < deadline:
            running = [process.sentinel for process in self._processes.values() if process.exitcode is None]
            if not running:
                return
            wait(running, _LOOK_S)
        _log.warning("workers that are still busy are killed")

    def _kill(self) -> None:
        for process in self._processes.values():
            process.kill()
            process.join()

    def _on_signal(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002
        self._signal = number
        self._signals += 1


def _work(settings: Settings, listener: socket.socket, number: int, answers: Event) -> None:
    """A worker's part: serves until it is told to end, or its parent is gone."""
    from server.process.run import leave_if_busy, make_server

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent passes on what it means
    set_up_logs(settings)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    is_first = number == 0
    try:
        state = build_state(
            settings.model_copy(update={"watch": settings.watch and is_first}),
            watched_elsewhere=settings.watch and not is_first,
        )
        make_server(state, answers.set, is_worker=True).run(sockets=[listener])
    except RagError as error:
        _log.error("%s %s", error.message, error.hint)
        sys.exit(error.exit_code)
    leave_if_busy()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)
