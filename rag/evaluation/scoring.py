"""What a reply is worth against what is known about its question: pure functions, no index.

The definitions are those that docs/answering.md gives under "Measuring". Replies are read as a hurried reader reads
them: a short answer must stand near the beginning.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Sequence

from rag.evaluation.questions import Item

GLANCE = 160
"""Folded characters at the beginning of a reply in which a short answer must stand."""
READ = 1200
"""The same for a list and for an answer over all articles."""
LONG_TYPES = frozenset({"list", "aggregate"})
FIRST = (1, 3, 5, 10)
"""How many hits are read for `found@k`."""
RECALLED = (1, 5, 10)
"""How many articles are read for `recall@k`."""

_CITATION_MARK = re.compile(r"\[\d+(?:\s*[,、]\s*\d+)*\]")
_NO_WORD = re.compile(r"[\W_]+")

Place = tuple[str, int]
"""A character of the corpus: its source and its offset there."""


def fold(text: str) -> str:
    """Letters, digits and characters alone, in small letters and half width, without citation marks."""
    return _NO_WORD.sub("", _CITATION_MARK.sub("", unicodedata.normalize("NFKC", text))).lower()


def squeeze(text: str) -> str:
    """The text without white space."""
    return "".join(text.split())


def answer_mark(item: Item, reply: str) -> float:
    """Whether the known answer stands in the reply: 1 or 0; where all are wanted, the share of them."""
    shown = fold(reply)[: READ if item.type in LONG_TYPES else GLANCE]
    stands = [any(_within(form, shown) for form in (answer, *item.aliases.get(answer, ()))) for answer in item.answers]
    return sum(stands) / len(stands) if item.all_answers else float(any(stands))


def figures_mark(item: Item, reply: str) -> float:
    """Share of the figures that a yes or no rests on that the reply shows, anywhere."""
    shown = fold(reply)
    return sum(fold(figure) in shown for figure in item.support) / len(item.support)


def covered_share(evidence: Sequence[Collection[Place]], covered: set[Place]) -> float:
    """Share of the pieces of evidence of which at least half is covered."""
    return sum(2 * sum(place in covered for place in piece) >= len(piece) for piece in evidence) / len(evidence)


def rank_of_first(found: Sequence[str], wanted: Collection[str]) -> int | None:
    """Rank, from 1, of the first wanted article, each article counted once at its best; None beyond ten."""
    order = list(dict.fromkeys(found))[:10]
    return next((rank for rank, article_id in enumerate(order, start=1) if article_id in wanted), None)


def retrieval_marks(rank: int | None) -> dict[str, float]:
    """`recall@1`, `@5`, `@10` and the reciprocal rank."""
    recalls = {f"recall@{k}": float(rank is not None and rank <= k) for k in RECALLED}
    return recalls | {"mrr@10": 1 / rank if rank else 0.0}


def _within(answer: str, shown: str) -> bool:
    folded = fold(answer)
    return bool(folded) and folded in shown
