"""Makes an ONNX graph small and quick: large tables and weight matrices go to 8 bits, in place.

Three ways, each where it fits:

- *table*: rows of an embedding table as int8 with a scale per row, turned back into float32 once gathered.
- *per channel*: int8 weights with a scale per output, activations quantised at run time with one range for the
  tensor. The quickest, but one large activation coarsens all the others, and texts in one batch would share a range.
- *blockwise*: int8 weights and activations with a scale per block of 32 along the inner dimension. Nearly exact,
  slower.

Per channel is *smoothed* where the activations' ranges are known: each inner channel is divided by a factor on the way
in and its weights multiplied by it, so that large activations and large weights share the loss. The product stays the
same, and the factor costs one multiplication per value.

`MIXED` takes blockwise for the matrices that narrow (the second half of a feed-forward layer, whose inputs have the
large outliers) and per channel for the others. `docs/embedding.md` has the figures.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

TABLE_ROWS = 2048
"""Tables with fewer rows stay float32: positions and token types weigh nothing."""
BLOCK = 32
CONTRIB = "com.microsoft"


SMOOTHING = 0.6
"""How much of an activation's range moves into the weights: 0 none, 1 all."""
_FAINT = 1e-4
"""Channels below this part of the largest count as this large: a factor must not blow up."""
_PROTOBUF_LIMIT = 2_000_000_000
_MAPPED = 16 << 20
"""Bytes from which a tensor goes into the file beside the graph."""

Ranges = dict[str, NDArray[np.float32]]
"""Largest magnitude per channel, by the name of the tensor."""


class Recipe(StrEnum):
    """How the weight matrices are kept. Tables are int8 in all but FLOAT."""

    MIXED = "int8-mixed"
    BLOCKWISE = "int8-blockwise"
    FLOAT = "float32"


def quantize(model: onnx.ModelProto, recipe: Recipe, ranges: Ranges | None = None) -> onnx.ModelProto:
    """Quantises the graph in place and returns it; FLOAT leaves it as it is. Without `ranges` nothing is smoothed."""
    if recipe is Recipe.FLOAT:
        return model
    rewriter = _Rewriter(model.graph, recipe, ranges or {})
    nodes = [new for node in model.graph.node for new in rewriter.rewritten(node)]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    rewriter.replace_initializers()
    if not any(opset.domain == CONTRIB for opset in model.opset_import):
        model.opset_import.append(helper.make_opsetid(CONTRIB, 1))
    return model


def per_channel_inputs(graph: onnx.GraphProto) -> list[str]:
    """The tensors that MIXED quantises as a whole, each once: those worth knowing the ranges of."""
    return list(_Rewriter(graph, Recipe.MIXED, {}).per_channel_readers)


def save_model(model: onnx.ModelProto, path: Path) -> None:
    """Writes the graph; large tables, and what is beyond one protobuf, go into a file beside it.

    That file is mapped into memory by whoever runs the model: of the rows of an embedding table only those of words
    that occur are ever read. The other weights are copied into the processor's order anyway.
    """
    weights = [len(initializer.raw_data) for initializer in model.graph.initializer]
    threshold = _MAPPED if sum(weight for weight in weights if weight < _MAPPED) <= _PROTOBUF_LIMIT else 0
    data = path.with_name(f"{path.name}.data")
    data.unlink(missing_ok=True)
    outside = any(weight >= _MAPPED for weight in weights) or threshold == 0
    onnx.save(model, path, save_as_external_data=outside, location=data.name, size_threshold=threshold)
    if outside:
        data.chmod(path.stat().st_mode)  # it is made for its owner alone


