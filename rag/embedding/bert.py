"""A BERT encoder as an ONNX graph, written from its weights: what torch would export, without torch.

Layers and names are those of `transformers.BertModel` (Devlin et al. 2019, arXiv:1810.04805), and so is the order of
the operations, so that both give the same figures. A run takes texts of one length, in `input_ids` of shape (texts,
tokens): nothing is padded, every token is attended to, and there is no mask.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper

INPUT = "input_ids"
_OPSET = 17
_IR_VERSION = 8
"""Both as torch writes them for this opset; every ONNX Runtime that wenbao allows reads them."""

Tensors = Mapping[str, NDArray[np.float32]]
"""By the names of `BertModel`'s state. The matrices of layers are (outputs, inputs), tables (rows, hidden)."""


@dataclass(frozen=True, slots=True)
class Encoder:
    """A BERT encoder with absolute positions and the exact GELU."""

    tensors: Tensors
    heads: int
    epsilon: float
    """Of every normalisation."""
    scales_product: bool = False
    """Whether attention scales the product of queries and keys, or both of them before it, as torch's kernel does."""

    @property
    def hidden(self) -> int:
        return int(self.tensors["embeddings.word_embeddings.weight"].shape[1])

    @property
    def layers(self) -> int:
        return sum(name.endswith(".attention.self.query.weight") for name in self.tensors)


def vector_graph(encoder: Encoder) -> onnx.ModelProto:
    """Texts → `vector` (texts, hidden): the mean over the tokens, of unit length."""
    graph = _Graph(encoder)
    mean = graph.add("ReduceMean", graph.encoded(), axes=[1], keepdims=0)
    length = graph.add("ReduceL2", mean, axes=[1], keepdims=1)
    graph.add("Div", mean, length, output="vector")
    return graph.model("vector", ["texts", encoder.hidden])


def score_graph(encoder: Encoder, weight: NDArray[np.float32], bias: NDArray[np.float32]) -> onnx.ModelProto:
    """Texts → `scores` (texts, tokens, n), by a head of `weight` (n, hidden) and `bias` (n,)."""
    graph = _Graph(encoder)
    scores = graph.product(graph.encoded(), graph.constant("head.weight", weight.T))
    graph.add("Add", graph.constant("head.bias", bias), scores, output="scores")
    return graph.model("scores", ["texts", "tokens", len(bias)])


