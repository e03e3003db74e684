"""A small corpus of records with its index, for tests that edit the one and look at the other."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from rag.index.building.builder import build_index
from rag.index.storage.manifest import FILE as MANIFEST
from rag.index.storage.manifest import Manifest, StoredFile, file_digest
from rag.index.storage.store import CURRENT, ORDER, Store
from rag.settings import Settings
from rag.types import IndexReport
from tests.rag.index.fakes import WordEmbedder, records, write_records


class Shelf:
    """A corpus of records with its index."""

    def __init__(self, folder: Path) -> None:
        self.corpus = folder / "corpus"
        self.settings = Settings(corpus=self.corpus, vectors=folder / "vectors")
        self.store = Store(self.settings.vectors)
        self.edits = 0
        write_records(self.corpus / "a.jsonl", records())

    def build(self) -> IndexReport:
        return build_index(self.settings, embedder=WordEmbedder())

    def edit(self) -> None:
        self.edits += 1
        extra = {"id": "extra", "text": f"第{self.edits}次修改的一条消息，说的是灯塔换灯。"}
        write_records(self.corpus / "b.jsonl", [extra])

    def contents(self) -> list[str]:
        """Every text of the live index, read anew."""
        generation = self.store.current()
        generation.verify()
        texts = [article.text for article in generation.articles()]
        generation.close()
        return texts

    @property
    def leftovers(self) -> list[str]:
        return sorted(path.name for path in self.settings.vectors.iterdir() if path.name.startswith("tmp-"))


def republish(store: Store, change: Callable[[Path], None]) -> Path:
    """Changes the files of the live generation and makes every checksum right again; returns its new folder.

    What comes out is what a writer with a defect would have published.
    """
    folder = store.folder_of(store.current_id())
    change(folder)
    path = folder / MANIFEST
    data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    files = {name: StoredFile((folder / name).stat().st_size, file_digest(folder / name)) for name in data["files"]}
    data["files"] = {name: {"bytes": file.bytes, "sha256": file.sha256} for name, file in files.items()}
    path.write_text(json.dumps(data), encoding="utf-8")
    digest = _digest(folder)
    data["generation"] = f"{folder.name.split('-')[0]}-{digest}"
    path.write_text(json.dumps(data), encoding="utf-8")
    renamed = folder.rename(folder.with_name(data["generation"]))
    for name in (CURRENT, ORDER):
        listed = (store.folder / name).read_text(encoding="ascii") if (store.folder / name).exists() else ""
        (store.folder / name).write_text(listed.replace(folder.name, renamed.name), encoding="ascii")
    return renamed


def rewrite_array(path: Path, change: Callable[[np.ndarray[Any, Any]], np.ndarray[Any, Any]]) -> None:
    """Replaces a saved array by what `change` makes of it."""
    np.save(path, change(np.load(path)), allow_pickle=False)


def _digest(folder: Path) -> str:
    return Manifest.open(folder).digest
