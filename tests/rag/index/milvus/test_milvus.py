"""What is particular to Milvus: whose collections are whose, what is written and deleted, what is left behind."""

from __future__ import annotations

import builtins
import logging
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rag.errors import IndexDamaged, IndexMismatch, StoreError
from rag.index.building.builder import build_index, plan_index
from rag.index.legs.base import RowMask
from rag.index.milvus import connection
from rag.index.milvus.address import parse_store
from rag.index.milvus.collection import ChunkCollection
from rag.index.milvus.legs import MilvusVectors
from rag.index.milvus.runs import UNDER_WAY
from rag.index.storage.examination import Examination
from rag.index.storage.generation import Generation
from rag.index.storage.store import Store
from rag.types import Filters
from tests.rag.index.fakes import WordEmbedder, records
from tests.rag.index.milvus.places import MilvusShelf, need_milvus


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[MilvusShelf]:
    """An index whose passages are in a Milvus Lite file."""
    need_milvus()
    made = MilvusShelf(tmp_path, str(tmp_path / "milvus.db"))
    made.build()
    yield made
    made.close()


def told(shelf: MilvusShelf) -> tuple[int, int]:
    """How many passages the last run wrote, and how many it ended."""
    settings = shelf.generation.manifest.settings
    return int(settings["upserted"]), int(settings["ended"])


def entities(generation: Generation) -> set[int]:
    assert isinstance(generation.vectors, MilvusVectors)
    return set(generation.vectors.rows.entities.tolist())


def test_writing_is_in_proportion_to_the_change(shelf: MilvusShelf) -> None:
    chunks = shelf.generation.counts.chunks
    assert told(shelf) == (chunks, 0)
    shelf.edit()
    shelf.build()
    assert told(shelf) == (1, 0)
    shelf.edit()
    shelf.build()
    assert told(shelf) == (1, 1)
    assert shelf.collection.count() == chunks + 2  # what has ended stays while a generation lists it


def test_what_no_kept_generation_lists_is_deleted(shelf: MilvusShelf) -> None:
    for _ in range(5):
        shelf.edit()
        shelf.build()
    kept = [Generation.open(shelf.store.folder_of(name)) for name in shelf.store.generations()]
    assert len(kept) == 3
    assert shelf.collection.count() == len(set.union(*map(entities, kept)))
    for generation in kept:
        generation.verify()
        assert Examination(generation, WordEmbedder()).vectors()


def test_a_generation_that_was_left_by_going_back_is_deleted_too(shelf: MilvusShelf) -> None:
    for _ in range(2):
        shelf.edit()
        shelf.build()
        shelf.store.rollback()
    for _ in range(4):
        shelf.edit()
        shelf.build()
    kept = [Generation.open(shelf.store.folder_of(name)) for name in shelf.store.generations()]
    assert shelf.collection.count() == len(set.union(*map(entities, kept)))


def test_where_most_is_new_a_collection_is_made_aside_and_the_name_switched(shelf: MilvusShelf) -> None:
    before = shelf.collection
    shelf.put("a.jsonl", *records("n"))
    after = shelf.collection
    assert after.name != before.name
    assert after.count() == shelf.generation.counts.chunks
    alias = parse_store(shelf.settings.store)
    assert alias is not None
    assert ChunkCollection(after.connection, alias.collection).count() == after.count()
    shelf.store.rollback()
    described = after.connection.call("describe_collection", alias.collection)
    assert described["collection_name"] == before.name
    shelf.store.rollback(shelf.store.generations()[-1])
    for _ in range(3):
        shelf.edit()
        shelf.build()
    assert not before.exists()


def test_a_run_that_died_is_taken_back(shelf: MilvusShelf, monkeypatch: pytest.MonkeyPatch) -> None:
    before = shelf.collection.count()
    shelf.edit()
    with monkeypatch.context() as patch:
        patch.setattr(ChunkCollection, "settle", _break_off)
        with pytest.raises(KeyboardInterrupt):
            shelf.build()
    assert shelf.collection.count() == before + 1
    assert (shelf.settings.vectors / UNDER_WAY).exists()
    (shelf.corpus / "b.jsonl").unlink()
    assert shelf.put("c.jsonl", {"id": "c", "text": "另一条消息说，码头修好了。"}).changed
    assert shelf.collection.count() == before + 1
    assert not (shelf.settings.vectors / UNDER_WAY).exists()