class _Graph:
    """Nodes and weights, as they are added."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self._nodes: list[onnx.NodeProto] = []
        self._weights: dict[str, NDArray[np.generic]] = {}

    def add(self, operation: str, *inputs: str, output: str = "", **attributes: Any) -> str:
        """Adds a node; gives the name of its output."""
        name = output or f"{operation}_{len(self._nodes)}"
        self._nodes.append(helper.make_node(operation, inputs, [name], **attributes))
        return name

    def constant(self, name: str, values: NDArray[np.generic]) -> str:
        """Adds a weight once; gives its name."""
        self._weights.setdefault(name, values)
        return name

    def number(self, value: float) -> str:
        """A float32 scalar."""
        return self.constant(f"number_{value!r}", np.array(value, np.float32))

    def product(self, left: str, right: str) -> str:
        return self.add("MatMul", left, right)

    def model(self, output: str, shape: list[str | int]) -> onnx.ModelProto:
        """What was added, as a model with one output."""
        graph = helper.make_graph(
            self._nodes,
            "encoder",
            [helper.make_tensor_value_info(INPUT, TensorProto.INT64, ["texts", "tokens"])],
            [helper.make_tensor_value_info(output, TensorProto.FLOAT, shape)],
        )
        opset = helper.make_opsetid("", _OPSET)
        model = helper.make_model(graph, opset_imports=[opset], ir_version=_IR_VERSION, producer_name="wenbao")
        for name, values in self._weights.items():
            # Filled in place: handed to the helpers, 470 MB of weights would be copied three times.
            kind = helper.np_dtype_to_tensor_dtype(values.dtype)
            model.graph.initializer.add(name=name, data_type=kind, dims=values.shape, raw_data=values.tobytes())
        return model

    def encoded(self) -> str:
        """The last hidden states, (texts, tokens, hidden)."""
        states = self._embedded()
        shape = self._split_shape()
        for layer in range(self._encoder.layers):
            states = self._layer(f"encoder.layer.{layer}", states, shape)
        return states

    def _tensor(self, name: str) -> str:
        return self.constant(name, self._encoder.tensors[name])

    def _linear(self, name: str, states: str) -> str:
        weight = self.constant(f"{name}.weight", self._encoder.tensors[f"{name}.weight"].T)
        return self.add("Add", self._tensor(f"{name}.bias"), self.product(states, weight))

    def _normalised(self, name: str, states: str) -> str:
        weight, bias = self._tensor(f"{name}.weight"), self._tensor(f"{name}.bias")
        return self.add("LayerNormalization", states, weight, bias, axis=-1, epsilon=self._encoder.epsilon)

    def _embedded(self) -> str:
        """Word, type and position of every token; all tokens are of the first type."""
        words = self.add("Gather", self._tensor("embeddings.word_embeddings.weight"), INPUT)
        types = self._encoder.tensors["embeddings.token_type_embeddings.weight"][0]
        typed = self.add("Add", words, self.constant("embeddings.token_type_embeddings.first", types))
        tokens = self.add("Gather", self.add("Shape", INPUT), self.constant("one", np.array([1], np.int64)))
        table = self._tensor("embeddings.position_embeddings.weight")
        positions = self.add("Slice", table, self.constant("zero", np.array([0], np.int64)), tokens)
        return self._normalised("embeddings.LayerNorm", self.add("Add", typed, positions))

    def _split_shape(self) -> str:
        """The shape in which hidden states are split over the heads: (texts, tokens, heads, hidden / heads)."""
        heads = np.array([self._encoder.heads, self._encoder.hidden // self._encoder.heads], np.int64)
        return self.add("Concat", self.add("Shape", INPUT), self.constant("heads", heads), axis=0)

    def _layer(self, name: str, states: str, shape: str) -> str:
        attended = self._linear(
            f"{name}.attention.output.dense", self._attended(f"{name}.attention.self", states, shape)
        )
        states = self._normalised(f"{name}.attention.output.LayerNorm", self.add("Add", attended, states))
        widened = self._gelu(self._linear(f"{name}.intermediate.dense", states))
        narrowed = self._linear(f"{name}.output.dense", widened)
        return self._normalised(f"{name}.output.LayerNorm", self.add("Add", narrowed, states))

    def _attended(self, name: str, states: str, shape: str) -> str:
        """The values of all tokens, weighted for each by its likeness to the keys; (texts, tokens, hidden)."""
        query, key, value = (
            self.add("Reshape", self._linear(f"{name}.{part}", states), shape) for part in ("query", "key", "value")
        )
        queries = self.add("Transpose", query, perm=[0, 2, 1, 3])
        keys = self.add("Transpose", key, perm=[0, 2, 3, 1])
        likeness = self._likeness(queries, keys)
        weights = self.add("Softmax", likeness, axis=-1)
        values = self.add("Transpose", value, perm=[0, 2, 1, 3])
        mixed = self.add("Transpose", self.product(weights, values), perm=[0, 2, 1, 3])
        joined = self.constant("joined", np.array([0, 0, self._encoder.hidden], np.int64))
        return self.add("Reshape", mixed, joined)

    def _likeness(self, queries: str, keys: str) -> str:
        """The scaled product, (texts, heads, tokens, tokens)."""
        width = np.float32(self._encoder.hidden // self._encoder.heads)
        if self._encoder.scales_product:
            return self.add("Mul", self.product(queries, keys), self.number(float(width**-0.5)))
        scale = self.number(float(width**-0.25))
        return self.product(self.add("Mul", queries, scale), self.add("Mul", keys, scale))

    def _gelu(self, states: str) -> str:
        """x · (1 + erf(x / √2)) / 2, in the order that ONNX Runtime knows as one kernel."""
        error = self.add("Erf", self.add("Div", states, self.number(float(np.sqrt(np.float32(2))))))
        doubled = self.add("Mul", states, self.add("Add", error, self.number(1.0)))
        return self.add("Mul", doubled, self.number(0.5))
