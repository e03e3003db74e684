"""Where a passage says what a sentence says: the sentences of it that hold the facts and most of the words."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from rag.answering.composing import Quote
from rag.answering.phrasing.passages import Passage
from rag.answering.question import FUNCTION_CHARACTERS
from rag.index.terms import fold
from rag.types import Span

MOST_SENTENCES = 3
"""Sentences side by side in one quotation."""
MOST_QUOTES = 3
"""Quotations behind one sentence: a model may merge facts that stand apart."""
_EACH_SENTENCE = 0.05
"""What a further sentence must add to the share of words held, to be quoted, too."""

_HAN_RUN = re.compile(r"[\u3400-\u9fff]+")
_OTHER_WORD = re.compile(r"[a-z0-9]+(?:\.[0-9]+)?")

Fact = Callable[[str, Passage], bool]
"""Whether a folded piece of a passage holds one fact of the sentence."""


@dataclass(frozen=True, slots=True)
class Alignment:
    """The quotations that support a sentence, and how much of it they hold."""

    quotes: tuple[Quote, ...]
    coverage: float
    """Share of the sentence's character pairs in the quotations or the headings of their articles, in [0, 1]."""
    gap: str
    """The longest run of the sentence's characters without a pair in them."""


@dataclass(frozen=True, slots=True)
class _Window:
    passage: Passage
    span: Span
    held: frozenset[int]
    """Numbers of the facts that it holds."""
    pairs: frozenset[str]


@lru_cache(maxsize=4096)
def pairs_of(folded: str) -> frozenset[str]:
    """Neighbouring characters, Latin words and numbers; pairs with a character that only joins or counts are left out."""
    pairs = {run[at : at + 2] for run in _HAN_RUN.findall(folded) for at in range(len(run) - 1)}
    return frozenset({pair for pair in pairs if not FUNCTION_CHARACTERS & set(pair)} | set(_OTHER_WORD.findall(folded)))


def align(words: str, facts: Sequence[Fact], passages: Sequence[Passage]) -> Alignment:
    """Quotations for a sentence, from the passages that it cites.

    Args:
        words: the sentence, folded, without its marks and without the numbers and dates in it.
        facts: what of it must be found in the passages.
    """
    wanted = pairs_of(words)
    windows = [window for passage in passages for window in _windows(passage, facts)]
    chosen: list[_Window] = []
    held: frozenset[int] = frozenset()
    pairs: frozenset[str] = frozenset()

    def gain(window: _Window) -> tuple[int, float]:
        fresh = len(wanted & (window.pairs - pairs)) / (len(wanted) or 1)
        length = (window.span[1] - window.span[0]) / 100
        return len(window.held - held), fresh - _EACH_SENTENCE * length

    while windows and len(chosen) < MOST_QUOTES:
        best = max(windows, key=gain)
        facts_gained, words_gained = gain(best)
        if chosen and not facts_gained and words_gained < 0.15:
            break
        chosen.append(best)
        held, pairs = held | best.held, pairs | best.pairs
        windows = [window for window in windows if not _overlap(window, best)]
    about = frozenset[str]().union(*(pairs_of(passage.about) for passage in passages))
    pairs |= about
    coverage = len(wanted & pairs) / len(wanted) if wanted else 0.0
    quotes = tuple(_trimmed(window) for window in chosen)
    return Alignment(quotes, coverage, _gap(words, pairs))


def _windows(passage: Passage, facts: Sequence[Fact]) -> list[_Window]:
    found = []
    sentences = passage.sentences
    texts = [fold(passage.article.text[start:end]) for start, end in sentences]
    for first in range(len(sentences)):
        for last in range(first, min(first + MOST_SENTENCES, len(sentences))):
            if last > first and sentences[last][0] != sentences[last - 1][1]:
                break
            text = "".join(texts[first : last + 1])
            held = frozenset(number for number, fact in enumerate(facts) if fact(text, passage))
            found.append(_Window(passage, (sentences[first][0], sentences[last][1]), held, pairs_of(text)))
    return found


def _overlap(one: _Window, other: _Window) -> bool:
    return one.passage.article.article_id == other.passage.article.article_id and (
        one.span[0] < other.span[1] and other.span[0] < one.span[1]
    )


def _trimmed(window: _Window) -> Quote:
    """The quotation without blanks at its ends."""
    article, (start, end) = window.passage.article, window.span
    text = article.text[start:end]
    return Quote(article, start + len(text) - len(text.lstrip()), end - len(text) + len(text.rstrip()))


def _gap(folded: str, pairs: frozenset[str]) -> str:
    """The longest run of characters of which no neighbouring two stand together in the evidence."""
    longest = ""
    for run in _HAN_RUN.findall(folded):
        begin = 0
        for at in range(len(run)):
            touched = any(pair in pairs for pair in (run[at - 1 : at + 1] if at else "", run[at : at + 2]))
            if touched or run[at] in FUNCTION_CHARACTERS:
                begin = at + 1
            elif at + 1 - begin > len(longest):
                longest = run[begin : at + 1]
    return longest
