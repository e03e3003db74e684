"""A small retrieval collection of invented records, written in the forms that such collections come in."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tests.rag.town import RECORDS

DOCUMENTS = [{"_id": one["id"], "title": one["title"], "text": one["text"]} for one in RECORDS]
QUERIES = [
    {"_id": "q1", "text": "三沙渔港的冰库能存多少冰？"},
    {"_id": "q2", "text": "养蜂合作社有多少户社员？"},
    {"_id": "q3", "text": "石板桥为什么停用？"},
    {"_id": "unjudged", "text": "没有人判断过的一问。"},
]
JUDGEMENTS = [
    {"query-id": "q1", "corpus-id": "ice", "score": 1},
    {"query-id": "q2", "corpus-id": "bees-north", "score": 2},
    {"query-id": "q2", "corpus-id": "bees-south", "score": 1},
    {"query-id": "q3", "corpus-id": "bridge", "score": 1},
    {"query-id": "q3", "corpus-id": "school", "score": 0},
]
Row = dict[str, Any]


def write_lines(path: Path, rows: Iterable[Row]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())


def write_beir(folder: Path, suffix: str = ".jsonl", heading: bool = True) -> Path:
    """As BEIR has it."""
    write_lines(folder / f"corpus{suffix}", DOCUMENTS)
    write_lines(folder / f"queries{suffix}", QUERIES)
    lines = [f"{row['query-id']}\t{row['corpus-id']}\t{row['score']}" for row in JUDGEMENTS]
    (folder / "qrels").mkdir()
    heads = ["query-id\tcorpus-id\tscore"] if heading else []
    (folder / "qrels" / "test.tsv").write_text("\n".join([*heads, *lines, ""]), encoding="utf-8")
    return folder


def write_table(path: Path, rows: list[Row]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(rows), path)


def write_folders(folder: Path) -> Path:
    """As MTEB's sets are stored, a folder for each table, the documents in two files."""
    write_table(folder / "corpus" / "corpus-00000-of-00002.parquet", DOCUMENTS[:3])
    write_table(folder / "corpus" / "corpus-00001-of-00002.parquet", DOCUMENTS[3:])
    write_table(folder / "queries" / "queries-00000-of-00001.parquet", QUERIES)
    write_table(folder / "qrels" / "test-00000-of-00001.parquet", JUDGEMENTS)
    return folder


def write_data(folder: Path) -> Path:
    """As older sets are: everything in `data`, other names of the columns."""
    write_table(folder / "data" / "corpus-00000.parquet", [{"id": one["_id"], **one} for one in DOCUMENTS])
    write_table(folder / "data" / "queries-00000.parquet", [{"id": one["_id"], "text": one["text"]} for one in QUERIES])
    names = {"query-id": "qid", "corpus-id": "pid", "score": "score"}
    write_table(folder / "data" / "test-0.parquet", [{names[key]: row[key] for key in row} for row in JUDGEMENTS])
    return folder
