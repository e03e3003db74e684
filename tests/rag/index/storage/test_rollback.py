"""Going back to an earlier generation, forward again, and what is kept meanwhile."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from rag.errors import IndexDamaged, IndexLocked, IndexMismatch, IndexMissing, InputError
from rag.index.building.builder import build_index
from rag.index.storage.inventory import stored_generations
from rag.index.storage.lock import writer_lock
from rag.index.storage.manifest import FILE as MANIFEST
from rag.index.storage.store import CURRENT, DISTRUSTED, KEPT_GENERATIONS, ORDER, Store
from tests.rag.index.fakes import WordEmbedder
from tests.rag.index.shelf import Shelf


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    """Three generations, the last of them live."""
    built = Shelf(tmp_path)
    built.build()
    for _ in range(KEPT_GENERATIONS):
        built.edit()
        built.build()
    return built


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)


def test_back_is_the_one_before_and_readers_hop(shelf: Shelf) -> None:
    oldest, before, live = shelf.store.generations()
    assert shelf.store.rollback() == before
    assert shelf.store.changed(live)
    assert shelf.store.current().id == before
    assert shelf.store.generations() == [oldest, before, live], "nothing is lost"
    assert shelf.store.rollback() == oldest
    with pytest.raises(IndexMissing, match="before"):
        shelf.store.rollback()
    assert shelf.store.current_id() == oldest


def test_forward_again_by_id_or_by_building(shelf: Shelf) -> None:
    _, before, live = shelf.store.generations()
    shelf.store.rollback(before)
    assert shelf.store.rollback(live) == live
    assert shelf.store.rollback(live) == live, "twice is as good as once"
    contents = shelf.contents()
    shelf.store.rollback(before)
    assert shelf.contents() != contents
    report = shelf.build()
    assert report.changed
    assert report.generation > live, "ids sort by when they were published, whatever is live"
    assert shelf.contents() == contents


def test_the_next_run_compares_with_what_was_gone_back_to(shelf: Shelf) -> None:
    _, before, live = shelf.store.generations()
    shelf.store.rollback(before)
    shelf.edits -= 2
    shelf.edit()
    assert not shelf.build().changed
    assert shelf.store.current_id() == before
    assert live in shelf.store.generations()


def test_what_was_live_last_is_kept_and_gone_back_to(shelf: Shelf) -> None:
    oldest, before, newest = shelf.store.generations()
    shelf.store.rollback(oldest)
    shelf.edit()
    fourth = shelf.build().generation
    assert shelf.store.in_order() == [newest, oldest, fourth], "not those that nobody chose"
    assert shelf.store.generations() == [oldest, newest, fourth]
    assert before not in shelf.store.generations()
    assert shelf.store.rollback() == oldest, "the one that the fourth replaced"
    assert shelf.store.rollback() == newest
    shelf.store.rollback(fourth)
    shelf.edit()
    fifth = shelf.build().generation
    assert shelf.store.in_order() == [oldest, fourth, fifth]


def test_without_the_order_the_ids_are_in_order(shelf: Shelf) -> None:
    names = shelf.store.generations()
    for content in (b"", b"\xff", b"nonsense\n"):
        (shelf.settings.vectors / ORDER).write_bytes(content)
        assert shelf.store.in_order() == names
    (shelf.settings.vectors / ORDER).unlink()
    assert shelf.store.rollback() == names[1]


def test_an_unknown_id_names_those_there_are(shelf: Shelf) -> None:
    for wanted in ("x", "../..", "20200101T000000.000000Z-00000000"):
        with pytest.raises(InputError) as caught:
            shelf.store.rollback(wanted)
        assert all(name in caught.value.hint for name in shelf.store.generations())


def test_a_damaged_generation_is_not_gone_back_to(shelf: Shelf) -> None:
    _, before, live = shelf.store.generations()
    flip(shelf.store.folder_of(before) / "rows.npy")
    with pytest.raises(IndexDamaged, match=r"rows\.npy"):
        shelf.store.rollback()
    assert shelf.store.current_id() == live


def test_a_generation_of_another_model_is_not_gone_back_to(shelf: Shelf) -> None:
    live = shelf.store.current_id()
    build_index(shelf.settings, embedder=WordEmbedder("0ther"))
    with pytest.raises(IndexMismatch, match="f00d") as caught:
        shelf.store.rollback(live, fingerprint="0ther")
    assert "embedding_model" in caught.value.hint
    assert shelf.store.rollback(live, fingerprint="f00d") == live


def test_a_generation_of_an_older_format_is_not_gone_back_to(shelf: Shelf) -> None:
    _, before, live = shelf.store.generations()
    path = shelf.store.folder_of(before) / MANIFEST
    path.write_text(path.read_text(encoding="utf-8").replace('"format": 1', '"format": 0'), encoding="utf-8")
    with pytest.raises(IndexMismatch, match="format 0"):
        shelf.store.rollback()
    assert shelf.store.current_id() == live


def test_nothing_is_rolled_back_while_somebody_writes(shelf: Shelf) -> None:
    with writer_lock(shelf.settings.vectors), pytest.raises(IndexLocked):
        shelf.store.rollback()


def test_a_current_that_names_nothing_is_mended_by_naming_one(shelf: Shelf) -> None:
    names = shelf.store.generations()
    (shelf.settings.vectors / CURRENT).write_text("damaged", encoding="utf-8")
    assert not shelf.store.changed(names[-1]), "who holds a generation goes on with it"
    shelf.store.rollback(names[-1])
    assert shelf.store.current().id == names[-1]


def test_nowhere_there_is_nothing_to_go_back_to(tmp_path: Path) -> None:
    with pytest.raises(IndexMissing):
        Store(tmp_path / "nowhere").rollback()


def test_the_list_tells_what_each_holds(shelf: Shelf) -> None:
    folders = [shelf.store.folder_of(name) for name in shelf.store.generations()]
    flip(folders[0] / MANIFEST)
    listed = stored_generations(shelf.store)
    assert [one.generation for one in listed] == shelf.store.generations()
    assert [one.live for one in listed] == [False, False, True]
    assert MANIFEST in listed[0].problem
    assert [one.counts.articles for one in listed[1:]] == [7, 7]
    assert listed[1].created < listed[2].created
    assert (listed[2].model, listed[2].model_fingerprint) == ("words", "f00d")
    assert [one.bytes for one in listed] == [
        sum(path.stat().st_size for path in folder.iterdir()) for folder in folders
    ]
    with pytest.raises(IndexMissing):
        stored_generations(Store(shelf.corpus))
    (shelf.settings.vectors / CURRENT).unlink()
    assert not any(one.live for one in stored_generations(shelf.store))


def test_a_writer_builds_only_on_what_its_checksums_vouch_for(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    """Large files are compared by size alone at opening; what is taken over from them would get new checksums."""
    monkeypatch.setattr("rag.index.storage.generation._CHECKED_AT_OPENING", 0)
    for name in ("rows.npy", "counts.npy", "index.faiss"):
        before = shelf.contents()
        flip(shelf.store.current().folder / name)
        shelf.store.current()  # readers are let in
        assert shelf.build().changed, "though no page of the corpus has"
        assert shelf.contents() == before


def test_what_is_distrusted_is_not_built_on(shelf: Shelf) -> None:
    live = shelf.store.current_id()
    shelf.store.distrust()
    assert shelf.store.distrusted() == live
    assert shelf.store.current().id == live, "it goes on answering"
    report = shelf.build()
    assert (report.changed, report.kept) == (True, 0)
    assert shelf.store.distrusted() is None
    assert not (shelf.settings.vectors / DISTRUSTED).exists()
    assert not shelf.build().changed


def test_distrust_outlives_a_run_that_was_stopped(shelf: Shelf) -> None:
    chunks = len(shelf.store.current())
    shelf.store.distrust()
    with pytest.raises(KeyboardInterrupt):
        build_index(shelf.settings, embedder=WordEmbedder(fail_after=0))
    report = shelf.build()
    assert report.changed
    assert report.counts.chunks == chunks
    assert report.kept == 0


def test_distrust_costs_nothing_where_nothing_is(tmp_path: Path) -> None:
    store = Store(tmp_path / "vectors")
    store.distrust()
    assert store.distrusted() is None
    assert not (store.folder / DISTRUSTED).exists()


def test_what_was_distrusted_and_gone_back_from_may_be_built_on_later(shelf: Shelf) -> None:
    shelf.store.distrust()
    shelf.store.rollback()
    assert shelf.store.distrusted() is None
    report = shelf.build()
    assert report.kept > 0


def test_a_journal_goes_with_the_next_publication(shelf: Shelf) -> None:
    journal = shelf.settings.vectors / "journal-gone-96.bin"
    journal.write_bytes(b"of a model that nobody uses any more")
    assert shelf.store.leftovers() == [journal.name]
    shelf.edit()
    shelf.build()
    assert shelf.store.leftovers() == []


def test_half_of_a_removed_generation_is_never_taken_for_a_whole_one(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    oldest = shelf.store.generations()[0]
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "rmtree", lambda *_, **__: None)
        shelf.edit()
        shelf.build()
    assert oldest not in shelf.store.generations()
    assert any(oldest in name for name in shelf.store.leftovers())
    shelf.build()
    assert shelf.store.leftovers() == []
