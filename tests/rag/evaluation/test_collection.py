"""Retrieval collections are read in every form that they come in."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from rag.errors import InputError
from rag.evaluation.collection import read_collection
from tests.rag.evaluation.collections import (
    DOCUMENTS,
    JUDGEMENTS,
    QUERIES,
    write_beir,
    write_data,
    write_folders,
    write_lines,
    write_table,
)

FORMS = [
    write_beir,
    lambda folder: write_beir(folder, ".jsonl.gz"),
    lambda folder: write_beir(folder, heading=False),
    write_folders,
    write_data,
]


@pytest.fixture
def beir(tmp_path: Path) -> Path:
    (tmp_path / "set").mkdir()
    return write_beir(tmp_path / "set")


@pytest.mark.parametrize("write", FORMS, ids=["BEIR", "packed", "without a heading", "MTEB", "all in data"])
def test_every_form_says_the_same(tmp_path: Path, write: Callable[[Path], Path]) -> None:
    (tmp_path / "set").mkdir()
    collection = read_collection(write(tmp_path / "set"))
    assert collection.name == "set/test"
    assert [(one.document_id, one.title, one.text) for one in collection.documents()] == [
        (one["_id"], one["title"], one["text"]) for one in DOCUMENTS
    ]
    assert [(one.query_id, one.text) for one in collection.queries] == [
        (one["_id"], one["text"]) for one in QUERIES if one["_id"] != "unjudged"
    ]
    judged = {(one.query_id, name, grade) for one in collection.queries for name, grade in one.judgements.items()}
    assert judged == {(row["query-id"], row["corpus-id"], row["score"]) for row in JUDGEMENTS}
    assert collection.skipped == ()


def test_judgements_in_lines_and_of_another_split(beir: Path) -> None:
    write_lines(beir / "qrels" / "dev.jsonl", JUDGEMENTS[:1])
    collection = read_collection(beir, "dev")
    assert (collection.name, [one.query_id for one in collection.queries]) == ("set/dev", ["q1"])


def test_what_is_left_out_is_told_once_for_all(beir: Path) -> None:
    write_lines(beir / "queries.jsonl", [{"_id": "q1", "text": " "}, QUERIES[1]])
    empty, unknown = read_collection(beir).skipped
    assert (empty.where, empty.reason) == ("queries.jsonl:1", "its query is empty")
    assert unknown.reason == "has no query 'q3', which is judged"


def test_ids_may_be_numbers(beir: Path) -> None:
    write_lines(beir / "queries.jsonl", [{"_id": 7, "text": "冰库？"}])
    (beir / "qrels" / "test.tsv").write_text("7\tice\t1\n", encoding="utf-8")
    (query,) = read_collection(beir).queries
    assert (query.query_id, query.judgements) == ("7", {"ice": 1})


def test_digests_tell_documents_from_the_rest(beir: Path) -> None:
    before = read_collection(beir)
    write_lines(beir / "queries.jsonl", QUERIES[:3])
    other_queries = read_collection(beir)
    assert other_queries.corpus_digest == before.corpus_digest
    assert other_queries.digest != before.digest
    write_lines(beir / "corpus.jsonl", DOCUMENTS[1:])
    assert read_collection(beir).corpus_digest != before.corpus_digest


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("queries.jsonl", "{", r"queries\.jsonl:1: is not JSON"),
        ("queries.jsonl", "[1]\n", r"queries\.jsonl:1: is no JSON object"),
        ("queries.jsonl", '{"text": "a"}\n', r"queries\.jsonl:1: has no _id or id"),
        ("queries.jsonl", '{"_id": "a", "text": 1}\n', r"queries\.jsonl:1: its text is no text"),
        ("queries.jsonl", '{"_id": "a"}\n{"_id": "a"}\n', r"queries\.jsonl:2: there is a query 'a' already"),
        ("qrels/test.tsv", "q1\tice\n", r"test\.tsv:1: has 2 columns, expected 3"),
        ("qrels/test.tsv", "q1\tice\tyes\n", r"test\.tsv:1: its score is 'yes'"),
        ("qrels/test.tsv", "q1\tice\t0\n", r"no query in .* has a relevant document in the judgements test\.tsv"),
        ("qrels/test.tsv", "", r"no query in .* has a relevant document"),
    ],
)
def test_what_cannot_be_read_is_named(beir: Path, name: str, text: str, told: str) -> None:
    (beir / name).write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=told) as error:
        read_collection(beir)
    assert error.value.hint


def test_damaged_files_are_named(tmp_path: Path) -> None:
    packed = write_beir(tmp_path, ".jsonl.gz")
    (packed / "queries.jsonl.gz").write_bytes((packed / "queries.jsonl.gz").read_bytes()[:-9])
    with pytest.raises(InputError, match=r"cannot read .*queries\.jsonl\.gz"):
        read_collection(packed)
    (packed / "queries.jsonl.gz").unlink()
    write_table(packed / "queries" / "a.parquet", QUERIES)
    (packed / "queries" / "a.parquet").write_bytes(b"PAR1PAR1")
    with pytest.raises(InputError, match=r"cannot read .*a\.parquet"):
        read_collection(packed)


@pytest.mark.parametrize("name", ["corpus.jsonl", "queries.jsonl", "qrels"])
def test_a_folder_that_lacks_a_part_is_no_collection(beir: Path, name: str) -> None:
    path = beir / name
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    with pytest.raises(InputError, match=rf"there is no {name}|has no judgements qrels/test\.tsv; there are: none"):
        read_collection(beir)