class _Rewriter:
    """Gives the nodes that stand in for a node, and keeps the initializers that those need."""

    def __init__(self, graph: onnx.GraphProto, recipe: Recipe, ranges: Ranges) -> None:
        self._graph = graph
        self._recipe = recipe
        self._ranges = ranges
        self._weights = {initializer.name: initializer for initializer in graph.initializer}
        self._added: dict[str, onnx.TensorProto] = {}
        self._factors: dict[str, NDArray[np.float32]] = {}
        self.per_channel_readers: dict[str, list[str]] = {}
        """Tensors that are quantised as a whole → the weights that they are multiplied with."""
        for node in graph.node:
            if node.op_type == "MatMul" and self._goes_per_channel(node):
                self.per_channel_readers.setdefault(node.input[0], []).append(node.input[1])

    def rewritten(self, node: onnx.NodeProto) -> list[onnx.NodeProto]:
        """The node itself, or what replaces it."""
        if node.op_type == "Gather":
            weight = self._matrix(node.input[0])
            if weight is not None and weight.shape[0] >= TABLE_ROWS and _axis(node) == 0:
                return self._table(node, weight)
        if node.op_type == "MatMul":
            weight = self._matrix(node.input[1])
            if weight is not None:
                return (
                    self._per_channel(node, weight) if self._goes_per_channel(node) else self._blockwise(node, weight)
                )
        return [node]

    def _goes_per_channel(self, node: onnx.NodeProto) -> bool:
        weight = self._weights.get(node.input[1])
        if weight is None or not _is_matrix(weight):
            return False
        inner, outer = weight.dims
        return inner % BLOCK != 0 or (self._recipe is Recipe.MIXED and inner <= outer)

    def replace_initializers(self) -> None:
        """Adds the new initializers and drops those that no node reads any more."""
        read = {name for node in self._graph.node for name in node.input}
        kept = [initializer for initializer in self._graph.initializer if initializer.name in read]
        del self._graph.initializer[:]
        self._graph.initializer.extend([*kept, *self._added.values()])

    def _matrix(self, name: str) -> NDArray[np.float32] | None:
        """The float32 matrix of that name, if it is a constant one."""
        initializer = self._weights.get(name)
        if initializer is None or not _is_matrix(initializer):
            return None
        return numpy_helper.to_array(initializer)

    def _add(self, name: str, values: NDArray[np.generic]) -> str:
        if name not in self._added:
            self._added[name] = numpy_helper.from_array(np.ascontiguousarray(values), name)
        return name

    def _table(self, node: onnx.NodeProto, weight: NDArray[np.float32]) -> list[onnx.NodeProto]:
        scale = _scale(weight, axis=1)
        table = self._add(f"{node.input[0]}_int8", _rounded(weight, scale))
        scales = self._add(f"{node.input[0]}_scale", scale)
        output = node.output[0]
        return [
            helper.make_node("Gather", [table, node.input[1]], [f"{output}_int8"], axis=0),
            helper.make_node("Cast", [f"{output}_int8"], [f"{output}_cast"], to=onnx.TensorProto.FLOAT),
            helper.make_node("Gather", [scales, node.input[1]], [f"{output}_scale"], axis=0),
            helper.make_node("Mul", [f"{output}_cast", f"{output}_scale"], [output]),
        ]

    def _per_channel(self, node: onnx.NodeProto, weight: NDArray[np.float32]) -> list[onnx.NodeProto]:
        source, output = node.input[0], node.output[0]
        values, step, zero = f"{source}_uint8", f"{source}_step", f"{source}_zero"
        nodes = []
        if source not in self._factors:  # query, key and value read the same tensor
            self._factors[source] = self._smoothing(source, weight.shape[0])
            inverse = self._add(f"{source}_smoothing", 1 / self._factors[source])
            nodes = [
                helper.make_node("Mul", [source, inverse], [f"{source}_smoothed"]),
                helper.make_node("DynamicQuantizeLinear", [f"{source}_smoothed"], [values, step, zero]),
            ]
        # A weight may have several readers, each with factors of its own.
        weight = weight * self._factors[source][:, None]
        scale = _scale(weight, axis=0)
        matrix = self._add(f"{source}_{node.input[1]}_int8", _rounded(weight, scale))
        scales = self._add(f"{source}_{node.input[1]}_scale", scale[0])
        # ONNX Runtime fuses these into one kernel.
        nodes += [
            helper.make_node("MatMulInteger", [values, matrix, zero], [f"{output}_int32"]),
            helper.make_node("Cast", [f"{output}_int32"], [f"{output}_cast"], to=onnx.TensorProto.FLOAT),
            helper.make_node("Mul", [step, scales], [f"{output}_scale"]),
            helper.make_node("Mul", [f"{output}_cast", f"{output}_scale"], [output]),
        ]
        return nodes

    def _smoothing(self, source: str, channels: int) -> NDArray[np.float32]:
        """The factor of every channel, around 1; ones where the ranges are not known."""
        if source not in self._ranges:
            return np.ones(channels, dtype=np.float32)
        weights = [numpy_helper.to_array(self._weights[name]) for name in self.per_channel_readers[source]]
        weight_range = _not_faint(np.max([np.abs(weight).max(axis=1) for weight in weights], axis=0))
        factors = _not_faint(self._ranges[source]) ** SMOOTHING / weight_range ** (1 - SMOOTHING)
        around_one: NDArray[np.float32] = (factors / np.median(factors)).astype(np.float32)
        return around_one

    def _blockwise(self, node: onnx.NodeProto, weight: NDArray[np.float32]) -> list[onnx.NodeProto]:
        inner, outer = weight.shape
        blocks = np.ascontiguousarray(weight.T).reshape(outer, inner // BLOCK, BLOCK)
        scale = _scale(blocks, axis=2)
        # The operator's 8-bit weights are unsigned around 128.
        matrix = self._add(f"{node.input[1]}_blocks", (_rounded(blocks, scale).astype(np.int16) + 128).astype(np.uint8))
        scales = self._add(f"{node.input[1]}_block_scale", scale[..., 0])
        sizes = {"K": inner, "N": outer, "bits": 8, "block_size": BLOCK}
        # Accuracy level 4: activations in 8 bits by block as well, instead of float32 arithmetic.
        return [
            helper.make_node(
                "MatMulNBits", [node.input[0], matrix, scales], node.output, domain=CONTRIB, accuracy_level=4, **sizes
            )
        ]


def _is_matrix(initializer: onnx.TensorProto) -> bool:
    return len(initializer.dims) == 2 and initializer.data_type == onnx.TensorProto.FLOAT


def _not_faint(ranges: NDArray[np.float32]) -> NDArray[np.float32]:
    """The ranges with the faintest raised; ones where all are zero."""
    floor = np.float32(_FAINT) * ranges.max()
    raised: NDArray[np.float32] = np.maximum(ranges, floor) if floor > 0 else np.ones_like(ranges)
    return raised


def _axis(node: onnx.NodeProto) -> int:
    return next((attribute.i for attribute in node.attribute if attribute.name == "axis"), 0)


def _scale(values: NDArray[np.float32], axis: int) -> NDArray[np.float32]:
    """The step that takes the largest magnitude along `axis` to 127; 1 where all are zero."""
    largest = np.abs(values).max(axis=axis, keepdims=True).astype(np.float32)
    return np.where(largest == 0, np.float32(1), largest / np.float32(127)).astype(np.float32)


def _rounded(values: NDArray[np.float32], scale: NDArray[np.float32]) -> NDArray[np.int8]:
    steps: NDArray[np.int8] = np.rint(values / scale).astype(np.int8)
    return steps
