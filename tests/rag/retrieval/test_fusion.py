"""Laws of fusion."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.retrieval.fusion import min_max_sum, ranks, reciprocal_ranks, weighted_sum

ROWS = st.integers(0, 30)
COSINES = st.dictionaries(ROWS, st.floats(-1, 1, width=32), max_size=12)
WEIGHTS = st.dictionaries(ROWS, st.floats(0, 40, width=32), max_size=12)
SPREADS = st.floats(0, 0.3)


@given(COSINES, WEIGHTS, SPREADS, st.randoms(use_true_random=False))
def test_the_order_of_the_lists_does_not_matter(
    dense: dict[int, float], lexical: dict[int, float], spread: float, random: object
) -> None:
    shuffled = []
    for leg in (dense, lexical):
        entries = list(leg.items())
        random.shuffle(entries)  # type: ignore[attr-defined]
        shuffled.append(dict(entries))
    assert weighted_sum(*shuffled, spread) == weighted_sum(dense, lexical, spread)
    assert min_max_sum(*shuffled) == min_max_sum(dense, lexical)
    assert reciprocal_ranks(*shuffled) == reciprocal_ranks(dense, lexical)


@given(COSINES, WEIGHTS, SPREADS)
def test_every_row_once_with_a_score_within_bounds_best_first(
    dense: dict[int, float], lexical: dict[int, float], spread: float
) -> None:
    for fused in (weighted_sum(dense, lexical, spread), min_max_sum(dense, lexical), reciprocal_ranks(dense, lexical)):
        assert sorted(row for row, _ in fused) == sorted(dense.keys() | lexical.keys())
        assert all(0 <= score <= 1 + 1e-9 for _, score in fused)
        assert fused == sorted(fused, key=lambda entry: (-entry[1], entry[0]))


@given(COSINES, SPREADS)
def test_one_leg_alone_keeps_its_best(dense: dict[int, float], spread: float) -> None:
    if dense:
        best = max(dense.values())
        assert weighted_sum(dense, {}, spread)[0][1] == 1.0
        assert dense[weighted_sum(dense, {}, spread)[0][0]] == pytest.approx(best, abs=1e-12)


def test_a_row_that_both_legs_put_high_wins() -> None:
    dense, lexical = {1: 0.9, 2: 0.88, 3: 0.7}, {4: 10.0, 2: 9.0, 3: 1.0}
    assert weighted_sum(dense, lexical, 0.02)[0][0] == 2
    assert reciprocal_ranks(dense, lexical)[0][0] == 2


def test_ranks_count_from_one_and_equals_by_row() -> None:
    assert ranks({5: 0.1, 3: 0.4, 2: 0.4}) == {2: 1, 3: 2, 5: 3}
