"""Articles and chunks on disk: one SQLite file in a generation, written once, then read only.

Ordinals count articles, rows count chunks, both from 0 in corpus order. What belongs to one corpus file lies together,
so that the next generation can take a file that has not changed over as it is. `sources` holds the texts that were
taken out of files of other forms: what the offsets of their articles count in.
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path

from rag.index.storage.changes import article_changes
from rag.index.text.terms import fold
from rag.offsets import OffsetMap
from rag.types import Article, ArticleChange, ArticleKind, Block, BlockRole, Chunk, Span

FILE = "articles.sqlite"

_SCHEMA = """
CREATE TABLE articles (
    ordinal INTEGER PRIMARY KEY, file TEXT NOT NULL, article_id TEXT NOT NULL UNIQUE, source TEXT NOT NULL,
    title TEXT NOT NULL, kicker TEXT NOT NULL, byline TEXT NOT NULL, place TEXT NOT NULL, date TEXT, kind TEXT NOT NULL,
    url TEXT, chars INTEGER NOT NULL, spans TEXT NOT NULL, runs TEXT NOT NULL, blocks TEXT NOT NULL, text TEXT NOT NULL
);
CREATE TABLE folded (ordinal INTEGER PRIMARY KEY, text TEXT NOT NULL);
CREATE TABLE chunks (
    row INTEGER PRIMARY KEY, ordinal INTEGER NOT NULL, chunk_id TEXT NOT NULL UNIQUE, key TEXT NOT NULL,
    start INTEGER NOT NULL, end INTEGER NOT NULL, context TEXT NOT NULL
);
CREATE TABLE digests (ordinal INTEGER PRIMARY KEY, digest TEXT NOT NULL);
CREATE TABLE sources (file TEXT PRIMARY KEY, text TEXT NOT NULL, page_starts TEXT NOT NULL);
CREATE INDEX chunks_ordinal ON chunks (ordinal);
CREATE INDEX articles_file ON articles (file);
"""

ARTICLE_COLUMNS = "article_id, source, spans, runs, text, blocks, title, kicker, byline, place, date, kind, url"


class DatabaseWriter:
    """Fills a new database, file by file of the corpus.

    Args:
        path: of the database to create.
        previous: the database that what has not changed is taken over from; its articles were split and cut by the
            same rules. None where there is none.
    """

    def __init__(self, path: Path, previous: Path | None) -> None:
        self._db = sqlite3.connect(path.resolve().as_uri(), uri=True, isolation_level=None)
        # The file is synced as a whole before it is published, and thrown away if that is not reached.
        self._db.execute("PRAGMA journal_mode = OFF")
        self._db.execute("PRAGMA synchronous = OFF")
        self._db.executescript(_SCHEMA)
        self._has_old = previous is not None
        self._has_digests = self._has_sources = False
        self._pending: tuple[int, int, int] | None = None
        """First and last old ordinal of a run of records that is to be copied, and how far their ordinals move."""
        if previous is not None:
            self._db.execute("ATTACH ? AS old", (f"{previous.resolve().as_uri()}?immutable=1",))
            tables = {name for (name,) in self._db.execute("SELECT name FROM old.sqlite_master WHERE type = 'table'")}
            self._has_digests, self._has_sources = "digests" in tables, "sources" in tables  # earlier indexes have none
        self._db.execute("BEGIN")
        self._same_key: Counter[str] = Counter()
        self.keys: list[str] = []
        """Of every chunk, by row."""
        self.chunk_ids: list[str] = []
        """Of every chunk, by row."""
        self.ordinals: list[int] = []
        """The article of every chunk, by row."""
        self.sources: set[str] = set()
        """Corpus files that gave at least one article."""
        self.articles = 0
        self.characters = 0

    def flush(self) -> None:
        """Copies what was taken over and not copied yet; call it before `keys` or `ordinals` are read."""
        if self._pending is not None:
            (first, last, shift), self._pending = self._pending, None
            self._copy_articles(first, last, shift)

    def close(self) -> None:
        """Writes everything out; the writer is of no more use."""
        self.flush()
        self._db.execute("COMMIT")
        self._db.close()

    def abandon(self) -> None:
        """Closes without writing the rest."""
        self._db.close()

    def add(self, file: str, article: Article, cut: Callable[[Article], Sequence[Chunk]], digest: str = "") -> None:
        """Appends an article of a corpus file with its chunks, made by `cut` unless the previous database has them.

        Args:
            digest: of the record that the article was made from, by which it is known the next time.
        """
        self.flush()
        row = _row_of(article)
        self._db.execute(
            f"INSERT INTO articles (ordinal, file, chars, {ARTICLE_COLUMNS}) VALUES ({', '.join('?' * 16)})",  # noqa: S608
            (self.articles, file, article.chars, *row),
        )
        old = self._old_ordinal(row)
        if old is None:
            folded = fold(f"{article.title}\n{article.text}")
            self._db.execute("INSERT INTO folded VALUES (?, ?)", (self.articles, folded))
            self._add_chunks((self.articles, one.key, one.start, one.end, one.context) for one in cut(article))
        else:
            self._copy(old, old, self.articles - old)
        if digest:
            self._db.execute("INSERT INTO digests VALUES (?, ?)", (self.articles, digest))
        self._count(file, 1, article.chars)

    def add_source(self, file: str, text: str, page_starts: Sequence[int]) -> None:
        """Keeps the text that was taken out of a corpus file."""
        self._db.execute("INSERT INTO sources VALUES (?, ?, ?)", (file, text, json.dumps(list(page_starts))))

    def _old_ordinal(self, row: tuple[object, ...]) -> int | None:
        """Where the previous database has the very same article; None where it has not."""
        if not self._has_old:
            return None
        found = self._db.execute(
            f"SELECT ordinal, {ARTICLE_COLUMNS} FROM old.articles WHERE article_id = ?",  # noqa: S608
            row[:1],
        ).fetchone()
        return int(found[0]) if found is not None and found[1:] == row else None

    def take_over(self, file: str) -> None:
        """Copies the articles and chunks of an unchanged corpus file from the previous database."""
        first, articles, characters = self._db.execute(
            "SELECT min(ordinal), count(*), total(chars) FROM old.articles WHERE file = ?", (file,)
        ).fetchone()
        if not articles:
            return
        self.flush()
        self._copy_articles(first, first + articles - 1, self.articles - first)
        if self._has_sources:
            self._db.execute("INSERT INTO sources SELECT * FROM old.sources WHERE file = ?", (file,))
        self._count(file, articles, int(characters))

    def records_of(self, file: str) -> dict[str, tuple[int, str, int]]:
        """The records that a corpus file had in the previous database: by id the ordinal, the digest, the length."""
        if not self._has_digests:
            return {}
        rows = self._db.execute(
            "SELECT article_id, ordinal, digest, chars FROM old.articles "
            "JOIN old.digests USING (ordinal) WHERE file = ?",
            (file,),
        )
        return {article_id: (ordinal, digest, chars) for article_id, ordinal, digest, chars in rows}

    def take_over_record(self, file: str, ordinal: int, chars: int) -> None:
        """Takes an unchanged record over from the previous database; runs of them are copied at once, by `flush`."""
        shift = self.articles - ordinal
        if self._pending is not None and self._pending[1:] == (ordinal - 1, shift):
            self._pending = (self._pending[0], ordinal, shift)
        else:
            self.flush()
            self._pending = (ordinal, ordinal, shift)
        self._count(file, 1, chars)

    def _copy_articles(self, first: int, last: int, shift: int) -> None:
        """Copies old articles, `first` to `last`, with all that belongs to them."""
        values = (shift, first, last)
        self._db.execute(
            f"INSERT INTO articles (ordinal, file, chars, {ARTICLE_COLUMNS}) "  # noqa: S608
            f"SELECT ordinal + ?, file, chars, {ARTICLE_COLUMNS} FROM old.articles "
            "WHERE ordinal BETWEEN ? AND ? ORDER BY ordinal",
            values,
        )
        if self._has_digests:
            self._db.execute(
                "INSERT INTO digests SELECT ordinal + ?, digest FROM old.digests WHERE ordinal BETWEEN ? AND ?", values
            )
        self._copy(first, last, shift)

    def _copy(self, first: int, last: int, shift: int) -> None:
        """Copies what belongs to old articles, `first` to `last`, their ordinals moved by `shift`."""
        values = (shift, first, last)
        self._db.execute(
            "INSERT INTO folded SELECT ordinal + ?, text FROM old.folded WHERE ordinal BETWEEN ? AND ?", values
        )
        self._add_chunks(
            self._db.execute(
                "SELECT ordinal + ?, key, start, end, context FROM old.chunks WHERE ordinal BETWEEN ? AND ? "
                "ORDER BY row",
                values,
            ).fetchall()
        )

    def ids_of(self, file: str) -> list[str]:
        """Ids of the articles that a corpus file had in the previous database."""
        return [found for (found,) in self._db.execute("SELECT article_id FROM old.articles WHERE file = ?", (file,))]

    def indexed_texts(self, rows: Sequence[int]) -> list[str]:
        """What is embedded and cut into terms for each of the rows; quick when they are in order."""
        texts: list[str] = []
        held, text = -1, ""
        for row in rows:
            ordinal, start, end, context = self._db.execute(
                "SELECT ordinal, start, end, context FROM chunks WHERE row = ?", (row,)
            ).fetchone()
            if ordinal != held:
                (text,) = self._db.execute("SELECT text FROM articles WHERE ordinal = ?", (ordinal,)).fetchone()
                held = ordinal
            # Sliced here and not by SQLite, whose substr counts from the text's start every time and stops at a NUL.
            texts.append(f"{context}\n{text[start:end]}" if context else text[start:end])
        return texts

    def rows_where(self, test: Callable[[str], bool]) -> list[int]:
        """Rows of the chunks of all articles whose folded headline, place or text passes a test."""
        places: dict[str, bool] = {}
        found: list[int] = []
        query = "SELECT ordinal, place, folded.text FROM articles JOIN folded USING (ordinal) ORDER BY ordinal"
        for ordinal, place, text in self._db.execute(query):
            if place not in places:
                places[place] = test(fold("".join(json.loads(place))))
            if places[place] or test(text):
                found.append(ordinal)
        chosen = set(found)
        return [row for row, ordinal in enumerate(self.ordinals) if ordinal in chosen]

    def facts(self, rows: Sequence[int] | None = None) -> Iterator[tuple[str, str, str, str, str | None]]:
        """Key, article, source, place and date of chunks: of those given, or of all by row."""
        query = "SELECT key, article_id, source, place, date FROM chunks JOIN articles USING (ordinal)"
        if rows is None:
            yield from self._db.execute(f"{query} ORDER BY row")
            return
        for row in rows:
            yield self._db.execute(f"{query} WHERE row = ?", (row,)).fetchone()

    def changes(self, previous: Path | None) -> list[ArticleChange]:
        """How the articles written so far differ from those of another generation's database; None for none."""
        return article_changes(self._db, previous)

    def _add_chunks(self, chunks: Iterable[tuple[int, str, int, int, str]]) -> None:
        rows = []
        for ordinal, key, start, end, context in chunks:
            chunk_id = self._chunk_id(key)
            rows.append((len(self.keys), ordinal, chunk_id, key, start, end, context))
            self.keys.append(key)
            self.chunk_ids.append(chunk_id)
            self.ordinals.append(ordinal)
        self._db.executemany("INSERT INTO chunks VALUES (?, ?, ?, ?, ?, ?, ?)", rows)

    def _chunk_id(self, key: str) -> str:
        """Derived from the key; equal chunks are numbered in corpus order."""
        self._same_key[key] += 1
        number = self._same_key[key]
        return key if number == 1 else f"{key}-{number}"

    def _count(self, file: str, articles: int, characters: int) -> None:
        self.sources.add(file)
        self.articles += articles
        self.characters += characters


