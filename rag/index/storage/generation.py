"""A published generation, opened for reading: articles, chunks, listing, filters and the two indexes.

Nothing in it ever changes, so everything read may be kept, and any number of threads and processes may share it.
"""

from __future__ import annotations

import sqlite3
import threading
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rag.errors import IndexDamaged, NotFound
from rag.index.copies.duplicates import open_groups
from rag.index.legs.arrays import map_array
from rag.index.legs.base import DenseLeg, LexicalLeg, Restriction, RowMask
from rag.index.legs.keyword_index import KeywordIndex
from rag.index.legs.vector_index import VectorIndex
from rag.index.storage.changes import generation_changes
from rag.index.storage.contents import Contents
from rag.index.storage.database import ARTICLE_COLUMNS, read_article, read_chunk
from rag.index.storage.database import FILE as DATABASE
from rag.index.storage.listing import Listing
from rag.index.storage.manifest import FILE as MANIFEST
from rag.index.storage.manifest import Manifest, file_digest
from rag.index.storage.sources import Sources
from rag.index.text.analyzer import Analyzer
from rag.index.text.userdict import UserDictionary
from rag.offsets import OffsetMap
from rag.types import Article, ArticleList, Chunk, Counts, Filters, GenerationChanges

CHUNK_ARTICLES = "chunk_articles.npy"

_CHECKED_AT_OPENING = 1 << 20
"""Files up to this many bytes are checked by checksum at every opening, larger ones by size."""

_HELD_ARTICLES = 256
_LOOKED_AT = 256
"""Vectors that `verify` looks at."""
_REBUILD = "Build it anew: `wenbao index`."


