"""Paragraphs set in a column: which line of the screen holds which characters, and how each of them looks.

Lines are kept from one column to the next: what a paragraph is set in depends on its text, its indents and the width
only, so new looks, and paragraphs that are added to others, cost nothing that was paid before.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from tui.text.glyphs import Line, wrap


@dataclass(frozen=True, slots=True)
class Touch:
    """A range `[start, end)` of a paragraph's text with a look of its own."""

    start: int
    end: int
    role: str
    target: int | None = None
    """What a click on it reports; None: nothing."""


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph, and how it is set."""

    text: str
    role: str = "body"
    first: int = 0
    """Blank cells before the first line."""
    rest: int = 0
    """Blank cells before the other lines."""
    gap: int = 0
    """Blank lines above."""
    touches: tuple[Touch, ...] = ()
    """Later ones are drawn over earlier ones."""
    target: int | None = None
    """What a click anywhere else on it reports; None: nothing."""

    @property
    def shape(self) -> tuple[str, int, int]:
        """All that its lines depend on, besides the width."""
        return self.text, self.first, self.rest


RULE = Paragraph("", role="rule")
"""A line across the column."""


@dataclass(frozen=True, slots=True)
class Row:
    """A line on the screen: which paragraph it is of and what of it; a blank one has no line."""

    paragraph: int
    line: Line | None


class Column(Sequence[Row]):
    """The rows of paragraphs at one width.

    Args:
        paragraphs: what is set, from top to bottom.
        width: cells of a whole row.
        former: a column of the same width whose lines are taken over where the paragraphs are the same.
    """

    def __init__(self, paragraphs: Sequence[Paragraph], width: int, former: Column | None = None) -> None:
        self.width = width
        known = former._lines if former is not None and former.width == width else {}
        self._lines: dict[tuple[str, int, int], list[Line]] = {}
        self._paragraphs = paragraphs
        for paragraph in paragraphs:
            shape = paragraph.shape
            if shape not in self._lines:
                self._lines[shape] = known.get(shape) or wrap(shape[0], width, first=shape[1], rest=shape[2])
        heights = (paragraph.gap + len(self._lines[paragraph.shape]) for paragraph in paragraphs)
        self._tops = list(accumulate(heights, initial=0))

    def __len__(self) -> int:
        return self._tops[-1]

    def __getitem__(self, index: int) -> Row:  # type: ignore[override]  # rows are asked for one by one
        if not 0 <= index < len(self):
            raise IndexError(index)
        number = bisect_right(self._tops, index) - 1
        within = index - self._tops[number] - self._paragraphs[number].gap
        return Row(number, self.lines(number)[within] if within >= 0 else None)

    def lines(self, paragraph: int) -> list[Line]:
        """The lines of a paragraph."""
        return self._lines[self._paragraphs[paragraph].shape]

    def top(self, paragraph: int) -> int:
        """The first row of a paragraph that is not blank."""
        return self._tops[paragraph] + self._paragraphs[paragraph].gap

    def row_of(self, paragraph: int, offset: int) -> int:
        """The row that holds a character of a paragraph; its last row where the offset is beyond its text."""
        lines = self.lines(paragraph)
        within = bisect_right([line.start for line in lines], offset) - 1
        return self.top(paragraph) + max(0, within)


@dataclass(frozen=True, slots=True)
class Look:
    """How characters look: the roles of the touches that cover them, the topmost last, and what a click reports."""

    roles: tuple[str, ...] = ()
    target: int | None = None


PLAIN = Look()


class Looks:
    """The looks of a paragraph's characters, flat: each character has exactly one.

    Args:
        touches: ranges that may overlap; later ones lie over earlier ones.
    """

    def __init__(self, touches: Sequence[Touch]) -> None:
        kept = [touch for touch in touches if touch.start < touch.end]
        edges: dict[int, tuple[list[int], list[int]]] = {}
        for index, touch in enumerate(kept):
            edges.setdefault(touch.start, ([], []))[0].append(index)
            edges.setdefault(touch.end, ([], []))[1].append(index)
        self._starts, self._looks = [0], [PLAIN]
        covering: set[int] = set()
        for offset in sorted(edges):
            opened, closed = edges[offset]
            covering = (covering - set(closed)) | set(opened)
            over = [kept[index] for index in sorted(covering)]
            targets = [touch.target for touch in over if touch.target is not None]
            self._starts.append(offset)
            self._looks.append(Look(tuple(touch.role for touch in over), targets[-1] if targets else None))

    def pieces(self, start: int, end: int) -> Iterator[tuple[int, int, Look]]:
        """The range in pieces of one look each, in order; nothing where the range is empty."""
        number = bisect_right(self._starts, start) - 1
        while start < end:
            stop = self._starts[number + 1] if number + 1 < len(self._starts) else end
            stop = min(stop, end)
            if start < stop:
                yield start, stop, self._looks[number]
                start = stop
            number += 1