def read_article(row: Sequence[object]) -> Article:
    """An article from its `ARTICLE_COLUMNS`."""
    article_id, source, spans, runs, text, blocks, title, kicker, byline, place, date, kind, url = row
    return Article(
        article_id=str(article_id),
        source=str(source),
        spans=_spans(str(spans)),
        runs=_spans(str(runs)),
        text=str(text),
        blocks=tuple(Block(BlockRole(role), start, end) for role, start, end in json.loads(str(blocks))),
        title=str(title),
        kicker=str(kicker),
        byline=str(byline),
        place=tuple(json.loads(str(place))),
        date=None if date is None else str(date),
        kind=ArticleKind(str(kind)),
        url=None if url is None else str(url),
    )


def read_chunk(row: Sequence[object], article: Article, offsets: OffsetMap) -> Chunk:
    """A chunk of an article from its chunk_id, key, start, end and context."""
    chunk_id, key, start, end, context = row
    low, high = int(str(start)), int(str(end))
    return Chunk(
        chunk_id=str(chunk_id),
        article_id=article.article_id,
        start=low,
        end=high,
        text=article.text[low:high],
        spans=offsets.spans(low, high),
        context=str(context),
        key=str(key),
    )


def _row_of(article: Article) -> tuple[object, ...]:
    return (
        article.article_id,
        article.source,
        json.dumps(list(chain.from_iterable(article.spans))),
        json.dumps(list(chain.from_iterable(article.runs))),
        article.text,
        json.dumps([[block.role.value, block.start, block.end] for block in article.blocks]),
        article.title,
        article.kicker,
        article.byline,
        json.dumps(article.place, ensure_ascii=False),
        article.date,
        article.kind.value,
        article.url,
    )


def _spans(text: str) -> tuple[Span, ...]:
    flat: list[int] = json.loads(text)
    return tuple(zip(flat[::2], flat[1::2], strict=True))
