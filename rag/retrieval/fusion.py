"""Two ranked lists to one: pure functions that do not care in what order their lists come.

The default is the sum of min-max normalised scores; docs/retrieval.md has the figures against reciprocal rank fusion.
"""

from __future__ import annotations

from collections.abc import Mapping

DENSE_WEIGHT = 0.5
"""Share of the dense leg in the sum; the rest is the keyword leg's."""

RRF_OFFSET = 60
"""As in Cormack, Clarke and Buettcher, SIGIR 2009: it keeps the first few ranks from deciding alone."""

Scores = Mapping[int, float]
"""Row → score, higher is better."""


def min_max_sum(dense: Scores, lexical: Scores, weight: float = DENSE_WEIGHT) -> list[tuple[int, float]]:
    """Rows with their fused scores in [0, 1], best first, equal ones by row.

    Args:
        dense: cosines of the dense leg's candidates.
        lexical: BM25 scores of the keyword leg's candidates.
        weight: share of the dense leg; a leg without candidates leaves the whole to the other.
    """
    if not dense or not lexical:
        weight = 1.0 if dense else 0.0
    near, worded = _normalised(dense), _normalised(lexical, floor=0.0)
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


def _normalised(leg: Scores, floor: float | None = None) -> dict[int, float]:
    """Scores on [0, 1]; the lowest candidate is 0, or `floor` is. A list of equals is all 1."""
    if not leg:
        return {}
    low, high = min(leg.values()) if floor is None else floor, max(leg.values())
    if high <= low:
        return dict.fromkeys(leg, 1.0)
    return {row: (score - low) / (high - low) for row, score in leg.items()}


def _ordered(fused: dict[int, float]) -> list[tuple[int, float]]:
    return sorted(fused.items(), key=lambda entry: (-entry[1], entry[0]))
