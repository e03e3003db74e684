"""Whether one piece of text continues another: the seams of columns that break in mid-sentence or mid-word.

All evidence comes from the page itself: the characters across a seam, seen together elsewhere on the page; open quotes
that the other piece closes; rare words that two pieces share. Scores are for comparison within one page.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from math import log

from rag.corpus.layout import Line, ends_inside, is_dangling, opens_quote, starts_inside

# Pages are small; a file of many pages is only searched around the seam, which keeps the time linear.
_WINDOW = 20_000
_TEXT_LIMIT = 3_000
_WORDS = re.compile(r"[\u3400-\u9fffA-Za-z0-9]+")
_SENTENCE_OPENING = re.compile(
    r"(?:[“‘「]|(?:近日|日前|目前|据|此外|同时|今年|去年|近年来|连日来|随后|其中|对此|为此|会上|如今|当天|在此|与此同时|截至|本次|此次|记者|下一步"
    r"|\d{4}年|\d{1,2}月))"
)


class PageText:
    """The words of a page, for asking what occurs where and how rarely.

    Args:
        source_text: the whole page.
        lines: its lines.
    """

    def __init__(self, source_text: str, lines: Iterable[Line]) -> None:
        self._source = source_text
        self._frequency: Counter[str] = Counter()
        self._lines = 0
        for line in lines:
            self._frequency.update(bigrams(line.text))
            self._lines += 1

    def seam(self, upper: Line, lower: Line) -> float:
        """How well `lower` continues `upper`, from about −2 (a new sentence) to 5 (surely the same sentence)."""
        if not is_dangling(upper.text):
            return -2.0 + 2.0 * starts_inside(lower.text)
        score = 0.5 + self._across(upper, lower)
        if ends_inside(upper.text):
            score += 1.5
        if starts_inside(lower.text):
            score += 1.5
        if opens_quote(upper.text) and starts_inside(lower.text):
            score += 1.0
        if _SENTENCE_OPENING.match(lower.text) and not ends_inside(upper.text):
            score -= 1.0
        return score

    def likeness(self, one: str, other: str) -> float:
        """Share of the rare bigrams of `one` that `other` has too, in [0, 1]."""
        theirs = bigrams(other[:_TEXT_LIMIT]) | bigrams(other[-_TEXT_LIMIT:])
        shared = total = 0.0
        for pair in bigrams(one[:_TEXT_LIMIT]):
            weight = log((self._lines + 1) / self._frequency.get(pair, 1)) + 0.1
            total += weight
            shared += weight if pair in theirs else 0.0
        return shared / total if total else 0.0

    def _across(self, upper: Line, lower: Line) -> float:
        """Evidence from the characters across the seam standing together elsewhere on the page."""
        near = self._source[max(0, upper.end - _WINDOW) : upper.end + _WINDOW]
        if abs(lower.start - upper.end) > _WINDOW:
            near += self._source[max(0, lower.start - _WINDOW) : lower.start + _WINDOW]
        left, right = upper.text, lower.text
        for score, before, after in ((3.0, 2, 2), (2.0, 2, 1), (2.0, 1, 2), (1.0, 1, 1)):
            piece = left[-before:] + right[:after]
            if len(piece) == before + after and _WORDS.fullmatch(piece) and piece in near:
                return score
        return 0.0


def bigrams(text: str) -> set[str]:
    """The pairs of neighbouring letters of a text."""
    return {run[at : at + 2] for run in _WORDS.findall(text) for at in range(len(run) - 1)}
