"""What all libraries are given: passages, questions, the model, an edit; made once and kept in a folder.

The corpus is brought into one form, records; wenbao cuts them into passages, and every library gets the very texts that
wenbao embeds and indexes. So what differs is how they are indexed and searched, not how they are cut.
"""

from __future__ import annotations

import hashlib
import json
import random
import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bench.common import SEED, draw, read_lines
from bench.peers.engines.base import Passage, write_passages
from rag.corpus.articles import split_page
from rag.corpus.files import read_corpus, read_pages
from rag.embedding import bundled
from rag.embedding.source import quiet
from rag.errors import InputError
from rag.index.text.chunking import chunk_article
from rag.types import Article, Page, RecordFields

RECORDS, PASSAGES = "records.jsonl", "passages.jsonl"
SMALL_RECORDS, SMALL_PASSAGES = "small_records.jsonl", "small_passages.jsonl"
QUESTIONS, EDIT, EDITED, MODEL, SIZES = "questions.jsonl", "edit.jsonl", "edited.json", "model", "sizes.json"
RESULTS, INDEXES, VECTORS = "results.json", "indexes", "vectors"

ADDED = "编后:这一段是后来补记的,存档编号为青梧七三一九。"
"""What an edit adds at the end of an article."""
ADDED_QUESTION = "存档编号青梧七三一九的补记"
"""Finds it."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be measured on."""

    corpus: tuple[Path, ...]
    """Files or folders, read in this order."""
    questions: Path
    passages: int
    """Whole articles are taken until there are so many."""
    small: int
    """The same, for the throughput with each library's own embedding."""
    limit: int
    """Questions drawn of those whose articles were taken."""

    @property
    def digest(self) -> str:
        """Of everything here, the files by size and time."""
        files = [(str(path.resolve()), path.stat().st_size, path.stat().st_mtime_ns) for path in self._files()]
        told = json.dumps([files, self.passages, self.small, self.limit])
        return hashlib.sha256(told.encode()).hexdigest()[:16]

    def _files(self) -> Iterator[Path]:
        for path in (*self.corpus, self.questions):
            yield from sorted(path.rglob("*")) if path.is_dir() else [path]


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much of each there is."""

    digest: str
    articles: int
    passages: int
    characters: int
    small: int
    """Passages of the throughput's set."""
    questions: int
    edited: int
    """Passages of the edited article."""


def prepare(wanted: Wanted, folder: Path) -> Sizes:
    """Makes the material, unless the folder holds just that already.

    Raises:
        InputError: a file cannot be read, or no question asks for an article that was taken.
    """
    try:
        digest = wanted.digest
    except OSError as error:
        raise InputError(f"cannot read {error.filename}: {error.strerror}", hint="Give files that exist.") from error
    made = folder / SIZES
    if made.exists():
        sizes = Sizes(**json.loads(made.read_text(encoding="utf-8")))
        if sizes.digest == digest:
            return sizes
        forget(folder)
    folder.mkdir(parents=True, exist_ok=True)
    sizes = _make(wanted, folder, digest)
    made.write_text(json.dumps(asdict(sizes)), encoding="utf-8")
    return sizes


def forget(folder: Path) -> None:
    """Takes away what was measured over the material; the vectors that were handed in stay."""
    (folder / RESULTS).unlink(missing_ok=True)
    shutil.rmtree(folder / INDEXES, ignore_errors=True)


def vectors_folder(folder: Path) -> Path:
    """Where the vectors of these very passages are kept, so that other questions need no others."""
    return folder / VECTORS / hashlib.sha256((folder / PASSAGES).read_bytes()).hexdigest()[:16]


def read_questions(folder: Path) -> list[tuple[str, set[str]]]:
    """Each question with the articles that answer it."""
    return [(one["question"], set(one["articles"])) for one in read_lines(folder / QUESTIONS)]