class Generation:
    """One index, whole and unchanging. Use `Generation.open`, or better `Store.current`."""

    def __init__(
        self, folder: Path, manifest: Manifest, vectors: DenseLeg, words: LexicalLeg, database: sqlite3.Connection
    ) -> None:
        self.folder = folder
        self.manifest = manifest
        self.vectors = vectors
        self.words = words
        # Row → ordinal of its article, (n,) int32.
        self.chunk_articles: NDArray[np.int32] = map_array(folder / CHUNK_ARTICLES, np.int32)
        # Ordinal → ordinal of the article that speaks for all that print the same report, (articles,) int32.
        self.groups: NDArray[np.int32] = open_groups(folder, manifest.counts.articles)
        self.analyzer = Analyzer(UserDictionary.open(folder))
        """Cuts questions as the chunks were cut."""
        self._database = database
        self._lock = threading.Lock()
        self._listing: Listing | None = None
        self._contents: Contents | None = None
        self._sources = Sources()
        self._held: OrderedDict[int, tuple[Article, OffsetMap]] = OrderedDict()

    @classmethod
    def open(cls, folder: Path) -> Generation:
        """Opens a generation after checking that its files are there, of their sizes, and fit together.

        Raises:
            IndexDamaged: a file is missing or not what was published; the message names it.
            IndexMismatch: another format version.
            StoreUnavailable: its chunks are in Milvus, and none answers.
        """
        manifest = Manifest.open(folder)
        if not manifest.generation.endswith(manifest.digest):
            raise IndexDamaged(f"{folder / MANIFEST} is damaged: it does not fit its generation's id", hint=_REBUILD)
        check_files(folder, manifest, _CHECKED_AT_OPENING)
        vectors, words = _open_legs(folder, manifest)
        path = folder / DATABASE
        try:
            # Serialised by our own lock; opened at once, so that sweeping the folder cannot pull it away.
            database = sqlite3.connect(
                f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True, check_same_thread=False
            )
            database.execute("SELECT count(*) FROM sqlite_master").fetchone()
            generation = cls(folder, manifest, vectors, words, database)
        except (sqlite3.Error, OSError, ValueError) as error:
            raise IndexDamaged(f"{path} is missing or damaged: {error}", hint=_REBUILD) from error
        generation._check_sizes()
        return generation

    @property
    def id(self) -> str:
        """Sortable and unique: UTC time of publishing and a short digest."""
        return self.manifest.generation

    @property
    def counts(self) -> Counts:
        """Sizes."""
        return self.manifest.counts

    def __len__(self) -> int:
        return len(self.chunk_articles)

    def article(self, article_id: str) -> Article:
        """An article by its id.

        Raises:
            NotFound: this generation has none of that id.
        """
        found = self._read("SELECT ordinal FROM articles WHERE article_id = ?", article_id)
        if not found:
            raise NotFound(f"there is no article {article_id!r}", hint="`wenbao search` finds articles by their words.")
        return self.article_at(found[0][0])

    def article_at(self, ordinal: int) -> Article:
        """An article by its place in the corpus, counted from 0."""
        return self._article(int(ordinal))[0]

    def articles(self) -> Iterator[Article]:
        """All articles in corpus order."""
        for ordinal in range(self.counts.articles):
            [row] = self._read(f"SELECT {ARTICLE_COLUMNS} FROM articles WHERE ordinal = ?", ordinal)  # noqa: S608
            yield read_article(row)

    def copies_of(self, ordinal: int) -> list[int]:
        """The other articles that print the report of one, in corpus order."""
        same = np.flatnonzero(self.groups == self.groups[ordinal])
        return [int(other) for other in same if other != ordinal]

    def article_of(self, row: int) -> Article:
        """The article that a chunk is part of."""
        return self.article_at(int(self.chunk_articles[row]))

    def chunk(self, row: int) -> Chunk:
        """The chunk at a row of the two indexes."""
        [found] = self._read("SELECT chunk_id, key, start, end, context FROM chunks WHERE row = ?", int(row))
        return read_chunk(found, *self._article(int(self.chunk_articles[row])))

    def chunks_of(self, article_id: str) -> list[Chunk]:
        """The chunks of an article in reading order.

        Raises:
            NotFound: this generation has no article of that id.
        """
        self.article(article_id)
        [(ordinal,)] = self._read("SELECT ordinal FROM articles WHERE article_id = ?", article_id)
        rows = self._read(
            "SELECT chunk_id, key, start, end, context FROM chunks WHERE ordinal = ? ORDER BY row", ordinal
        )
        return [read_chunk(row, *self._article(ordinal)) for row in rows]

    def rows_of(self, article_id: str) -> list[int]:
        """The rows of an article's chunks, in reading order; none where there is no such article."""
        found = self._read(
            "SELECT row FROM chunks WHERE ordinal = (SELECT ordinal FROM articles WHERE article_id = ?) ORDER BY row",
            article_id,
        )
        return [row for (row,) in found]

    def names(self) -> list[tuple[str, str]]:
        """Id and source of every article, in corpus order."""
        return [
            (article_id, source)
            for article_id, source in self._read("SELECT article_id, source FROM articles ORDER BY ordinal")
        ]

    def keys(self) -> dict[str, int]:
        """Every chunk key with a row that has it."""
        return dict(self._read("SELECT key, row FROM chunks ORDER BY row DESC"))

    def rows(self) -> dict[str, int]:
        """Every chunk id with its row."""
        return dict(self._read("SELECT chunk_id, row FROM chunks"))

    def source_text(self, source: str) -> str:
        """The text that was taken out of a file of another form, which the spans of its articles count in.

        Raises:
            NotFound: none is kept of it.
        """
        return self._sources.text(self._read, source)

    def page_at(self, source: str, offset: int) -> int | None:
        """The printed page, from 1, that a source offset lies on; None where the source has no pages."""
        return self._sources.page_at(self._read, source, offset)

    def list_articles(
        self,
        source: str | None = None,
        place: str | None = None,
        q: str | None = None,
        limit: int = 20,
        cursor: str | None = None,
        date_from: str | None = None,
        date_to: str | None = None,
    ) -> ArticleList:
        """A page of articles in corpus order.

        Args:
            source: as in `Filters.sources`.
            place: as in `Filters.places`.
            q: stands in the headline or the text, once both are folded.
            limit: how many at most.
            cursor: `next_cursor` of the page before.
            date_from: as in `Filters`.
            date_to: as in `Filters`.

        Raises:
            InputError: a cursor that no listing gave, a date that is no day, or a range that ends before it begins.
        """
        filters = Filters((source,) if source else (), (place,) if place else (), date_from, date_to)
        ordinals, following, total = self._list().page(filters, q, limit, cursor, self._holding)
        return ArticleList(tuple(self.article_at(ordinal) for ordinal in ordinals), following, total)

    def contents(self) -> Contents:
        """What is in the corpus, counted; read at the first call."""
        if self._contents is None:
            self._contents = Contents(self._read("SELECT article_id, source, place FROM articles"))
        return self._contents

    def changes_since(self, earlier: str) -> GenerationChanges | None:
        """How many articles are others than in an earlier generation; None where that is gone."""
        database = self.folder.parent / earlier / DATABASE
        return generation_changes(earlier, database, self.folder / DATABASE) if database.exists() else None

    def mask(self, filters: Filters) -> NDArray[np.bool_] | None:
        """(n,) true for the chunks whose articles the filters let through; None when they restrict nothing.

        Raises:
            InputError: a date that is no ISO 8601 day, or a range that ends before it begins.
        """
        if not filters:
            return None
        listing = self._list()
        chosen: NDArray[np.bool_] = listing.matching(filters)[self.chunk_articles]
        return RowMask.of(chosen, Restriction(filters, listing.places_matching(filters)))

    def article_days(self) -> NDArray[np.int32]:
        """(articles, 2) first and last day of every article's date as ordinals, 0 where it has none."""
        return self._list().days()

    def verify(self) -> None:
        """Checks every file by checksum, and that chunks, vectors and words are of one number.

        Raises:
            IndexDamaged: naming the file, or the Milvus that does not have its vectors any more.
            StoreUnavailable: its chunks are in Milvus, and none answers.
        """
        check_files(self.folder, self.manifest, None)
        [(problem,)] = self._read("PRAGMA integrity_check(1)")
        if problem != "ok":
            raise IndexDamaged(f"{self.folder / DATABASE} is damaged: {problem}", hint=_REBUILD)
        self._check_sizes()
        # No checksum says whether vectors that lie elsewhere are still there; some are asked for.
        self.vectors.vectors(np.unique(np.linspace(0, max(len(self) - 1, 0), _LOOKED_AT).astype(np.int64))[: len(self)])

    def close(self) -> None:
        """Lets go of the database; calls under way may fail, so a server leaves that to the garbage collector."""
        with self._lock:
            self._database.close()

    def _check_sizes(self) -> None:
        [(articles,)] = self._read("SELECT count(*) FROM articles")
        [(chunks,)] = self._read("SELECT count(*) FROM chunks")
        sizes = {chunks, len(self.vectors), len(self.words), len(self.chunk_articles), self.counts.chunks}
        if len(sizes) > 1 or articles != self.counts.articles or self.vectors.dimension != self.manifest.dimension:
            raise IndexDamaged(
                f"the parts of {self.folder} do not fit together: {chunks} chunks, {len(self.vectors)} vectors of "
                f"{self.vectors.dimension}, {len(self.words)} rows of words, {articles} articles",
                hint=_REBUILD,
            )

    def _list(self) -> Listing:
        if self._listing is None:
            rows = self._read("SELECT article_id, source, place, date FROM articles ORDER BY ordinal")
            self._listing = Listing(rows)
        return self._listing

    def _holding(self, folded: str) -> set[int]:
        """Ordinals of the articles in whose folded headline and text the folded words stand."""
        return {ordinal for (ordinal,) in self._read("SELECT ordinal FROM folded WHERE instr(text, ?)", folded)}

    def _article(self, ordinal: int) -> tuple[Article, OffsetMap]:
        with self._lock:
            held = self._held.get(ordinal)
            if held is not None:
                self._held.move_to_end(ordinal)
                return held
        [row] = self._read(f"SELECT {ARTICLE_COLUMNS} FROM articles WHERE ordinal = ?", ordinal)  # noqa: S608
        article = read_article(row)
        found = article, OffsetMap(article.runs, article.spans)
        with self._lock:
            self._held[ordinal] = found
            while len(self._held) > _HELD_ARTICLES:
                self._held.popitem(last=False)
        return found

    def _read(self, query: str, *values: object) -> list[Any]:
        with self._lock:
            try:
                return self._database.execute(query, values).fetchall()
            except sqlite3.DatabaseError as error:
                raise IndexDamaged(f"{self.folder / DATABASE} is damaged: {error}", hint=_REBUILD) from error


def _open_legs(folder: Path, manifest: Manifest) -> tuple[DenseLeg, LexicalLeg]:
    if manifest.settings.get("store"):
        from rag.index.milvus.opening import open_legs  # who keeps chunks in files need not load it

        return open_legs(folder, manifest)
    return VectorIndex.open(folder), KeywordIndex.open(folder)


def check_files(folder: Path, manifest: Manifest, limit: int | None) -> None:
    """Compares the files of a generation with its manifest.

    Args:
        limit: files larger than this many bytes are compared by size alone; None compares every checksum.

    Raises:
        IndexDamaged: naming the first file that differs.
    """
    for name, stored in manifest.files.items():
        path = folder / name
        try:
            size = path.stat().st_size
            right = size == stored.bytes and (
                (limit is not None and size > limit) or file_digest(path) == stored.sha256
            )
        except OSError as error:
            raise IndexDamaged(f"{path} is missing or cannot be read: {error}", hint=_REBUILD) from error
        if not right:
            raise IndexDamaged(f"{path} is damaged: it is not what was published", hint=_REBUILD)
