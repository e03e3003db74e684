"""Looking at files and folders without opening any: what a change of anything in them changes."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from rag.index.watch.listening import Spots

Entry = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Look:
    """What there is at one moment."""

    entries: frozenset[Entry] = frozenset()
    """Files and links that are not hidden, with size, times and inode."""
    spots: Spots = field(default_factory=Spots)
    """Where to listen for changes."""
    is_whole: bool = True
    """False when one of the paths names nothing: there is nowhere to listen for its coming."""


def look_at(paths: Iterable[Path]) -> Look:
    """Looks at folders, with all that is below them, and at files; what a path names need not be there."""
    entries: set[Entry] = set()
    folders: list[tuple[str, os.stat_result]] = []
    hinges: set[Path] = set()
    is_whole = True
    for path in paths:
        try:
            hinges.update(_links(path))
            root = path.resolve(strict=True)
            facts = root.stat()
        except (OSError, RuntimeError):  # a loop of links is one or the other, depending on the Python
            is_whole = False
            continue
        if stat.S_ISDIR(facts.st_mode):
            folders.append((str(root), facts))
            # The folder's own inode tells an empty one from none.
            entries |= {(str(root), facts.st_ino), *_walk(str(root), root, folders)}
        else:
            # Editors replace a file by another of the same name, so its folder is what can be listened to.
            hinges.add(root)
            entries.add(_entry(str(root), facts))
    return Look(frozenset(entries), Spots.of(folders, hinges), is_whole)


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
