"""Browsing the corpus: what is looked for, the articles found so far, what is marked, and the selection that it makes.

Nothing here touches a widget.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import TYPE_CHECKING, Any

from tui.i18n import Words
from tui.remote.link import Link
from tui.talk.session import Selection

if TYPE_CHECKING:
    from server.schemas import ArticleOut
    from tui.remote.client import Client

PAGE = 50
"""Articles fetched at once."""
MAX_IDS = 1_000
"""Articles that a question can be put to one by one; the API takes no more."""

_DAY = re.compile(r"(\d{4})(?:\D{1,2}(\d{1,2}))?(?:\D{1,2}(\d{1,2}))?\D?")


@dataclass(frozen=True, slots=True)
class Query:
    """What articles have to fit; what is empty restricts nothing."""

    q: str = ""
    """Words that headline or text contain."""
    place: str = ""
    source: str = ""
    """A file, or a folder ending in `/`."""
    date_from: str = ""
    date_to: str = ""
    """ISO 8601 days, inclusive."""

    def __bool__(self) -> bool:
        return self != Query()

    def arguments(self) -> dict[str, Any]:
        """What the listing is asked with."""
        names = ("q", "place", "source", "date_from", "date_to")
        return {name: value for name in names if (value := getattr(self, name))}


class TooMany(Exception):
    """More articles than a question can be put to one by one.

    Args:
        total: how many there are.
    """

    def __init__(self, total: int) -> None:
        super().__init__(f"{total} > {MAX_IDS}")
        self.total = total


@dataclass(slots=True)
class Marks:
    """What the reader has marked: articles one by one, or files and places. Marks of one kind take the other away."""

    articles: dict[str, str] = field(default_factory=dict)
    """Headline or first words by id, in the order in which they were marked."""
    sources: list[str] = field(default_factory=list)
    places: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.articles or self.sources or self.places)

    def toggle_article(self, article: ArticleOut) -> None:
        """Marks an article, or no more."""
        self.sources.clear()
        self.places.clear()
        if self.articles.pop(article.article_id, None) is None:
            self.articles[article.article_id] = name_of(article)

    def toggle_source(self, source: str) -> None:
        """Marks a file or folder, or no more."""
        self._toggle(self.sources, source)

    def toggle_place(self, place: str) -> None:
        """Marks a place, or no more."""
        self._toggle(self.places, place)

    def clear(self) -> None:
        """Marks nothing."""
        self.articles.clear()
        self.sources.clear()
        self.places.clear()

    def _toggle(self, marked: list[str], name: str) -> None:
        self.articles.clear()
        if name in marked:
            marked.remove(name)
        else:
            marked.append(name)


class Browsing:
    """Finds articles page by page, as far as they are looked at.

    Args:
        link: the connection to the server; everything waits until it is there.
    """

    def __init__(self, link: Link) -> None:
        self.query = Query()
        self.articles: list[ArticleOut] = []
        """Those that have been fetched, in corpus order."""
        self.total: int | None = None
        """How many there are on all pages; None where it is not known."""
        self.marks = Marks()
        self._link = link
        self._cursor: str | None = None

    @property
    def has_more(self) -> bool:
        """Whether there are articles that have not been fetched."""
        return self._cursor is not None

    async def find(self, query: Query) -> None:
        """Looks for other articles, and fetches the first page of them.

        Raises:
            ClientError: it cannot be had; all stays as it was.
        """
        client = await self._link.client()
        page = await client.articles(**query.arguments(), limit=PAGE)
        self.query, self.articles, self._cursor, self.total = query, list(page.items), page.next_cursor, page.total

    async def completed(self, typed: str) -> str | None:
        """The place with most articles whose name begins as typed; None where there is none, or nothing was typed.

        Raises:
            ClientError: it cannot be had.
        """
        if not typed.strip():
            return None
        client = await self._link.client()
        page = await client.places(q=typed)
        return next((one.place[-1] for one in page.items if one.place[-1].startswith(typed.strip())), None)

    async def more(self) -> None:
        """Fetches the next page, where there is one.

        Raises:
            ClientError: it cannot be had.
        """
        query, cursor = self.query, self._cursor
        if cursor is None:
            return
        client = await self._link.client()
        page = await client.articles(**query.arguments(), limit=PAGE, cursor=cursor)
        if (query, cursor) == (self.query, self._cursor):  # else something else is looked for by now
            self.articles.extend(page.items)
            self._cursor, self.total = page.next_cursor, page.total

    async def selection(self, words: Words, current: ArticleOut | None) -> Selection | None:
        """The part of the corpus that is marked, else what fits the query, else the article where the reader is.

        Args:
            words: the interface's words.
            current: that article; None where there is none.

        Raises:
            ClientError: what fits the words cannot be had.
            TooMany: more articles fit the words than can be asked.
        """
        from server.schemas import FiltersIn

        marks, query = self.marks, self.query
        if not marks and not query:
            if current is None:
                return None
            marks = Marks(articles={current.article_id: name_of(current)})
        if marks.articles:
            headlines = list(marks.articles.values())
            many = words("corpus.articles", count=f"{len(headlines):,}")
            label = many if len(headlines) > 1 else headlines[0] or words("article.untitled")
            return Selection(FiltersIn.model_construct(article_ids=list(marks.articles)), label)
        # Not checked here: a name of more characters than the API takes is refused in the server's words.
        filters = FiltersIn.model_construct(
            sources=marks.sources or [query.source] * bool(query.source),
            places=marks.places or [query.place] * bool(query.place),
            date_from=query.date_from or None,
            date_to=query.date_to or None,
            article_ids=await self._found() if query.q else [],
        )
        days = span_of(query.date_from, query.date_to, words)
        label = label_of(words, q=query.q, sources=filters.sources, places=filters.places, days=days)
        return Selection(filters, label)

    async def _found(self) -> list[str]:
        """The ids of all articles that fit the query."""
        client: Client = await self._link.client()
        found: list[str] = []
        cursor: str | None = None
        while True:
            page = await client.articles(**self.query.arguments(), limit=100, cursor=cursor)
            found += [article.article_id for article in page.items]
            if max(page.total or 0, len(found)) > MAX_IDS:
                raise TooMany(max(page.total or 0, len(found)))
            cursor = page.next_cursor
            if cursor is None:
                # No id at all would restrict nothing, where nothing is what was found.
                return found or ["-"]


def name_of(article: ArticleOut) -> str:
    """An article's headline, or its first words where it has none."""
    return article.title or article.lead


