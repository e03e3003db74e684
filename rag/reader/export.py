"""The bundled encoder and the trained layers → a graph for ONNX Runtime, quantised and held against the original.

Runs once, and needs no torch.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rag.embedding import bundled
from rag.embedding.bert import INPUT, Encoder, score_graph
from rag.embedding.calibration import activation_ranges
from rag.embedding.onnx import features_of, open_session
from rag.embedding.pieces import PIECES_FILE, RULES_FILE, PieceEncoder, Pieces
from rag.embedding.prepared import FORMAT, MODEL_FILE, PreparedModel, sha256_of, write_manifest
from rag.embedding.quantization import Recipe, quantize, save_model
from rag.errors import ModelError
from rag.reader.pairs import MAX_TOKENS, PairEncoder
from rag.reader.weights import Trained

Step = Callable[[str], None]
"""Told what begins."""

NAME = "reader"
AGREEMENT = 0.98
"""Least correlation with the original's scores, over the probes, that a way of quantising may have."""
_RULES_ALONE = "Set reader = false to answer by rules alone."
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
        ModelError: the weights fit another encoder, or quantised they give other scores.
    """
    step("putting the reader together")
    float_graph = folder / "float32.onnx"
    _write_graph(trained, float_graph)
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
    wanted = _scores(float_graph, probes)
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


def _write_graph(trained: Trained, path: Path) -> None:
    """Writes the float32 graph: the encoder with the trained layers in place, and the head."""
    packed = bundled.unpack(bundled.read_checked(bundled.model_file()))
    tensors = bundled.encoder_tensors(packed)
    replaced = {name: values for name, values in trained.tensors.items() if not name.startswith("head.")}
    strangers = [name for name in replaced if name not in tensors or replaced[name].shape != tensors[name].shape]
    if strangers:
        raise ModelError(
            f"the trained reader does not fit the bundled encoder: {', '.join(strangers)}", hint=_RULES_ALONE
        )
    # The weights of its signals were fitted with the scale there; 8 bits make a difference of every order.
    encoder = Encoder(tensors | replaced, packed.shape.heads, packed.shape.epsilon, scales_product=True)
    save_model(score_graph(encoder, trained.tensors["head.weight"], trained.tensors["head.bias"]), path)


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
        agreements = [
            float(np.corrcoef(given.ravel(), expected.ravel())[0, 1])
            for given, expected in zip(_scores(draft.folder / MODEL_FILE, probes), wanted, strict=True)
        ]
        if min(agreements) >= AGREEMENT:
            decisive = json.dumps([FORMAT, sha256_of(draft.folder / MODEL_FILE), recipe.value])
            fingerprint = hashlib.sha256(decisive.encode()).hexdigest()[:16]
            return replace(draft, fingerprint=fingerprint, precision=recipe.value, agreement=round(min(agreements), 5))
    raise ModelError(
        f"the reader gives other scores on ONNX Runtime (correlation {min(agreements):.3f} with its own)",
        hint=_RULES_ALONE,
    )


def _scores(graph: Path, probes: _Probes) -> list[NDArray[np.float32]]:
    """The scores of the probes, each (tokens, 2)."""
    session = open_session(graph)
    encoded = [probes.encode(str(number)) for number in range(len(_PROBES))]
    return [session.run(None, features_of(one, [INPUT]))[0][0] for one in encoded]


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
