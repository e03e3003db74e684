"""A question to ranked hits: dense and keyword candidates from one generation, fused."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rag.embedding.base import Embedder
from rag.errors import IndexMismatch
from rag.index.legs.base import LexicalQuery, Restriction, RowMask, restriction_of
from rag.index.storage.generation import Generation
from rag.retrieval.copies import Copies
from rag.retrieval.dating import parse_dates
from rag.retrieval.explaining import explain_search
from rag.retrieval.fusion import added, ranks, shares
from rag.retrieval.preference import ArticleDates, Wanted, prefer
from rag.stages import stage
from rag.types import Filters, Hit, Mode, Ranks, SearchResult

CANDIDATES = 200
"""Rows that each leg puts forward."""

FITTING = 50
"""Rows more that each leg puts forward of the articles whose dates fit the question's."""
READ_FOR_DATES = 20
"""Rows whose words are read for the days that they tell of, and so much of the article's beginning."""
LEAD = 120
"""Characters of that beginning: there stands when."""

_BACKGROUND_ROWS = 512


class Candidate(NamedTuple):
    """A chunk that a leg put forward, with what each leg says of it. A tuple: a search makes hundreds of them."""

    row: int
    score: float
    """Fused, in [0, 1]; for ordering within one search only."""
    cosine: float | None
    """None where the dense leg was not asked."""
    bm25: float | None
    """0 without a common word; None where the keyword leg was not asked."""
    dense_rank: int | None
    lexical_rank: int | None
    """Among what each leg put forward by itself, counted from 1; None where it is not among that."""
    shares: tuple[float, float] = (0.0, 0.0)
    """What the dense and the keyword leg add to `score`, before dates are looked at."""
    dates: float = 0.0
    """How well the article's dates fit those that the question names, in [0, 1]; 0 where it names none."""

    @property
    def ranks(self) -> Ranks:
        """The rank in each leg."""
        return Ranks(dense=self.dense_rank, lexical=self.lexical_rank)


