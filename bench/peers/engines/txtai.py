"""txtai: its hybrid index (FAISS and BM25), its own way of embedding."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from txtai import Embeddings

from bench.peers.engines.base import PASSAGE_PROMPT, QUERY_PROMPT, Passage, Vectors, articles_of

SCORING: dict[str, object] = {
    "default": {"hybrid": True},
    # The words of a clause are not divided: its characters are, one by one and in pairs.
    "bigrams": {
        "scoring": {"method": "bm25", "terms": True, "normalize": True, "tokenizer": {"ngrams": {"nmin": 1, "nmax": 2}}}
    },
}


class Txtai:
    """`Embeddings` with content left out: ids are enough to name articles."""

    def __init__(self, folder: Path, model: Path, variant: str) -> None:
        self._folder = str(folder / "index")
        self._config = {
            "path": str(model),
            "instructions": {"query": QUERY_PROMPT, "data": PASSAGE_PROMPT},
            **SCORING[variant],  # type: ignore[dict-item]
        }
        self._embeddings: Any = None

    def load_model(self) -> None:
        """Made with the index, as txtai does it."""
        self._embeddings = Embeddings(self._config)
        self._embeddings.batchtransform(["热身"], category="query")

    def build(self, passages: Sequence[Passage], vectors: Vectors | None) -> None:
        """`index`, then `save`."""
        embeddings = self._embeddings or Embeddings(self._config)
        if vectors is not None:
            # The one place that embeds: everything else of indexing runs as always.
            known = dict(zip((PASSAGE_PROMPT + one.text for one in passages), vectors, strict=True))
            embeddings.model.encode = lambda data, category=None: np.stack([known[text] for text in data])  # noqa: ARG005
        embeddings.index((one.id, one.text, None) for one in passages)
        embeddings.save(self._folder)

    def open(self) -> None:
        """`load`, model included."""
        self._embeddings = Embeddings()
        self._embeddings.load(self._folder)

    def search(self, question: str, k: int) -> list[str]:
        """Both legs, fused as txtai fuses them by default."""
        return articles_of(one for one, _ in self._embeddings.search(question, k))

    def replace(self, article: str, passages: Sequence[Passage]) -> None:
        """`delete` by id, `upsert`, `save`."""
        old = [one for one in self._embeddings.ids if articles_of([one]) == [article]]
        self._embeddings.delete(old)
        self._embeddings.upsert((one.id, one.text, None) for one in passages)
        self._embeddings.save(self._folder)


make = Txtai
