"""What the disk is asked to confirm, and what it says when it refuses."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from rag.errors import WriteError

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
# SQLite says "database or disk is full", numpy "10240 requested and 4096 written"; neither gives a number.
_FULL_IN_WORDS = ("full", "requested and")


def sync(path: Path) -> None:
    """Has the disk confirm a file or folder; folders only where the system can."""
    if os.name == "nt" and path.is_dir():
        return
    descriptor = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_error(folder: Path, error: Exception) -> WriteError:
    """A failure to write the index in `folder`, told as what it is."""
    if getattr(error, "errno", None) in _FULL or any(words in str(error) for words in _FULL_IN_WORDS):
        return WriteError(
            f"the disk is full: cannot write the index in {folder} ({error})",
            hint=f"Free some space on the disk that holds {folder}, or set `vectors` to another folder, then run it "
            "again.",
        )
    return WriteError(
        f"cannot write the index in {folder}: {error}",
        hint=f"Check the rights on {folder}, or set `vectors` to a folder that you may write to.",
    )
