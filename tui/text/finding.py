"""Finding words in what is shown: by their characters, whatever their case or width, across lines and paragraphs.

Texts and query are folded alike (NFKC, case, no blanks, nothing that is not drawn); what is found is told in offsets of
the texts as they are.
"""

from __future__ import annotations

import unicodedata
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate, pairwise

from tui.text.glyphs import glyph


@dataclass(frozen=True, slots=True)
class Piece:
    """A range `[start, end)` of one of the texts."""

    text: int
    """Index of the text."""
    start: int
    end: int


Match = tuple[Piece, ...]
"""What was found, in reading order; more than one piece where it goes on in the next text."""


class Finder:
    """Finds in texts that follow each other; folded once.

    Args:
        texts: in reading order.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        self._texts = texts
        self._bases = list(accumulate(map(len, texts), initial=0))
        parts: list[str] = []
        self._starts: list[int] = []
        """For each folded character, where what it is folded from starts in the joined texts."""
        self._ends: list[int] = []
        for base, text in zip(self._bases, texts, strict=False):
            for start, end in _clusters(text):
                folded = _folded(text[start:end])
                parts.append(folded)
                self._starts += [base + start] * len(folded)
                self._ends += [base + end] * len(folded)
        self._folded = "".join(parts)

    def find(self, query: str) -> list[Match]:
        """All places of a query, in reading order, apart from each other; none where the query folds to nothing."""
        wanted = "".join(_folded(query[start:end]) for start, end in _clusters(query))
        found: list[Match] = []
        at = self._folded.find(wanted) if wanted else -1
        while at >= 0:
            stop = at + len(wanted)
            found.append(self._match(self._starts[at], self._ends[stop - 1]))
            # What a ligature folds to may be found twice; its cell is marked once.
            while stop < len(self._folded) and self._starts[stop] < self._ends[stop - 1]:
                stop += 1
            at = self._folded.find(wanted, stop)
        return found

    def _match(self, start: int, end: int) -> Match:
        """A range of the joined texts as pieces."""
        pieces: list[Piece] = []
        number = bisect_right(self._bases, start) - 1
        while start < end:
            base, stop = self._bases[number], min(end, self._bases[number + 1])
            if start < stop:
                pieces.append(Piece(number, start - base, stop - base))
                start = stop
            number += 1
        return tuple(pieces)


def _clusters(text: str) -> list[tuple[int, int]]:
    """Characters with the marks that combine with them, as ranges."""
    starts = [index for index, char in enumerate(text) if index == 0 or not _joins(char)]
    return list(pairwise([*starts, len(text)]))


@lru_cache(maxsize=16_384)
def _joins(char: str) -> bool:
    return unicodedata.combining(char) != 0


@lru_cache(maxsize=16_384)
def _folded(cluster: str) -> str:
    drawn = "".join(char for char in cluster if glyph(char)[0])
    # Twice, since case folding may undo what NFKC has done.
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", drawn).casefold())
    return "".join(folded.split())