def label_of(
    words: Words, *, q: str = "", sources: Sequence[str] = (), places: Sequence[str] = (), days: str = ""
) -> str:
    """Filters in a few words."""
    parts = [words("corpus.quoted", words=q)] if q else []
    for names in (sources, places):
        if len(names) > 2:
            parts.append(words("corpus.and_more", name=names[0], count=len(names) - 1))
        else:
            parts += names
    return " · ".join([*parts, days] if days else parts)


def span_of(first: str, last: str, words: Words) -> str:
    """A span of days in words; an end that is empty is open, and without any there are no words."""
    if first and last:
        return first if first == last else words("corpus.span", first=first, last=last)
    if first or last:
        return words("corpus.from", day=first) if first else words("corpus.until", day=last)
    return ""


def day_of(text: str, *, last: bool) -> str:
    """A day, month or year as typed, such as `2024`, `2024-5` or `2024年5月31日`, as an ISO 8601 day.

    Args:
        text: what was typed; blank is no day, and stays empty.
        last: the last day of a month or year, instead of the first.

    Raises:
        ValueError: it is no day.
    """
    bare = text.strip()
    if not bare:
        return ""
    found = _DAY.fullmatch(bare)
    if found is None:
        raise ValueError(text)
    year, month, day = (int(part) if part else 0 for part in found.groups())
    month = month if found[2] else (12 if last else 1)
    if not found[3]:
        if not 1 <= month <= 12:
            raise ValueError(text)
        day = monthrange(year, month)[1] if last else 1
    return date(year, month, day).isoformat()


def narrowed(query: Query, *, source: str | None = None, place: str | None = None) -> Query:
    """The query with another source or place; the one that it has already is taken away instead."""
    if source is not None:
        return replace(query, source="" if source == query.source else source)
    if place is not None:
        return replace(query, place="" if place == query.place else place)
    return query
