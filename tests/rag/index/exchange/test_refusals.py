"""Exports that are damaged, foreign or of another model are refused, and leave the index as it was."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rag.errors import IndexDamaged, IndexLocked, IndexMismatch, IndexMissing, InputError, RagError
from rag.index.exchange.exporting import export_index
from rag.index.exchange.layout import ARTICLES, CHUNKS, FILE, SOURCES
from rag.index.storage.store import Store
from rag.index.text.userdict import FILE as WORDS
from rag.types import Progress
from tests.rag.index.exchange.conftest import Desk


def refused(desk: Desk, kind: type[RagError], words: str, **how: Any) -> RagError:
    """The refusal of an import over the index itself, which stays as it was."""
    store = Store(desk.settings.vectors)
    before = store.current_id(), store.generations()
    with pytest.raises(kind, match=words) as told:
        desk.load(desk.settings.vectors, **how)
    assert told.value.hint
    assert (store.current_id(), store.generations()) == before
    assert store.leftovers() == []
    return told.value


def test_another_model_is_refused_with_advice(desk: Desk) -> None:
    told = refused(
        desk, IndexMismatch, r"embedding model words \(f00d\), but words \(beef\) is set", fingerprint="beef"
    )
    assert "--embedding-model words" in told.hint
    assert "wenbao index" in told.hint


@pytest.mark.parametrize("name", [ARTICLES, CHUNKS, SOURCES, WORDS])
@pytest.mark.parametrize("place", [0, 0.5, 1])
def test_one_wrong_byte_is_found(desk: Desk, name: str, place: float) -> None:
    path = desk.exported / name
    data = bytearray(path.read_bytes())
    data[int(place * (len(data) - 1))] ^= 0x20
    path.write_bytes(data)
    refused(desk, IndexDamaged, name)


@pytest.mark.parametrize("name", [ARTICLES, CHUNKS, SOURCES, WORDS])
def test_a_file_that_is_gone_is_named(desk: Desk, name: str) -> None:
    (desk.exported / name).unlink()
    refused(desk, IndexDamaged, name)


def test_a_folder_without_an_export_is_named(desk: Desk) -> None:
    (desk.exported / FILE).unlink()
    refused(desk, InputError, "holds no exported index")


@pytest.mark.parametrize(
    ("text", "kind", "words"),
    [
        ("", IndexDamaged, "is damaged"),
        ("{", IndexDamaged, "is damaged"),
        ("[]", InputError, "not written by"),
        ('{"format": 1}', InputError, "not written by"),
        (
            '{"format": "wenbao index in Parquet", "version": 2}',
            IndexMismatch,
            "version 2, this wenbao reads version 1",
        ),
        ('{"format": "wenbao index in Parquet", "version": 1}', IndexDamaged, "is damaged"),
        ('{"format": "wenbao index in Parquet", "version": 1, "files": {}, "index": {}}', IndexDamaged, "is damaged"),
    ],
)
def test_what_is_no_export_is_told_from_what_is_broken(desk: Desk, text: str, kind: type[RagError], words: str) -> None:
    (desk.exported / FILE).write_text(text, encoding="utf-8")
    refused(desk, kind, words)


def test_a_copy_of_the_index_is_no_export(desk: Desk) -> None:
    shutil.rmtree(desk.exported)
    shutil.copytree(Store(desk.settings.vectors).current().folder, desk.exported)
    refused(desk, InputError, "holds no exported index")


def test_a_file_outside_the_folder_is_not_read(desk: Desk) -> None:
    data = json.loads((desk.exported / FILE).read_text(encoding="utf-8"))
    shutil.copy(desk.exported / CHUNKS, desk.folder)
    data["files"][f"../{CHUNKS}"] = data["files"][CHUNKS]
    (desk.exported / FILE).write_text(json.dumps(data), encoding="utf-8")
    refused(desk, IndexDamaged, CHUNKS)


Change = Callable[[pa.Table], pa.Table]


def changed_cell(column: str, value: object) -> Change:
    """Another value in a column's first row."""

    def change(table: pa.Table) -> pa.Table:
        at = table.schema.get_field_index(column)
        values = [value, *table[column].to_pylist()[1:]]
        return table.set_column(at, table.schema.field(column), pa.array(values, table.schema.field(column).type))

    return change