def _make(wanted: Wanted, folder: Path, digest: str) -> Sizes:
    records, passages = _take(_records(wanted.corpus), wanted.passages, folder / RECORDS)
    if not passages:
        raise InputError(f"no article in {wanted.corpus}", hint="Give pages, or records with `id` and `text`.")
    asked = _asked(wanted.questions, records, wanted.limit)
    _write_lines(folder / QUESTIONS, asked)
    # Any articles do for the throughput; a draw, so that they are of the mixture that the corpus is.
    _, small = _take(_shuffled(records), wanted.small, folder / SMALL_RECORDS)
    write_passages(folder / PASSAGES, passages)
    write_passages(folder / SMALL_PASSAGES, small)
    edited = _edit(records, passages, folder)
    _write_model(folder / MODEL)
    characters = sum(len(record["text"]) for record in records)
    return Sizes(digest, len(records), len(passages), characters, len(small), len(asked), edited)


def _shuffled(records: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """All of them, in an order that is the same each time."""
    return random.Random(SEED).sample(records, len(records))  # noqa: S311  # a draw, no secret


def _records(paths: Sequence[Path]) -> Iterator[dict[str, Any]]:
    """The articles of pages and records alike, as records."""
    for path in paths:
        for file in read_corpus(path).files:
            for page in read_pages(file):
                if isinstance(page, Page):
                    yield from (_as_record(article) for article in split_page(page))


def _as_record(article: Article) -> dict[str, Any]:
    record = {
        "id": article.article_id,
        "text": article.text,
        "title": article.title,
        "date": article.date,
        "place": list(article.place),
    }
    return {name: value for name, value in record.items() if value}


def _take(records: Iterable[dict[str, Any]], wanted: int, path: Path) -> tuple[list[dict[str, Any]], list[Passage]]:
    """The first records with so many passages, written to `path`, and their passages."""
    taken: list[dict[str, Any]] = []
    passages: list[Passage] = []
    for record in records:
        if len(passages) >= wanted:
            break
        taken.append(record)
        passages += _cut(record)
    _write_lines(path, taken)
    return taken, passages


def _cut(record: dict[str, Any]) -> list[Passage]:
    """The passages of a record, as the index cuts them."""
    fields = RecordFields(record["id"], record.get("title", ""), "", record.get("date"), tuple(record.get("place", ())))
    [article] = split_page(Page(f"{RECORDS}#{fields.article_id}", record["text"], fields))
    return [
        Passage(article.article_id, number, chunk.indexed_text) for number, chunk in enumerate(chunk_article(article))
    ]


def _asked(path: Path, records: Sequence[dict[str, Any]], limit: int) -> list[dict[str, Any]]:
    """A fixed draw of the questions that stand alone and name an article that was taken, by its id or its headline."""
    named: dict[str, set[str]] = {}
    for record in records:
        for name in {record["id"], record.get("title") or record["id"]}:
            named.setdefault(name, set()).add(record["id"])
    asked = []
    for entry in read_lines(path):
        articles = {one for name in entry.get("article_ids") or () for one in named.get(name, ())}
        if articles and not entry.get("history") and str(entry.get("question") or "").strip():
            asked.append({"question": entry["question"].strip(), "articles": sorted(articles)})
    if not asked:
        raise InputError(
            f"no question in {path} asks for an article that was taken", hint="Take more: --passages; or other files."
        )
    return draw(asked, limit)


def _edit(records: Sequence[dict[str, Any]], passages: Sequence[Passage], folder: Path) -> int:
    """Writes one article with a sentence more at its end: record and passages. Returns the number of passages."""
    counts: dict[str, int] = {}
    for one in passages:
        counts[one.article] = counts.get(one.article, 0) + 1
    # An article of middling length.
    chosen = sorted(counts, key=lambda article: (counts[article], article))[len(counts) // 2]
    record = next(record for record in records if record["id"] == chosen)
    edited = record | {"text": record["text"].rstrip() + ADDED}
    (folder / EDITED).write_text(json.dumps(edited, ensure_ascii=False), encoding="utf-8")
    anew = _cut(edited)
    write_passages(folder / EDIT, anew)
    return len(anew)


def _write_model(folder: Path) -> None:
    """The bundled model as a folder that sentence-transformers opens."""
    if not (folder / "modules.json").exists():
        with quiet():
            bundled.write_folder(bundled.unpack(bundled.read_checked(bundled.model_file())), folder)


def _write_lines(path: Path, entries: Iterable[dict[str, Any]]) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(entry, ensure_ascii=False) + "\n" for entry in entries)
