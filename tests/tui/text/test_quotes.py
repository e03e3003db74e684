"""Where a citation stands in its article: held against the library's own conversion."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from rag.offsets import OffsetMap, runs_of, text_of
from tests.tui.paper import ARTICLES, FERRY, HOSTILE, SPEED, cite
from tui.text.quotes import locate, merged, text_ranges


@st.composite
def cited_pages(draw: st.DrawFn) -> tuple[str, list[tuple[int, int]], int, int]:
    """A page, an article's spans on it in any order, and a range of the article's text."""
    page = draw(st.text(alphabet="船港口灯ab 　\n", min_size=1, max_size=60))
    cuts = sorted(draw(st.sets(st.integers(0, len(page)), min_size=2, max_size=6)))
    spans = draw(st.permutations(list(zip(cuts[::2], cuts[1::2], strict=False))))
    length = len(text_of(page, spans))
    start = draw(st.integers(0, length))
    return page, list(spans), start, draw(st.integers(start, length))


@given(cited_pages())
def test_a_range_survives_the_way_over_the_source(case: tuple[str, list[tuple[int, int]], int, int]) -> None:
    page, spans, start, end = case
    runs = runs_of(page, spans)
    cited = OffsetMap(runs, spans).spans(start, end)
    assert text_ranges(runs, cited) == (((start, end),) if start < end else ())


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(1, 9)).map(lambda pair: (pair[0], sum(pair)))))
def test_merged_ranges_hold_the_same_characters_apart(ranges: list[tuple[int, int]]) -> None:
    result = merged(ranges)
    assert {n for start, end in result for n in range(start, end)} == {n for s, e in ranges for n in range(s, e)}
    assert all(before[1] < after[0] for before, after in pairwise(result))


def test_a_quote_across_a_column_break_is_found_whole() -> None:
    citation = cite(1, FERRY, SPEED)
    assert len(citation.spans) > 1
    located = locate(FERRY.text, FERRY.runs, citation.spans, citation.quote)
    assert located.exact
    assert "".join(FERRY.text[start:end] for start, end in located.ranges) == SPEED


def test_a_quote_that_moved_is_found_by_its_words() -> None:
    located = locate(FERRY.text, FERRY.runs, [(0, 4)], SPEED)
    start = FERRY.text.index(SPEED)
    assert located.ranges == ((start, start + len(SPEED)),)
    assert not located.exact


def test_a_quote_that_is_gone_marks_nothing() -> None:
    located = locate(FERRY.text, FERRY.runs, [(0, 4)], "从来没有登过的一句话")
    assert located.ranges == ()
    assert not located.exact


def test_blocks_of_the_invented_paper_cover_its_texts() -> None:
    for article in ARTICLES:
        assert "".join(article.text[block.start : block.end] for block in article.blocks) == article.text
    assert "\x1b" in HOSTILE.text
