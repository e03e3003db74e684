"""Files for what is taken along: a name that every system takes, and writing that leaves all of it or nothing."""

from __future__ import annotations

import errno
import os
import re
import secrets
from contextlib import suppress
from datetime import date
from pathlib import Path

from tui.taking.inert import STEERING

LONGEST_TITLE = 40
"""Characters of a title in a file name; three bytes each, they stay well below the 255 that file systems take."""

_RESERVED = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)$")
_PROBLEMS = {
    errno.ENOENT: "export.no_folder",
    errno.ENOTDIR: "export.no_folder",
    errno.EACCES: "export.forbidden",
    errno.EPERM: "export.forbidden",
    errno.EROFS: "export.forbidden",
    errno.ENOSPC: "export.full",
    errno.EDQUOT: "export.full",
    errno.ENAMETOOLONG: "export.long_name",
    errno.EISDIR: "export.not_a_file",
}


class NotWritten(Exception):
    """The file was not written, and what was there before is there still.

    Args:
        key: of the catalogue: what is wrong and what to do; its words take `where` and `reason`.
        where: the folder or the file that it is about.
        reason: what the system says.
    """

    def __init__(self, key: str, where: Path, reason: str = "") -> None:
        super().__init__(f"{key}: {where}: {reason}")
        self.key = key
        self.where = where
        self.reason = reason


class Exists(NotWritten):
    """There is a file of that name already."""


def suggested_name(title: str, day: date, suffix: str) -> str:
    """A file name from a title and a day, of letters, digits and hyphens only.

    Args:
        title: such as the first question; may be empty.
        day: when it was asked.
        suffix: with its dot.
    """
    kept = "".join(char if char.isalnum() else "-" for char in STEERING.sub("", title))
    stem = re.sub("-+", "-", kept)[:LONGEST_TITLE].strip("-") or "wenbao"
    if _RESERVED.match(stem):
        stem = f"wenbao-{stem}"
    return f"{stem}-{day.isoformat()}{suffix}"


def target_of(name: str) -> Path:
    """Where a name that was typed leads: from the working folder, `~` being the reader's own.

    Raises:
        NotWritten: nothing can be written under that name.
    """
    if not name.strip() or STEERING.search(name):
        raise NotWritten("export.no_name", Path())
    with suppress(RuntimeError):  # no home folder is known: then the name is meant as it stands
        return Path(name.strip()).expanduser().absolute()
    return Path(name.strip()).absolute()


def write(target: Path, text: str, *, overwrite: bool = False) -> Path:
    """Writes a file in one step: it is there as a whole, or as it was before.

    Args:
        target: where to; a link is followed.
        text: what to write, in UTF-8.
        overwrite: whether a file that is there is replaced.

    Returns:
        The file that was written.

    Raises:
        Exists: there is one, and it is not to be replaced.
        NotWritten: the system does not let it be written.
    """
    try:
        target = target.resolve()
        _check(target, overwrite)
        _replace(target, text.encode("utf-8"))
    except (OSError, RuntimeError) as error:  # a link that leads to itself is a RuntimeError
        number = error.errno if isinstance(error, OSError) else None
        key = _PROBLEMS.get(number, "export.failed") if number is not None else "export.failed"
        about_folder = key in {"export.no_folder", "export.forbidden", "export.full"}
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise NotWritten(key, target.parent if about_folder else target, reason) from error
    return target


def _check(target: Path, overwrite: bool) -> None:
    """Raises what speaks against writing before anything is written."""
    target.parent.stat()
    if target.exists():
        if not target.is_file():
            raise NotWritten("export.not_a_file", target)
        if not overwrite:
            raise Exists("export.exists", target)


def _replace(target: Path, content: bytes) -> None:
    """Writes beside the target, waits for the disk, and moves it into place."""
    beside = target.with_name(f".{secrets.token_hex(8)}.wenbao")
    try:
        # Created by hand: `tempfile` would make it the reader's alone, and the file would stay so.
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666), "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        beside.replace(target)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
