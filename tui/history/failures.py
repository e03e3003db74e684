"""What can be wrong with the file of conversations, in kinds that the interface has words for."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path


class Fault(StrEnum):
    """Kinds of failure."""

    BROKEN = "broken"
    """The file is damaged, or not wenbao's at all."""
    NEWER = "newer"
    """A later version of wenbao wrote it."""
    DISK = "disk"
    """It cannot be written or opened: full, read-only, forbidden."""
    BUSY = "busy"
    """Another program keeps it locked."""


class HistoryError(Exception):
    """Conversations cannot be kept or read.

    Args:
        fault: what kind of failure.
        path: the file.
        detail: what the system says.
    """

    def __init__(self, fault: Fault, path: Path, detail: str = "") -> None:
        super().__init__(f"{fault}: {path}: {detail}" if detail else f"{fault}: {path}")
        self.fault = fault
        self.path = path
        self.detail = detail


class Interrupted(Exception):
    """A search was called off because a newer one has come."""


_FAULTS = {
    sqlite3.SQLITE_BUSY: Fault.BUSY,
    sqlite3.SQLITE_LOCKED: Fault.BUSY,
    sqlite3.SQLITE_FULL: Fault.DISK,
    sqlite3.SQLITE_READONLY: Fault.DISK,
    sqlite3.SQLITE_IOERR: Fault.DISK,
    sqlite3.SQLITE_CANTOPEN: Fault.DISK,
    sqlite3.SQLITE_PERM: Fault.DISK,
}


@contextmanager
def told(path: Path) -> Iterator[None]:
    """SQLite's and the system's errors as ours. What SQLite cannot make sense of counts as a broken file.

    Raises:
        HistoryError: reading or writing `path` failed.
        Interrupted: the statement was interrupted on purpose.
    """
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF  # the rest of it tells variants apart
        if code == sqlite3.SQLITE_INTERRUPT:
            raise Interrupted from error
        raise HistoryError(_FAULTS.get(code, Fault.BROKEN), path, str(error)) from error
    except OSError as error:
        raise HistoryError(Fault.DISK, path, error.strerror or str(error)) from error
