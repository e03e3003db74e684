"""An exported index back into `vectors/`, as a new generation; nothing is embedded.

Articles, passages and vectors are taken as they were exported. Words are cut anew and copies looked for again: both
follow from the articles alone, and by the rules of the wenbao that will be asked.
"""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from rag.errors import IndexDamaged, IndexMismatch, StoreError
from rag.index.building.labels import terms_label
from rag.index.building.pace import Pace
from rag.index.building.word_stage import WordStage
from rag.index.copies.duplicates import write_duplicates
from rag.index.exchange.layout import ARTICLES, CHUNKS, SOURCES, Export, arrow, schema_of
from rag.index.legs.arrays import save_array
from rag.index.legs.vector_index import VectorIndex
from rag.index.storage.database import FILE as DATABASE
from rag.index.storage.database import DatabaseWriter
from rag.index.storage.generation import CHUNK_ARTICLES
from rag.index.storage.manifest import Manifest
from rag.index.storage.store import Store
from rag.index.text.userdict import FILE as WORDS
from rag.index.text.userdict import UserDictionary
from rag.settings import Settings, sample_path
from rag.types import Article, ArticleKind, Block, BlockRole, Chunk, Counts, IndexReport, Progress, Span

_ROWS_AT_ONCE = 8_192
_KEY = re.compile(r"[0-9a-f]{32}")
_LENGTH_ERROR = 0.01
"""How far from 1 the length of a stored unit vector may be; half precision stays below a thousandth."""
_KEPT_SETTINGS = frozenset({"embedding_model", "chunk_rules", "userdict", "userdict_digest"})
"""Settings of the exported index that hold for the imported one: it lies in `vectors/`, wherever that one lay."""
_EXPORT_AGAIN = "Export the index again: `wenbao export FOLDER`."

Row = dict[str, Any]
Report = Callable[[Progress], None]


class Model(Protocol):
    """What an import must know of the embedding model that will be asked."""

    @property
    def name(self) -> str:
        """As it is set."""

    @property
    def fingerprint(self) -> str:
        """Tells models apart."""


def import_index(settings: Settings, folder: Path, model: Model, progress: Report | None = None) -> IndexReport:
    """Publishes an exported index as the live generation of `settings.vectors`; the one before it can be gone back to.

    Args:
        settings: where the index is.
        folder: what `export_index` wrote.
        model: the embedding model that is set.
        progress: told of every step.

    Raises:
        InputError: the folder holds no export, or pyarrow is not installed.
        IndexMismatch: it is of another version, or was built with another embedding model.
        IndexDamaged: a file is missing or not what was exported; the index that was there is left as it was.
        IndexLocked: another process is writing the index.
        WriteError: no permission, or the disk is full; the index that was there is left as it was.
    """
    began, progress = time.perf_counter(), progress or (lambda _: None)
    arrow()
    export = Export.open(folder)
    _check_model(export.index, model, folder)
    progress(Progress("checksums", 0, 0))
    export.check(folder)
    store = Store(settings.vectors)
    before = _keys(store)
    load = _Load(export, folder, progress)
    with store.writing():
        generation = store.publish(load.fill)
    return IndexReport(
        generation=generation,
        changed=True,
        counts=load.counts,
        embedded=0,
        kept=load.counts.chunks,
        removed=len(before - load.keys),
        skipped=export.index.skipped,
        seconds=time.perf_counter() - began,
        tokenized=load.counts.chunks,
    )


def _check_model(index: Manifest, model: Model, folder: Path) -> None:
    if index.model_fingerprint != model.fingerprint:
        raise IndexMismatch(
            f"the index in {folder} was built with the embedding model {index.model} ({index.model_fingerprint}), "
            f"but {model.name} ({model.fingerprint}) is set: vectors of the one say nothing to the other",
            hint=f"Set that model, with `--embedding-model {index.model}` if it is called so here, too; or embed the "
            "corpus with the one that is set: `wenbao index CORPUS`.",
        )


def _keys(store: Store) -> frozenset[str]:
    """The chunk keys of the live generation; none where there is none that can be opened."""
    try:
        with closing(store.current()) as generation:
            return frozenset(generation.keys())
    except StoreError:
        return frozenset()


