"""Where the trained reader sees the answer: the best-scored sentences are shown to it with what stands around them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from rag.answering.finding.evidence import RERANKED, Evidence, EvidenceFinder, Query
from rag.answering.reading.question import Form, Question
from rag.embedding.base import Embedder
from rag.reader.reader import Reader, Stretch
from rag.reader.windows import window_around
from rag.types import Article, Span

WINDOWS = 4
"""Stretches that are read for one question: about 12 ms each on one core."""
MARGIN = 0.2
"""What a unit of the reader's margin adds to a sentence's score; fitted as docs/answering.md tells."""
FIRM = 8.0
"""Margins beyond this, either way, count as this: between a safe answer and a safer one there is nothing to choose."""
_GAP = 60
"""Characters between two sentences (a byline, a caption) across which a stretch still goes on."""


class ReadingFinder(EvidenceFinder):
    """Scores the sentences of articles by rules, and the best of them by the reader as well."""

    def __init__(self, embedder: Embedder, reader: Reader) -> None:
        super().__init__(embedder)
        self._reader = reader

    def find(self, query: Query, articles: Sequence[tuple[Article, float]], reranked: int = RERANKED) -> list[Evidence]:
        """Evidence from the articles, best first; see `EvidenceFinder.find`."""
        found = super().find(query, articles, reranked)
        if not found or not is_readable(query.question):
            return found
        read = with_margins(self._reader, query.question.text, found)
        weighed = [replace(evidence, score=evidence.score + MARGIN * _bounded(evidence.margin)) for evidence in read]
        return sorted(weighed, key=lambda evidence: -evidence.score)


def is_readable(question: Question) -> bool:
    """Whether the reader was trained on questions of this kind: Chinese ones that a passage answers by itself."""
    return question.form is Form.PASSAGE and not question.english


def _bounded(margin: float | None) -> float:
    """A sentence that the reader was not shown counts as one that it rejects: the rules put it far behind already."""
    return -FIRM if margin is None else min(max(margin, -FIRM), FIRM)


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
