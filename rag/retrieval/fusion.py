"""Two lists of scores to one ranked list: pure functions that do not care in what order their lists come.

The default is a weighted sum of the two scores, each brought to [0, 1] by a scale of its own; docs/retrieval.md has the
figures against the alternatives.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from operator import itemgetter

DENSE_WEIGHT = 0.5
"""Share of the dense leg in the sum; the rest is the keyword leg's."""

DENSE_REACH = 5.0
"""How many standard deviations of all cosines below the best one a cosine counts nothing.

Models differ in how wide their cosines spread (0.015 with the bundled one), so no fixed width would do.
"""

RRF_OFFSET = 60
"""As in Cormack, Clarke and Buettcher, SIGIR 2009: it keeps the first few ranks from deciding alone."""

Scores = Mapping[int, float]
"""Row → score, higher is better."""


def weighted_sum(
    dense: Scores, lexical: Scores, spread: float, weight: float = DENSE_WEIGHT
) -> list[tuple[int, float]]:
    """Rows with their fused scores in [0, 1], best first, equal ones by row.

    Args:
        dense: cosines.
        lexical: BM25 scores, 0 or more.
        spread: standard deviation of the cosines of the query with the index at large.
        weight: share of the dense leg; a leg without any score leaves the whole to the other.
    """
    return added(shares(dense, lexical, spread, weight))


@dataclass(frozen=True, slots=True)
class Shares:
    """What each leg adds to the fused score of every row; a leg without a score for a row adds nothing."""

    dense: Scores
    lexical: Scores


def shares(dense: Scores, lexical: Scores, spread: float, weight: float = DENSE_WEIGHT) -> Shares:
    """The two addends of `weighted_sum`, by row; the arguments are the same."""
    weight = leg_weight(bool(dense), any(lexical.values()), weight)
    near, worded = _from_top(dense, DENSE_REACH * spread), _from_zero(lexical)
    return Shares(
        {row: weight * score for row, score in near.items()},
        {row: (1 - weight) * score for row, score in worded.items()},
    )


def added(both: Shares) -> list[tuple[int, float]]:
    """Rows with the sums of their shares, best first, equal ones by row."""
    rows = both.dense.keys() | both.lexical.keys()
    return _ordered({row: both.dense.get(row, 0.0) + both.lexical.get(row, 0.0) for row in rows})


def leg_weight(dense: bool, lexical: bool, weight: float = DENSE_WEIGHT) -> float:
    """The share of the dense leg once it is known which legs scored anything: all or nothing where one did not."""
    return weight if dense and lexical else float(dense)


def min_max_sum(dense: Scores, lexical: Scores, weight: float = DENSE_WEIGHT) -> list[tuple[int, float]]:
    """The sum with each list stretched from its lowest to its highest; kept to measure against."""
    low = min(dense.values(), default=0.0)
    near, worded = _from_top(dense, max(dense.values(), default=0.0) - low), _from_zero(lexical)
    fused = {
        row: weight * near.get(row, 0.0) + (1 - weight) * worded.get(row, 0.0) for row in dense.keys() | lexical.keys()
    }
    return _ordered(fused)


def reciprocal_ranks(dense: Scores, lexical: Scores, offset: int = RRF_OFFSET) -> list[tuple[int, float]]:
    """Reciprocal rank fusion, scaled so that first place in both lists is 1; kept to measure against."""
    fused: dict[int, float] = {}
    for leg in (dense, lexical):
        for row, rank in ranks(leg).items():
            fused[row] = fused.get(row, 0.0) + (offset + 1) / (offset + rank) / 2
    return _ordered(fused)


def ranks(leg: Scores) -> dict[int, int]:
    """Row → rank counted from 1, equal scores by row."""
    return {row: rank for rank, (row, _) in enumerate(_ordered(dict(leg)), start=1)}


def _from_top(leg: Scores, reach: float) -> dict[int, float]:
    """The best is 1, what lies `reach` below it 0; without a reach, only the best count."""
    top = max(leg.values(), default=0.0)
    return {
        row: max(0.0, 1 - (top - score) / reach) if reach > 0 else float(score == top) for row, score in leg.items()
    }


def _from_zero(leg: Scores) -> dict[int, float]:
    """The best is 1, nothing is 0."""
    top = max(leg.values(), default=0.0)
    return {row: score / top if top > 0 else 0.0 for row, score in leg.items()}


def _ordered(fused: dict[int, float]) -> list[tuple[int, float]]:
    by_row = sorted(fused.items())
    by_row.sort(key=itemgetter(1), reverse=True)  # stable, so equal scores stay ordered by row; no call of Python's own
    return by_row
