"""How a search came to its hits, and where any passage stands: told when asked, never on the way of a search."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from rag.explanations import HitExplanation, LegScore, LegStanding, PassageStanding, SearchExplanation, TermExplanation
from rag.index.storage.generation import Generation
from rag.index.text.terms import PAIR_MARK
from rag.retrieval.fusion import leg_weight
from rag.types import Chunk, Hit

if TYPE_CHECKING:
    from rag.retrieval.retriever import Candidate


def explain_search(
    generation: Generation,
    query: str,
    mask: NDArray[np.bool_] | None,
    candidates: Sequence[Candidate],
    hits: Sequence[Hit],
) -> SearchExplanation:
    """The figures behind hits.

    Args:
        mask: what was searched, as in `Retriever.candidates`.
        candidates: what the legs put forward, best first.
        hits: taken from the candidates, in their order.
    """
    words = question_words(generation, query)
    counts = generation.words.document_frequency(words).tolist()
    weights = generation.words.idf(words).tolist()
    passages = len(generation)
    return SearchExplanation(
        terms=tuple(map(TermExplanation, words, counts, weights)),
        dense_weight=leg_weight(
            any(candidate.cosine is not None for candidate in candidates),
            any(candidate.bm25 for candidate in candidates),
        ),
        passages=passages,
        searched=passages if mask is None else int(np.count_nonzero(mask)),
        candidates=len(candidates),
        hits=tuple(_explain_hits(generation, words, candidates, hits)),
    )


def _explain_hits(
    generation: Generation, words: Sequence[str], candidates: Sequence[Candidate], hits: Sequence[Hit]
) -> list[HitExplanation]:
    explained: list[HitExplanation] = []
    remaining = iter(candidates)
    for hit in hits:
        candidate = next(one for one in remaining if generation.chunk(one.row).chunk_id == hit.chunk.chunk_id)
        dense, lexical = candidate.shares
        held, lacking = held_words(generation, words, hit.chunk)
        explained.append(
            HitExplanation(
                rank=hit.rank,
                article_id=hit.article.article_id,
                chunk_id=hit.chunk.chunk_id,
                score=hit.score,
                dense=LegScore(candidate.ranks.dense, candidate.cosine, dense),
                lexical=LegScore(candidate.ranks.lexical, candidate.bm25, lexical),
                dates=round(hit.score - dense - lexical, 9),  # what is left of adding in another order is nothing
                held=held,
                lacking=lacking,
            )
        )
    return explained


def question_words(generation: Generation, query: str) -> list[str]:
    """The words that the keyword leg looks for, each once; the pairs of characters beside them are left out."""
    return [word for word in dict.fromkeys(generation.analyzer.terms(query)) if not word.startswith(PAIR_MARK)]


def held_words(generation: Generation, words: Sequence[str], chunk: Chunk) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The words that a passage or its headline holds, and those that it lacks."""
    terms = frozenset(generation.analyzer.terms(chunk.indexed_text))
    return tuple(word for word in words if word in terms), tuple(word for word in words if word not in terms)


class Standings:
    """Where every passage stands for one question, in each leg and after fusion.

    Args:
        query: the question as it is looked up.
        vector: its embedding.
        mask: what is searched, as in `Retriever.candidates`.
        candidates: what the legs put forward for it, best first.
    """

    def __init__(
        self,
        generation: Generation,
        query: str,
        vector: NDArray[np.float32],
        mask: NDArray[np.bool_] | None,
        candidates: Sequence[Candidate],
    ) -> None:
        self._generation = generation
        self._words = question_words(generation, query)
        self._mask = np.ones(len(generation), np.bool_) if mask is None else mask
        self._vector = vector
        self._asked = generation.words.asked(generation.analyzer.terms(query))
        self._cosines = generation.vectors.all_cosines(vector)
        self._bm25 = generation.words.scores(generation.analyzer.terms(query))
        self._ranks_all = not np.isnan(self._cosines).any()
        self._candidates = {candidate.row: (rank, candidate) for rank, candidate in enumerate(candidates, start=1)}

    @property
    def searched(self) -> int:
        """Passages that the filters let through."""
        return int(np.count_nonzero(self._mask))

    def best(self, rows: Sequence[int]) -> PassageStanding | None:
        """The best of some passages: by fusion, else by whichever leg has it further up; None of none."""
        if not rows:
            return None
        self._complete(np.asarray(rows, np.int64))
        return self._standing(min(rows, key=self._order))

    def _complete(self, rows: NDArray[np.int64]) -> None:
        """Scores rows exactly where the store ranks only the best."""
        if not self._ranks_all:
            self._cosines[rows] = self._generation.vectors.cosines(self._vector, rows)
            self._bm25[rows] = self._asked.scores_of(rows)

    def _order(self, row: int) -> tuple[float, float, int]:
        fused = self._candidates[row][0] if row in self._candidates else np.inf
        ranks = (self._rank(self._cosines, row), self._rank(self._bm25, row) if self._bm25[row] > 0 else np.inf)
        return fused, min(ranks), row

    def _standing(self, row: int) -> PassageStanding:
        chunk = self._generation.chunk(row)
        rank, candidate = self._candidates.get(row, (None, None))
        held, lacking = held_words(self._generation, self._words, chunk)
        allowed = bool(self._mask[row])
        return PassageStanding(
            chunk_id=chunk.chunk_id,
            spans=chunk.spans,
            text=chunk.text,
            dense=LegStanding(
                rank=self._rank(self._cosines, row) if allowed else None,
                score=float(self._cosines[row]),
                put_forward=candidate is not None and candidate.ranks.dense is not None,
            ),
            lexical=LegStanding(
                rank=self._rank(self._bm25, row) if allowed and self._bm25[row] > 0 else None,
                score=float(self._bm25[row]),
                put_forward=candidate is not None and candidate.ranks.lexical is not None,
            ),
            rank=rank,
            score=candidate.score if candidate is not None else None,
            held=held,
            lacking=lacking,
        )

    def _rank(self, scores: NDArray[np.float32], row: int) -> int:
        return 1 + int(np.count_nonzero(scores[self._mask] > scores[row]))
