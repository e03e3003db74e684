"""How large the activations are that the per-channel products read, channel by channel, over some texts."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import onnx
from onnx import helper

from rag.embedding.onnx import features_of, open_session
from rag.embedding.pieces import TextEncoder
from rag.embedding.quantization import Ranges, Recipe, per_channel_inputs, quantize, save_model


def activation_ranges(float_graph: Path, tokenizer: TextEncoder, texts: Iterable[str]) -> Ranges:
    """The largest magnitude of every channel of every tensor that `int8-mixed` quantises as a whole.

    Runs the blockwise graph, a quarter of the size and nearly exact, from a file beside the float32 one.
    """
    model = onnx.load(float_graph)
    sources = per_channel_inputs(model.graph)
    quantize(model, Recipe.BLOCKWISE)
    model.graph.output.extend(helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None) for name in sources)
    path = float_graph.with_name(f"{float_graph.name}.calibration")
    save_model(model, path)
    session = open_session(path)
    ranges: Ranges = {}
    for text in texts:
        features = features_of(tokenizer.encode(text), [argument.name for argument in session.get_inputs()])
        for name, values in zip(sources, session.run(sources, features) if sources else [], strict=True):
            largest = np.abs(values).reshape(-1, values.shape[-1]).max(axis=0)
            ranges[name] = np.maximum(ranges[name], largest) if name in ranges else largest
    return ranges
