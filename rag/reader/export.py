"""The bundled encoder and the trained layers → a graph for ONNX Runtime, quantised and held against the original.

Needs torch and transformers, and runs once.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rag.embedding import bundled
from rag.embedding.calibration import activation_ranges
from rag.embedding.onnx import open_session
from rag.embedding.pieces import PIECES_FILE, RULES_FILE, PieceEncoder, Pieces
from rag.embedding.prepared import FORMAT, MODEL_FILE, PreparedModel, sha256_of, write_manifest
from rag.embedding.quantization import Recipe, quantize, save_model
from rag.embedding.source import quiet
from rag.errors import ModelError
from rag.reader.pairs import MAX_TOKENS, PairEncoder
from rag.reader.weights import Trained

Step = Callable[[str], None]
"""Told what begins."""

NAME = "reader"
AGREEMENT = 0.98
"""Least correlation with the original's scores, over the probes, that a way of quantising may have."""
_OPSET = 17
_PROBES = (
    (
        "谁负责这项工作？",
        "图书馆夜间开放",
        "市图书馆从五月起夜间开放到十点。馆长陈立说，这项工作由流通部主任周敏负责，每晚有六名志愿者轮值。",
    ),
    (
        "修复了多少公里灌溉渠道？",
        "旱田变水田",
        "该县投入资金1.2亿元，修复灌溉渠道四十六公里，受益农田超过三万亩。村民说，今年不用再守着水泵过夜了。",
    ),
    ("老人在哪里能量血压？", "", "养老服务站开到了家门口，老人们不出社区就能量血压、吃热饭。" * 8),
    (
        "新線路什麼時候通車？",
        "地鐵新線路",
        "記者從會議上獲悉，新線路將於明年九月通車，全長二十八公里，設站十九座。",
    ),
    (
        "When will the ferries return?",
        "Harbour",
        "The harbour authority said on Tuesday that two ferries would return before the end of May.",
    ),
    ("奖金是多少？", "技能比武", "比赛分为三组，焊工组第一名由机修厂的吴刚获得，钳工组和电工组的名次将在下周公布。"),
)
"""Questions and texts of ours, answered and unanswered, that the reader is calibrated and tried on."""


def export_reader(trained: Trained, encoder_model: PreparedModel, folder: Path, step: Step = lambda _: None) -> None:
    """Fills an empty folder with the prepared reader.

    Args:
        trained: what the package ships.
        encoder_model: the bundled model as it was prepared for embedding: its tokenizer serves the reader, too.
        folder: an empty folder.
        step: told what begins.

    Raises:
        ModelError: ONNX Runtime gives other scores than torch.
    """
    step("putting the reader together")
    float_graph = folder / "float32.onnx"
    wanted = _export_graph(trained, encoder_model, float_graph)
    for name in (PIECES_FILE, RULES_FILE):
        _link(encoder_model.folder / name, folder / name)
    draft = PreparedModel(
        folder=folder,
        name=NAME,
        fingerprint="",
        dimension=2,
        max_tokens=MAX_TOKENS,
        query_prompt="",
        passage_prompt="",
        precision=Recipe.FLOAT.value,
        agreement=1.0,
    )
    step("calibrating the reader")
    probes = _Probes(PairEncoder(PieceEncoder(folder, MAX_TOKENS)))
    ranges = activation_ranges(float_graph, probes, [str(number) for number in range(len(_PROBES))])
    model = _first_that_agrees(draft, float_graph, ranges, probes, wanted, step)
    for leftover in folder.glob(f"{float_graph.name}*"):
        leftover.unlink()
    _share_table(encoder_model.folder, folder)
    write_manifest(model)


class _Probes:
    """Encodes the probe of a number, for the calibration of models that read one text."""

    def __init__(self, pairs: PairEncoder) -> None:
        self._pairs = pairs

    def encode(self, text: str) -> Pieces:
        return Pieces(self._pairs.encode(*_PROBES[int(text)]).ids)


