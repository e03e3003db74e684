"""An index that cannot be opened any more still holds vectors, and those that are sound are not made again."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from rag.errors import IndexMismatch
from rag.index.building.builder import build_index
from rag.index.storage.manifest import FILE as MANIFEST
from rag.index.storage.salvage import salvaged_vectors
from rag.types import IndexReport
from tests.rag.index.fakes import WordEmbedder
from tests.rag.index.shelf import Shelf


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    built = Shelf(tmp_path)
    built.build()
    return built


def folder(shelf: Shelf) -> Path:
    return shelf.store.folder_of(shelf.store.current_id())


def set_in_manifest(shelf: Shelf, **values: object) -> None:
    path = folder(shelf) / MANIFEST
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | values), encoding="utf-8")


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)


def rebuilt(shelf: Shelf, fingerprint: str = "f00d") -> tuple[IndexReport, int]:
    """The report of a run, and how many texts were embedded in it."""
    embedder = WordEmbedder(fingerprint)
    return build_index(shelf.settings, embedder=embedder), len(embedder.texts)


def vectors(shelf: Shelf) -> bytes:
    generation = shelf.store.current()
    found = generation.vectors.vectors(np.arange(len(generation))).tobytes()
    generation.close()
    return found


def test_an_older_format_is_rebuilt_without_embedding(shelf: Shelf) -> None:
    before, kept = vectors(shelf), shelf.store.current_id()
    set_in_manifest(shelf, format=0)
    with pytest.raises(IndexMismatch, match="format 0"):
        shelf.store.current()
    report, embedded = rebuilt(shelf)
    assert (report.changed, report.embedded, embedded) == (True, 0, 0)
    assert vectors(shelf) == before
    assert shelf.store.generations() == [kept, report.generation], "the old one is kept by the rule"
    for _ in range(3):
        shelf.edit()
        shelf.build()
    assert kept not in shelf.store.generations(), "and swept by it"


@pytest.mark.parametrize("name", ["counts.npy", "vocabulary.npy", "chunk_articles.npy"])
def test_damage_elsewhere_costs_no_vector(name: str, shelf: Shelf) -> None:
    flip(folder(shelf) / name)
    assert rebuilt(shelf)[1] == 0
    assert len(shelf.contents()) == 6


@pytest.mark.parametrize("name", ["index.faiss", "articles.sqlite"])
def test_vectors_or_keys_that_are_damaged_are_made_again(name: str, shelf: Shelf) -> None:
    before = vectors(shelf)
    flip(folder(shelf) / name)
    report, embedded = rebuilt(shelf)
    assert embedded == report.embedded > 0
    assert vectors(shelf) == before


def test_a_newer_format_is_left_alone(shelf: Shelf) -> None:
    set_in_manifest(shelf, format=99)
    assert rebuilt(shelf)[1] > 0


def test_vectors_of_another_model_are_of_no_use(shelf: Shelf) -> None:
    set_in_manifest(shelf, format=0)
    assert rebuilt(shelf, "0ther")[1] > 0


@pytest.mark.parametrize("values", [{"files": {}}, {"files": None}, {"dimension": 7}, {"model_fingerprint": None}])
def test_a_manifest_that_does_not_vouch_for_them(values: dict[str, object], shelf: Shelf) -> None:
    set_in_manifest(shelf, format=0, **values)
    report, embedded = rebuilt(shelf)
    assert report.changed
    assert embedded > 0


def test_what_is_distrusted_is_not_salvaged(shelf: Shelf) -> None:
    set_in_manifest(shelf, format=0)
    shelf.store.distrust()
    assert rebuilt(shelf)[1] > 0


def test_nothing_is_salvaged_where_nothing_was_refused(shelf: Shelf, tmp_path: Path) -> None:
    with shelf.store.writing():
        shelf.store.current().close()
        assert shelf.store.refused() is None
    assert salvaged_vectors(None, "f00d", 96) == {}
    assert salvaged_vectors(tmp_path / "nowhere", "f00d", 96) == {}
