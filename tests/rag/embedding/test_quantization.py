"""Quantised graphs against the float32 graph they were made from, on ONNX Runtime."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from rag.embedding import quantization
from rag.embedding.onnx import open_session
from rag.embedding.quantization import TABLE_ROWS, Recipe, per_channel_inputs, quantize, save_model

INNER, OUTER = 128, 64


def _graph(table_rows: int, inner: int = INNER, outer: int = OUTER) -> onnx.ModelProto:
    """token ids → rows of a table → matrix product."""
    generator = np.random.default_rng(7)
    table = generator.normal(size=(table_rows, inner)).astype(np.float32)
    matrix = generator.normal(size=(inner, outer)).astype(np.float32) * np.geomspace(0.01, 10, outer, dtype=np.float32)
    graph = helper.make_graph(
        [
            helper.make_node("Gather", ["table", "ids"], ["rows"]),
            helper.make_node("MatMul", ["rows", "matrix"], ["product"]),
        ],
        "graph",
        [helper.make_tensor_value_info("ids", TensorProto.INT64, [1, "tokens"])],
        [helper.make_tensor_value_info("product", TensorProto.FLOAT, [1, "tokens", outer])],
        [numpy_helper.from_array(table, "table"), numpy_helper.from_array(matrix, "matrix")],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def _run(model: onnx.ModelProto, ids: NDArray[np.int64]) -> NDArray[np.float32]:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    result: NDArray[np.float32] = session.run(None, {"ids": ids})[0]
    return result


def _operators(model: onnx.ModelProto) -> set[str]:
    return {node.op_type for node in model.graph.node}


@pytest.mark.parametrize("recipe", [Recipe.MIXED, Recipe.BLOCKWISE])
@pytest.mark.parametrize("table_rows", [100, TABLE_ROWS])
@pytest.mark.parametrize(("inner", "outer"), [(128, 64), (64, 128), (40, 24)])
def test_the_product_hardly_changes(recipe: Recipe, table_rows: int, inner: int, outer: int) -> None:
    ids = np.arange(100, dtype=np.int64)[None]
    wanted = _run(_graph(table_rows, inner, outer), ids)
    found = _run(quantize(_graph(table_rows, inner, outer), recipe), ids)
    # Each output channel has its own scale, so the small ones must be as near as the large ones.
    strayed = np.linalg.norm(found - wanted, axis=1) / np.linalg.norm(wanted, axis=1)
    assert strayed.max() < 0.02


def test_matrices_that_narrow_go_blockwise_and_the_others_per_channel() -> None:
    assert "MatMulNBits" in _operators(quantize(_graph(100, 128, 64), Recipe.MIXED))
    assert "MatMulInteger" in _operators(quantize(_graph(100, 64, 128), Recipe.MIXED))
    assert "MatMulNBits" in _operators(quantize(_graph(100, 64, 128), Recipe.BLOCKWISE))
    # 40 is no multiple of the block.
    assert "MatMulInteger" in _operators(quantize(_graph(100, 40, 24), Recipe.BLOCKWISE))


def test_only_large_tables_are_quantised() -> None:
    def weight(model: onnx.ModelProto) -> int:
        return sum(len(initializer.raw_data) for initializer in model.graph.initializer)

    assert weight(quantize(_graph(4 * TABLE_ROWS), Recipe.MIXED)) < 0.3 * weight(_graph(4 * TABLE_ROWS))
    names = {initializer.name for initializer in quantize(_graph(TABLE_ROWS - 1), Recipe.MIXED).graph.initializer}
    assert "table" in names
    assert "matrix" not in names


def test_an_outlier_spares_the_other_blocks() -> None:
    def with_outlier() -> onnx.ModelProto:
        model = _graph(100, 64, 128)
        table = numpy_helper.to_array(model.graph.initializer[0]).copy()
        table[0, 0] = 3000
        matrix = numpy_helper.to_array(model.graph.initializer[1]).copy()
        matrix[0] = 0  # the outlier itself adds nothing, so what is left is what it does to the others
        model.graph.initializer[0].CopyFrom(numpy_helper.from_array(table, "table"))
        model.graph.initializer[1].CopyFrom(numpy_helper.from_array(matrix, "matrix"))
        return model

    ids = np.array([[0, 1]], dtype=np.int64)
    wanted = _run(with_outlier(), ids)
    blockwise = np.abs(_run(quantize(with_outlier(), Recipe.BLOCKWISE), ids) - wanted)
    mixed = np.abs(_run(quantize(with_outlier(), Recipe.MIXED), ids) - wanted)
    # The outlier's own block of 32 is lost either way; blockwise saves the other token altogether.
    assert blockwise[0, 1].max() < 0.05 * mixed[0, 1].max()


def test_known_ranges_spare_the_small_channels() -> None:
    def uneven() -> onnx.ModelProto:
        model = _graph(100, 64, 128)
        table = numpy_helper.to_array(model.graph.initializer[0]) * np.geomspace(0.02, 50, 64, dtype=np.float32)
        model.graph.initializer[0].CopyFrom(numpy_helper.from_array(table, "table"))
        matrix = (
            numpy_helper.to_array(model.graph.initializer[1]) / np.geomspace(0.02, 50, 64, dtype=np.float32)[:, None]
        )
        model.graph.initializer[1].CopyFrom(numpy_helper.from_array(matrix, "matrix"))
        return model

    ids = np.arange(100, dtype=np.int64)[None]
    ranges = {"rows": np.abs(numpy_helper.to_array(uneven().graph.initializer[0])).max(axis=0)}
    assert per_channel_inputs(uneven().graph) == list(ranges)
    wanted = _run(uneven(), ids)
    plain = np.linalg.norm(_run(quantize(uneven(), Recipe.MIXED), ids) - wanted)
    smoothed = np.linalg.norm(_run(quantize(uneven(), Recipe.MIXED, ranges), ids) - wanted)
    assert smoothed < 0.1 * plain


def test_channels_that_were_never_lit_do_no_harm() -> None:
    ids = np.arange(100, dtype=np.int64)[None]
    wanted = _run(_graph(100, 64, 128), ids)
    for ranges in (np.zeros(64, dtype=np.float32), np.eye(64, dtype=np.float32)[0]):
        assert np.isfinite(_run(quantize(_graph(100, 64, 128), Recipe.MIXED, {"rows": ranges}), ids)).all()
    dark = quantize(_graph(100, 64, 128), Recipe.MIXED, {"rows": np.zeros(64, dtype=np.float32)})
    assert np.linalg.norm(_run(dark, ids) - wanted) < 0.05 * np.linalg.norm(wanted)


def test_float32_stays_as_it_is() -> None:
    assert quantize(_graph(TABLE_ROWS), Recipe.FLOAT) == _graph(TABLE_ROWS)


@pytest.mark.parametrize(("limit", "outside"), [(1, True), (TABLE_ROWS * INNER, True), (1 << 30, False)])
def test_large_tables_go_beside_the_graph(
    limit: int, outside: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quantization, "_MAPPED", limit)
    path, ids = tmp_path / "model.onnx", np.arange(60, dtype=np.int64)[None]
    model = quantize(_graph(TABLE_ROWS), Recipe.BLOCKWISE)
    wanted = _run(model, ids)
    save_model(model, path)
    assert {file.name for file in tmp_path.iterdir()} == {"model.onnx"} | ({"model.onnx.data"} if outside else set())
    assert len({file.stat().st_mode for file in tmp_path.iterdir()}) == 1
    np.testing.assert_array_equal(open_session(path).run(None, {"ids": ids})[0], wanted)
