"""Plain sentence-transformers and FAISS: an exact index of inner products and a list of ids beside it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import faiss
import numpy as np

from bench.peers.engines.base import Passage, TorchModel, Vectors, articles_of


class FaissFlat:
    """`IndexFlatIP`; row *i* is the passage `ids[i]`."""

    def __init__(self, folder: Path, model: Path, variant: str) -> None:  # noqa: ARG002  # there is one
        self._folder = folder
        self._source = model
        self._model: TorchModel | None = None
        self._index: Any = None
        self._ids: list[str] = []

    @property
    def model(self) -> TorchModel:
        """Loaded when it is first needed."""
        self._model = self._model or TorchModel(self._source)
        return self._model

    def load_model(self) -> None:
        """Loads it and runs it once."""
        self.model.embed_query("热身")

    def build(self, passages: Sequence[Passage], vectors: Vectors | None) -> None:
        """Adds all vectors at once."""
        if vectors is None:
            vectors = self.model.embed_passages([one.text for one in passages])
        self._index = faiss.IndexFlatIP(vectors.shape[1])
        self._index.add(np.ascontiguousarray(vectors))
        self._ids = [one.id for one in passages]
        self._save()

    def open(self) -> None:
        """Reads index and ids."""
        self._index = faiss.read_index(str(self._folder / "index.faiss"))
        self._ids = json.loads((self._folder / "ids.json").read_text(encoding="utf-8"))

    def search(self, question: str, k: int) -> list[str]:
        """Exact."""
        _, rows = self._index.search(self.model.embed_query(question)[None], min(k, len(self._ids)))
        return articles_of(self._ids[row] for row in rows[0])

    def replace(self, article: str, passages: Sequence[Passage]) -> None:
        """Takes the old rows out (those behind move up), adds the new ones and writes both files again."""
        old = [row for row, article_id in enumerate(articles_of(self._ids)) if article_id == article]
        self._index.remove_ids(np.asarray(old, np.int64))
        self._index.add(self.model.embed_passages([one.text for one in passages]))
        gone = set(old)
        self._ids = [one for row, one in enumerate(self._ids) if row not in gone] + [one.id for one in passages]
        self._save()

    def _save(self) -> None:
        faiss.write_index(self._index, str(self._folder / "index.faiss"))
        (self._folder / "ids.json").write_text(json.dumps(self._ids), encoding="utf-8")


make = FaissFlat
