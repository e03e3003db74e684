"""Where the trained reader sees the answer: the best-scored sentences are shown to it with what stands around them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from rag.answering.finding.evidence import Evidence
from rag.reader.reader import Reader, Stretch
from rag.reader.windows import window_around
from rag.types import Article, Span

WINDOWS = 4
"""Stretches that are read for one question: about 12 ms each on one core."""
_GAP = 60
"""Characters between two sentences (a byline, a caption) across which a stretch still goes on."""


@dataclass(frozen=True, slots=True)
class _Window:
    article: Article
    start: int
    end: int

    def holds(self, evidence: Evidence) -> bool:
        sentence = evidence.sentence
        return (
            sentence.article.article_id == self.article.article_id
            and self.start <= sentence.start
            and sentence.end <= self.end
        )


def with_margins(reader: Reader, question: str, evidences: Sequence[Evidence]) -> list[Evidence]:
    """The evidence with what the reader makes of it, in the order given; what it was not shown stays as it is.

    Args:
        evidences: best first, those of an article complete.
    """
    windows: list[_Window] = []
    for evidence in evidences:
        if len(windows) == WINDOWS:
            break
        if not any(window.holds(evidence) for window in windows):
            windows.append(_window(evidence, evidences))
    readings = reader.read(
        question,
        [Stretch(_heading(window.article), window.article.text[window.start : window.end]) for window in windows],
    )
    read: list[Evidence] = []
    for evidence in evidences:
        sentence = evidence.sentence
        found: list[tuple[float, Span]] = []
        for window, reading in zip(windows, readings, strict=True):
            if window.holds(evidence):
                margin, (start, end) = reading.answer_in(sentence.start - window.start, sentence.end - window.start)
                found.append((margin, (start + window.start, end + window.start)))
        if found:
            margin, span = max(found)
            evidence = replace(evidence, margin=margin, answer=span)
        read.append(evidence)
    return read


def _window(centre: Evidence, evidences: Sequence[Evidence]) -> _Window:
    """The stretch around a sentence, of sentences that follow one another."""
    article = centre.sentence.article
    ranges = sorted(
        {(e.sentence.start, e.sentence.end) for e in evidences if e.sentence.article.article_id == article.article_id}
    )
    at = ranges.index((centre.sentence.start, centre.sentence.end))
    breaks = [number for number, (one, two) in enumerate(pairwise(ranges), 1) if two[0] - one[1] > _GAP]
    first = max([number for number in breaks if number <= at], default=0)
    last = min([number for number in breaks if number > at], default=len(ranges))
    left, right = window_around(ranges[first:last], at - first)
    return _Window(article, ranges[first + left][0], ranges[first + right - 1][1])


def _heading(article: Article) -> str:
    return f"{article.kicker} {article.title}".strip()
