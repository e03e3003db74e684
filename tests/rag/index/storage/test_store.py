"""Publishing: all of it or nothing, whatever fails and whenever."""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from rag.errors import IndexDamaged, IndexLocked, IndexMismatch, IndexMissing, RagError, WriteError
from rag.index.building.builder import build_index
from rag.index.storage.generation import Generation
from rag.index.storage.lock import HOLDER_FILE, writer_lock
from rag.index.storage.manifest import FILE as MANIFEST
from rag.index.storage.store import KEPT_GENERATIONS, Store
from rag.settings import Settings
from tests.rag.index.fakes import WordEmbedder, records, write_records
from tests.rag.index.shelf import Shelf


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    built = Shelf(tmp_path)
    built.build()
    return built


def test_nothing_published_yet_is_missing(tmp_path: Path) -> None:
    with pytest.raises(IndexMissing) as caught:
        Store(tmp_path / "nowhere").current()
    assert "wenbao index" in caught.value.hint
    assert not Store(tmp_path).changed("x")


def test_readers_see_a_change_and_hop(shelf: Shelf) -> None:
    reader = shelf.store.current()
    assert not shelf.store.changed(reader.id)
    shelf.edit()
    shelf.build()
    assert shelf.store.changed(reader.id)
    assert len(reader.list_articles(limit=50).items) == 6, "the old generation still answers"
    assert shelf.store.current().id > reader.id


def test_a_generation_holds_what_the_manifest_says(shelf: Shelf) -> None:
    generation = shelf.store.current()
    manifest = json.loads((generation.folder / MANIFEST).read_text(encoding="utf-8"))
    on_disk = {path.name for path in generation.folder.iterdir()} - {MANIFEST}
    assert set(manifest["files"]) == on_disk
    assert manifest["generation"] == generation.folder.name == generation.id
    assert generation.counts.chunks == len(generation) == len(generation.vectors) == len(generation.words)


def test_old_generations_are_kept_by_rule_and_readers_keep_swept_ones(shelf: Shelf) -> None:
    first = shelf.store.current()
    chunk = first.chunk(0).text
    for _ in range(KEPT_GENERATIONS + 2):
        shelf.edit()
        shelf.build()
    assert len(shelf.store.generations()) == KEPT_GENERATIONS + 1
    assert first.id not in shelf.store.generations()
    assert first.chunk(0).text == chunk
    assert first.words.search(["水库"], 3)[0].size > 0
    assert first.vectors.search(WordEmbedder().embed_query("水库"), 3)[0].size == 3
    texts: list[str] = []
    thread = threading.Thread(target=lambda: texts.extend(article.text for article in first.articles()))
    thread.start()
    thread.join()
    assert len(texts) == 6, "also in a thread that starts after the sweep"


@pytest.mark.parametrize("step", ["fsync", "rename", "replace", "mkdir"])
def test_a_full_disk_at_any_step_leaves_the_old_index(step: str, shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    before = shelf.contents()
    shelf.edit()

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os if step == "fsync" else Path, step, full)
        with pytest.raises(WriteError, match="full") as caught:
            shelf.build()
    assert caught.value.hint
    assert shelf.contents() == before
    shelf.build()
    assert len(shelf.contents()) == len(before) + 1
    assert shelf.leftovers == []


_LIMITED = """
import resource, signal, sys
from pathlib import Path
from rag.errors import WriteError
from tests.rag.index.shelf import Shelf
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), int(sys.argv[2])))
shelf = object.__new__(Shelf)
from rag.settings import Settings
from rag.index.storage.store import Store
folder = Path(sys.argv[1])
shelf.settings = Settings(corpus=folder / "corpus", vectors=folder / "vectors")
try:
    shelf.build()
except WriteError as error:
    print("WriteError:", error)
"""


@pytest.mark.skipif(os.name != "posix", reason="file size limits are POSIX's")
@pytest.mark.parametrize("limit", [4_000, 20_000])
def test_files_that_cannot_grow_are_a_write_error(limit: int, shelf: Shelf) -> None:
    """A real refusal by the system, in SQLite, numpy or FAISS, whichever comes first."""
    before = shelf.contents()
    write_records(shelf.corpus / "c.jsonl", records("x", 40))
    done = subprocess.run(
        [sys.executable, "-c", _LIMITED, str(shelf.corpus.parent), str(limit)],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[4],
    )
    assert "WriteError:" in done.stdout, done.stderr
    assert shelf.contents() == before
    assert shelf.leftovers == []


def test_a_folder_that_cannot_be_made_is_a_write_error(tmp_path: Path) -> None:
    write_records(tmp_path / "corpus" / "a.jsonl", records())
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    with pytest.raises(WriteError, match="vectors") as caught:
        build_index(
            Settings(corpus=tmp_path / "corpus", vectors=tmp_path / "file" / "vectors"), embedder=WordEmbedder()
        )
    assert "vectors" in caught.value.hint


