"""What generations lie on disk, told without opening their contents."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from rag.errors import IndexDamaged, IndexMissing, StoreError
from rag.index.storage.manifest import Manifest
from rag.index.storage.store import KEPT_GENERATIONS, Store
from rag.types import Counts

RULE = f"kept: the live one and the {KEPT_GENERATIONS} that were live last before it; the next writer sweeps the rest"


@dataclass(frozen=True, slots=True)
class StoredGeneration:
    """One generation on disk."""

    generation: str
    live: bool
    """True for the one that readers open."""
    created: str
    """ISO 8601, UTC; empty where `problem` is set."""
    counts: Counts
    bytes: int
    """Size of its files on disk."""
    model: str
    model_fingerprint: str
    corpus: str
    problem: str = ""
    """Why it cannot be gone back to as far as its manifest tells; empty where it can."""


def stored_generations(store: Store) -> list[StoredGeneration]:
    """Every generation on disk, in the order in which they were live: going back takes the one before the live one.

    Raises:
        IndexMissing: nothing was ever published there.
    """
    names = store.in_order()
    try:
        live = store.current_id()
    except IndexDamaged:
        live = ""
    except IndexMissing:
        if not names:
            raise
        live = ""
    return [_stored(store.folder_of(name), name == live) for name in names]


def manifests(store: Store) -> list[Manifest]:
    """Of all published generations, oldest first, those that cannot be read left out."""
    found: list[Manifest] = []
    for name in store.generations():
        with suppress(StoreError):
            found.append(Manifest.open(store.folder_of(name)))
    return found


def _stored(folder: Path, live: bool) -> StoredGeneration:
    size = sum(path.stat().st_size for path in folder.iterdir() if path.is_file())
    try:
        manifest = Manifest.open(folder)
    except StoreError as error:
        return StoredGeneration(folder.name, live, "", Counts(), size, "", "", "", error.message)
    return StoredGeneration(
        generation=folder.name,
        live=live,
        created=manifest.created,
        counts=manifest.counts,
        bytes=size,
        model=manifest.model,
        model_fingerprint=manifest.model_fingerprint,
        corpus=manifest.corpus,
    )
