"""One writer at a time: a lock on `vectors/` that names its holder and dies with it."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from rag.errors import IndexLocked

LOCK_FILE = "writer.lock"
HOLDER_FILE = "writer.json"

_PATIENCE_S = 0.25
"""How long a lock is waited for: longer than `is_locked` holds it to find out."""


@contextmanager
def writer_lock(folder: Path) -> Iterator[None]:
    """Holds the writer's lock of an existing folder for the length of a `with` block.

    The operating system drops the lock when its holder dies, so a dead writer stops nobody. The holder's name lies in a
    file of its own, for people to read; nothing depends on it.

    Raises:
        IndexLocked: somebody else holds it.
        OSError: the folder cannot be written to.
    """
    lock = FileLock(folder / LOCK_FILE, timeout=_PATIENCE_S)
    try:
        lock.acquire(poll_interval=_PATIENCE_S / 10)
    except Timeout as error:
        raise IndexLocked(
            f"{holder(folder)} is writing the index in {folder}", hint="Wait until it has finished, then run it again."
        ) from error
    try:
        note = {"pid": os.getpid(), "host": socket.gethostname(), "since": datetime.now(UTC).isoformat("T", "seconds")}
        (folder / HOLDER_FILE).write_text(json.dumps(note), encoding="utf-8")
        yield
    finally:
        (folder / HOLDER_FILE).unlink(missing_ok=True)
        lock.release()


def is_locked(folder: Path) -> bool:
    """True when somebody is writing, as far as the system can tell without writing anything."""
    if not (folder / LOCK_FILE).exists():
        return False
    lock = FileLock(folder / LOCK_FILE, timeout=0)
    try:
        lock.acquire()
    except Timeout:
        return True
    lock.release()
    return False


def holder(folder: Path) -> str:
    """Who holds the lock, in words."""
    try:
        note = json.loads((folder / HOLDER_FILE).read_text(encoding="utf-8"))
        pid, host, since = int(note["pid"]), note["host"], note["since"]
        if host == socket.gethostname() and not _runs(pid):
            raise ValueError("a dead writer's note")
        return f"process {pid} on {host} (since {since})"
    except (OSError, ValueError, KeyError, TypeError):
        return "another process"  # it has the lock and has not put its name down yet


def _runs(pid: int) -> bool:
    if os.name == "nt":
        return True  # there is no harmless way to ask
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
