"""The support gate: whether a passage says what a sentence says.

Every number, date, name and place of the sentence must occur in the passages that it cites, said of the same thing as
there; the rest of it must be close to them in words or meaning. The thresholds were measured (docs/answering.md).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from rag.answering.phrasing.alignment import align
from rag.answering.phrasing.dates import find_dates
from rag.answering.phrasing.english import is_english
from rag.answering.phrasing.facts import facts_of, words_of
from rag.answering.phrasing.figures import find_figures, stated_by
from rag.answering.phrasing.mentions import impossible_places, mentions
from rag.answering.phrasing.names import NameKind, find_names
from rag.answering.phrasing.passages import Passage
from rag.answering.phrasing.placement import misplaced
from rag.answering.phrasing.translation import check_english
from rag.answering.phrasing.verdict import Flaw, FlawKind, Verdict
from rag.answering.wording.composing import Quote
from rag.embedding.base import Embedder
from rag.index.text.terms import fold

COVERAGE = 0.3
"""Share of a sentence's character pairs that the evidence must hold, whatever the embedding says."""
VERBATIM = 0.8
"""Share of them from which it is said in the passage's own words, so that no embedding is asked."""
CLOSENESS = 0.62
"""What coverage and similarity must come to, on average."""
_FAR, _NEAR = 0.80, 0.96
"""Cosines of sentences from one article about different things, and of a sentence and its paraphrase."""


class Gate:
    """Checks sentences against passages.

    Args:
        embedder: tells how close in meaning a sentence is to what supports it.
    """

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder

    def check(self, sentence: str, passages: Sequence[Passage]) -> Verdict:
        """Holds a sentence, its marks taken off, against the passages that it cites, taken together."""
        if not passages:
            return Verdict((Flaw(FlawKind.NO_PASSAGE, sentence),), (), 0.0, 0.0)
        if is_english(sentence) and any(not is_english(passage.text) for passage in passages):
            return check_english(sentence, passages, self._embedder)
        folded = fold(sentence)
        flaws = [*_wrong_figures(folded, passages), *_wrong_dates(folded, passages), *_wrong_names(folded, passages)]
        aligned = align(words_of(folded), facts_of(folded), passages)
        if not flaws:
            flaws += [
                *(Flaw(FlawKind.MISPLACED, text) for text in misplaced(folded, passages)),
                *_negated(folded, aligned.quotes),
            ]
        similarity = 0.0
        if not flaws and aligned.coverage < VERBATIM:
            similarity = self._similarity(sentence, aligned.quotes) if aligned.coverage >= COVERAGE else 0.0
            if (aligned.coverage + similarity) / 2 < CLOSENESS:
                flaws.append(Flaw(FlawKind.FAR, aligned.gap or sentence))
        return Verdict(tuple(flaws), aligned.quotes, aligned.coverage, similarity)

    def choose(self, sentence: str, choices: Iterable[Sequence[Passage]]) -> Verdict:
        """The verdict under the first choice of passages that supports a sentence, else under the nearest to it."""
        nearest: Verdict | None = None
        for passages in choices:
            verdict = self.check(sentence, passages)
            if verdict.passed:
                return verdict
            if nearest is None or (verdict.coverage, -len(verdict.flaws)) > (nearest.coverage, -len(nearest.flaws)):
                nearest = verdict
        return nearest or self.check(sentence, ())

    def _similarity(self, sentence: str, quotes: Sequence[Quote]) -> float:
        """The cosine of the sentence and the quotations, read together, stretched to [0, 1]."""
        one, other = self._embedder.embed_passages([sentence, "".join(quote.text for quote in quotes)])
        return float(np.clip((one @ other - _FAR) / (_NEAR - _FAR), 0.0, 1.0))


def _wrong_figures(folded: str, passages: Sequence[Passage]) -> Iterator[Flaw]:
    sources = [figure for passage in passages for figure in passage.figures]
    everything = "\n".join(passage.all for passage in passages)
    for figure in find_figures(folded):
        first = figure.ordinal and figure.value == 1
        if first and re.search(r"首|冠军|状元|第[一1]|头[一名]", everything):
            continue
        if not stated_by(figure, sources):
            yield Flaw(FlawKind.NUMBER, figure.text)


def _wrong_dates(folded: str, passages: Sequence[Passage]) -> Iterator[Flaw]:
    for date in find_dates(folded):
        if not any(passage.calendar.holds(date) for passage in passages):
            yield Flaw(FlawKind.DATE, date.text)


def _wrong_names(folded: str, passages: Sequence[Passage]) -> Iterator[Flaw]:
    everything = "\n".join(passage.all for passage in passages)
    divisions = frozenset().union(*(passage.divisions for passage in passages))
    names = find_names(folded)
    for name in names:
        if not mentions(name, folded, everything, divisions):
            yield Flaw(FlawKind.PLACE if name.kind is NameKind.PLACE else FlawKind.NAME, name.text)
    for text in impossible_places(folded, everything):
        yield Flaw(FlawKind.PLACE, text)


_NOT = re.compile(
    r"(?:没有|没能|尚未|并未|未能|从未|未|无法|无需|无须|不再|并不|不用|不必|不需要?|不能|不会|不是|不得|不要|不)"
    r"(?=[\u4e00-\u9fff]{2})"
)


def _negated(folded: str, quotes: Sequence[Quote]) -> Iterator[Flaw]:
    """What the sentence denies and its evidence affirms in the same words."""
    evidence = fold("\n".join(quote.text for quote in quotes))
    for match in _NOT.finditer(folded):
        word = folded[match.end() : match.end() + 2]
        if word in evidence and not re.search(rf"[没未无不非免]\w{{0,3}}{word}", evidence):
            yield Flaw(FlawKind.NEGATED, match.group() + word)