@pytest.mark.parametrize(
    ("name", "change"),
    [
        pytest.param(CHUNKS, changed_cell("vector", [0.5] * 96), id="a vector of another length than 1"),
        pytest.param(CHUNKS, changed_cell("vector", [float("nan")] * 96), id="a vector of no numbers"),
        pytest.param(CHUNKS, changed_cell("end", 10_000), id="a passage beyond its article"),
        pytest.param(CHUNKS, changed_cell("start", -1), id="a passage before its article"),
        pytest.param(CHUNKS, changed_cell("text", "别的话"), id="a passage of other words"),
        pytest.param(CHUNKS, changed_cell("article_id", "r3"), id="a passage of another article"),
        pytest.param(CHUNKS, changed_cell("key", "../../etc"), id="a key that is none"),
        pytest.param(CHUNKS, lambda table: table.slice(1), id="a passage less"),
        pytest.param(CHUNKS, lambda table: table.drop_columns(["key"]), id="a column less"),
        pytest.param(CHUNKS, lambda table: pa.concat_tables([table, table]), id="every passage twice"),
        pytest.param(ARTICLES, lambda table: table.slice(0, 1), id="one article alone"),
        pytest.param(ARTICLES, lambda table: pa.concat_tables([table, table]), id="every article twice"),
        pytest.param(ARTICLES, changed_cell("kind", "leaflet"), id="an article of no known kind"),
        pytest.param(ARTICLES, changed_cell("text", "短"), id="an article of another text"),
        pytest.param(ARTICLES, changed_cell("title", None), id="an article without a title's cell"),
        pytest.param(ARTICLES, changed_cell("spans", [{"start": 5, "end": 2}]), id="spans that end before they begin"),
        pytest.param(ARTICLES, changed_cell("runs", None), id="an article without runs"),
        pytest.param(
            ARTICLES, changed_cell("blocks", [{"role": "body", "start": 0, "end": 10_000}]), id="a block too long"
        ),
        pytest.param(SOURCES, lambda table: pa.concat_tables([table, table]), id="every text twice"),
    ],
)
def test_tables_that_do_not_fit_together_are_refused_whatever_their_checksums(
    desk: Desk, name: str, change: Change
) -> None:
    table = change(pq.read_table(desk.exported / name))
    pq.write_table(table, desk.exported / name)
    data = json.loads((desk.exported / FILE).read_text(encoding="utf-8"))
    data["files"][name]["rows"] = table.num_rows
    (desk.exported / FILE).write_text(json.dumps(data), encoding="utf-8")
    desk.forge()
    refused(desk, IndexDamaged, "do not fit together")


def test_rows_that_are_promised_take_no_memory_before_they_are_seen(desk: Desk) -> None:
    data = json.loads((desk.exported / FILE).read_text(encoding="utf-8"))
    data["files"][CHUNKS]["rows"] = 10**15
    (desk.exported / FILE).write_text(json.dumps(data), encoding="utf-8")
    refused(desk, IndexDamaged, "chunks.parquet has not as many rows as were exported")


def test_what_is_no_parquet_is_refused_whatever_its_checksum(desk: Desk) -> None:
    (desk.exported / CHUNKS).write_bytes(b"PAR1" + bytes(100))
    desk.forge()
    refused(desk, IndexDamaged, "do not fit together")


def test_two_writers_exclude_each_other(desk: Desk) -> None:
    with Store(desk.settings.vectors).writing():
        refused(desk, IndexLocked, "is writing")


def test_nothing_is_written_over(desk: Desk) -> None:
    before = {path.name: path.read_bytes() for path in desk.exported.iterdir()}
    with pytest.raises(InputError, match="not empty"):
        export_index(Store(desk.settings.vectors), desk.exported)
    (desk.folder / "file").write_text("mine", encoding="utf-8")
    with pytest.raises(InputError, match="not empty"):
        export_index(Store(desk.settings.vectors), desk.folder / "file")
    assert {path.name: path.read_bytes() for path in desk.exported.iterdir()} == before


def test_an_export_that_is_broken_off_leaves_nothing(desk: Desk) -> None:
    def stop(progress: Progress) -> None:
        if progress.stage == "checksums":
            raise KeyboardInterrupt

    there = sorted(desk.folder.iterdir())
    with pytest.raises(KeyboardInterrupt):
        export_index(Store(desk.settings.vectors), desk.folder / "second", stop)
    assert sorted(desk.folder.iterdir()) == there


def test_damage_is_not_exported(desk: Desk) -> None:
    store = Store(desk.settings.vectors)
    index = store.folder_of(store.current_id()) / "index.faiss"
    data = bytearray(index.read_bytes())
    data[-1] ^= 1
    index.write_bytes(data)
    with pytest.raises(IndexDamaged, match=r"index\.faiss"):
        export_index(store, desk.folder / "second")
    assert not (desk.folder / "second").exists()


def test_without_an_index_there_is_nothing_to_export(tmp_path: Path) -> None:
    with pytest.raises(IndexMissing):
        export_index(Store(tmp_path / "vectors"), tmp_path / "exported")


@pytest.mark.parametrize("command", ["export", "import"])
def test_without_pyarrow_the_error_says_what_to_install(desk: Desk, command: str) -> None:
    vectors = ["--vectors", str(desk.settings.vectors)]
    call = [command, str(desk.folder / "new" if command == "export" else desk.exported), *vectors]
    code = f"import sys; sys.modules['pyarrow'] = None\nfrom rag.cli.main import run; sys.exit(run({call!r}))"
    told = subprocess.run(
        [sys.executable, "-c", code], cwd=Path(__file__).parents[4], capture_output=True, text=True, check=False
    )
    assert told.returncode == 2
    assert "pip install 'wenbao[parquet]'" in told.stderr
