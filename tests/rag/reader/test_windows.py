"""The stretch that is shown around a sentence."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from rag.reader.windows import window_around

SENTENCES = [(0, 30), (30, 50), (50, 100), (100, 140), (140, 150)]


def test_a_window_grows_to_both_sides() -> None:
    assert window_around(SENTENCES, 2, 95) == (1, 3)
    assert window_around(SENTENCES, 2, 115) == (1, 4)
    assert window_around(SENTENCES, 2, 1000) == (0, 5)


def test_a_sentence_that_is_too_long_stays_whole() -> None:
    assert window_around(SENTENCES, 2, 10) == (2, 3)


def test_at_an_end_it_grows_to_the_other_side() -> None:
    assert window_around(SENTENCES, 0, 60) == (0, 2)
    assert window_around(SENTENCES, 4, 60) == (3, 5)


@given(lengths=st.lists(st.integers(1, 80), min_size=1, max_size=20), data=st.data(), longest=st.integers(1, 400))
def test_a_window_holds_its_sentence_and_is_as_long_as_allowed(
    lengths: list[int], data: st.DataObject, longest: int
) -> None:
    starts = [sum(lengths[:number]) for number in range(len(lengths) + 1)]
    sentences = list(pairwise(starts))
    centre = data.draw(st.integers(0, len(sentences) - 1))
    first, last = window_around(sentences, centre, longest)
    assert 0 <= first <= centre < last <= len(sentences)
    length = sentences[last - 1][1] - sentences[first][0]
    assert length <= max(longest, lengths[centre])
    for wider in ((first - 1, last), (first, last + 1)):
        if wider[0] >= 0 and wider[1] <= len(sentences):
            assert sentences[wider[1] - 1][1] - sentences[wider[0]][0] > longest