def test_a_collection_that_was_never_finished_is_dropped(shelf: MilvusShelf, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(ChunkCollection, "settle", _break_off)
        with pytest.raises(KeyboardInterrupt):
            shelf.build_with(WordEmbedder("beef"))
    collections = shelf.collection.connection.call("list_collections")
    assert len(collections) == 2
    assert shelf.build_with(WordEmbedder("beef")).embedded == 0  # the journal has kept them
    following = shelf.collection.connection.call("list_collections")
    assert len(set(following) & set(collections)) == 1


def _break_off(*_: object) -> None:
    raise KeyboardInterrupt


def test_a_server_that_keeps_less_than_it_was_sent_is_noticed(
    shelf: MilvusShelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    put, live = ChunkCollection.put, shelf.store.current_id()
    monkeypatch.setattr(ChunkCollection, "put", lambda self, found: put(self, found[1:]))
    shelf.edit()
    with pytest.raises(StoreError, match="holds 0 of the 1"):
        shelf.build()
    assert shelf.store.current_id() == live


def test_another_index_does_not_write_under_the_same_name(shelf: MilvusShelf, tmp_path: Path) -> None:
    other = MilvusShelf(tmp_path / "other", shelf.settings.store)
    with pytest.raises(IndexMismatch, match="which this index did not make") as caught:
        other.build()
    assert "Name another collection" in caught.value.hint
    assert not other.store.generations()


def test_a_copy_answers_and_leaves_the_original_s_passages_alone(shelf: MilvusShelf, tmp_path: Path) -> None:
    copy = MilvusShelf(tmp_path / "copy", shelf.settings.store)
    shutil.copytree(shelf.settings.vectors, copy.settings.vectors)
    assert copy.found("水库放水") == shelf.found("水库放水")
    with pytest.raises(IndexMismatch):
        copy.build()
    assert shelf.collection.count() == shelf.generation.counts.chunks


def test_passages_move_to_milvus_and_back_without_being_embedded(tmp_path: Path) -> None:
    need_milvus()
    shelf = MilvusShelf(tmp_path, None)
    shelf.build()
    before = shelf.found("水库放水第2号")
    moves = []
    for store in (str(tmp_path / "milvus.db"), "local"):
        shelf.settings = shelf.settings.model_copy(update={"store": store})
        report = shelf.build()
        moves.append((report.changed, report.embedded, shelf.found("水库放水第2号") == before))
    assert moves == [(True, 0, True), (True, 0, True)]
    assert "store" not in shelf.generation.manifest.settings
    disconnect(tmp_path / "milvus.db")


def disconnect(path: Path) -> None:
    address = parse_store(str(path))
    assert address is not None
    connection.disconnect(address)


def test_an_index_stays_where_it_is_while_nobody_says_otherwise(shelf: MilvusShelf) -> None:
    unset = shelf.settings.model_copy(update={"store": None})
    assert not build_index(unset, embedder=WordEmbedder()).changed
    assert not plan_index(unset, embedder=WordEmbedder()).changed
    shelf.edit()
    build_index(unset, embedder=WordEmbedder())
    assert told(shelf) == (1, 0)


def test_a_plan_writes_nothing(shelf: MilvusShelf) -> None:
    before = shelf.collection.count()
    shelf.edit()
    plan = plan_index(shelf.settings, embedder=WordEmbedder())
    assert (plan.embedded, plan.tokenized, shelf.collection.count()) == (1, 1, before)


def test_passages_that_are_gone_from_milvus_are_named(shelf: MilvusShelf) -> None:
    collection, generation = shelf.collection, shelf.generation
    collection.remove(sorted(entities(generation))[:1])
    with pytest.raises(IndexDamaged, match="1 of") as caught:
        Examination(generation, WordEmbedder()).vectors()
    assert "wenbao index --anew" in caught.value.hint
    with pytest.raises(IndexDamaged, match="1 of"):
        Examination(generation, WordEmbedder()).words()
    with pytest.raises(IndexDamaged, match="1 of"):
        generation.verify()


def test_a_collection_that_is_gone_is_named_and_built_anew(shelf: MilvusShelf) -> None:
    collection = shelf.collection
    collection.connection.call("drop_alias", "wenbao")
    collection.drop()
    with pytest.raises(IndexDamaged, match="has no collection"):
        Store(shelf.settings.vectors).current()
    shelf.build()
    assert shelf.found("水库放水")


def test_words_that_are_wrong_in_milvus_are_found(shelf: MilvusShelf) -> None:
    generation, collection = shelf.generation, shelf.collection
    number = int(generation.vectors.rows.entities[0])  # type: ignore[attr-defined]
    fields = ["id", "vector", "words", "article_id", "source", "place", "first_day", "last_day", "run"]
    [entity] = collection.connection.call("query", collection.name, filter=f"id in [{number}]", output_fields=fields)
    collection.put([dict(entity) | {"words": {7: 0.5}}])
    with pytest.raises(IndexDamaged, match="not those that Milvus holds"):
        Examination(generation, WordEmbedder()).words()


def test_a_search_among_few_of_many_asks_until_it_has_them(shelf: MilvusShelf) -> None:
    """Masks that say nothing of themselves, and are too long to be listed, are held against what comes back."""
    generation = shelf.generation
    leg, vector = generation.vectors, WordEmbedder().embed_query("水库放水")
    wanted = generation.rows_of("r5")
    mask = np.zeros(len(generation), np.bool_)
    mask[wanted] = True
    found, _ = leg.search(vector, len(wanted), mask)
    assert sorted(found.tolist()) == wanted
    filtered = generation.mask(Filters(article_ids=("r5",)))
    assert isinstance(filtered, RowMask)
    assert leg.search(vector, 3, filtered)[0].tolist() == leg.search(vector, 3, mask)[0].tolist()


def test_cosines_are_those_of_the_stored_vectors(shelf: MilvusShelf) -> None:
    leg, vector = shelf.generation.vectors, WordEmbedder().embed_query("渔船换装")
    rows = np.asarray([4, 0, 4, 7], np.int64)
    assert np.allclose(leg.cosines(vector, rows), leg.vectors(rows) @ vector, atol=1e-6)
    assert np.allclose(leg.all_cosines(vector)[rows], leg.cosines(vector, rows), atol=1e-6)
    assert leg.cosines(vector, np.zeros(0, np.int64)).shape == (0,)
    assert np.array_equal(leg.halves(rows), leg.vectors(rows).astype(np.float16))


def test_without_the_package_it_is_said_how_to_install_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    imported = builtins.__import__

    def refuse(name: str, *arguments: Any, **options: Any) -> Any:
        if name.partition(".")[0] == "pymilvus":
            raise ModuleNotFoundError("No module named 'pymilvus'", name="pymilvus")
        return imported(name, *arguments, **options)

    monkeypatch.setattr(builtins, "__import__", refuse)
    shelf = MilvusShelf(tmp_path, str(tmp_path / "milvus.db"))
    with pytest.raises(StoreError, match="pymilvus is not installed") as caught:
        shelf.build()
    assert "pip install 'wenbao[milvus]'" in caught.value.hint
    assert not shelf.store.generations()


def test_sweeping_waits_for_a_milvus_that_is_away(
    shelf: MilvusShelf, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(2):
        shelf.edit()
        shelf.build()
    oldest = shelf.store.generations()[0]

    def fail(*_: object) -> None:
        raise StoreError("away")

    shelf.edit()
    with monkeypatch.context() as patch, caplog.at_level(logging.WARNING):
        patch.setattr(ChunkCollection, "remove", fail)
        shelf.build()
    assert oldest in shelf.store.generations()
    assert "left for the next run" in caplog.text
    shelf.edit()
    shelf.build()
    assert len(shelf.store.generations()) == 3
