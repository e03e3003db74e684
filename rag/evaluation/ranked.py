"""What a ranking of documents is worth against judgements: the measures of retrieval collections, as in trec_eval.

A judgement is a whole number: 0 or less for a document that does not bear on the query, more for one that does. A
document without one counts as one that does not. Rankings name each document once, the best first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import log2

NDCG_AT = 10
RECIPROCAL_AT = 10
RECALL_AT = (1, 5, 10, 100)

Judgements = Mapping[str, int]
"""Document → how relevant it is to one query."""


def ndcg(ranking: Sequence[str], judgements: Judgements, k: int) -> float:
    """Normalised discounted cumulative gain of the first k.

    The gain of a document is its judgement, discounted by log2(rank + 1), over what the best ranking would gain
    (Järvelin, Kekäläinen, "Cumulated gain-based evaluation of IR techniques", ACM TOIS 20(4), 2002,
    doi 10.1145/582415.582418, discounted from the first rank on, as trec_eval's `ndcg_cut` does). 0 where nothing is
    relevant.
    """
    best = _gain(sorted((grade for grade in judgements.values() if grade > 0), reverse=True)[:k])
    return _gain([max(judgements.get(name, 0), 0) for name in ranking[:k]]) / best if best else 0.0


def recall(ranking: Sequence[str], judgements: Judgements, k: int) -> float:
    """Share of the relevant documents that are among the first k; 0 where nothing is relevant."""
    relevant = {name for name, grade in judgements.items() if grade > 0}
    return len(relevant.intersection(ranking[:k])) / len(relevant) if relevant else 0.0


def reciprocal_rank(ranking: Sequence[str], judgements: Judgements, k: int) -> float:
    """One over the rank of the first relevant document among the first k, else 0 (Voorhees, "The TREC-8 Question
    Answering Track Report", 1999)."""
    ranks = (rank for rank, name in enumerate(ranking[:k], start=1) if judgements.get(name, 0) > 0)
    return 1 / next(ranks, float("inf"))


def ranking_marks(ranking: Sequence[str], judgements: Judgements) -> dict[str, float]:
    """Every measure of one query, each in [0, 1]."""
    return {
        f"ndcg@{NDCG_AT}": ndcg(ranking, judgements, NDCG_AT),
        **{f"recall@{k}": recall(ranking, judgements, k) for k in RECALL_AT},
        f"mrr@{RECIPROCAL_AT}": reciprocal_rank(ranking, judgements, RECIPROCAL_AT),
    }


def _gain(grades: Sequence[int]) -> float:
    return sum(grade / log2(rank + 1) for rank, grade in enumerate(grades, start=1))
