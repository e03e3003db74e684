"""Corpus files into a database: split, cut, and every article id once."""

from __future__ import annotations

from collections.abc import Callable

from rag.corpus.articles import split_page
from rag.corpus.files import CorpusFile, read_pages
from rag.index.storage.database import DatabaseWriter
from rag.index.storage.manifest import FileState
from rag.index.text.chunking import chunk_article
from rag.types import Article, Page, Skipped

_TOLD_EVERY = 200


class CorpusReader:
    """Puts corpus files into a database, every article id once."""

    def __init__(self, database: DatabaseWriter) -> None:
        self._database = database
        self._taken = _TakenIds()

    def take_over(self, state: FileState) -> bool:
        """Takes an unchanged file over; False where it has to be read because another file has to do with it."""
        ids = self._database.ids_of(state.source)
        if state.contested or any(name in self._taken for name in ids):
            return False
        self._database.take_over(state.source)
        self._taken.update(dict.fromkeys(ids, state.source))
        return True

    def read(self, file: CorpusFile, digest: str, tell: Callable[[int], None] | None = None) -> FileState:
        """Splits a file and stores its articles; `tell` is called with their number now and then."""
        skipped: list[Skipped] = []
        articles = 0
        self._taken.begin(file.source)
        known = self._database.records_of(file.source)
        for number, page in enumerate(read_pages(file, self._taken), start=1):
            if tell is not None and number % _TOLD_EVERY == 0:
                tell(articles)
            if isinstance(page, Skipped):
                skipped.append(page)
                continue
            if page.record is not None and (old := known.get(page.record.article_id)) and old[1] == page.digest:
                self._database.take_over_record(file.source, old[0], old[2])
                articles += 1
                continue
            if page.layout is not None and page.layout.is_stored:
                self._database.add_source(file.source, page.text, page.layout.page_starts)
            for article in split_page(page):
                reason = self._refusal(article, page)
                if reason:
                    skipped.append(Skipped(article.source, reason))
                    continue
                self._database.add(file.source, article, chunk_article, page.digest)
                articles += 1
        return FileState(file.source, digest, articles, tuple(skipped), self._taken.contested)

    def _refusal(self, article: Article, page: Page) -> str:
        """Why an article cannot be stored; empty where it can. A record's id was claimed when it was read."""
        if not article.text.strip():
            return "holds no text"
        if page.record is None:
            holder = self._taken.setdefault(article.article_id, article.source)
            if holder is not article.source:
                return f"the article id {article.article_id!r} was taken already at {holder}"
        try:
            "".join((article.article_id, article.text, article.title, article.byline, article.url or "")).encode()
        except UnicodeEncodeError:
            return "holds half a character (a lone surrogate)"
        return ""


class _TakenIds(dict[str, str]):
    """Article ids that are taken, each with where; notices when a file wants an id that another file has."""

    def begin(self, source: str) -> None:
        """From now on it is this file that asks."""
        self._source = source
        self.contested = False

    def setdefault(self, key: str, default: str = "") -> str:
        holder = super().setdefault(key, default)
        if holder != self._source and not holder.startswith((f"{self._source}:", f"{self._source}#")):
            self.contested = True
        return holder
