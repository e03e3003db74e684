"""The `vectors/` folder: generations that never change, `CURRENT` that names the live one, one writer at a time.

A generation is built aside, synced to the disk, moved into place and only then named in `CURRENT`, each in one atomic
step: whatever fails, and whenever, readers open the old index or the new one. Kept are the live generation and the
`KEPT_GENERATIONS` others that were live last; the rest and what dead writers left is swept by the next writer. A reader
that holds a swept generation open keeps its files until it lets go. The user's side is `docs/generations.md`.
"""

from __future__ import annotations

import logging
import os
import re
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rag.errors import IndexDamaged, IndexMismatch, IndexMissing, InputError, RagError, StoreError
from rag.index.milvus.runs import make_live, release
from rag.index.storage.disk import sync, write_error
from rag.index.storage.generation import Generation, check_files
from rag.index.storage.lock import writer_lock
from rag.index.storage.manifest import Manifest, StoredFile, file_digest

CURRENT = "CURRENT"
ORDER = "ORDER"
"""Lists the generations as they were live, the last one last; without it they count in the order of their ids."""
DISTRUSTED = "DISTRUSTED"
"""Holds the id of a live generation that nothing may be taken over from; gone with the next one that is published."""
KEPT_GENERATIONS = 2
"""Generations beside the live one that are kept to go back to, or forward again."""

_log = logging.getLogger(__name__)

