"""Files of the corpus, put and deleted so that whoever reads it sees each whole or not at all.

A file is written beside its place under a hidden name, which neither the reader nor the watcher of a corpus looks at,
brought to disk, and moved into place in one step. Folders are entered one by one from the corpus down and links are
never followed, so nothing outside the corpus can be reached, whatever is moved about meanwhile. POSIX only.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import secrets
import stat
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from rag.corpus.files import SUFFIXES
from rag.errors import CorpusMissing, InputError, NotFound, WriteError
from server.refusals import Changed, DiskFull, PathRefused

TEMPORARY = ".wenbao-upload-"
"""Opens the hidden name of a file that is being written."""
MAX_NAME_BYTES = 200
MAX_DEPTH = 16

_DEVICES = {"con", "prn", "aux", "nul", *(f"{port}{number}" for port in ("com", "lpt") for number in range(1, 10))}
_UNSEEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}
"""Unicode categories of what steers a terminal, hides in a name, or cannot be written at all."""
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_PIECE = 1 << 20

Outcome = Literal["created", "replaced", "unchanged"]
Condition = Callable[[str | None], bool]
"""Given the digest of the file that is there, None where there is none: whether the caller's conditions hold."""


@dataclass(frozen=True, slots=True)
class Stored:
    """What became of a file that was put."""

    outcome: Outcome
    size: int
    """Bytes."""
    sha256: str


def names_of(path: str) -> tuple[str, ...]:
    """The folders of a path in the corpus and the name of its file.

    Raises:
        PathRefused: no file of a corpus may have it; says which part and why.
    """
    names = tuple(path.split("/"))
    for name in names:
        if reason := _refusal(name):
            raise PathRefused(f"{_shown(name)} {reason}", hint="Name a file below the corpus, such as 2024/page-1.txt.")
    if len(names) > MAX_DEPTH:
        raise PathRefused(f"the path is {len(names)} folders deep", hint=f"Use {MAX_DEPTH} at most.")
    if not names[-1].lower().endswith(SUFFIXES):
        kinds = f"{', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]}"
        raise PathRefused(f"{_shown(names[-1])} is not a {kinds} file", hint="The corpus reads no other kinds.")
    return names


def _refusal(name: str) -> str:
    """Why a file or folder may not be called that; empty where it may."""
    if not name:
        return "is an empty name: the path begins or ends with /, or has two of them together"
    if name in {".", ".."}:
        return "leads to another folder"
    if name.startswith("."):
        return "is hidden, and hidden files are not read"
    if "\\" in name or (name[1:2] == ":" and name[0].isascii() and name[0].isalpha()):
        return "holds a drive letter or a \\; folders are parted by /"
    if "\ufffd" in name or any(unicodedata.category(character) in _UNSEEN for character in name):
        return "holds control or invisible characters, or bytes that are not UTF-8"
    if name != name.strip() or name.endswith("."):
        return "begins or ends with a blank, or ends with a dot"
    if name.split(".")[0].lower() in _DEVICES:
        return "is the name of a device on some systems"
    if len(name.encode()) > MAX_NAME_BYTES:
        return f"is longer than {MAX_NAME_BYTES} bytes"
    return ""


def _shown(name: str) -> str:
    """A name as a message may carry it."""
    kept = "".join("\ufffd" if unicodedata.category(one) in _UNSEEN else one for one in name[:80])
    return f"`{kept}{'…' if len(name) > 80 else ''}`"


class Upload:
    """A file on its way into the corpus, as a context manager: unless `publish` was called, leaving undoes everything.

    Args:
        root: the corpus, a folder.
        names: of `names_of`.

    Raises:
        PathRefused: one of the folders is a link or a file, or there is something else in the file's place.
        DiskFull: no space is left.
        WriteError: it cannot be written for another reason.
    """

    def __init__(self, root: Path, names: tuple[str, ...]) -> None:
        self._source, self._name = "/".join(names), names[-1]
        self._held = ExitStack()
        self._made: list[tuple[int, str]] = []
        self._digest, self._size = hashlib.sha256(), 0
        self._temporary = f"{TEMPORARY}{secrets.token_hex(8)}"
        try:
            with _translated(self._source):
                self._root = _root(root, self._held)
                self._folder = self._enter(names[:-1])
                _existing(self._folder, self._name, self._source)
                flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
                self._file = os.open(self._temporary, flags, 0o666, dir_fd=self._folder)
                self._held.callback(os.close, self._file)
        except BaseException:
            self._undo()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._undo()

    def write(self, piece: bytes) -> None:
        """The next bytes of the file.

        Raises:
            DiskFull: no space is left.
            WriteError: they cannot be written for another reason.
        """
        self._digest.update(piece)
        self._size += len(piece)
        rest = memoryview(piece)
        with _translated(self._source):
            while rest:
                rest = rest[os.write(self._file, rest) :]

    def publish(self, holds: Condition) -> Stored:
        """Puts the file into its place, unless it is there already, byte for byte.

        Args:
            holds: asked while nobody else puts a file into this corpus.

        Raises:
            InputError: the file is empty.
            Changed: the condition does not hold.
            DiskFull: no space is left.
            WriteError: it cannot be written for another reason.
        """
        if not self._size:
            raise InputError(
                f"{self._source} would be empty, and an empty file is not read", hint="DELETE takes a file away."
            )
        with _translated(self._source):
            os.fsync(self._file)
            with _alone(self._root):
                before = _existing(self._folder, self._name, self._source)
                known = _digest_of(self._folder, self._name) if before is not None else None
                _check(holds, known, self._source)
                if known == self._digest.hexdigest():
                    return Stored("unchanged", self._size, known)
                if before is not None:
                    os.fchmod(self._file, stat.S_IMODE(before.st_mode))
                os.replace(self._temporary, self._name, src_dir_fd=self._folder, dst_dir_fd=self._folder)
                for folder in {self._folder, *(above for above, _ in self._made)}:
                    os.fsync(folder)
                self._made.clear()
        return Stored("created" if before is None else "replaced", self._size, self._digest.hexdigest())

    def _enter(self, names: tuple[str, ...]) -> int:
        """The file's folder, made if need be."""
        folder = self._root
        for name in names:
            with suppress(FileExistsError):
                os.mkdir(name, dir_fd=folder)
                self._made.append((folder, name))
            folder = _step(folder, name, self._held)
        return folder

    def _undo(self) -> None:
        """Takes away what was not published. What cannot be taken away is hidden, and read by nobody."""
        with self._held:
            with suppress(AttributeError, OSError):
                os.unlink(self._temporary, dir_fd=self._folder)
            for folder, name in reversed(self._made):
                with suppress(OSError):  # another upload has put something there
                    os.rmdir(name, dir_fd=folder)
            self._made.clear()


