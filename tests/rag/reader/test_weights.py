"""The file that the package ships."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rag.errors import ModelDamaged, ModelMissing
from rag.reader.weights import WEIGHTS_FILE, Trained, load_trained, save_trained


def test_what_is_saved_comes_back_within_half_a_step(tmp_path: Path) -> None:
    chance = np.random.default_rng(3)
    tensors = {
        "encoder.layer.0.output.dense.weight": chance.normal(size=(6, 9)).astype(np.float32),
        "encoder.layer.0.output.dense.bias": chance.normal(size=6).astype(np.float32),
        "head.weight": chance.normal(size=(2, 9)).astype(np.float32),
        "zero.weight": np.zeros((3, 3), np.float32),
    }
    save_trained(Trained(tensors, {"data": "数据"}), tmp_path / "reader.safetensors")
    loaded = load_trained(tmp_path / "reader.safetensors")
    assert loaded.about == {"data": "数据"}
    assert loaded.tensors.keys() == tensors.keys()
    np.testing.assert_array_equal(loaded.tensors["head.weight"], tensors["head.weight"])
    for name, values in tensors.items():
        step = np.abs(values).max(axis=-1, keepdims=True) / 127
        assert (np.abs(loaded.tensors[name] - values) <= 0.5001 * step + 1e-7).all(), name


def test_the_shipped_file_says_what_it_was_made_from_and_is_small() -> None:
    about = load_trained().about
    assert "CC BY-SA" in about["data"]
    assert about["settings"]["seed"] == 7
    assert WEIGHTS_FILE.stat().st_size <= 15_000_000


def test_a_missing_file_is_told_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match="reader") as caught:
        load_trained(tmp_path / "none.safetensors")
    assert "pip install" in (caught.value.hint or "")


def test_a_damaged_file_is_told(tmp_path: Path) -> None:
    path = tmp_path / "reader.safetensors"
    path.write_bytes(WEIGHTS_FILE.read_bytes()[:5000])
    with pytest.raises(ModelDamaged, match="cannot be read"):
        load_trained(path)