class _Load:
    """Fills a generation from an export."""

    def __init__(self, export: Export, folder: Path, progress: Report) -> None:
        self._export = export
        self._index = export.index
        self._folder = folder
        self._progress = progress
        self.counts = Counts()
        """Of what was imported, once `fill` has run."""
        self.keys: frozenset[str] = frozenset()

    def fill(self, folder: Path) -> Manifest:
        """Writes everything but the manifest into the folder, and returns that, to be completed by the store."""
        database = DatabaseWriter(folder / DATABASE, None)
        try:
            vectors = self._read_tables(database)
            words = WordStage(self._dictionary(), None, {}, self._progress).make(database)
        except BaseException:
            database.abandon()
            raise
        self._progress(Progress("writing", 0, 0))
        database.close()
        VectorIndex.build(vectors).save(folder)
        words.save(folder)
        self._dictionary().save(folder)
        save_array(folder / CHUNK_ARTICLES, np.asarray(database.ordinals, np.int32))
        write_duplicates(folder, None, self._progress)
        self.counts = _counts(database)
        self.keys = frozenset(database.keys)
        return self._manifest()

    def _read_tables(self, database: DatabaseWriter) -> NDArray[np.float16]:
        """Fills the database; returns the vectors of its chunks, by row."""
        pa = arrow()
        try:
            for name in (ARTICLES, CHUNKS, SOURCES):
                self._check_table(name)
            for row in self._rows(SOURCES):
                database.add_source(row["file"], row["text"], row["page_starts"])
            return self._read_articles(database)
        except (pa.ArrowException, sqlite3.IntegrityError, ValueError, TypeError, KeyError, OverflowError) as error:
            raise IndexDamaged(
                f"the tables in {self._folder} do not fit together: {error}", hint=_EXPORT_AGAIN
            ) from error

    def _read_articles(self, database: DatabaseWriter) -> NDArray[np.float16]:
        known = self._export.files
        vectors = np.empty((known[CHUNKS].rows, self._index.dimension), np.float16)
        pace = Pace(self._progress, "reading", known[ARTICLES].rows)
        chunks = groupby(self._chunks(vectors), itemgetter("article_id"))
        for number, row in enumerate(self._rows(ARTICLES)):
            if number % 1_000 == 0:
                pace.tell(number)
            article = _article(row)
            article_id, found = next(chunks, (None, iter(())))
            if article_id != article.article_id:
                raise ValueError(f"the passages of article {article.article_id!r} are not where they belong")
            cut = [_chunk(one, article) for one in found]
            database.add(row["file"], article, lambda _, cut=cut: cut, row["digest"] or "")  # type: ignore[misc]
        pace.tell(database.articles)
        if next(chunks, None) is not None or _counts(database) != self._index.counts:
            raise ValueError("there are not as many articles and passages as were exported")
        return vectors

    def _chunks(self, vectors: NDArray[np.float16]) -> Iterator[Row]:
        """The rows of the chunks, their vectors put into an array on the way."""
        done = 0
        for batch in self._batches(CHUNKS):
            flat = batch.column("vector").flatten().to_numpy(zero_copy_only=False)
            found = flat.reshape(batch.num_rows, self._index.dimension)
            if not np.all(np.abs(np.linalg.norm(found, axis=1) - 1) < _LENGTH_ERROR):
                raise ValueError(f"{CHUNKS} holds a vector that is not of unit length")
            vectors[done : done + batch.num_rows] = found
            done += batch.num_rows
            yield from batch.drop_columns(["vector"]).to_pylist()

    def _rows(self, name: str) -> Iterator[Row]:
        for batch in self._batches(name):
            yield from batch.to_pylist()

    def _check_table(self, name: str) -> None:
        """Raises ValueError where a table has other columns, or not as many rows, as it was exported with."""
        with arrow().parquet.ParquetFile(self._folder / name) as file:
            if not file.schema_arrow.equals(schema_of(name, self._index)):
                raise ValueError(f"{name} has other columns than an export")
            if file.metadata.num_rows != self._export.files[name].rows:
                raise ValueError(f"{name} has not as many rows as were exported")

    def _batches(self, name: str) -> Iterator[Any]:
        """Record batches of a table."""
        with arrow().parquet.ParquetFile(self._folder / name) as file:
            yield from file.iter_batches(_ROWS_AT_ONCE)

    def _dictionary(self) -> UserDictionary:
        return UserDictionary.open(self._folder) if WORDS in self._export.files else UserDictionary()

    def _manifest(self) -> Manifest:
        index = self._index
        corpus = str(sample_path().resolve()) if index.is_sample else index.corpus
        return replace(
            index,
            generation="",
            created="",
            terms=terms_label(),
            corpus=corpus,
            counts=self.counts,
            files={},
            settings={name: value for name, value in index.settings.items() if name in _KEPT_SETTINGS}
            | {"corpus": corpus},
        )


def _counts(database: DatabaseWriter) -> Counts:
    return Counts(len(database.sources), database.articles, len(database.keys), database.characters)


def _article(row: Row) -> Article:
    article = Article(
        article_id=row["article_id"],
        source=row["source"],
        spans=_spans(row["spans"]),
        runs=_spans(row["runs"]),
        text=row["text"],
        blocks=tuple(Block(BlockRole(one["role"]), one["start"], one["end"]) for one in row["blocks"]),
        title=row["title"],
        kicker=row["kicker"],
        byline=row["byline"],
        place=tuple(row["place"]),
        date=row["date"],
        kind=ArticleKind(row["kind"]),
        url=row["url"],
    )
    _check_offsets(article)
    return article


def _check_offsets(article: Article) -> None:
    """Citations are made of these, so an article whose offsets are not sound is none."""
    fits = (
        all(any(0 <= low <= start < end <= high for low, high in article.spans) for start, end in article.runs)
        and sum(end - start for start, end in article.runs) == article.chars
        and all(0 <= block.start <= block.end <= article.chars for block in article.blocks)
    )
    if not fits:
        raise ValueError(f"the offsets of article {article.article_id!r} do not fit its text")


def _chunk(row: Row, article: Article) -> Chunk:
    start, end = row["start"], row["end"]
    text = article.text[start:end]
    if not 0 <= start < end <= article.chars or row["text"] != text or not _KEY.fullmatch(row["key"]):
        raise ValueError(f"passage {row['chunk_id']!r} is none of article {article.article_id!r}")
    return Chunk(
        chunk_id=row["chunk_id"],
        article_id=article.article_id,
        start=start,
        end=end,
        text=text,
        spans=_spans(row["spans"]),
        context=row["context"],
        key=row["key"],
    )


def _spans(spans: list[dict[str, int]]) -> tuple[Span, ...]:
    return tuple((one["start"], one["end"]) for one in spans)