def delete(root: Path, names: tuple[str, ...], holds: Condition) -> None:
    """Takes a file out of the corpus.

    Raises:
        NotFound: there is none.
        Changed: the condition does not hold.
        PathRefused: one of the folders is a link or a file, or what is there is no file.
        WriteError: it cannot be removed.
    """
    source = "/".join(names)
    with ExitStack() as held, _translated(source):
        top = folder = _root(root, held)
        try:
            for name in names[:-1]:
                folder = _step(folder, name, held)
            there = _existing(folder, names[-1], source) is not None
        except FileNotFoundError:
            there = False
        with _alone(top):
            if there:
                with suppress(FileNotFoundError):
                    _check(holds, _digest_of(folder, names[-1]), source)
                    os.unlink(names[-1], dir_fd=folder)
                    os.fsync(folder)
                    return
            _check(holds, None, source)
        raise NotFound(f"There is no file {source} in the corpus.", hint="GET /v1/articles names what is indexed.")


def _root(root: Path, held: ExitStack) -> int:
    try:
        descriptor = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except FileNotFoundError as error:
        raise CorpusMissing("the corpus is not there any more", hint="Make its folder again.") from error
    held.callback(os.close, descriptor)
    return descriptor


def _step(folder: int, name: str, held: ExitStack) -> int:
    """Into a folder below, which must be one and no link to one."""
    try:
        descriptor = os.open(name, _FOLDER, dir_fd=folder)
    except OSError as error:
        if error.errno not in {errno.ELOOP, errno.ENOTDIR}:
            raise
        what = "a link" if stat.S_ISLNK(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode) else "a file"
        raise PathRefused(
            f"{_shown(name)} is {what} and not a folder of the corpus", hint="Name the file where it stands."
        ) from error
    held.callback(os.close, descriptor)
    return descriptor


def _existing(folder: int, name: str, source: str) -> os.stat_result | None:
    """What stands in the file's place: a file, or nothing."""
    try:
        facts = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(facts.st_mode):
        what = "a link" if stat.S_ISLNK(facts.st_mode) else "a folder" if stat.S_ISDIR(facts.st_mode) else "no file"
        raise PathRefused(f"{source} is {what} in the corpus", hint="Only files can be put and deleted.")
    return facts


def _digest_of(folder: int, name: str) -> str:
    digest = hashlib.sha256()
    descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
    try:
        while piece := os.read(descriptor, _PIECE):
            digest.update(piece)
    finally:
        os.close(descriptor)
    return digest.hexdigest()


def _check(holds: Condition, known: str | None, source: str) -> None:
    if not holds(known):
        state = "is not there" if known is None else "is another than the one you know"
        raise Changed(f"{source} {state}.", hint="Look at it, and send the condition that fits it, or none.")


@contextmanager
def _alone(root: int) -> Iterator[None]:
    """While no other thread or process changes files of this corpus through here."""
    with suppress(OSError):  # file systems without locks: then a condition may be overtaken, and no file is torn
        fcntl.flock(root, fcntl.LOCK_EX)
    try:
        yield
    finally:
        with suppress(OSError):
            fcntl.flock(root, fcntl.LOCK_UN)


@contextmanager
def _translated(source: str) -> Iterator[None]:
    """What the system says of a file, without its path on this machine."""
    try:
        yield
    except (WriteError, NotFound, CorpusMissing):
        raise
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
            raise DiskFull(
                f"there is no space left for {source}; the corpus is as it was", hint="Make room, and send it again."
            ) from error
        if error.errno == errno.ENAMETOOLONG:
            raise PathRefused(f"{source} is too long a path", hint="Use shorter names.") from error
        raise WriteError(
            f"{source} cannot be written or removed: {error.strerror}; the corpus is as it was",
            hint="Look at who owns the corpus and its folders.",
        ) from error
