"""rank-bm25 over jieba's search-mode cuts: keywords alone, all in memory."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from pathlib import Path

import jieba
import numpy as np
from rank_bm25 import BM25Okapi

from bench.peers.engines.base import Passage, Vectors, articles_of


class RankBm25:
    """`BM25Okapi`, pickled with the cuts, so that an edit need not cut everything again."""

    def __init__(self, folder: Path, model: Path, variant: str) -> None:  # noqa: ARG002  # no model, one variant
        self._path = folder / "bm25.pickle"
        self._cuts: dict[str, list[str]] = {}
        self._index: BM25Okapi | None = None

    def load_model(self) -> None:
        """Has jieba read its dictionary; there is no model."""
        cut("热身")

    def build(self, passages: Sequence[Passage], vectors: Vectors | None) -> None:  # noqa: ARG002
        """Cuts and counts."""
        self._cuts = {one.id: cut(one.text) for one in passages}
        self._count()

    def open(self) -> None:
        """Reads the pickle."""
        with self._path.open("rb") as file:
            self._cuts, self._index = pickle.load(file)  # noqa: S301  # a file of our own, made a step before

    def search(self, question: str, k: int) -> list[str]:
        """Scores every passage."""
        if self._index is None:
            raise RuntimeError("open() comes first")
        scores = self._index.get_scores(cut(question))
        ids = list(self._cuts)
        return articles_of(ids[row] for row in np.argsort(-scores, kind="stable")[:k])

    def replace(self, article: str, passages: Sequence[Passage]) -> None:
        """Cuts what is new and counts everything again: the library has no update."""
        kept = {one: words for one, words in self._cuts.items() if articles_of([one]) != [article]}
        self._cuts = kept | {one.id: cut(one.text) for one in passages}
        self._count()

    def _count(self) -> None:
        self._index = BM25Okapi(list(self._cuts.values()))
        with self._path.open("wb") as file:
            pickle.dump((self._cuts, self._index), file)


def cut(text: str) -> list[str]:
    """jieba's cuts for search, folded to small letters."""
    return jieba.lcut_for_search(text.lower())


make = RankBm25
