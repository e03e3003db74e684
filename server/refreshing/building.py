"""An index run in a process of its own, for a server that goes on answering.

A run needs several times the memory of an index for a few seconds, and Python gives little of that back; so it is the
child's memory, and ends with it. Nor do requests wait for the interpreter's lock while the child computes.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection

from rag.errors import RagError, StoreError
from rag.settings import Settings
from rag.types import IndexReport, Progress

NICENESS = 10
"""How much an index run gives way to the server's own work, and to all else on the machine."""
BEAT_S = 0.2
"""How often `progress` is called at least: what it raises ends the run, whatever the child is busy with."""
_STOP_S = 5.0
"""How long a child may take to tidy up once it is told to end."""


def build_aside(settings: Settings, progress: Callable[[Progress], None]) -> IndexReport:
    """As `build_index`, in a child process; what `progress` raises ends the child.

    The last step is told again and again while there is no other.

    Raises:
        RagError: as `build_index`.
        StoreError: the child was killed.
        RuntimeError: it ended by a defect, which is on stderr.
    """
    # Spawned and not forked: a fork of a process with threads may hang on any lock that one of them holds.
    context = multiprocessing.get_context("spawn")
    receiving, sending = context.Pipe(duplex=False)
    child = context.Process(target=_build, args=(settings, sending), name="wenbao-index", daemon=True)
    step = Progress("starting", 0, 0)
    try:
        child.start()
        sending.close()
        while True:
            if not receiving.poll(BEAT_S):
                progress(step)
                continue
            try:
                message = receiving.recv()
            except EOFError:
                child.join()
                raise _ended(child.exitcode or 0) from None
            if isinstance(message, Progress):
                step = message
                progress(step)
            elif isinstance(message, IndexReport):
                return message
            else:
                kind, text, hint = message
                raise kind(text, hint=hint)
    except BaseException:
        child.terminate()  # the index is whole at any moment; the next run goes on with what was embedded
        child.join(_STOP_S)
        child.kill()
        raise
    finally:
        child.join()
        receiving.close()


def _ended(status: int) -> Exception:
    if status < 0:
        return StoreError(
            f"The index run was killed by signal {-status}; the index is as it was.",
            hint="Perhaps the machine was short of memory. Start it again: what was embedded is kept.",
        )
    return RuntimeError(f"the index run ended with exit status {status}")


def _build(settings: Settings, sending: Connection) -> None:
    """The child's part: builds, and sends what happens."""
    # Ctrl-C reaches the whole group; the server ends its child itself.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _leave)
    if hasattr(os, "nice"):
        os.nice(NICENESS)
    threading.Thread(target=_leave_with_parent, daemon=True).start()

    def tell(message: object) -> None:
        try:
            sending.send(message)
        except OSError:  # the server is gone, and the run is nobody's
            sys.exit(1)

    from rag.index.building.builder import build_index

    try:
        tell(build_index(settings, tell))
    except RagError as error:
        tell((type(error), error.message, error.hint))


def _leave(*_: object) -> None:
    sys.exit(1)  # as an exception, so that what is half built is taken away again


def _leave_with_parent() -> None:
    """Ends this process when the server is gone, however it went."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