def _export_graph(trained: Trained, encoder_model: PreparedModel, path: Path) -> list[NDArray[np.float32]]:
    """Writes the float32 graph; gives the scores of the probes as torch has them."""
    import torch

    encoder = PairEncoder(PieceEncoder(encoder_model.folder, MAX_TOKENS))
    probes = [torch.tensor([encoder.encode(*probe).ids]) for probe in _PROBES]
    with quiet(), torch.no_grad():
        graph = _graph_module(trained).eval()
        wanted = [graph(ids)[0].numpy() for ids in probes]
        torch.onnx.export(
            graph,
            (probes[0],),
            str(path),
            input_names=["input_ids"],
            output_names=["scores"],
            dynamic_axes={"input_ids": {0: "texts", 1: "tokens"}, "scores": {0: "texts", 1: "tokens"}},
            opset_version=_OPSET,
            dynamo=False,
        )
    return wanted


def _graph_module(trained: Trained) -> Any:
    """The encoder with the trained layers in place, and the head, as one torch module from ids to scores."""
    import torch
    from transformers import BertModel

    with tempfile.TemporaryDirectory() as scratch:
        bundled.write_folder(bundled.unpack(bundled.read_checked(bundled.model_file())), Path(scratch))
        encoder = BertModel.from_pretrained(scratch, add_pooling_layer=False, attn_implementation="eager")
    tensors = {name: torch.from_numpy(values.copy()) for name, values in trained.tensors.items()}
    head = torch.nn.Linear(encoder.config.hidden_size, 2)
    head.load_state_dict({name: tensors.pop(f"head.{name}") for name in ("weight", "bias")})
    unknown = encoder.load_state_dict(tensors, strict=False).unexpected_keys
    if unknown:
        raise ModelError(f"the trained reader does not fit the bundled encoder: {', '.join(unknown)}")

    class Graph(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.encoder, self.head = encoder, head

        def forward(self, ids: torch.Tensor) -> torch.Tensor:
            scores: torch.Tensor = self.head(self.encoder(input_ids=ids).last_hidden_state)
            return scores

    return Graph()


def _first_that_agrees(
    draft: PreparedModel,
    float_graph: Path,
    ranges: dict[str, NDArray[np.float32]],
    probes: _Probes,
    wanted: list[NDArray[np.float32]],
    step: Step,
) -> PreparedModel:
    """Writes the graph by the first recipe whose scores go with the wanted ones."""
    import onnx

    for recipe in Recipe:
        step(f"quantising the reader ({recipe.value})")
        save_model(quantize(onnx.load(float_graph), recipe, ranges), draft.folder / MODEL_FILE)
        session = open_session(draft.folder / MODEL_FILE)
        agreements = []
        for number, expected in enumerate(wanted):
            ids = np.array([probes.encode(str(number)).ids], dtype=np.int64)
            given = session.run(None, {"input_ids": ids})[0][0]
            agreements.append(float(np.corrcoef(given.ravel(), expected.ravel())[0, 1]))
        if min(agreements) >= AGREEMENT:
            decisive = json.dumps([FORMAT, sha256_of(draft.folder / MODEL_FILE), recipe.value])
            fingerprint = hashlib.sha256(decisive.encode()).hexdigest()[:16]
            return replace(draft, fingerprint=fingerprint, precision=recipe.value, agreement=round(min(agreements), 5))
    raise ModelError(
        f"the reader gives other scores on ONNX Runtime (correlation {min(agreements):.3f} with its own)",
        hint="Set reader = false to answer by rules alone.",
    )


def _link(source: Path, place: Path) -> None:
    """The same file under another name; a copy where the file system knows no links."""
    try:
        os.link(source, place)
    except OSError:
        place.write_bytes(source.read_bytes())


def _share_table(encoder_folder: Path, folder: Path) -> None:
    """Keeps one copy of the embedding table, which both models have: 96 MB on disk."""
    theirs, ours = (place / f"{MODEL_FILE}.data" for place in (encoder_folder, folder))
    if theirs.is_file() and ours.is_file() and sha256_of(theirs) == sha256_of(ours):
        shared = ours.with_name(f"{ours.name}.shared")
        _link(theirs, shared)
        shared.replace(ours)
