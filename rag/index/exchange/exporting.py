"""An index to Parquet files, for whoever wants its passages and vectors elsewhere, or the index on another machine."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from rag.errors import InputError, WriteError
from rag.index.building.pace import Pace
from rag.index.exchange.layout import ARTICLES, CHUNKS, SOURCES, Export, arrow, described, schema_of
from rag.index.storage.database import ARTICLE_COLUMNS, read_article
from rag.index.storage.database import FILE as DATABASE
from rag.index.storage.generation import Generation, check_files
from rag.index.storage.manifest import Manifest
from rag.index.storage.store import Store
from rag.types import Article, Chunk, Counts, Progress, Span

_ARTICLES_AT_ONCE = 1_000
_CHUNKS_AT_ONCE = 8_192
"""Rows of a row group: 13 MB of the bundled model's vectors."""

Row = dict[str, Any]
Report = Callable[[Progress], None]


@dataclass(frozen=True, slots=True)
class ExportReport:
    """What was exported."""

    folder: str
    generation: str
    model: str
    model_fingerprint: str
    counts: Counts
    bytes: int
    """Of all files together."""
    seconds: float


def export_index(store: Store, folder: Path, progress: Report | None = None) -> ExportReport:
    """Writes the live generation into a folder, whole or not at all; `layout` says what lies there then.

    Args:
        store: of the index.
        folder: must not exist, or be empty.
        progress: told of every step.

    Raises:
        InputError: the folder is not empty, or pyarrow is not installed.
        IndexMissing, IndexDamaged, IndexMismatch: the index cannot be read, or a file is not what was published.
        WriteError: no permission, or the disk is full.
    """
    began, folder = time.perf_counter(), folder.absolute()
    arrow()
    with closing(store.current()) as generation:
        # What is exported gets new checksums, and damage must not be given one.
        check_files(generation.folder, generation.manifest, None)
        aside = folder.with_name(f".{folder.name}.{os.getpid()}")
        try:
            _check_free(folder)
            aside.mkdir(parents=True)
            _write(generation, aside, progress or (lambda _: None))
            size = sum(path.stat().st_size for path in aside.iterdir())
            if folder.exists():
                folder.rmdir()
            aside.rename(folder)
        except OSError as error:
            raise WriteError(
                f"cannot write the export to {folder}: {error}", hint="Make room there, or name another folder."
            ) from error
        finally:
            shutil.rmtree(aside, ignore_errors=True)
        told = generation.manifest
        return ExportReport(
            folder=str(folder),
            generation=generation.id,
            model=told.model,
            model_fingerprint=told.model_fingerprint,
            counts=told.counts,
            bytes=size,
            seconds=time.perf_counter() - began,
        )


def _check_free(folder: Path) -> None:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(
            f"{folder} is there already and is not empty", hint="Name a folder that is yet to be made, or remove it."
        )


def _write(generation: Generation, folder: Path, progress: Report) -> None:
    index = generation.manifest
    path = (generation.folder / DATABASE).resolve().as_uri()
    with closing(sqlite3.connect(f"{path}?mode=ro&immutable=1", uri=True)) as database:
        articles = _article_rows(database, Pace(progress, "writing articles", index.counts.articles))
        chunks = _chunk_rows(generation, Pace(progress, "writing passages", index.counts.chunks))
        rows = {
            ARTICLES: _write_table(folder / ARTICLES, index, articles, _ARTICLES_AT_ONCE),
            CHUNKS: _write_table(folder / CHUNKS, index, chunks, _CHUNKS_AT_ONCE),
            SOURCES: _write_table(folder / SOURCES, index, _source_rows(database), 1),
        }
    generation.analyzer.dictionary.save(folder)
    progress(Progress("checksums", 0, 0))
    Export(index, described(folder, rows)).save(folder)


def _write_table(path: Path, index: Manifest, rows: Iterable[Row], at_once: int) -> int:
    """Writes rows, a row group for every so many; returns how many there were."""
    pa = arrow()
    schema, written, remaining = schema_of(path.name, index), 0, iter(rows)
    with pa.parquet.ParquetWriter(path, schema, compression="zstd", **_encodings(schema)) as writer:
        while batch := list(islice(remaining, at_once)):
            columns = [pa.array([row[name] for row in batch], schema.field(name).type) for name in schema.names]
            writer.write_table(pa.Table.from_arrays(columns, schema=schema))
            written += len(batch)
    return written


def _encodings(schema: Any) -> dict[str, Any]:
    """Columns with few values as dictionaries; vectors byte by byte, which takes a quarter off their size."""
    repeated = {"file": "file", "place": "place.list.element", "date": "date", "kind": "kind"}
    return {
        "use_dictionary": [column for name, column in repeated.items() if name in schema.names],
        "use_byte_stream_split": ["vector.list.element"] if "vector" in schema.names else False,
    }


def _article_rows(database: sqlite3.Connection, pace: Pace) -> Iterator[Row]:
    has_digests = "digests" in _tables(database)
    digests = dict(database.execute("SELECT ordinal, digest FROM digests")) if has_digests else {}
    query = f"SELECT ordinal, file, {ARTICLE_COLUMNS} FROM articles ORDER BY ordinal"  # noqa: S608
    for ordinal, file, *columns in database.execute(query):
        if ordinal % _ARTICLES_AT_ONCE == 0:
            pace.tell(ordinal)
        yield _article_row(read_article(columns), file, digests.get(ordinal))


def _article_row(article: Article, file: str, digest: str | None) -> Row:
    return {
        "article_id": article.article_id,
        "file": file,
        "source": article.source,
        "title": article.title,
        "kicker": article.kicker,
        "byline": article.byline,
        "place": list(article.place),
        "date": article.date,
        "kind": article.kind.value,
        "url": article.url,
        "text": article.text,
        "spans": _spans(article.spans),
        "runs": _spans(article.runs),
        "blocks": [{"role": one.role.value, "start": one.start, "end": one.end} for one in article.blocks],
        "digest": digest,
    }


def _chunk_rows(generation: Generation, pace: Pace) -> Iterator[Row]:
    for start in range(0, len(generation), _CHUNKS_AT_ONCE):
        rows = np.arange(start, min(start + _CHUNKS_AT_ONCE, len(generation)))
        pace.tell(start)
        for row, vector in zip(rows, generation.vectors.vectors(rows), strict=True):
            yield _chunk_row(generation.chunk(int(row))) | {"vector": vector}
    pace.tell(len(generation))


def _chunk_row(chunk: Chunk) -> Row:
    return {
        "chunk_id": chunk.chunk_id,
        "article_id": chunk.article_id,
        "key": chunk.key,
        "start": chunk.start,
        "end": chunk.end,
        "context": chunk.context,
        "text": chunk.text,
        "spans": _spans(chunk.spans),
    }


def _source_rows(database: sqlite3.Connection) -> Iterator[Row]:
    if "sources" not in _tables(database):
        return
    for file, text, page_starts in database.execute("SELECT file, text, page_starts FROM sources ORDER BY file"):
        yield {"file": file, "text": text, "page_starts": json.loads(page_starts)}


def _tables(database: sqlite3.Connection) -> set[str]:
    """Earlier indexes have fewer."""
    return {name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}


def _spans(spans: Iterable[Span]) -> list[dict[str, int]]:
    return [{"start": start, "end": end} for start, end in spans]
