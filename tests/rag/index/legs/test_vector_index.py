"""The vector index against plain arithmetic, and the carrying over of vectors."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from rag.errors import IndexDamaged
from rag.index.legs import vector_index
from rag.index.legs.vector_index import FILE, VectorIndex


def _unit(count: int, seed: int, dimension: int = 24) -> NDArray[np.float32]:
    vectors = np.random.default_rng(seed).normal(size=(count, dimension)).astype(np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@given(st.integers(0, 40), st.integers(0, 50), st.integers(0, 9), st.booleans())
@settings(deadline=None, max_examples=40)
def test_search_is_exact_but_for_rounding(count: int, k: int, seed: int, masked: bool) -> None:
    vectors, query = _unit(count, seed), _unit(1, seed + 100)[0]
    mask = np.random.default_rng(seed).random(count) < 0.5 if masked else None
    rows, scores = VectorIndex.build(vectors).search(query, k, mask)
    exact = vectors @ query
    allowed = np.arange(count) if mask is None else np.flatnonzero(mask)
    assert len(rows) == min(k, len(allowed))
    assert set(rows.tolist()) <= set(allowed.tolist())
    np.testing.assert_allclose(scores, exact[rows], atol=2e-3)
    np.testing.assert_allclose(scores, np.sort(exact[allowed])[::-1][: len(rows)], atol=2e-3)
    assert (np.diff(scores) <= 0).all()


def test_equal_vectors_come_by_row() -> None:
    rows, _ = VectorIndex.build(np.repeat(_unit(1, 1), 6, axis=0)).search(_unit(1, 1)[0], 6)
    assert rows.tolist() == list(range(6))


@given(st.integers(1, 30), st.integers(0, 9))
@settings(deadline=None, max_examples=20)
def test_a_vector_carried_over_is_the_same_to_the_bit(count: int, seed: int) -> None:
    rows = np.arange(count, dtype=np.int64)
    first = VectorIndex.build(_unit(count, seed)).vectors(rows)
    second = VectorIndex.build(first).vectors(rows)
    np.testing.assert_array_equal(first, second)


def test_it_is_built_in_blocks_and_read_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    vectors, rows = _unit(23, 5), np.arange(23, dtype=np.int64)
    whole = VectorIndex.build(vectors).vectors(rows)
    monkeypatch.setattr(vector_index, "_ROWS_AT_ONCE", 7)
    pieced = VectorIndex.build(vectors)
    np.testing.assert_array_equal(pieced.vectors(rows), whole)
    np.testing.assert_array_equal(pieced.halves(rows[::-1]), whole[::-1].astype(np.float16))
    # Half precision is what is stored, so nothing is lost on the way into the next index.
    np.testing.assert_array_equal(VectorIndex.build(pieced.halves(rows)).vectors(rows), whole)
    assert pieced.halves(rows[:0]).shape == (0, 24)


@pytest.mark.parametrize("count", [0, 1, 25])
def test_saved_and_opened_it_finds_the_same(count: int, tmp_path: Path) -> None:
    index, query = VectorIndex.build(_unit(count, 3)), _unit(1, 4)[0]
    index.save(tmp_path)
    opened = VectorIndex.open(tmp_path)
    assert (len(opened), opened.dimension) == (count, 24)
    for left, right in zip(index.search(query, 9), opened.search(query, 9), strict=True):
        np.testing.assert_array_equal(left, right)


@pytest.mark.parametrize("content", [None, b"", b"not an index at all"])
def test_a_file_that_is_no_index_is_named(content: bytes | None, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / FILE).write_bytes(content)
    with pytest.raises(IndexDamaged, match=FILE) as caught:
        VectorIndex.open(tmp_path)
    assert "wenbao index" in caught.value.hint


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a disk that is always full")
def test_a_full_disk_is_told_as_such(tmp_path: Path) -> None:
    (tmp_path / FILE).symlink_to("/dev/full")
    with pytest.raises(OSError, match="No space left"):
        VectorIndex.build(_unit(25, 3)).save(tmp_path)
