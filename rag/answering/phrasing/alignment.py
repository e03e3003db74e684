"""Where a passage says what a sentence says: the sentences of it that hold the facts and most of the words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rag.answering.phrasing.facts import Fact
from rag.answering.phrasing.passages import Passage, Piece, pairs_of
from rag.answering.reading.question import FUNCTION_CHARACTERS
from rag.answering.wording.composing import Quote
from rag.types import Article

MOST_SENTENCES = 4
"""Sentences of passages behind one sentence of a reply: a model may merge facts that stand apart."""
_EACH_HUNDRED = 0.05
"""Share of the words that a hundred characters more must hold, to be quoted, too."""
_WORTH_QUOTING = 0.15
"""Share of the words that a further quotation without a further fact must hold."""

_HAN_RUN = re.compile(r"[\u3400-\u9fff]+")


@dataclass(frozen=True, slots=True)
class Alignment:
    """The quotations that support a sentence, and how much of it they hold."""

    quotes: tuple[Quote, ...]
    coverage: float
    """Share of the sentence's character pairs in the quotations or the headings of their articles, in [0, 1]."""
    gap: str
    """The longest run of the sentence's characters without a pair in them."""


@dataclass(frozen=True, slots=True)
class _Candidate:
    passage: Passage
    piece: Piece
    held: frozenset[int]
    """Numbers of the facts that it holds."""


def align(words: str, facts: Sequence[Fact], passages: Sequence[Passage]) -> Alignment:
    """Quotations for a sentence, from the passages that it cites.

    Args:
        words: the sentence, folded, without its marks and without the numbers and dates in it.
        facts: what of it must be found in the passages.
    """
    wanted = pairs_of(words)
    candidates = [
        _Candidate(passage, piece, frozenset(number for number, fact in enumerate(facts) if fact(piece)))
        for passage in passages
        for piece in passage.pieces
    ]
    chosen: list[_Candidate] = []
    held: frozenset[int] = frozenset()
    pairs: frozenset[str] = frozenset()

    def gain(candidate: _Candidate) -> tuple[int, float]:
        fresh = len(wanted & (candidate.piece.pairs - pairs)) / (len(wanted) or 1)
        start, end = candidate.piece.span
        return len(candidate.held - held), fresh - _EACH_HUNDRED * (end - start) / 100

    while candidates and len(chosen) < MOST_SENTENCES:
        best = max(candidates, key=gain)
        facts_gained, words_gained = gain(best)
        if chosen and not facts_gained and words_gained < _WORTH_QUOTING:
            break
        chosen.append(best)
        held, pairs = held | best.held, pairs | best.piece.pairs
        candidates = [candidate for candidate in candidates if not _overlap(candidate, best)]
    pairs = pairs.union(*(pairs_of(passage.about) for passage in passages))
    coverage = len(wanted & pairs) / len(wanted) if wanted else 0.0
    return Alignment(_quotes(chosen), coverage, _gap(words, pairs))


def _overlap(one: _Candidate, other: _Candidate) -> bool:
    (start, end), (low, high) = one.piece.span, other.piece.span
    return one.passage.article.article_id == other.passage.article.article_id and start < high and low < end


def _quotes(chosen: Sequence[_Candidate]) -> tuple[Quote, ...]:
    """The sentences as quotations, the best first; those side by side are one, without blanks at its ends."""
    runs: list[tuple[Article, int, int]] = []
    for candidate in chosen:
        article, (start, end) = candidate.passage.article, candidate.piece.span
        for number, (other, low, high) in enumerate(runs):
            if other.article_id == article.article_id and (low == end or high == start):
                runs[number] = (article, min(low, start), max(high, end))
                break
        else:
            runs.append((article, start, end))
    return tuple(_trimmed(*run) for run in runs)


def _trimmed(article: Article, start: int, end: int) -> Quote:
    text = article.text[start:end]
    return Quote(article, start + len(text) - len(text.lstrip()), end - len(text) + len(text.rstrip()))


def _gap(words: str, pairs: frozenset[str]) -> str:
    """The longest run of characters of which no neighbouring two stand together in the evidence."""
    longest = ""
    for run in _HAN_RUN.findall(words):
        begin = 0
        for at in range(len(run)):
            touched = any(pair in pairs for pair in (run[at - 1 : at + 1] if at else "", run[at : at + 2]))
            if touched or run[at] in FUNCTION_CHARACTERS:
                begin = at + 1
            elif at + 1 - begin > len(longest):
                longest = run[begin : at + 1]
    return longest
