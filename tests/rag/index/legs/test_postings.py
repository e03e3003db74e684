"""Carrying a keyword index over is the same as building it anew, whatever stays, goes, comes or moves."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.index.legs import postings
from rag.index.legs.keyword_index import KeywordIndex, TermCounts
from rag.index.legs.postings import carry_over

TEXTS = st.lists(st.lists(st.sampled_from("甲乙丙丁戊己庚辛"), max_size=6), max_size=8)


def _same(one: KeywordIndex, other: KeywordIndex) -> bool:
    return all(np.array_equal(left, right) for left, right in zip(one.arrays, other.arrays, strict=True))


@given(old=TEXTS, made=TEXTS, data=st.data())
def test_carried_over_is_as_built_anew(old: list[list[str]], made: list[list[str]], data: st.DataObject) -> None:
    stays = [row for row in range(len(old)) if data.draw(st.booleans())]
    order = data.draw(st.permutations([*stays, *([-1] * len(made))])) if data.draw(st.booleans()) else None
    if order is None:  # the usual case: what stays is in order, what is new stands between
        order = list(stays)
        for _ in made:
            order.insert(data.draw(st.integers(0, len(order))), -1)
    texts = iter(made)
    expected = KeywordIndex.build(TermCounts.of_texts([old[row] if row >= 0 else next(texts) for row in order]))
    index = KeywordIndex.build(TermCounts.of_texts(old))
    for share in (0.0, 2.0):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(postings, "_MOST_NEW", share * 1e9)
            found = carry_over(index, np.array(order, np.int64), TermCounts.of_texts(made))
        assert _same(found, expected)


def test_a_row_that_is_wanted_twice_is_there_twice() -> None:
    index = KeywordIndex.build(TermCounts.of_texts([["甲"], ["乙", "甲"]]))
    found = carry_over(index, np.array([1, 0, 1]), TermCounts.of_texts([]))
    assert _same(found, KeywordIndex.build(TermCounts.of_texts([["乙", "甲"], ["甲"], ["乙", "甲"]])))
