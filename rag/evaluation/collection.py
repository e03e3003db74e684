"""A retrieval collection in a folder, as BEIR and MTEB keep them: documents, queries, and which fit which.

| BEIR | MTEB, as datasets are stored on hubs | fields |
| --- | --- | --- |
| `corpus.jsonl` | `corpus/*.parquet`, or `corpus*.parquet`, there or in `data/` | `_id` (or `id`), `title`, `text` |
| `queries.jsonl` | `queries/*.parquet`, or `queries*.parquet`, there or in `data/` | `_id` (or `id`), `text` |
| `qrels/test.tsv` | `test*.parquet` in `qrels/`, `data/` or `default/` | `query-id`, `corpus-id`, `score` |

`.jsonl` may be packed (`.jsonl.gz`), and qrels may be `.jsonl`, too. Parquet needs the extra `wenbao[parquet]`.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import json
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rag.errors import InputError
from rag.evaluation.ranked import Judgements
from rag.index.storage.manifest import file_digest
from rag.types import Skipped

_IDS = ("_id", "id")
_QUERY_IDS = ("query-id", "query_id", "qid")
_DOCUMENT_IDS = ("corpus-id", "corpus_id", "pid")
_SHAPE = (
    "A collection is a folder with corpus.jsonl, queries.jsonl and qrels/test.tsv; docs/integrations.md has the rest."
)

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Document:
    """A document as the collection has it."""

    document_id: str
    title: str
    text: str
    """Empty where the collection has none."""
    where: str
    """`file:line`, for messages."""


@dataclass(frozen=True, slots=True)
class Query:
    """A query with its judgements, one of which at least is above 0."""

    query_id: str
    text: str
    judgements: Judgements


@dataclass(frozen=True, slots=True)
class Collection:
    """What a folder holds. The documents are read when they are asked for: there may be millions."""

    name: str
    """Of the folder, and which of its judgements were taken: `scifact/test`."""
    corpus_files: tuple[Path, ...]
    corpus_digest: str
    """SHA-256 over the files of the documents: the same documents, the same digest."""
    digest: str
    """The same over queries and judgements, too."""
    queries: tuple[Query, ...]
    """Those with something relevant, in the order of their file."""
    skipped: tuple[Skipped, ...]
    """What is left out of the queries and judgements, and why."""

    def documents(self) -> Iterator[Document]:
        """All documents, in the order of their files.

        Raises:
            InputError: a file cannot be read, or a row is no document.
        """
        for where, row in _rows(self.corpus_files):
            yield Document(_id(row, _IDS, where), _text(row, "title", where), _text(row, "text", where), where)


def read_collection(folder: Path, split: str = "test") -> Collection:
    """Reads the queries and judgements of a collection.

    Args:
        folder: where it lies.
        split: which of its judgements: test, dev, train.

    Raises:
        InputError: the folder holds no collection, a file of it cannot be read, or no query has a relevant document.
    """
    corpus, queries = _tables(folder, "corpus"), _tables(folder, "queries")
    judged = _judgement_files(folder, split)
    judgements = _judgements(judged)
    found, skipped = _queries(queries, judgements)
    if not found:
        raise InputError(
            f"no query in {folder} has a relevant document in the judgements {_named(judged)}",
            hint="Look whether their ids are those of the queries, or take other judgements: --split dev.",
        )
    digests = {file: file_digest(file) for file in (*corpus, *queries, *judged)}
    return Collection(
        name=f"{folder.resolve().name}/{split}",
        corpus_files=corpus,
        corpus_digest=_digest(digests[file] for file in corpus),
        digest=_digest(digests.values()),
        queries=tuple(found),
        skipped=tuple(skipped),
    )


def _queries(files: tuple[Path, ...], judgements: Mapping[str, dict[str, int]]) -> tuple[list[Query], list[Skipped]]:
    """The queries with something relevant, and a line on each kind of what is left out."""
    found: list[Query] = []
    blank: list[str] = []
    seen: set[str] = set()
    for where, row in _rows(files):
        query_id, text = _id(row, _IDS, where), _text(row, "text", where).strip()
        if query_id in seen:
            raise InputError(f"{where}: there is a query {query_id!r} already", hint=_SHAPE)
        seen.add(query_id)
        judged = judgements.get(query_id, {})
        if any(grade > 0 for grade in judged.values()):
            if text:
                found.append(Query(query_id, text, judged))
            else:
                blank.append(where)
    unknown = [query_id for query_id in judgements if query_id not in seen]
    skipped = []
    if blank:
        skipped.append(Skipped(blank[0], f"its query is empty{_others(len(blank))}"))
    if unknown:
        skipped.append(Skipped(_named(files), f"has no query {unknown[0]!r}, which is judged{_others(len(unknown))}"))
    return found, skipped


def _judgements(files: tuple[Path, ...]) -> dict[str, dict[str, int]]:
    """Query → document → how relevant it is."""
    found: dict[str, dict[str, int]] = {}
    for where, row in _rows(files):
        query_id, document_id = _id(row, _QUERY_IDS, where), _id(row, _DOCUMENT_IDS, where)
        try:
            grade = int(float(row.get("score", 1)))
        except (TypeError, ValueError, OverflowError) as error:
            raise InputError(f"{where}: its score is {row.get('score')!r}, expected a number", hint=_SHAPE) from error
        found.setdefault(query_id, {})[document_id] = grade
    return found


def _tables(folder: Path, name: str) -> tuple[Path, ...]:
    """The files of the documents or of the queries."""
    for path in (folder / f"{name}.jsonl", folder / f"{name}.jsonl.gz"):
        if path.is_file():
            return (path,)
    for place, pattern in (
        (folder / name, "*.parquet"),
        (folder, f"{name}*.parquet"),
        (folder / "data", f"{name}*.parquet"),
    ):
        files = tuple(sorted(place.glob(pattern)))
        if files:
            return files
    raise InputError(f"{folder} holds no collection: there is no {name}.jsonl in it", hint=_SHAPE)


def _judgement_files(folder: Path, split: str) -> tuple[Path, ...]:
    for suffix in ("tsv", "jsonl", "jsonl.gz"):
        path = folder / "qrels" / f"{split}.{suffix}"
        if path.is_file():
            return (path,)
    for place in ("qrels", "data", "default"):
        files = tuple(sorted((folder / place).glob(f"{split}*.parquet")))
        if files:
            return files
    there = ", ".join(sorted(path.name for path in (folder / "qrels").glob("*"))) or "none"
    raise InputError(
        f"{folder} has no judgements qrels/{split}.tsv; there are: {there}", hint="Name one of them: --split dev."
    )


def _rows(files: Iterable[Path]) -> Iterator[tuple[str, Row]]:
    """The rows of tables of any kind, each with where it stands.

    Raises:
        InputError: a file cannot be read, or a line of it is no row.
    """
    for file in files:
        kinds = {".parquet": _parquet_rows, ".tsv": _tsv_rows}
        try:
            for number, row in kinds.get(file.suffix, _json_rows)(file):
                yield f"{file.name}:{number}", row
        except (OSError, EOFError, zlib.error, UnicodeDecodeError, csv.Error) as error:
            raise InputError(f"cannot read {file}: {error}", hint=_SHAPE) from error


def _json_rows(file: Path) -> Iterator[tuple[int, Row]]:
    with gzip.open(file, "rb") if file.suffix == ".gz" else file.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except (ValueError, RecursionError) as error:
                raise InputError(f"{file}:{number}: is not JSON: {error}", hint=_SHAPE) from error
            if not isinstance(row, dict):
                raise InputError(f"{file}:{number}: is no JSON object", hint=_SHAPE)
            yield number, row


def _tsv_rows(file: Path) -> Iterator[tuple[int, Row]]:
    """Three columns, with a first line that names them or without."""
    with file.open(encoding="utf-8", newline="") as lines:
        for number, cells in enumerate(csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE), start=1):
            if not cells or (number == 1 and cells[0] in _QUERY_IDS):
                continue
            if len(cells) != 3:
                raise InputError(f"{file}:{number}: has {len(cells)} columns, expected 3", hint=_SHAPE)
            yield number, dict(zip((_QUERY_IDS[0], _DOCUMENT_IDS[0], "score"), cells, strict=True))


def _parquet_rows(file: Path) -> Iterator[tuple[int, Row]]:
    from rag.index.exchange.layout import arrow

    pa = arrow()
    number = 0
    try:
        with pa.parquet.ParquetFile(file) as table:
            for batch in table.iter_batches():
                for row in batch.to_pylist():
                    number += 1
                    yield number, row
    except pa.ArrowException as error:
        raise InputError(f"cannot read {file}: {error}", hint=_SHAPE) from error


def _id(row: Row, names: tuple[str, ...], where: str) -> str:
    value = next((row[name] for name in names if row.get(name) is not None), None)
    if isinstance(value, bool) or not isinstance(value, (str, int)) or not str(value).strip():
        raise InputError(f"{where}: has no {' or '.join(names)}", hint=_SHAPE)
    return str(value)


def _text(row: Row, name: str, where: str) -> str:
    value = row.get(name)
    if value is not None and not isinstance(value, str):
        raise InputError(f"{where}: its {name} is no text", hint=_SHAPE)
    return value or ""


def _digest(digests: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(digests).encode()).hexdigest()


def _named(files: tuple[Path, ...]) -> str:
    return files[0].name if len(files) == 1 else f"{files[0].name} and {len(files) - 1} more"


def _others(number: int) -> str:
    return f", and so {number - 1:,} more" if number > 1 else ""