class Retriever:
    """Searches one generation. Safe to share between threads.

    Args:
        generation: what is searched.
        embedder: the model that the generation was built with.
        today: tells the reader's day, from which last year and the like are counted.

    Raises:
        IndexMismatch: the generation was built with another model.
    """

    def __init__(self, generation: Generation, embedder: Embedder, today: Callable[[], date] = date.today) -> None:
        if embedder.fingerprint != generation.manifest.model_fingerprint:
            raise IndexMismatch(
                f"the index {generation.id} was built with the embedding model {generation.manifest.model} "
                f"({generation.manifest.model_fingerprint}), and this is {embedder.name} ({embedder.fingerprint})",
                hint="Run `wenbao index` to build it anew, or set embedding_model back.",
            )
        self._generation = generation
        self._embedder = embedder
        self._today = today
        # Rows drawn once, the same for every query: what cosines look like in this index at large.
        size = len(generation.vectors)
        drawn = np.random.default_rng(0).choice(size, min(size, _BACKGROUND_ROWS), replace=False)
        self._background = generation.vectors.vectors(np.sort(drawn).astype(np.int64))

    def search(
        self,
        query: str,
        top_k: int = 10,
        mode: Mode = "hybrid",
        filters: Filters | None = None,
        explain: bool = False,
    ) -> SearchResult:
        """The chunks that fit a query best.

        Args:
            query: plain words in any script; one without any word is searched by its vector alone.
            top_k: how many hits at most.
            mode: both legs fused, or one of them.
            filters: restrictions; None restricts nothing.
            explain: also tell the figures behind the hits.

        Raises:
            InputError: a filter that cannot be used.
        """
        began = time.perf_counter()
        filters = filters or Filters()
        mask = self._generation.mask(filters)
        copies, k = Copies(self._generation, mask), max(CANDIDATES, top_k)
        found = self.candidates(query, k, mask, mode, dated=not filters.dated)
        hits = self._shown(copies, found, top_k)
        while len(hits) < top_k and len(found) >= k:  # the rest of what was put forward are copies
            k *= 4
            found = self.candidates(query, k, mask, mode, dated=not filters.dated)
            hits = self._shown(copies, found, top_k)
        explanation = explain_search(self._generation, query, mask, found, hits) if explain else None
        took_ms = 1000 * (time.perf_counter() - began)
        return SearchResult(query, mode, hits, self._generation.id, took_ms, explanation)

    def candidates(
        self,
        query: str,
        k: int = CANDIDATES,
        mask: NDArray[np.bool_] | None = None,
        mode: Mode = "hybrid",
        vector: NDArray[np.float32] | None = None,
        dated: bool = True,
    ) -> list[Candidate]:
        """What the legs put forward, best first.

        Args:
            query: plain words.
            k: rows per leg, so that up to 2k may come back.
            mask: (n,) true for the rows that may be returned, as from `Generation.mask`.
            mode: both legs fused, or one of them.
            vector: the query's vector where the caller has it already.
            dated: whether dates in the query count; not where the reader has set dates already.
        """
        wanted = self._wanted(query) if dated else None
        dense: dict[int, float] = {}
        lexical: dict[int, float] = {}
        spread = 0.0
        if mode != "lexical":
            if vector is None:
                vector = self._embedder.embed_query(query)
            with stage("dense"):
                dense = _by_row(*self._generation.vectors.search(vector, k, mask))
                spread = float(np.std(self._background @ vector)) if len(self._background) else 0.0
        if mode != "dense":
            with stage("keyword"):
                words = self._generation.words.asked(self._generation.analyzer.terms(query))
                lexical = _by_row(*words.best(k, mask))
        with stage("fuse"):
            dense_ranks, lexical_ranks = ranks(dense), ranks(lexical)
            if wanted is not None:
                fitting = self._fitting(wanted, mask)
                if vector is not None and mode != "lexical":
                    dense = _by_row(*self._generation.vectors.search(vector, FITTING, fitting)) | dense
                if mode != "dense":
                    lexical = _by_row(*words.best(FITTING, fitting)) | lexical
            if mode == "hybrid" and vector is not None:
                dense, lexical = self._complete(dense, lexical, vector, words)
            both = shares(dense, lexical, spread)
            fused = added(both)
            fits = self._fits(fused, wanted) if wanted is not None else {}
            return [
                Candidate(
                    row,
                    score,
                    dense.get(row),
                    lexical.get(row),
                    dense_ranks.get(row),
                    lexical_ranks.get(row),
                    (both.dense.get(row, 0.0), both.lexical.get(row, 0.0)),
                    fits.get(row, 0.0),
                )
                for row, score in prefer(fused, fits)
            ]

    def _complete(
        self, dense: dict[int, float], lexical: dict[int, float], vector: NDArray[np.float32], words: LexicalQuery
    ) -> tuple[dict[int, float], dict[int, float]]:
        """What one leg put forward is scored by the other, too: a missing score would say more than a low one."""
        only_lexical = np.asarray(sorted(lexical.keys() - dense.keys()), np.int64)
        only_dense = np.asarray(sorted(dense.keys() - lexical.keys()), np.int64)
        return (
            dense | _by_row(only_lexical, self._generation.vectors.cosines(vector, only_lexical)),
            lexical | _by_row(only_dense, words.scores_of(only_dense)),
        )

    @staticmethod
    def _shown(copies: Copies, found: list[Candidate], top_k: int) -> tuple[Hit, ...]:
        with stage("fuse"):
            return copies.hits(found, top_k)

    def _fitting(self, wanted: Wanted, mask: NDArray[np.bool_] | None) -> NDArray[np.bool_]:
        """(n,) true for the rows of articles whose dates fit, among those that a mask lets through."""
        fitting = wanted.printed[self._generation.chunk_articles] > 0
        before = restriction_of(mask) or Restriction()
        return RowMask.of(fitting if mask is None else fitting & mask, replace(before, printed=wanted.stretches))

    def _wanted(self, query: str) -> Wanted | None:
        """The days that a query asks about; None where it names none, or none that any article fits."""
        stretches = parse_dates(query)
        return self._dates.wanted(stretches, self._today()) if stretches else None

    def _fits(self, fused: list[tuple[int, float]], wanted: Wanted) -> dict[int, float]:
        """How well each row's article fits: by when it was printed and, of the likeliest, by what the words tell."""
        ordinals = {row: int(self._generation.chunk_articles[row]) for row, _ in fused}
        fits = {row: wanted.fit(ordinal) for row, ordinal in ordinals.items()}
        for row, _ in prefer(fused, fits)[:READ_FOR_DATES]:
            chunk, article = self._generation.chunk(row), self._generation.article_of(row)
            text = f"{article.text[: min(LEAD, chunk.start)]}\n{chunk.text}"
            fits[row] = wanted.fit(ordinals[row], wanted.told(text, self._dates.of(ordinals[row])))
        return fits

    @cached_property
    def _dates(self) -> ArticleDates:
        return ArticleDates(self._generation.article_days())


def _by_row(rows: NDArray[np.int64], scores: NDArray[Any]) -> dict[int, float]:
    return dict(zip(rows.tolist(), scores.tolist(), strict=True))