_KILLED = """
import os, signal, sys
from pathlib import Path
from rag.settings import Settings
from rag.index.building.builder import build_index
from tests.rag.index.fakes import WordEmbedder
folder, fatal = Path(sys.argv[1]), int(sys.argv[2])
calls = 0
def count(event, args):
    global calls
    if event in {"open", "os.rename", "os.mkdir", "os.remove", "shutil.rmtree", "sqlite3.connect"}:
        if str(folder / "vectors") in str(args) or event == "sqlite3.connect":
            calls += 1
            if calls == fatal:
                os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(count)
build_index(Settings(corpus=folder / "corpus", vectors=folder / "vectors"), embedder=WordEmbedder())
print(calls)
"""


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL")
def test_killed_at_any_moment_the_index_is_the_old_or_the_new_one(shelf: Shelf) -> None:
    old = shelf.contents()
    shelf.edit()
    template = shelf.corpus.parent
    steps = int(_run_killed(template, template.parent / "whole", 0))
    outcomes = set()
    for fatal in (steps // 4, steps // 2, steps * 3 // 4, steps - 4, steps - 2, steps - 1, steps):
        copy = template.parent / f"killed-{fatal}"
        assert _run_killed(template, copy, fatal) == ""
        after = Shelf(copy)
        after.edit()
        found = after.contents()
        assert found in (old, [*old, "第1次修改的一条消息，说的是灯塔换灯。"])
        outcomes.add(len(found))
        after.build()
        assert len(after.contents()) == len(old) + 1, "the next run goes through"
        assert after.leftovers == []
    assert outcomes == {len(old), len(old) + 1}, "both sides of the switch were met"


def _run_killed(template: Path, copy: Path, fatal: int) -> str:
    """Re-indexes a copy in a process that kills itself at its nth touch of the index; 0 lets it finish."""
    shutil.copytree(template, copy)
    done = subprocess.run(
        [sys.executable, "-c", _KILLED, str(copy), str(fatal)],
        check=False,
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[4],
    )
    assert done.returncode in (0, -9), done.stderr
    return done.stdout


def _damage(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)


FILES = (
    "articles.sqlite", "index.faiss", "chunk_articles.npy", "vocabulary.npy", "offsets.npy", "rows.npy", "counts.npy",
    "lengths.npy",
)  # fmt: skip


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("way", ["flip", "cut", "remove"])
def test_damage_is_named_and_rebuilding_mends_it(name: str, way: str, shelf: Shelf) -> None:
    path = shelf.store.current().folder / name
    if way == "flip":
        _damage(path)
    elif way == "cut":
        path.write_bytes(path.read_bytes()[:-10])
    else:
        path.unlink()
    with pytest.raises(IndexDamaged, match=name) as caught:
        shelf.store.current()
    assert "wenbao index" in caught.value.hint
    assert shelf.build().changed
    assert len(shelf.contents()) == 6


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"format": 1}', "\x00\x01"])
def test_a_manifest_that_is_none(content: str, shelf: Shelf) -> None:
    (shelf.store.current().folder / MANIFEST).write_text(content, encoding="utf-8")
    with pytest.raises(IndexDamaged, match=MANIFEST):
        shelf.store.current()
    assert shelf.build().changed


def test_a_manifest_that_was_edited_no_longer_fits_its_id(shelf: Shelf) -> None:
    path = shelf.store.current().folder / MANIFEST
    data = json.loads(path.read_text(encoding="utf-8"))
    data["files"].pop("rows.npy")
    path.write_text(json.dumps(data), encoding="utf-8")
    with pytest.raises(IndexDamaged, match=MANIFEST):
        shelf.store.current()


def test_another_format_is_refused_with_the_command(shelf: Shelf) -> None:
    path = shelf.store.current().folder / MANIFEST
    data = json.loads(path.read_text(encoding="utf-8")) | {"format": 99}
    path.write_text(json.dumps(data), encoding="utf-8")
    with pytest.raises(IndexMismatch, match="99") as caught:
        shelf.store.current()
    assert "wenbao index" in caught.value.hint


@pytest.mark.parametrize("content", ["", "../../etc", "20990101T000000.000000Z-00000000"])
def test_a_current_that_names_nothing(content: str, shelf: Shelf) -> None:
    (shelf.settings.vectors / "CURRENT").write_text(content, encoding="utf-8")
    with pytest.raises(IndexDamaged):
        shelf.store.current()
    assert shelf.build().changed
    assert len(shelf.contents()) == 6


def test_the_second_writer_is_told_who_the_first_is(shelf: Shelf) -> None:
    with writer_lock(shelf.settings.vectors), pytest.raises(IndexLocked, match=str(os.getpid())):
        shelf.build()
    assert not (shelf.settings.vectors / HOLDER_FILE).exists()
    assert not shelf.build().changed


def test_a_dead_holder_stops_nobody(shelf: Shelf) -> None:
    note = {"pid": 1, "host": "gone", "since": "2020-01-01"}
    (shelf.settings.vectors / HOLDER_FILE).write_text(json.dumps(note), encoding="utf-8")
    shelf.edit()
    assert shelf.build().changed


def test_a_copy_of_the_folder_is_a_backup(shelf: Shelf, tmp_path: Path) -> None:
    shutil.copytree(shelf.settings.vectors, tmp_path / "backup")
    copy = Store(tmp_path / "backup").current()
    copy.verify()
    assert copy.id == shelf.store.current_id()


def test_readers_ask_all_the_while(shelf: Shelf) -> None:
    """Several readers hop from generation to generation and never see one that is not whole."""
    failures: list[RagError] = []
    lengths: set[int] = set()
    stop = threading.Event()

    def read() -> None:
        store = Store(shelf.settings.vectors)
        while not stop.is_set():
            try:
                generation: Generation = store.current()
                lengths.add(len(generation.list_articles(limit=50).items))
                generation.close()
            except RagError as error:
                failures.append(error)

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    try:
        for _ in range(4):
            shelf.edit()
            shelf.build()
    finally:
        stop.set()
        for reader in readers:
            reader.join()
    assert failures == []
    assert lengths <= {6, 7}
