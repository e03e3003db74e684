"""One hit for what several articles print: the best one is shown, the others are listed behind it.

Folding comes after filtering, so a report is found through whichever of its articles the filters let through.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from rag.index.copies.likeness import Profile, profile, repeats
from rag.index.storage.generation import Generation
from rag.types import Article, Hit, Ranks

MOST_LISTED = 50
"""Articles listed behind a hit at most."""


class Ranked(Protocol):
    """A row that was found; `rag.retrieval.retriever.Candidate` is one."""

    @property
    def row(self) -> int: ...
    @property
    def score(self) -> float: ...
    @property
    def ranks(self) -> Ranks: ...


class Copies:
    """The groups of one generation as one search sees them.

    Args:
        generation: what is searched.
        mask: (n,) true for the rows that the filters let through; None lets all through.
    """

    def __init__(self, generation: Generation, mask: NDArray[np.bool_] | None = None) -> None:
        self._generation = generation
        self._mask = mask
        self._profiles: dict[int, Profile] = {}

    def hits(self, candidates: Iterable[Ranked], top_k: int) -> tuple[Hit, ...]:
        """The first `top_k` candidates as hits, without what an article of the same group before them prints too.

        The article that comes first keeps all its passages; another one of its group keeps those that it alone has.
        """
        shown: dict[int, list[int]] = {}
        hits: list[Hit] = []
        for candidate in candidates:
            if len(hits) == top_k:
                break
            ordinal = int(self._generation.chunk_articles[candidate.row])
            before = shown.setdefault(int(self._generation.groups[ordinal]), [])
            earlier = before[: before.index(ordinal)] if ordinal in before else before
            if earlier and self._repeated(candidate.row, earlier):
                continue
            if ordinal not in before:
                before.append(ordinal)
            hits.append(self._hit(len(hits) + 1, candidate, ordinal))
        return tuple(hits)

    def _hit(self, rank: int, candidate: Ranked, ordinal: int) -> Hit:
        return Hit(
            rank=rank,
            chunk=self._generation.chunk(candidate.row),
            article=self._generation.article_at(ordinal),
            score=candidate.score,
            ranks=candidate.ranks,
            others=self._others(ordinal),
        )

    def _others(self, ordinal: int) -> tuple[Article, ...]:
        """The articles that print the same report, in corpus order, as far as the filters let them through."""
        printing = filter(self._allowed, self._generation.copies_of(ordinal))
        return tuple(self._generation.article_at(other) for other in islice(printing, MOST_LISTED))

    def _repeated(self, row: int, earlier: Sequence[int]) -> bool:
        passage = profile(self._generation.chunk(row).text)
        return any(repeats(passage, self._profile_of(ordinal)) for ordinal in earlier)

    def _profile_of(self, ordinal: int) -> Profile:
        if ordinal not in self._profiles:
            self._profiles[ordinal] = profile(self._generation.article_at(ordinal).text)
        return self._profiles[ordinal]

    def _allowed(self, ordinal: int) -> bool:
        if self._mask is None:
            return True
        row = int(np.searchsorted(self._generation.chunk_articles, ordinal))
        return bool(row < len(self._mask) and self._generation.chunk_articles[row] == ordinal and self._mask[row])


def one_of_each(generation: Generation, ordinals: Iterable[int], fullest: bool = False) -> list[int]:
    """The articles, each report once: in the article that comes first.

    Args:
        generation: that the articles are of.
        ordinals: the articles, best first.
        fullest: also keep the article that has most of a report, where it is among them.
    """
    told: set[int] = set()
    kept: list[int] = []
    for ordinal in ordinals:
        group = int(generation.groups[ordinal])
        if group not in told or (fullest and ordinal == group):
            told.add(group)
            kept.append(ordinal)
    return kept