_BUILDING = "tmp-"
_JOURNALS = "journal-*.bin"
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
        self._writes = False
        self._damaged: str | None = None
        self._refused: str | None = None

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
        """True when another generation than this one is live; reads one small file.

        Where nothing names the live one any more, whoever holds a generation is best off with it.
        """
        try:
            return self.current_id() != generation_id
        except (IndexMissing, IndexDamaged):
            return False

    def current(self) -> Generation:
        """Opens the live generation.

        Within `writing`, every file is compared with its checksum, the large ones too: what a writer takes over gets
        new checksums, and damage must not be given one.

        Raises:
            IndexMissing, IndexDamaged, IndexMismatch: as `Generation.open`.
        """
        name = self.current_id()
        while True:
            try:
                return self._open_to_build_on(name) if self._writes else Generation.open(self.folder_of(name))
            except IndexDamaged:
                # Swept between the two steps by a writer that published several times: take what is live now.
                following = self.current_id()
                if following == name:
                    raise
                name = following

    def folder_of(self, generation_id: str) -> Path:
        """Where a generation lies, or would lie."""
        return self._generations / generation_id

    def generations(self) -> list[str]:
        """Ids of the published generations, oldest first, whether live or kept."""
        if not self._generations.is_dir():
            return []
        return sorted(path.name for path in self._generations.iterdir() if _ID.fullmatch(path.name))

    def in_order(self) -> list[str]:
        """Ids of the published generations as they were live: by id, until somebody publishes after going back."""
        try:
            listed = (self.folder / ORDER).read_text(encoding="ascii").split()
        except (OSError, ValueError):
            listed = []
        place = {name: number for number, name in enumerate(listed)}
        return sorted(self.generations(), key=lambda name: (place.get(name, -1), name))

    def leftovers(self) -> list[str]:
        """Names of the files and folders of runs that are not finished; with nobody writing, of runs that died."""
        return sorted(path.name for kind in (f"{_BUILDING}*", _JOURNALS) for path in self.folder.glob(kind))

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Holds the writer's lock and tells failures to write as what they are.

        Raises:
            IndexLocked: another process is writing.
            WriteError: no permission, or the disk is full.
        """
        with self._locked():
            self._sweep()
            self._writes = True
            try:
                yield
            finally:
                self._writes = False

    def rollback(self, generation_id: str | None = None, fingerprint: str | None = None) -> str:
        """Makes a kept generation live, after checking every file of it; returns its id.

        Nothing is removed: the generation that was live is one of the others now, and can be gone back to.

        Args:
            generation_id: which one; None takes the one that was live before the live one.
            fingerprint: of the embedding model that will ask it; None does not compare.

        Raises:
            IndexMissing: there is none to go back to.
            InputError: there is none of that id.
            IndexDamaged, IndexMismatch: it cannot be used, and the live one was left alone.
            IndexLocked, WriteError: as `writing`.
        """
        with self._locked():
            target = self._before_live() if generation_id is None else self._known(generation_id)
            generation = Generation.open(self.folder_of(target))
            try:
                generation.verify()
            finally:
                generation.close()
            manifest = generation.manifest
            if fingerprint not in (None, manifest.model_fingerprint):
                raise IndexMismatch(
                    f"generation {target} was built with the embedding model {manifest.model} "
                    f"({manifest.model_fingerprint}), and another one is set ({fingerprint})",
                    hint=f"Set embedding_model to {manifest.model} first, or choose another: `wenbao index --list`.",
                )
            self._write(CURRENT, target)
            make_live(manifest)
        return target

    def distrust(self) -> None:
        """Has the next run take nothing over from the live generation, which goes on answering until then.

        Raises:
            IndexLocked, WriteError: as `writing`.
        """
        with self._locked():
            for journal in self.folder.glob(_JOURNALS):
                journal.unlink(missing_ok=True)
            try:
                self._write(DISTRUSTED, self.current_id())
            except (IndexMissing, IndexDamaged):
                return  # there is nothing that could be taken over

    def refused(self) -> Path | None:
        """Folder of the live generation if `current`, called within `writing`, has refused to build on it."""
        return None if self._refused is None or self.distrusted() is not None else self.folder_of(self._refused)

    def distrusted(self) -> str | None:
        """Id of the live generation if the next run takes nothing over from it."""
        try:
            name = (self.folder / DISTRUSTED).read_text(encoding="ascii").strip()
            return name if name == self.current_id() else None
        except (OSError, ValueError, IndexMissing, IndexDamaged):
            return None

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
                sync(path)
            sync(building)
            building.rename(self.folder_of(name))
            sync(self._generations)
            try:
                self._make_live(name)
            except BaseException:
                self._remove_unless_live(name)
                raise
        except BaseException:
            shutil.rmtree(building, ignore_errors=True)
            raise
        make_live(manifest)
        if self._damaged is not None:
            self._remove(self._damaged)  # nobody could go back to it
        self._sweep()
        for journal in self.folder.glob(_JOURNALS):
            journal.unlink(missing_ok=True)  # of this model: published by now; of another: it would never be read
        return name

    @contextmanager
    def _locked(self) -> Iterator[None]:
        try:
            self._generations.mkdir(parents=True, exist_ok=True)
            with writer_lock(self.folder):
                yield
        except RagError:
            raise
        except (OSError, sqlite3.OperationalError) as error:
            raise write_error(self.folder, error) from error

    def _open_to_build_on(self, name: str) -> Generation:
        folder = self.folder_of(name)
        if self.distrusted() == name:
            raise IndexDamaged(f"generation {name} is not to be built on", hint=_REBUILD)
        try:
            generation = Generation.open(folder)
            try:
                check_files(folder, generation.manifest, None)
            except BaseException:
                generation.close()
                raise
        except (IndexDamaged, IndexMismatch) as error:
            self._refused = name
            if isinstance(error, IndexDamaged):
                self._damaged = name
            raise
        return generation

    def _before_live(self) -> str:
        live = self.current_id()
        names = self.in_order()
        before = names[: names.index(live)] if live in names else names
        if not before:
            raise IndexMissing(
                f"there is no generation before {live} in {self.folder} to go back to",
                hint="`wenbao index --list` shows which there are; name one: `wenbao index --rollback ID`.",
            )
        return before[-1]

    def _known(self, name: str) -> str:
        names = self.generations()
        if name not in names:
            listed = ", ".join(names) or "none"
            raise InputError(
                f"there is no generation {name!r} in {self.folder}", hint=f"Name one of those there are: {listed}."
            )
        return name

    def _moment(self) -> datetime:
        """Now, but always later than the newest generation: ids sort in the order of publishing, clocks go back."""
        moment = datetime.now(UTC)
        for name in self.generations()[-1:]:
            newest = datetime.strptime(name.split("-")[0], _TIME).replace(tzinfo=UTC)
            moment = max(moment, newest + timedelta(microseconds=1))
        return moment

    def _make_live(self, name: str) -> None:
        """Names a generation that was just published, the one that it replaces being the one before it."""
        with suppress(IndexMissing, IndexDamaged):
            live = self.current_id()
            self._write(ORDER, *(other for other in self.in_order() if other not in (live, name)), live, name)
        self._write(CURRENT, name)

    def _write(self, file: str, *names: str) -> None:
        """Replaces a file that holds ids of generations, in one step."""
        written = self.folder / f"{_BUILDING}{file}"
        written.write_text("".join(f"{name}\n" for name in names), encoding="ascii")
        sync(written)
        written.replace(self.folder / file)
        sync(self.folder)

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
            return  # nothing tells which one answers
        others = [name for name in self.in_order() if name != live]
        for name in others[:-KEPT_GENERATIONS]:
            self._remove(name)
        if self.distrusted() is None:
            (self.folder / DISTRUSTED).unlink(missing_ok=True)

    def _remove_unless_live(self, name: str) -> None:
        with suppress(RagError):
            if self.current_id() == name:
                return
        self._remove(name)

    def _remove(self, name: str) -> None:
        """Removes a generation; out of sight first, so that half of one is never taken for a whole one."""
        staying = [self.folder_of(other) for other in self.generations() if other != name]
        try:
            release(self.folder_of(name), staying)
        except StoreError as error:
            _log.warning("%s is left for the next run to sweep: %s", name, error.message)
            return
        aside = self.folder / f"{_BUILDING}{name}"
        with suppress(OSError):
            self.folder_of(name).rename(aside)
            shutil.rmtree(aside, ignore_errors=True)
