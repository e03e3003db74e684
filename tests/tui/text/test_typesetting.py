"""Laws of columns and looks: each character once, one look each, and nothing set twice."""

from __future__ import annotations

from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.text import typesetting
from tui.text.glyphs import wrap
from tui.text.typesetting import Column, Look, Looks, Paragraph, Row, Touch

PARAGRAPHS = st.lists(
    st.builds(
        Paragraph,
        text=st.text(alphabet="渡轮下水，。“”ab 12%\u3000👩e\u0301", max_size=60),
        role=st.sampled_from(["body", "title", "rule"]),
        first=st.integers(0, 6),
        rest=st.integers(0, 6),
        gap=st.integers(0, 2),
    ),
    max_size=8,
)
TOUCHES = st.lists(
    st.builds(
        lambda start, size, role, target: Touch(start, start + size, role, target),
        *(st.integers(0, 20), st.integers(0, 12), st.sampled_from(["quote", "also", "found"])),
        st.none() | st.integers(0, 9),
    ),
    max_size=8,
)


def rows_one_by_one(paragraphs: list[Paragraph], width: int) -> list[Row]:
    """The rows, as one would write them down."""
    rows: list[Row] = []
    for index, paragraph in enumerate(paragraphs):
        rows += [Row(index, None)] * paragraph.gap
        rows += [Row(index, line) for line in wrap(paragraph.text, width, first=paragraph.first, rest=paragraph.rest)]
    return rows


@given(PARAGRAPHS, st.integers(4, 40))
def test_a_column_has_each_line_where_it_belongs(paragraphs: list[Paragraph], width: int) -> None:
    column = Column(paragraphs, width)
    assert list(column) == rows_one_by_one(paragraphs, width)
    for beyond in (-1, len(column)):
        with pytest.raises(IndexError):
            column[beyond]


@given(PARAGRAPHS, st.integers(4, 40))
def test_each_character_is_found_in_its_row(paragraphs: list[Paragraph], width: int) -> None:
    column = Column(paragraphs, width)
    for index, paragraph in enumerate(paragraphs):
        for offset in range(len(paragraph.text)):
            row = column[column.row_of(index, offset)]
            assert row.paragraph == index
            assert row.line is not None
            assert row.line.start <= offset < row.line.end


@given(PARAGRAPHS, PARAGRAPHS, st.integers(4, 40))
def test_lines_that_are_taken_over_are_those_that_would_be_set(
    before: list[Paragraph], after: list[Paragraph], width: int
) -> None:
    former = Column(before, width)
    assert list(Column(after, width, former)) == rows_one_by_one(after, width)
    assert list(Column(after, width + 1, former)) == rows_one_by_one(after, width + 1)


def test_what_is_added_is_all_that_is_set() -> None:
    paragraphs = [Paragraph(f"第{number}段，说的是渡轮。") for number in range(50)]
    former = Column(paragraphs, 20)
    with patch.object(typesetting, "wrap", side_effect=wrap) as setting:
        grown = Column([*paragraphs[:-1], Paragraph("第49段，说的是渡轮。它")], 20, former)
        assert setting.call_count == 1
        Column([Paragraph(p.text, "title", touches=(Touch(0, 2, "quote"),)) for p in paragraphs], 20, former)
        assert setting.call_count == 1
    assert len(grown) >= len(former)


@given(TOUCHES, st.integers(0, 20), st.integers(0, 20))
def test_each_character_has_the_looks_that_cover_it(touches: list[Touch], start: int, size: int) -> None:
    end = start + size
    pieces = list(Looks(touches).pieces(start, end))
    assert [index for low, high, _ in pieces for index in range(low, high)] == list(range(start, end))
    for low, high, look in pieces:
        for index in range(low, high):
            over = [touch for touch in touches if touch.start <= index < touch.end]
            targets = [touch.target for touch in over if touch.target is not None]
            assert look == Look(tuple(touch.role for touch in over), targets[-1] if targets else None)
