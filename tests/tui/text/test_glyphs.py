"""Laws of drawing: true widths, lines that cover the text, nothing that drives a terminal."""

from __future__ import annotations

import unicodedata
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from tui.text.glyphs import NO_LINE_START, cells, clip, glyph, may_break, shown, wrap

TEXTS = st.one_of(
    st.text(),
    st.text(alphabet="港口的船，。“”（）《》abc 12%、\n\u3000\x1b\u200d"),
    st.text(alphabet=st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF)),
)


@given(TEXTS)
def test_width_is_what_the_terminal_library_measures(text: str) -> None:
    assert cells(text) == cell_len(shown(text))


@given(TEXTS)
def test_nothing_shown_can_drive_a_terminal(text: str) -> None:
    assert not [char for char in shown(text) if unicodedata.category(char) in {"Cc", "Cf", "Cs", "Zl", "Zp"}]


@given(TEXTS, st.integers(4, 60), st.integers(0, 6), st.integers(0, 6))
def test_lines_cover_the_text_and_fit(text: str, width: int, first: int, rest: int) -> None:
    lines = wrap(text, width, first=first, rest=rest)
    assert "".join(text[line.start : line.end] for line in lines) == text
    for line in lines:
        # Blanks may hang over the margin, nothing else may.
        assert line.indent + cells(text[line.start : line.end].rstrip()) <= width


@given(TEXTS, st.integers(8, 60))
def test_a_line_breaks_where_print_would(text: str, width: int) -> None:
    """A line starts at a forbidden place only where no place in the line before would do."""
    lines = wrap(text, width)
    for before, line in pairwise(lines):
        if text[before.end - 1] == "\n" or may_break(text, line.start):
            continue
        assert not any(may_break(text, index) for index in range(before.start + 1, line.start))


def test_punctuation_stays_with_its_sentence() -> None:
    text = "船厂今年造好了三艘船，明年再造五艘。"
    for width in range(6, 40):
        starts = [text[line.start] for line in wrap(text, width)]
        assert not NO_LINE_START & set(starts)


def test_words_and_figures_stay_whole() -> None:
    text = "全长1,234.5米的ferry船"
    parts = [text[line.start : line.end] for line in wrap(text, 9)]
    assert "1,234.5米" in parts or any("1,234.5" in part for part in parts)
    assert any("ferry" in part for part in parts)


def test_indents_are_blank_cells_before_the_line() -> None:
    lines = wrap("一二三四五六七八", 8, first=4, rest=2)
    assert [(line.start, line.end, line.indent) for line in lines] == [(0, 2, 4), (2, 5, 2), (5, 8, 2)]


@pytest.mark.parametrize(
    ("char", "drawn"),
    [
        ("\x1b", "␛"),
        ("\x07", "␇"),
        ("\x7f", "␡"),
        ("\x9b", "�"),
        ("\t", " "),
        ("\u202e", ""),
        ("\u200b", ""),
        ("\ud800", "�"),
    ],
)
def test_control_characters_are_pictures_of_themselves(char: str, drawn: str) -> None:
    assert glyph(char) == (drawn, cell_len(drawn))


@given(TEXTS, st.integers(1, 30))
def test_clipping_fits(text: str, width: int) -> None:
    clipped = clip(text, width)
    assert cell_len(clipped) <= width
    assert cells(text) > width or clipped == shown(text)
