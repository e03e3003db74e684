"""Opens an embedding model by name, from the cache; prepares it there first where that is needed.

The cache is the user's cache folder, or `WENBAO_CACHE`. A prepared model is built in a folder beside its place and
moved there in one step, by one process at a time, so what is found in place is whole.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import platformdirs
from filelock import FileLock

from rag.embedding import bundled
from rag.embedding.base import Embedder
from rag.embedding.onnx import OnnxEmbedder
from rag.embedding.prepared import FORMAT, LAYOUT, PreparedModel, read_prepared, stamp_of
from rag.errors import ModelMissing, WriteError
from rag.types import Progress

BUNDLED = "bundled"
CACHE_VARIABLE = "WENBAO_CACHE"

_NAMES = "embedding_model is 'bundled', a sentence-transformers folder, or a hub name."

ModelProgress = Callable[[Progress], None]


def open_embedder(name: str, progress: ModelProgress | None = None) -> Embedder:
    """Opens a model, prepared already or prepared now (once, in well under a minute).

    Args:
        name: `bundled`, a sentence-transformers folder, or a hub name.
        progress: told the steps of a preparation; never called when there is none.

    Raises:
        ModelMissing: there is no such model here, nor a network to fetch it.
        ModelDamaged: a file is not the one that was pinned or prepared.
        ModelError: the model cannot be run on ONNX Runtime.
        WriteError: the cache cannot be written.
    """
    return OnnxEmbedder(prepare_model(name, progress))


def prepare_model(name: str, progress: ModelProgress | None = None) -> PreparedModel:
    """The prepared model of that name; see `open_embedder`."""
    place = _place(name)
    steps = Steps("preparing the model", 6, progress)
    made_once(place, lambda folder: _prepare(name, folder, steps), steps)
    return read_prepared(place)


def made_once(place: Path, make: Callable[[Path], None], steps: Steps) -> None:
    """Makes a folder of the cache unless it is there: beside its place, by one process, moved there when it is whole.

    Args:
        place: the folder; its name ends in `-DIGEST`, and older ones that differ in nothing else are removed.
        make: fills an empty folder, the scratch folder's `prepared`; what is beside it there goes away with it.
        steps: told when it is done.

    Raises:
        WriteError: the cache cannot be written.
    """
    if place.exists():
        return
    with _writing(place.parent):
        place.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(place.parent / ".lock"):
            if place.exists():  # another process was quicker
                return
            with tempfile.TemporaryDirectory(prefix=".preparing-", dir=place.parent) as scratch:
                folder = Path(scratch) / "prepared"
                folder.mkdir()
                make(folder)
                folder.rename(place)
            _remove_older(place)
            steps.finish()


def models_folder() -> Path:
    """Where prepared models are kept."""
    root = os.environ.get(CACHE_VARIABLE)
    return (Path(root) if root else Path(platformdirs.user_cache_dir("wenbao", appauthor=False))) / "models"


def _place(name: str) -> Path:
    """The folder of a prepared model: it tells the name, the source's state and the way of preparing apart."""
    source = Path(name).expanduser()
    if name == BUNDLED:
        state = bundled.SHA256
    elif source.is_dir():
        if not any((source / mark).is_file() for mark in ("modules.json", "config.json")):
            raise ModelMissing(f"{source} holds no sentence-transformers model: no modules.json", hint=_NAMES)
        name = str(source.resolve())
        state = stamp_of(source)
    elif _is_path(name):
        raise ModelMissing(f"no such folder: {name}", hint=_NAMES)
    else:
        state = "hub"
    slug = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.")[-40:]
    return models_folder() / f"{slug}-{_digest(name)}-{_digest(f'{FORMAT}.{LAYOUT} {state}')}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def _is_path(name: str) -> bool:
    """True for what can only be meant as a path: hub names are `name` or `owner/name`."""
    return name.startswith((".", "~", "/")) or name.count("/") > 1 or "\\" in name or Path(name).is_absolute()


class Steps:
    """Counts the steps of a preparation for the progress line.

    Args:
        stage: what the line calls it.
        total: how many steps there are at most.
        progress: told each of them; None tells nobody.
    """

    def __init__(self, stage: str, total: int, progress: ModelProgress | None) -> None:
        self._stage, self._total, self._progress = stage, total, progress
        self._done = 0

    def __call__(self, detail: str) -> None:
        if self._progress is not None:
            self._progress(Progress(self._stage, min(self._done, self._total - 1), self._total, detail=detail))
        self._done += 1

    def finish(self) -> None:
        if self._progress is not None:
            self._progress(Progress(self._stage, self._total, self._total, detail="ready"))


def _prepare(name: str, folder: Path, step: Steps) -> None:
    """Fills an empty folder with the prepared model."""
    from rag.embedding.export import export_bundled, export_model

    if name == BUNDLED:
        export_bundled(folder, name, step)
        return
    from rag.embedding.source import load_source

    step("loading the model")
    source = Path(name).expanduser()
    export_model(load_source(str(source) if source.is_dir() else name), folder, name, step)


def _remove_older(place: Path) -> None:
    """Removes what was prepared of the same model before it, or the way of preparing, changed."""
    prefix = place.name.rpartition("-")[0]
    for older in place.parent.glob(f"{prefix}-*"):
        if older != place and older.is_dir():
            shutil.rmtree(older, ignore_errors=True)


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    """Turns failures to write into errors that say which folder and what to do."""
    hint = f"Make room or give the folder write permission, or set {CACHE_VARIABLE} to another folder."
    try:
        yield
    except (ModelMissing, WriteError):
        raise
    except (OSError, RuntimeError) as error:
        # The libraries that write the model report a full disk as a RuntimeError of their own.
        if isinstance(error, OSError) or _is_full(folder):
            raise WriteError(f"cannot write the prepared model to {folder}: {error}", hint=hint) from error
        raise


_NEARLY_NOTHING = 16 << 20


def _is_full(folder: Path) -> bool:
    try:
        return shutil.disk_usage(folder).free < _NEARLY_NOTHING
    except OSError as error:
        return error.errno == errno.ENOSPC
