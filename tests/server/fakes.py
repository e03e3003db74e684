"""A small library over two invented articles: it finds by shared characters, quotes, refuses, pages and counts."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from rag.cancellation import Cancellation
from rag.errors import InputError, NotFound
from rag.index.storage.contents import Contents
from rag.index.storage.listing import date_matches, date_range
from rag.offsets import OffsetMap, runs_of, text_of
from rag.types import (
    Answer,
    Article,
    ArticleKind,
    ArticleList,
    Block,
    BlockRole,
    Chunk,
    Citation,
    Counts,
    Filters,
    Hit,
    IndexStatus,
    PlaceCount,
    Ranks,
    SearchResult,
    Skipped,
    SourceList,
    Turn,
)

PAGES = {
    "a.txt": "云溪镇书屋夜里也开门\n本报记者 林小禾\n"
    "云溪镇的书屋从三月\n起开放到晚上十点。馆员说，来看书的多半是下了班的人。\n",
    "b/c.txt": "松湾村修好八座桥\n松湾村用两年修好了八\n座石桥。孩子上学不再绕路。\n",
}


def make_article(source: str, article_id: str, place: tuple[str, ...] = (), date: str | None = None) -> Article:
    """The one article of an invented page."""
    page = PAGES[source]
    spans = ((0, len(page)),)
    text, title = text_of(page, spans), page.split("\n", 1)[0]
    blocks = (Block(BlockRole.TITLE, 0, len(title)), Block(BlockRole.BODY, len(title), len(text)))
    return Article(
        article_id=article_id,
        source=source,
        spans=spans,
        runs=runs_of(page, spans),
        text=text,
        blocks=blocks,
        title=title,
        place=place,
        date=date,
        kind=ArticleKind.NEWS,
    )


ARTICLES = (
    make_article("a.txt", "a-1", ("浙江省", "云溪镇"), "2020-03-05"),
    make_article("b/c.txt", "folder/b#2"),
)


@dataclass
class FakeLibrary:
    """Answers as `rag.library.Library` does, from `ARTICLES`."""

    generation: str = "g1"
    newest: str = "g1"
    ask_error: Exception | None = None
    composing: Callable[[Cancellation], None] | None = None
    """Called between the hits and the answer: waits, or fails, as a test wants it."""
    closed: bool = False
    asked: list[dict[str, object]] = field(default_factory=list)

    def search(
        self,
        query: str,
        *,
        top_k: int = 10,
        mode: str = "hybrid",
        filters: Filters | None = None,
        explain: bool = False,
    ) -> SearchResult:
        self.asked.append({"query": query, "top_k": top_k, "mode": mode, "filters": filters})
        found = [(len(set(query) & set(article.text)), article) for article in ARTICLES if _allowed(article, filters)]
        found = sorted((pair for pair in found if pair[0]), key=lambda pair: -pair[0])
        hits = tuple(self._hit(rank, score, article) for rank, (score, article) in enumerate(found[:top_k], 1))
        return SearchResult(query, mode, hits, self.generation, 1.5)

    def _hit(self, rank: int, shared: int, article: Article) -> Hit:
        start = len(article.title)
        spans = OffsetMap(article.runs, article.spans).spans(start, article.chars)
        chunk = Chunk(
            f"{article.article_id}:0", article.article_id, start, article.chars, article.text[start:], spans, "", "key"
        )
        return Hit(rank, chunk, article, shared / (shared + 1), Ranks(dense=None, lexical=rank))

    def ask(
        self,
        question: str,
        *,
        history: Sequence[Turn] = (),
        top_k: int = 10,
        filters: Filters | None = None,
        answerer: str = "auto",
        explain: bool = False,
        on_hits: Callable[[tuple[Hit, ...]], None] | None = None,
        cancellation: Cancellation | None = None,
    ) -> Answer:
        if self.ask_error is not None:
            raise self.ask_error
        hits = self.search(question, top_k=top_k, filters=filters).hits
        if on_hits is not None:
            on_hits(hits)
        if self.composing is not None:
            self.composing(cancellation or Cancellation())
        self.asked[-1] |= {"history": list(history), "answerer": answerer}
        citations = tuple(_citation(n, hit) for n, hit in enumerate(hits[:2], 1))
        told = "".join(f"{one.quote.rstrip('。')}。[{one.n}]" for one in citations) or "报上没有提到。"
        return Answer(
            question, bool(citations), told, citations, hits, question, "extractive", self.generation, 2.5, ("慢",)
        )

    def articles(
        self,
        *,
        source: str | None = None,
        place: str | None = None,
        q: str | None = None,
        limit: int = 20,
        cursor: str | None = None,
        date_from: str | None = None,
        date_to: str | None = None,
    ) -> ArticleList:
        if cursor is not None and not cursor.isdecimal():
            raise InputError(f"cursor {cursor} was given by no reply.", hint="Start without a cursor.")
        first = int(cursor or 0)
        found = [one for one in ARTICLES if source in {None, one.source} and (q is None or q in one.text)]
        found = [one for one in found if place is None or place in one.place]
        if date_from or date_to:
            days = date_range(date_from, date_to)
            found = [one for one in found if date_matches(one.date, *days)]
        following = str(first + limit) if first + limit < len(found) else None
        return ArticleList(tuple(found[first : first + limit]), following, len(found))

    def sources(self, *, under: str = "", limit: int = 100, cursor: str | None = None) -> SourceList:
        return self._contents().sources(under, limit, cursor)

    def places(self, *, q: str | None = None, under: str | None = None, limit: int = 20) -> tuple[PlaceCount, ...]:
        return self._contents().places(q, under, limit)

    def _contents(self) -> Contents:
        return Contents((one.article_id, one.source, json.dumps(one.place)) for one in ARTICLES)

    def article(self, article_id: str) -> Article:
        for article in ARTICLES:
            if article.article_id == article_id:
                return article
        raise NotFound(f"There is no article {article_id}.", hint="GET /v1/articles lists them.")

    def status(self) -> IndexStatus:
        self.refresh()
        return IndexStatus(
            self.generation,
            "2026-01-02T03:04:05Z",
            Counts(2, 2, 2, sum(article.chars for article in ARTICLES)),
            "small",
            "f00d",
            "pages",
            False,
            "vectors",
            (Skipped("c.bin", "not text"),),
        )

    def refresh(self) -> bool:
        hopped = self.generation != self.newest
        self.generation = self.newest
        return hopped

    def close(self) -> None:
        self.closed = True


def _allowed(article: Article, filters: Filters | None) -> bool:
    return not filters or not filters.sources or article.source in filters.sources


def _citation(n: int, hit: Hit) -> Citation:
    article, chunk = hit.article, hit.chunk
    return Citation(
        n,
        article.article_id,
        chunk.chunk_id,
        article.title,
        article.byline,
        article.date,
        article.source,
        chunk.spans,
        chunk.text,
    )
