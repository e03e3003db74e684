"""Laws of the offset map, over random pages and random spans."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.offsets import OffsetMap, runs_of, text_of
from rag.types import Span

# Every kind of line break and blank that a page can hold, between characters inside and outside the basic plane.
_PIECES = st.sampled_from(
    [
        "河",
        "灯",
        "，",
        "。",
        "a",
        "7",
        "𠮷",
        " ",
        "\t",
        "\u3000",
        "\xa0",
        "\n",
        "\r\n",
        "\r",
        "\u2028",
        "\u2029",
        "\x85",
        "\v",
    ]
)
_PAGES = st.lists(_PIECES, max_size=40).map("".join)


@st.composite
def page_and_spans(draw: st.DrawFn) -> tuple[str, tuple[Span, ...]]:
    """A page and disjoint spans of it, in any order."""
    page = draw(_PAGES)
    borders = sorted(draw(st.sets(st.integers(0, len(page)), max_size=8)))
    spans = [(borders[at], borders[at + 1]) for at in range(0, len(borders) - 1, 2)]
    return page, tuple(draw(st.permutations(spans)))


def bare(text: str) -> str:
    return "".join(text.split())


def at(page: str, spans: tuple[Span, ...]) -> str:
    return "".join(page[start:end] for start, end in spans)


def ranges(length: int) -> st.SearchStrategy[Span]:
    return st.tuples(st.integers(0, length), st.integers(0, length)).map(lambda pair: (min(pair), max(pair)))


@given(page_and_spans())
def test_runs_concatenate_to_the_text(drawn: tuple[str, tuple[Span, ...]]) -> None:
    page, spans = drawn
    runs = runs_of(page, spans)
    text = text_of(page, spans)
    assert at(page, runs) == text
    assert bare(text) == bare(at(page, spans))
    assert text.splitlines() in ([], [text])


@given(page_and_spans())
def test_runs_neither_open_nor_close_with_a_blank(drawn: tuple[str, tuple[Span, ...]]) -> None:
    page, spans = drawn
    for start, end in runs_of(page, spans):
        assert page[start:end].strip() == page[start:end] != ""


@given(page_and_spans(), st.data())
def test_the_source_at_the_spans_is_the_text(drawn: tuple[str, tuple[Span, ...]], data: st.DataObject) -> None:
    page, spans = drawn
    offsets = OffsetMap(runs_of(page, spans), spans)
    text = text_of(page, spans)
    assert offsets.length == len(text)
    start, end = data.draw(ranges(len(text)))
    found = offsets.spans(start, end)
    assert bare(at(page, found)) == bare(text[start:end])
    assert all(any(low <= begin and stop <= high for low, high in spans) for begin, stop in found)


@given(page_and_spans(), st.data())
def test_text_ranges_invert_spans(drawn: tuple[str, tuple[Span, ...]], data: st.DataObject) -> None:
    page, spans = drawn
    offsets = OffsetMap(runs_of(page, spans), spans)
    start, end = data.draw(ranges(offsets.length))
    assert offsets.text_ranges(offsets.spans(start, end)) == ([(start, end)] if start < end else [])


@given(page_and_spans(), st.data())
def test_text_ranges_hold_what_lies_in_a_source_range(drawn: tuple[str, tuple[Span, ...]], data: st.DataObject) -> None:
    page, spans = drawn
    offsets = OffsetMap(runs_of(page, spans), spans)
    text = text_of(page, spans)
    source = data.draw(ranges(len(page)))
    inside = {position for run in runs_of(page, spans) for position in range(*run)} & set(range(*source))
    found = offsets.text_ranges([source])
    assert sum(end - start for start, end in found) == len(inside)
    assert sorted("".join(text[start:end] for start, end in found)) == sorted(page[position] for position in inside)


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\u2028", "　\r\n　　"])
def test_a_quote_across_a_line_break_is_one_span(newline: str) -> None:
    page = f"渡口的灯{newline}亮了一夜"
    spans = ((0, len(page)),)
    offsets = OffsetMap(runs_of(page, spans), spans)
    assert text_of(page, spans) == "渡口的灯亮了一夜"
    assert offsets.spans(3, 5) == ((3, 4 + len(newline) + 1),)


def test_a_quote_across_two_pieces_of_the_page_is_two_spans() -> None:
    page = "后半段在前。\n旁的文章。\n前半段"
    spans = ((13, 16), (0, 6))
    offsets = OffsetMap(runs_of(page, spans), spans)
    assert text_of(page, spans) == "前半段后半段在前。"
    assert offsets.spans(1, 5) == ((14, 16), (0, 2))
    assert offsets.text_ranges([(0, 2), (14, 16)]) == [(1, 5)]


def test_blanks_within_a_line_stay() -> None:
    page = "甲　乙 丙\n"
    assert text_of(page, ((0, len(page)),)) == "甲　乙 丙"


def test_an_empty_text_has_no_spans() -> None:
    offsets = OffsetMap((), ((0, 3),))
    assert offsets.length == 0
    assert offsets.spans(0, 0) == ()
    assert offsets.text_ranges([(0, 3)]) == []


@pytest.mark.parametrize(("start", "end"), [(-1, 2), (0, 5), (3, 2), (5, 5)])
def test_a_range_outside_the_text_is_refused(start: int, end: int) -> None:
    with pytest.raises(ValueError, match="does not lie within a text of 4 characters"):
        OffsetMap(((0, 4),), ((0, 4),)).spans(start, end)
