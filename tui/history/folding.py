"""Text as it is searched: folded, with the way back to the characters that are shown.

Each character, with the accents that sit on it, is folded by itself. So whatever part of a text is searched for, its
folded form is a part of the folded text, and a place in that is a place in the text.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate

from tui.text.quotes import Span, merged

# Combining marks that occur in print; a character and its marks are one.
_MARKS = "\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\u3099\u309a\ufe20-\ufe2f"
_CLUSTER = re.compile(f"[^{_MARKS}][{_MARKS}]*|[{_MARKS}]+", re.DOTALL)


def _plain_fold(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


def _plain_words(text: str) -> Sequence[str]:  # noqa: ARG001  # an analysis without a dictionary cuts no words
    return ()


@dataclass(frozen=True)
class Analysis:
    """How text is made searchable. `wenbao chat` hands in what its index does, so that both know the same words."""

    fold: Callable[[str], str] = _plain_fold
    """Capitals, full width, traditional characters to their plain forms; called with one character at a time."""
    words: Callable[[str], Sequence[str]] = _plain_words
    """The words of a text, folded; none where there is no dictionary."""
    version: str = ""
    """Changes whenever the same text would fold or cut differently; empty: plain folding, no words."""


class Folder(dict[str, str]):
    """Folds texts by an analysis and remembers each character.

    Args:
        analysis: whose folding.
    """

    def __init__(self, analysis: Analysis) -> None:
        super().__init__()
        self._fold = analysis.fold

    def __missing__(self, cluster: str) -> str:
        # What is not drawn (zero-width joiners, direction marks) cannot be typed either.
        seen = "".join(char for char in cluster if unicodedata.category(char) != "Cf")
        self[cluster] = folded = self._fold(seen) if seen else ""
        return folded

    def fold(self, text: str) -> str:
        """The folded text."""
        return "".join(map(self.__getitem__, _CLUSTER.findall(text)))

    def parts(self, query: str) -> tuple[str, ...]:
        """A query's parts, folded: what blanks separate, each once."""
        return tuple(dict.fromkeys(self.fold(query).split()))

    def ranges(self, text: str, parts: Iterable[str]) -> tuple[Span, ...]:
        """Where any of the folded parts stand in a text, as ranges of the text, ascending and apart."""
        clusters = _CLUSTER.findall(text)
        pieces = [self[cluster] for cluster in clusters]
        folded = "".join(pieces)
        found = [(at, at + len(part)) for part in parts for at in _occurrences(folded, part)]
        if not found:
            return ()
        starts = list(accumulate(map(len, clusters), initial=0))
        # Which cluster each folded character came from.
        owners = [number for number, piece in enumerate(pieces) for _ in piece]
        return merged((starts[owners[low]], starts[owners[high - 1] + 1]) for low, high in found)


def _occurrences(text: str, part: str) -> Iterable[int]:
    at = text.find(part) if part else -1
    while at >= 0:
        yield at
        at = text.find(part, at + 1)
