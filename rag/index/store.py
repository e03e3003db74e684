"""The `vectors/` folder: generations that never change, `CURRENT` that names the live one, one writer at a time.

A generation is built aside, synced to the disk, moved into place and only then named in `CURRENT`, each in one atomic
step: whatever fails, and whenever, readers open the old index or the new one. The live generation and the
`KEPT_GENERATIONS` before it are kept; older ones and what dead writers left are swept by the next writer. A reader
that holds a swept generation open keeps its files until it lets go. Backup is copying the folder.
"""

from __future__ import annotations

import errno
import os
import re
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rag.errors import IndexDamaged, IndexMissing, RagError, WriteError
from rag.index.generation import Generation
from rag.index.lock import writer_lock
from rag.index.manifest import Manifest, StoredFile, file_digest

CURRENT = "CURRENT"
KEPT_GENERATIONS = 2
"""Generations before the live one that are kept to go back to."""

_BUILDING = "tmp-"
_ID = re.compile(r"(\d{8}T\d{6}\.\d{6}Z)-[0-9a-f]{8}")
_TIME = "%Y%m%dT%H%M%S.%fZ"
_REBUILD = "Build it anew: `wenbao index`."


class Store:
    """Opens and publishes generations.

    Args:
        folder: `vectors/`; made by the first writer.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = Path(folder)
        self._generations = self.folder / "generations"

    def current_id(self) -> str:
        """Id of the live generation.

        Raises:
            IndexMissing: nothing was published here yet.
            IndexDamaged: `CURRENT` names none.
        """
        path = self.folder / CURRENT
        try:
            name = path.read_text(encoding="ascii").strip()
        except FileNotFoundError as error:
            raise IndexMissing(f"there is no index in {self.folder}", hint="Build it: `wenbao index`.") from error
        except (OSError, ValueError) as error:
            raise IndexDamaged(f"{path} cannot be read: {error}", hint=_REBUILD) from error
        if not _ID.fullmatch(name):
            raise IndexDamaged(f"{path} names no generation", hint=_REBUILD)
        return name

    def changed(self, generation_id: str) -> bool:
        """True when another generation than this one is live; reads one small file."""
        try:
            return self.current_id() != generation_id
        except IndexMissing:
            return False

    def current(self) -> Generation:
        """Opens the live generation.

        Raises:
            IndexMissing, IndexDamaged, IndexMismatch: as `Generation.open`.
        """
        name = self.current_id()
        while True:
            try:
                return Generation.open(self._generations / name)
            except IndexDamaged:
                # Swept between the two steps by a writer that published several times: take what is live now.
                following = self.current_id()
                if following == name:
                    raise
                name = following

    def generations(self) -> list[str]:
        """Ids of the published generations, oldest first, whether live or kept."""
        if not self._generations.is_dir():
            return []
        return sorted(path.name for path in self._generations.iterdir() if _ID.fullmatch(path.name))

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Holds the writer's lock and tells failures to write as what they are.

        Raises:
            IndexLocked: another process is writing.
            WriteError: no permission, or the disk is full.
        """
        try:
            self._generations.mkdir(parents=True, exist_ok=True)
            with writer_lock(self.folder):
                self._sweep()
                yield
        except RagError:
            raise
        except (OSError, sqlite3.OperationalError) as error:
            raise _write_error(self.folder, error) from error

    def publish(self, fill: Callable[[Path], Manifest]) -> str:
        """Makes a new generation live, all of it or nothing; call it within `writing`.

        Args:
            fill: writes the files into the empty folder given and returns the manifest, in which `generation`,
                `created` and `files` are filled in here.

        Returns:
            The id of the generation.
        """
        building = self.folder / f"{_BUILDING}{os.getpid()}"
        building.mkdir()
        try:
            manifest = fill(building)
            now = self._moment()
            files = {
                path.name: StoredFile(path.stat().st_size, file_digest(path)) for path in sorted(building.iterdir())
            }
            manifest = replace(manifest, created=now.isoformat(), files=files)
            name = f"{now.strftime(_TIME)}-{manifest.digest}"
            replace(manifest, generation=name).save(building)
            for path in building.iterdir():
                _sync(path)
            _sync(building)
            building.rename(self._generations / name)
            _sync(self._generations)
            self._point_to(name)
        except BaseException:
            shutil.rmtree(building, ignore_errors=True)
            raise
        self._sweep()
        return name

    def _moment(self) -> datetime:
        """Now, but always later than the newest generation: ids sort in the order of publishing, clocks go back."""
        moment = datetime.now(UTC)
        for name in self.generations()[-1:]:
            newest = datetime.strptime(name.split("-")[0], _TIME).replace(tzinfo=UTC)
            moment = max(moment, newest + timedelta(microseconds=1))
        return moment

    def _point_to(self, name: str) -> None:
        """Replaces `CURRENT` in one step."""
        written = self.folder / f"{_BUILDING}{CURRENT}"
        written.write_text(f"{name}\n", encoding="ascii")
        _sync(written)
        written.replace(self.folder / CURRENT)
        _sync(self.folder)

    def _sweep(self) -> None:
        """Removes what dead writers left and the generations that are too old. What resists is left for next time."""
        for path in self.folder.glob(f"{_BUILDING}*"):
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)
        try:
            live = self.current_id()
        except (IndexMissing, IndexDamaged):
            return  # nothing tells which are old
        names = self.generations()
        before = [name for name in names if name < live]
        # Generations after the live one were moved into place by a writer that died before naming them.
        after = [name for name in names if name > live]
        for name in before[:-KEPT_GENERATIONS] + after:
            shutil.rmtree(self._generations / name, ignore_errors=True)


def _sync(path: Path) -> None:
    """Has the disk confirm a file or folder; folders only where the system can."""
    if os.name == "nt" and path.is_dir():
        return
    descriptor = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write_error(folder: Path, error: Exception) -> WriteError:
    number = getattr(error, "errno", None)
    if number in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG} or "full" in str(error):
        hint = (
            f"Free some space on the disk that holds {folder}, or set `vectors` to another folder, then run it again."
        )
        return WriteError(f"the disk is full: cannot write the index in {folder} ({error})", hint=hint)
    hint = f"Check the rights on {folder}, or set `vectors` to a folder that you may write to."
    return WriteError(f"cannot write the index in {folder}: {error}", hint=hint)
