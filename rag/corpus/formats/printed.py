"""Printed lines with their places on the page → paragraphs, in the order that the lines come in.

A paragraph ends where print shows it: the next line is indented or of another size, stands apart, or this one stops
short of the edge of its column. Where a column or a page ends, the sentence decides.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median

from rag.corpus.layout import is_dangling

SOFT_HYPHEN = "\x02"
"""Stands where a word was broken at the end of a line."""

_SIZE_RATIO = 1.18
"""Lines of one paragraph differ less in height, Latin letters and Han characters of one font included."""
_INDENT = 1.2
_SHORT = 2.0
_APART = 0.6
"""All three in heights of a line: an indent, how far a full line may stop short, more leading than usual."""
_SEEN_OFTEN = 3
_FURNITURE_LINES = 2
_PAGE_NUMBER = re.compile(r"[-—–·•|\s]*(?:第\s*)?(?:\d{1,4}|[ivxlc]{1,7})(?:\s*[/／]\s*\d{1,4})?(?:\s*页)?[-—–·•|\s]*")
_SPACED = re.compile(r"[A-Za-z0-9,.;:!?%)\]’”'\"]")
_LATIN = re.compile(r"[A-Za-z0-9(\[‘“'\"]")


@dataclass(frozen=True, slots=True)
class PrintedLine:
    """A line of print and the box around it, in points, y growing upwards."""

    text: str
    left: float
    bottom: float
    right: float
    top: float

    @property
    def height(self) -> float:
        """What tells sizes of type apart."""
        return self.top - self.bottom


@dataclass(slots=True)
class Paragraph:
    """Lines that belong together."""

    text: str
    height: float
    """Of its first line."""
    lines: int = 1


@dataclass(frozen=True, slots=True)
class _Column:
    """Lines that follow each other downwards: where they begin and end, and how far they stand apart."""

    left: float
    right: float
    leading: float


@dataclass(slots=True)
class Furniture:
    """What stands at the head or foot of page after page: titles of the book, numbers of the pages."""

    _seen: Counter[str] = field(default_factory=Counter)
    pages: int = 0

    def note(self, lines: Sequence[PrintedLine]) -> None:
        """Takes a page into account."""
        self.pages += 1
        self._seen.update({_shape(line) for line in _outermost(lines)})

    def without(self, lines: Sequence[PrintedLine]) -> list[PrintedLine]:
        """The lines of a page that are none of it."""
        outer = [line for line in _outermost(lines) if self._is_furniture(line)]
        return [line for line in lines if line not in outer]

    def _is_furniture(self, line: PrintedLine) -> bool:
        if self.pages > 1 and _PAGE_NUMBER.fullmatch(line.text.strip()):
            return True
        return self._seen[_shape(line)] >= _SEEN_OFTEN


def paragraphs_of(lines: Sequence[PrintedLine]) -> list[Paragraph]:
    """The paragraphs of a page."""
    paragraphs: list[Paragraph] = []
    column: _Column | None = None
    columns = _columns(lines)
    for number, line in enumerate(lines):
        last = lines[number - 1] if number else None
        if last is not None and column is not None and _continues(last, column, line, columns[number]):
            paragraphs[-1].text = joined(paragraphs[-1].text, line.text)
            paragraphs[-1].lines += 1
        else:
            paragraphs.append(Paragraph(line.text, line.height))
        column = columns[number]
    for paragraph in paragraphs:
        paragraph.text = paragraph.text.removesuffix(SOFT_HYPHEN)
    return paragraphs


def joined(upper: str, lower: str) -> str:
    """Two lines of one paragraph as running text: Latin words keep a blank between them, Han characters need none."""
    if upper.endswith(SOFT_HYPHEN):
        return upper[:-1] + lower
    upper, lower = upper.rstrip(), lower.lstrip()
    blank = " " if upper and lower and _SPACED.match(upper[-1]) and _LATIN.match(lower[0]) else ""
    return f"{upper}{blank}{lower}"


def _outermost(lines: Sequence[PrintedLine]) -> list[PrintedLine]:
    ordered = sorted(lines, key=lambda line: -line.top)
    return [*ordered[:_FURNITURE_LINES], *ordered[_FURNITURE_LINES:][-_FURNITURE_LINES:]]


def _shape(line: PrintedLine) -> str:
    """The line with its numbers made alike, and how high on the page it stands."""
    return f"{re.sub('[0-9]+', '#', ''.join(line.text.split()))}@{line.bottom:.0f}"


def _columns(lines: Sequence[PrintedLine]) -> list[_Column]:
    """The column of every line."""
    found: list[_Column] = []
    run: list[PrintedLine] = []
    for line in lines:
        if run and not _is_below(run[-1], line):
            found += [_column(run)] * len(run)
            run = []
        run.append(line)
    return found + [_column(run)] * len(run) if run else found


def _column(lines: Sequence[PrintedLine]) -> _Column:
    gaps = [upper.bottom - lower.top for upper, lower in pairwise(lines) if _alike(upper, lower)]
    return _Column(min(line.left for line in lines), max(line.right for line in lines), median(gaps) if gaps else 0.0)


def _is_below(upper: PrintedLine, lower: PrintedLine) -> bool:
    overlap = min(upper.right, lower.right) - max(upper.left, lower.left)
    return lower.top < upper.top and lower.bottom < upper.bottom and overlap > 0


def _alike(one: PrintedLine, other: PrintedLine) -> bool:
    low, high = sorted((one.height, other.height))
    return high <= low * _SIZE_RATIO


def _continues(upper: PrintedLine, column: _Column, lower: PrintedLine, lower_column: _Column) -> bool:
    """True when a line goes on with the paragraph of the line before it."""
    if not _alike(upper, lower) or lower.text.startswith(("\u3000", "  ")):
        return False
    size = min(upper.height, lower.height)
    if lower.text[:1].islower() and is_dangling(upper.text):  # ragged lines of Latin words stop anywhere
        return True
    if upper.right < column.right - _SHORT * size:
        return False
    indented = lower.left > lower_column.left + _INDENT * size
    if not _is_below(upper, lower):
        return is_dangling(upper.text) and not indented
    if upper.bottom - lower.top > column.leading + _APART * size:
        return False
    return not indented or (abs(upper.left - lower.left) < size / 2 and is_dangling(upper.text))
