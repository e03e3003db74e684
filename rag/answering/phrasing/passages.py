"""The passages that a language model is given: numbered ranges of articles, with what is known of each from outside."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property, lru_cache

from rag.answering.phrasing.dates import Calendar
from rag.answering.phrasing.figures import Figure, find_figures
from rag.answering.reading.question import FUNCTION_CHARACTERS
from rag.corpus import places
from rag.corpus.places import PlacePath
from rag.index.text.sentences import split_sentences
from rag.index.text.terms import fold
from rag.types import Article, ArticleKind, Span

_HAN_RUN = re.compile(r"[\u3400-\u9fff]+")
_OTHER_WORD = re.compile(r"[a-z0-9]+(?:\.[0-9]+)?")


@lru_cache(maxsize=4096)
def pairs_of(folded: str) -> frozenset[str]:
    """Neighbouring characters, Latin words and numbers; those that only join or count are left out."""
    pairs = {run[at : at + 2] for run in _HAN_RUN.findall(folded) for at in range(len(run) - 1)}
    return frozenset({pair for pair in pairs if not FUNCTION_CHARACTERS & set(pair)} | set(_OTHER_WORD.findall(folded)))


@dataclass(frozen=True)
class Piece:
    """A sentence of a passage, with what the gate reads of it."""

    span: Span
    """Of the article's text."""
    folded: str
    printed: str | None
    """The day that the article is from, where it is known."""

    @cached_property
    def figures(self) -> tuple[Figure, ...]:
        return tuple(find_figures(self.folded))

    @cached_property
    def calendar(self) -> Calendar:
        return Calendar(self.folded, self.printed)

    @cached_property
    def pairs(self) -> frozenset[str]:
        return pairs_of(self.folded)


@dataclass(frozen=True)
class Passage:
    """A range of an article that a mark `[number]` points at; `article.text[start:end]` is what the model reads.

    What the gate reads is worked out once and kept with it.
    """

    number: int
    article: Article
    start: int
    end: int
    hidden: tuple[Span, ...] = ()
    """Ranges of the article's text that are kept from the model and support nothing: they read like instructions."""

    @cached_property
    def sentences(self) -> tuple[Span, ...]:
        """The sentences that may be quoted, as ranges of the article's text."""
        spans = split_sentences(self.article.text, self.start, self.end)
        return tuple(span for span in spans if not any(low < span[1] and span[0] < high for low, high in self.hidden))

    @cached_property
    def pieces(self) -> tuple[Piece, ...]:
        """Its sentences."""
        return tuple(
            Piece((start, end), fold(self.article.text[start:end]), self.printed) for start, end in self.sentences
        )

    @cached_property
    def text(self) -> str:
        """What the model is shown."""
        return "".join(self.article.text[start:end] for start, end in self.sentences)

    @cached_property
    def folded(self) -> str:
        return fold(self.text)

    @cached_property
    def about(self) -> str:
        """Headline, kicker, byline and place: they say of the whole article what the range may leave unsaid. Folded."""
        article = self.article
        return fold("\n".join([article.title, article.kicker, article.byline, *article.place]))

    @cached_property
    def all(self) -> str:
        """Everything that a sentence about the passage may mention. Folded."""
        return f"{self.folded}\n{self.about}"

    @cached_property
    def figures(self) -> tuple[Figure, ...]:
        return tuple(find_figures(self.all))

    @property
    def printed(self) -> str | None:
        """The day that a record says it is from. What was read off a page is a date of the text, not of the paper."""
        return self.article.date if self.article.kind is ArticleKind.RECORD else None

    @cached_property
    def calendar(self) -> Calendar:
        return Calendar(self.all, self.printed)

    @cached_property
    def divisions(self) -> frozenset[PlacePath]:
        """The places of the passage and all divisions that they lie in."""
        paths = {mention.path for mention in places.find(self.all)} | {self.article.place}
        return frozenset(path[:depth] for path in paths for depth in range(1, len(path) + 1))
