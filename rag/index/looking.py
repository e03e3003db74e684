"""Looking at a corpus without opening a file: what a change of anything in it changes."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from rag.index.listening import Spots

Entry = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Look:
    """A corpus at one moment."""

    entries: frozenset[Entry] | None
    """Files and links that are not hidden, with size, times and inode; None where there is no corpus."""
    spots: Spots = field(default_factory=Spots)
    """Where to listen for changes."""


def look_at(path: Path) -> Look:
    """Looks at the corpus at `path`, a folder or a file; there need not be one."""
    hinges = set(_links(path))
    try:
        root = path.resolve(strict=True)
        facts = root.stat()
    except (OSError, RuntimeError):  # a loop of links is one or the other, depending on the Python
        return Look(None)
    if not stat.S_ISDIR(facts.st_mode):
        # Editors replace a file by another of the same name, so its folder is what can be listened to.
        return Look(frozenset({_entry(str(root), facts)}), Spots.of((), hinges | {root}))
    folders = [(str(root), facts)]
    entries = frozenset(_walk(str(root), root, folders))
    return Look(entries, Spots.of(folders, hinges))


def _walk(folder: str, root: Path, folders: list[tuple[str, os.stat_result]]) -> Iterator[Entry]:
    """Every file and link below a folder that is not hidden; the folders below it are added to `folders`."""
    try:
        with os.scandir(folder) as scan:
            found = [entry for entry in scan if not entry.name.startswith(".")]
    except OSError as error:
        yield folder, error.errno
        return
    for entry in found:
        try:
            facts = entry.stat(follow_symlinks=False)
            if stat.S_ISDIR(facts.st_mode):
                folders.append((entry.path, facts))
                yield from _walk(entry.path, root, folders)
            elif stat.S_ISLNK(facts.st_mode):
                yield _entry(entry.path, facts)
                yield from _target(Path(entry.path), root)
            else:
                yield _entry(entry.path, facts)
        except OSError as error:
            yield entry.path, error.errno


def _target(link: Path, root: Path) -> Iterator[Entry]:
    """What a link leads to, if it is in the corpus: it may be hidden where it stands, and is read through the link."""
    try:
        target = link.resolve(strict=True)
        if target.is_relative_to(root):
            yield _entry(str(link), target.stat())
    except (OSError, RuntimeError):
        yield str(link), "leads nowhere"


def _entry(path: str, facts: os.stat_result) -> Entry:
    # The time of the inode's change cannot be set, so a file put in another's place is seen whatever its dates say.
    return path, facts.st_ino, facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns


def _links(path: Path) -> Iterator[Path]:
    """The links that lead from a path to what it names, as far as its last part goes."""
    met: set[Path] = set()
    path = path.absolute()
    while path not in met and path.is_symlink():
        met.add(path)
        # The folder is resolved, so that `..` in a link means what the system takes it to mean.
        path = path.parent.resolve() / path.name
        yield path
        path = path.parent / path.readlink()
