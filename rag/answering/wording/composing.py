"""Quotations to an answer: text with marks, and the citations that the marks point at.

Nothing else makes marks or citations, so that both always match and every quote is what its spans say.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rag.index.storage.generation import Generation
from rag.offsets import OffsetMap
from rag.types import Article, Chunk, Citation


@dataclass(frozen=True, slots=True)
class Quote:
    """A range of an article to be shown word for word."""

    article: Article
    start: int
    end: int

    @property
    def text(self) -> str:
        return self.article.text[self.start : self.end]


@dataclass(frozen=True, slots=True)
class Mark:
    """The mark of a quotation that is not shown itself: it supports the words before."""

    quote: Quote


@dataclass(frozen=True, slots=True)
class Draft:
    """An answer before its marks are numbered: words of our own and quotations, in the order they are read."""

    parts: tuple[str | Quote | Mark, ...]


class Composer:
    """Numbers the quotations of a draft and cites them."""

    def __init__(self, generation: Generation) -> None:
        self._generation = generation

    def compose(self, draft: Draft) -> tuple[str, tuple[Citation, ...]]:
        """The answer's text with marks `[n]`, behind the quotation if that is shown, and citation *n* for each mark."""
        numbers: dict[tuple[str, int, int], int] = {}
        quotes: list[Quote] = []
        pieces: list[str] = []
        for part in draft.parts:
            if isinstance(part, str):
                pieces.append(part)
            else:
                quote, shown = (part.quote, "") if isinstance(part, Mark) else (part, part.text)
                place = (quote.article.article_id, quote.start, quote.end)
                if place not in numbers:
                    numbers[place] = len(numbers) + 1
                    quotes.append(quote)
                pieces.append(f"{shown}[{numbers[place]}]")
        return "".join(pieces), tuple(self._citation(number, quote) for number, quote in enumerate(quotes, start=1))

    def _citation(self, number: int, quote: Quote) -> Citation:
        article = quote.article
        spans = OffsetMap(article.runs, article.spans).spans(quote.start, quote.end)
        return Citation(
            n=number,
            article_id=article.article_id,
            chunk_id=chunk_holding(self._generation.chunks_of(article.article_id), quote.start, quote.end).chunk_id,
            title=article.title,
            byline=article.byline,
            date=article.date,
            source=article.source,
            spans=spans,
            quote=quote.text,
            page=self._generation.page_at(article.source, spans[0][0]) if spans else None,
        )


def chunk_holding(chunks: Sequence[Chunk], start: int, end: int) -> Chunk:
    """The chunk that holds most of an article's range; the first of equals."""
    return max(chunks, key=lambda chunk: min(end, chunk.end) - max(start, chunk.start))
