"""Quality and speed of retrieval on an index that is there: both legs, their fusion, and reciprocal ranks beside it.

    python -m bench.retrieval --questions QUESTIONS.jsonl[.gz] --vectors DIR [--limit 500] [--model bundled]

Each line of QUESTIONS has a `question` and the `article_ids` that answer it. A question counts by the best chunk of its
article. Latency is that of a leg with the query's vector at hand; making the vector is a line of its own. Nothing is
written.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.common import Asked, at_least_one, latency, print_table, read_questions, run
from rag.embedding import model
from rag.embedding.base import Embedder
from rag.embedding.model import BUNDLED
from rag.errors import InputError
from rag.index.storage.generation import Generation
from rag.index.storage.store import Store
from rag.retrieval.fusion import reciprocal_ranks
from rag.retrieval.retriever import Retriever
from rag.types import Mode

DEPTH = 10
"""Articles looked at: the first so many, each by its best chunk."""

Rows = list[int]
"""Chunks by their rows, best first."""
Search = Callable[[str, NDArray[np.float32]], Rows]


@dataclass
class Score:
    """What one way of searching reached, question by question."""

    ranks: list[int | None] = field(default_factory=list)
    """Of the first article that answers, from 1; None where it is not among the first `DEPTH`."""
    seconds: list[float] = field(default_factory=list)

    def recall(self, depth: int) -> float:
        """Share of the questions whose article stands among the first `depth`."""
        return float(np.mean([rank is not None and rank <= depth for rank in self.ranks]))

    @property
    def mean_reciprocal_rank(self) -> float:
        """1 where the right article is always first; 0 for one beyond `DEPTH`."""
        return float(np.mean([1 / rank if rank else 0.0 for rank in self.ranks]))


def main(arguments: Sequence[str] | None = None) -> int:
    """Measures and prints; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.retrieval", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--questions", type=Path, required=True, help="lines with `question` and `article_ids`")
    parser.add_argument("--vectors", type=Path, required=True, help="folder that holds the index")
    parser.add_argument("--limit", type=at_least_one, help="a fixed draw of so many questions (all)")
    parser.add_argument("--model", default=BUNDLED, help="the embedding model the index was built with")
    options = parser.parse_args(arguments)
    return run(lambda: measure(options.questions, options.vectors, options.limit, options.model))


def measure(path: Path, vectors: Path, limit: int | None, name: str) -> None:
    """Runs every question through every way of searching and prints a table.

    Raises:
        InputError: the questions cannot be read, or none of them names an article of the index.
        StoreError: the index cannot be opened.
        ModelError: the model cannot be used.
    """
    asked, empty = read_questions(path, limit)
    generation = Store(vectors).current()
    embedder = model.open_embedder(name)
    known = [one for one in asked if one.article_ids]
    if not known:
        raise InputError(f"no question in {path} names an article", hint='Each line needs "article_ids".')
    scores, embedding = score(generation, embedder, known)
    counts = generation.counts
    print(
        f"{len(known)} questions, {empty} empty and {len(asked) - len(known)} without an article left out; "
        f"{counts.articles:,} articles, {counts.chunks:,} chunks, {counts.characters:,} characters\n"
    )
    print_table(
        ["way", "recall@1", "recall@5", "recall@10", "MRR@10", "ms p50 · p95"],
        [
            [
                way,
                *(f"{one.recall(depth):.3f}" for depth in (1, 5, 10)),
                f"{one.mean_reciprocal_rank:.3f}",
                latency(one.seconds),
            ]
            for way, one in scores.items()
        ],
    )
    print(f"\nthe query's vector: {latency(embedding)} ms")


def score(generation: Generation, embedder: Embedder, asked: Sequence[Asked]) -> tuple[dict[str, Score], list[float]]:
    """Way of searching → its score, and the seconds that each query's vector took."""
    searches = ways(Retriever(generation, embedder))
    scores = {way: Score() for way in searches}
    embedding: list[float] = []
    for one in asked:
        began = time.perf_counter()
        vector = embedder.embed_query(one.question)
        embedding.append(time.perf_counter() - began)
        for way, search in searches.items():
            began = time.perf_counter()
            rows = search(one.question, vector)
            scores[way].seconds.append(time.perf_counter() - began)
            scores[way].ranks.append(rank_of(one.article_ids, generation, rows))
    return scores, embedding


def ways(retriever: Retriever) -> dict[str, Search]:
    """The ways of searching by name."""

    def by_mode(mode: Mode) -> Search:
        return lambda query, vector: [found.row for found in retriever.candidates(query, mode=mode, vector=vector)]

    def by_reciprocal_ranks(query: str, vector: NDArray[np.float32]) -> Rows:
        dense = retriever.candidates(query, mode="dense", vector=vector)
        lexical = retriever.candidates(query, mode="lexical")
        fused = reciprocal_ranks(
            {found.row: found.cosine or 0.0 for found in dense}, {found.row: found.bm25 or 0.0 for found in lexical}
        )
        return [row for row, _ in fused]

    return {
        "dense": by_mode("dense"),
        "lexical": by_mode("lexical"),
        "hybrid": by_mode("hybrid"),
        "reciprocal ranks": by_reciprocal_ranks,
    }


def rank_of(article_ids: Sequence[str], generation: Generation, rows: Rows) -> int | None:
    """Rank of the first of these articles among the first `DEPTH`, each counted once at its best chunk."""
    ordinals = list(dict.fromkeys(int(ordinal) for ordinal in generation.chunk_articles[rows]))[:DEPTH]
    found = (generation.article_at(ordinal).article_id in article_ids for ordinal in ordinals)
    return next((rank for rank, right in enumerate(found, start=1) if right), None)


if __name__ == "__main__":
    raise SystemExit(main())
