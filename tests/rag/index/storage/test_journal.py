"""What an interrupted run leaves behind."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from rag.index.storage.journal import Journal

KEYS = [f"{number:032x}" for number in range(4)]
VECTORS = np.arange(12, dtype=np.float32).reshape(4, 3)


def _write(folder: Path) -> Path:
    with Journal(folder, "model-1", 3) as journal:
        journal.add(KEYS[:2], VECTORS[:2])
        journal.add(KEYS[2:], VECTORS[2:])
        return journal.path


@given(st.integers(0, 200))
def test_a_torn_end_costs_only_the_torn_record(length: int) -> None:
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as name:
        path = _write(Path(name))
        whole = path.read_bytes()
        path.write_bytes(whole[:length])
        size = len(whole) // len(KEYS)
        with Journal(Path(name), "model-1", 3) as journal:
            found = journal.read()
            assert list(found) == KEYS[: min(length, len(whole)) // size]
            journal.add(KEYS[3:], VECTORS[3:])
            np.testing.assert_array_equal(journal.read()[KEYS[3]], VECTORS[3])


def test_a_flipped_bit_ends_the_journal_there(tmp_path: Path) -> None:
    path = _write(tmp_path)
    data = bytearray(path.read_bytes())
    data[len(data) // 2 + 3] ^= 1
    path.write_bytes(data)
    assert list(Journal(tmp_path, "model-1", 3).read()) == KEYS[:2]


def test_models_do_not_share_vectors(tmp_path: Path) -> None:
    _write(tmp_path)
    assert Journal(tmp_path, "model-2", 3).read() == {}


def test_discarding_leaves_nothing(tmp_path: Path) -> None:
    _write(tmp_path)
    with Journal(tmp_path, "model-1", 3) as journal:
        journal.discard()
    assert list(tmp_path.iterdir()) == []
