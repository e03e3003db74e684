"""Measures searching on a retrieval collection: its documents are indexed once, its queries searched in each mode.

The index is kept below the user's cache folder, by the documents' checksum and the embedding model: broken off, it goes
on where it was, and the next run finds it there. A document is an article; it ranks where its first passage does.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rag.embedding.model import models_folder
from rag.errors import InputError, WriteError
from rag.evaluation.collection import Collection, Query
from rag.evaluation.measuring import Outcome
from rag.evaluation.ranked import ranking_marks
from rag.library import MAX_QUERY, MAX_TOP_K, Library
from rag.settings import Settings
from rag.types import Hit, Mode, Progress, Skipped

MODES: tuple[Mode, ...] = ("hybrid", "dense", "lexical")
CORPUS = "corpus.jsonl"

Report = Callable[[Progress], None]


def cached(collection: Collection) -> Path:
    """The folder in which what was made of a collection's documents is kept."""
    return models_folder().parent / "collections" / collection.corpus_digest[:16]


def index_settings(collection: Collection, settings: Settings, fingerprint: str) -> Settings:
    """Settings of the collection's own index; nothing of it touches the index that is set.

    Args:
        settings: those of the user.
        fingerprint: of the embedding model, each of which has an index of its own.
    """
    folder = cached(collection)
    return settings.model_copy(
        update={
            "corpus": folder / "corpus",
            "vectors": folder / f"vectors-{fingerprint}",
            "store": "local",
            "reader": False,
        }
    )


def write_corpus(collection: Collection, progress: Report) -> tuple[Skipped, ...]:
    """Writes a collection's documents as a corpus of records, unless they lie there; returns what is left out.

    A document without text is its title.

    Raises:
        InputError: a document cannot be read.
        WriteError: the cache cannot be written.
    """
    folder = cached(collection) / "corpus"
    told = folder.parent / "skipped.json"
    if not folder.is_dir():
        aside = folder.with_name(f"corpus.{os.getpid()}")
        try:
            aside.mkdir(parents=True, exist_ok=True)
            skipped = _write_records(collection, aside / CORPUS, progress)
            told.write_text(json.dumps([skipped.where, skipped.reason] if skipped else None), encoding="utf-8")
            aside.rename(folder)
        except OSError as error:
            raise WriteError(
                f"cannot write {aside}: {error}", hint="Make room there, or set WENBAO_CACHE to another folder."
            ) from error
        finally:
            shutil.rmtree(aside, ignore_errors=True)
    left_out = json.loads(told.read_text(encoding="utf-8"))
    return (Skipped(*left_out),) if left_out else ()


def _write_records(collection: Collection, path: Path, progress: Report) -> Skipped | None:
    empty: list[str] = []
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for number, document in enumerate(collection.documents()):
            if number % 1_000 == 0:
                progress(Progress("reading documents", number, 0))
            text = document.text if document.text.strip() else document.title
            if not text.strip():
                empty.append(document.where)
                file.write("\n")  # so that what is said of a line below is said of the line in the collection
                continue
            title = document.title if document.text.strip() else ""
            file.write(json.dumps({"id": document.document_id, "title": title, "text": text}) + "\n")
    if not empty:
        return None
    more = f", and so {len(empty) - 1:,} more" if len(empty) > 1 else ""
    return Skipped(empty[0], f"has neither title nor text{more}")


@dataclass
class CollectionMeasurement:
    """A run over queries, which may be broken off at any of them.

    Args:
        library: over the collection's index.
        modes: how each query is searched.
    """

    library: Library
    modes: Sequence[Mode] = MODES
    outcomes: list[Outcome] = field(default_factory=list)
    """What has been measured so far: a query in one mode each, the mode as its type."""

    def run(self, queries: Sequence[Query], progress: Report) -> None:
        """Measures the queries in order; after an interruption, `outcomes` holds those that were done."""
        began = time.monotonic()
        for done, query in enumerate(queries):
            progress(_progress(done, len(queries), time.monotonic() - began))
            # All modes of a query or none, so that a run that was broken off compares the same queries.
            self.outcomes += [self._searched(query, mode) for mode in self.modes]
        progress(_progress(len(queries), len(queries), time.monotonic() - began))

    def _searched(self, query: Query, mode: Mode) -> Outcome:
        name, question = f"{mode} {query.query_id}", query.text[:MAX_QUERY]
        began = time.perf_counter()
        try:
            hits = self.library.search(question, top_k=MAX_TOP_K, mode=mode).hits
        except InputError as error:
            return Outcome(name, question, mode, error=error.message)
        ms = 1000 * (time.perf_counter() - began)
        return Outcome(name, question, mode, ms, ranking_marks(ranked(hits, query.query_id), query.judgements))


def ranked(hits: Sequence[Hit], query_id: str) -> list[str]:
    """The documents that hits are of, each once, at its best.

    What prints the same report as a document comes right after it: a search shows one of them. A document that is the
    query itself is left out, as BEIR leaves it out.
    """
    found = (article.article_id for hit in hits for article in (hit.article, *hit.others))
    return [name for name in dict.fromkeys(found) if name != query_id]


def drawn(queries: Sequence[Query], limit: int | None, seed: int) -> Sequence[Query]:
    """A draw of so many queries; all of them, in order, where there are no more."""
    if limit is None or limit >= len(queries):
        return queries
    return random.Random(seed).sample(queries, limit)  # noqa: S311  # a draw, no secret


def _progress(done: int, total: int, seconds: float) -> Progress:
    left = seconds * (total - done) / done if done else None
    return Progress("searching", done, total, done / seconds if done and seconds else 0.0, left)
