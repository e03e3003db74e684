"""Listening to the system for changes in folders, each by itself and never below a link.

`watchfiles` can watch trees too, but where the system knows no trees (Linux) it follows links, out of the corpus and
through the whole disk. So every folder is named, and whoever listens looks for new ones.
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Generator

    from watchfiles.main import FileChange

_MOUNTS = Path("/proc/self/mountinfo")
_SHARED = re.compile(r"nfs\d?|cifs|smb\w*|9p|afs|ceph|drvfs|glusterfs|lustre|prl_fs|vboxsf|virtiofs|vmhgfs|fuse\..*")
"""File systems that others may write to: the system tells of what is written from here, and of nothing else."""


@dataclass(frozen=True, slots=True)
class Spots:
    """Where to listen.

    A folder is told apart from another of the same name by its inode: who listens to the one does not hear the other.
    """

    folders: frozenset[tuple[str, int]] = frozenset()
    """Folders of the corpus, all that is in them being of interest, with their inodes."""
    hinges: frozenset[tuple[str, int]] = frozenset()
    """Single paths of interest, with the inodes of the folders that they stand in."""

    @classmethod
    def of(cls, folders: Iterable[tuple[str, os.stat_result]], hinges: Iterable[Path]) -> Self:
        """Spots at folders, given with their facts and left out if they cannot be read, and at single paths."""
        return cls(
            frozenset((path, facts.st_ino) for path, facts in folders if os.access(path, os.R_OK | os.X_OK)),
            frozenset((str(path), _inode(path.parent)) for path in hinges),
        )

    def paths(self) -> list[str]:
        """The folders to listen to. Those whose name is not UTF-8 cannot be listened to, and hold nothing to index."""
        paths = {path for path, _ in self.folders} | {str(Path(path).parent) for path, _ in self.hinges}
        return sorted(path for path in paths if path.encode("utf-8", "ignore") == os.fsencode(path))


class Ears:
    """Hears of changes at spots, as long as the system tells of them.

    Args:
        stop: ends the waiting when it is set.
        step: seconds that one call of `heard` waits.
        tell: told, once, that the system cannot watch and why.
    """

    def __init__(self, stop: threading.Event, step: float, tell: Callable[[str], None]) -> None:
        self._stop = stop
        self._step = step
        self._tell = tell
        self._told = False
        self._changes: Generator[set[FileChange]] | None = None
        self._early = False
        self._folders: Collection[str] = ()
        self._names: Collection[str] = ()
        self.spots = Spots()

    @property
    def are_deaf(self) -> bool:
        """True while nothing is heard of changes: the system cannot watch, or there is nothing to listen to."""
        return self._changes is None

    def listen(self, spots: Spots) -> None:
        """Listens to these spots and to no others. Once it returns no later change escapes, unless `are_deaf`."""
        self.close()
        self.spots = spots
        self._folders = {path for path, _ in spots.folders}
        self._names = {path for path, _ in spots.hinges} | self._folders
        paths = spots.paths()
        if not paths:
            return
        kind = shared_file_system(paths)
        if kind is None:
            self._start(paths)
        else:
            self._admit(f"it lies on a file system of the kind {kind}, which others may write to unheard")

    def _start(self, paths: list[str]) -> None:
        from watchfiles import watch  # with what it imports it takes a while, and most commands watch nothing

        milliseconds = max(1, round(1000 * self._step))
        self._changes = watch(
            *paths,
            watch_filter=None,
            debounce=4 * milliseconds,
            step=milliseconds,
            rust_timeout=milliseconds,
            yield_on_timeout=True,
            stop_event=self._stop,
            recursive=False,
            force_polling=False,
        )
        try:
            self._early = self._concern(next(self._changes, set()))
        except FileNotFoundError:
            self._lose()  # a folder went away meanwhile; the next look will tell
        except (OSError, RuntimeError) as error:
            self.close()
            self._admit(str(error))

    def heard(self) -> bool:
        """Waits a step for changes; True when there were any.

        Raises:
            KeyboardInterrupt: Ctrl-C, in the main thread.
        """
        early, self._early = self._early, False
        if early:
            return True
        if self._changes is None:
            self._stop.wait(self._step)
            return False
        try:
            return self._concern(next(self._changes, set()))
        except (OSError, RuntimeError):
            # A name that is not UTF-8, for one. Whatever it was, something has changed.
            self._lose()
            return True

    def close(self) -> None:
        """Listens no longer."""
        if self._changes is not None:
            self._changes.close()
        self._changes, self._early = None, False

    def _lose(self) -> None:
        """Forgets what was listened to, so that whoever looks next listens anew."""
        self.close()
        self.spots = Spots()

    def _concern(self, changes: Iterable[FileChange]) -> bool:
        """True when any of the changes is one in the corpus: folders beside it may be full of others."""
        for _, name in changes:
            path = Path(name)
            if name in self._names or (str(path.parent) in self._folders and not path.name.startswith(".")):
                return True
        return False

    def _admit(self, reason: str) -> None:
        if not self._told:
            self._told = True
            self._tell(f"the system cannot watch the corpus ({reason}); it is looked at every few seconds instead")


def shared_file_system(paths: Iterable[str], mounts: Path = _MOUNTS) -> str | None:
    """The kind of file system, others may write to it unheard, that one of the paths lies on; None if none does."""
    try:
        lines = mounts.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return None
    mounted = dict(_mounted(lines))  # of several on one point, the last was mounted over the others
    for path in paths:
        above = (str(point) for point in (Path(path), *Path(path).parents))
        kind = next((mounted[point] for point in above if point in mounted), "")
        if _SHARED.fullmatch(kind):
            return kind
    return None


def _mounted(lines: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Mount point and kind of file system of every line of a mountinfo file."""
    for line in lines:
        before, dash, after = line.partition(" - ")
        fields = before.split(" ")
        if dash and len(fields) > 4:
            point = re.sub(r"\\([0-7]{3})", lambda code: chr(int(code[1], 8)), fields[4])
            yield point, after.split(" ")[0]


def _inode(folder: Path) -> int:
    try:
        return folder.stat().st_ino
    except OSError:
        return 0
