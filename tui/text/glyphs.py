"""Characters as a terminal shows them: their true width in cells, lines that break where Chinese print breaks them, and
nothing that could drive the terminal.

Text keeps its offsets: a line is a range of the text, and the cells of a character depend on no other one.
"""

from __future__ import annotations

import unicodedata
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate

from rich.cells import get_character_cell_size

NO_LINE_START = frozenset("，。、；：？！…—～·）》」』】〕〉”’％‰,.;:?!)]}>%°℃")
"""Characters that may not open a line."""
NO_LINE_END = frozenset("（《「『【〔〈“‘([{<￥$¥#@")
"""Characters that may not close a line."""

_REPLACEMENT = "�"
# Variation selectors change the width of the character before them in some terminals and not in others.
_SELECTORS = frozenset([*map(chr, range(0xFE00, 0xFE10)), *map(chr, range(0xE0100, 0xE01F0))])
# So do shades of skin; and letters of flags make one picture of two, or two of one.
_SHADES = frozenset(map(chr, range(0x1F3FB, 0x1F400)))
_FLAG_A, _FLAG_Z = 0x1F1E6, 0x1F1FF
# Ideographs yet to come; all of these planes is two cells wide whatever Python's tables know of it.
_IDEOGRAPHIC_PLANES = range(0x20000, 0x40000)
_HIGHEST_PILE = 4
"""Marks drawn on one character; a pile of them would grow over the lines above, and hold a terminal up."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line on the screen: a range of the text, and the blank cells before it."""

    start: int
    end: int
    indent: int


@lru_cache(maxsize=16_384)
def glyph(char: str) -> tuple[str, int]:
    """What is drawn for a character, and its cells (0, 1 or 2).

    Control characters become visible pictures of themselves, so an escape sequence is read and not obeyed. Invisible
    format characters (direction overrides, zero-width joiners) are not drawn at all, nor is what terminals disagree on:
    flags are drawn as their letters, characters that no one has defined as U+FFFD. White space is drawn as blanks.
    """
    category = unicodedata.category(char)
    if category == "Cc":
        if char in "\t\n\r\v\f\x1c\x1d\x1e\x1f\x85":
            return " ", 1
        code = ord(char)
        return (chr(0x2400 + code) if code < 0x20 else "\u2421" if code == 0x7F else _REPLACEMENT), 1
    if category in {"Zl", "Zp"}:
        return " ", 1
    if category == "Cs" or (category == "Cn" and ord(char) not in _IDEOGRAPHIC_PLANES):
        return _REPLACEMENT, 1
    if category == "Cf" or char in _SELECTORS or char in _SHADES:
        return "", 0
    if _FLAG_A <= ord(char) <= _FLAG_Z:
        return chr(ord("A") + ord(char) - _FLAG_A), 1
    return char, get_character_cell_size(char)


def shown(text: str) -> str:
    """What is drawn for a text; safe to write to a terminal."""
    if text.isascii() and text.isprintable():
        return text
    drawn: list[str] = []
    pile = 0
    for char in text:
        picture, size = glyph(char)
        if size:
            pile = 0
        elif picture:
            pile += 1
            if pile > _HIGHEST_PILE:
                continue
        drawn.append(picture)
    return "".join(drawn)


def cells(text: str) -> int:
    """Width of a text in cells, as drawn."""
    return sum(glyph(char)[1] for char in text)


def clip(text: str, width: int) -> str:
    """The text as drawn in at most `width` cells, the last one `…` where something is left out."""
    drawn = shown(text)
    if cells(drawn) <= width:
        return drawn
    used, kept = 1, []
    for char in drawn:
        used += glyph(char)[1]
        if used > width:
            break
        kept.append(char)
    return "".join(kept).rstrip() + "…" if width > 0 else ""


def wrap(text: str, width: int, *, first: int = 0, rest: int = 0) -> list[Line]:
    """Cuts a text into lines that fit `width` cells.

    Words of letters and digits stay whole, closing punctuation never opens a line and an opening bracket never closes
    one, unless a line has no other place to break. Lines cover the text without gaps; blanks that fall on the margin
    stay in their line's range and hang over.

    Args:
        text: what to cut; `\\n` always breaks.
        width: cells of a whole line, indent included; less than 4 counts as 4.
        first: blank cells before the first line.
        rest: blank cells before every other line.
    """
    width = max(width, 4)
    first, rest = min(first, width - 2), min(rest, width - 2)
    reach = list(accumulate((glyph(char)[1] for char in text), initial=0))
    lines: list[Line] = []
    start = 0
    while True:
        indent = rest if lines else first
        end = _line_end(text, start, reach, width - indent)
        lines.append(Line(start, end, indent))
        if end >= len(text):
            return lines
        start = end


def _line_end(text: str, start: int, reach: Sequence[int], room: int) -> int:
    """Where the line that starts at `start` ends: the last place that fits and allows a break.

    `reach[i]` is the width of `text[:i]`, so the first character that does not fit is found by bisection and only those
    before it are looked at, whatever the length of the text.
    """
    over = bisect_right(reach, reach[start] + room, lo=start) - 1
    newline = text.find("\n", start, over + 1)
    if newline >= 0:
        return newline + 1
    while over < len(text) and text[over].isspace():
        over += 1
        if text[over - 1] == "\n":
            return over
    if over >= len(text):
        return len(text)
    last = next((index for index in range(over, start, -1) if may_break(text, index)), start)
    return last if last > start else max(over, start + 1)


def may_break(text: str, index: int) -> bool:
    """Whether a line may end before `text[index]`; `index` is at least 1."""
    before, after = text[index - 1], text[index]
    if after.isspace() or glyph(after)[1] == 0:
        return False
    if before.isspace():
        return True
    if after in NO_LINE_START or before in NO_LINE_END:
        return False
    return not (_is_word(before) and _is_word(after))


def _is_word(char: str) -> bool:
    """Letters and digits that belong together; ideographs and kana do not, each may stand on its own."""
    return (char.isalnum() and glyph(char)[1] == 1) or char in ".,:/-_+'’%"
