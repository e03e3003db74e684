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


@contextmanager
def writer_lock(folder: Path) -> Iterator[None]:
    """Holds the writer's lock of an existing folder for the length of a `with` block.

    The operating system drops the lock when its holder dies, so a dead writer stops nobody. The holder's name lies in a
    file of its own, for people to read; nothing depends on it.

    Raises:
        IndexLocked: somebody else holds it.
        OSError: the folder cannot be written to.
    """
    lock = FileLock(folder / LOCK_FILE, timeout=0)
    try:
        lock.acquire()
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


def holder(folder: Path) -> str:
    """Who holds the lock, in words."""
    try:
        note = json.loads((folder / HOLDER_FILE).read_text(encoding="utf-8"))
        return f"process {note['pid']} on {note['host']} (since {note['since']})"
    except (OSError, ValueError, KeyError, TypeError):
        return "another process"  # it has the lock and has not put its name down yet
