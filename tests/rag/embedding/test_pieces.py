"""The small tokenizer against the one that it stands in for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

from rag.embedding.base import Embedder
from rag.embedding.onnx import OnnxEmbedder, open_tokenizer
from rag.embedding.pieces import PIECES_FILE, RULES_FILE, PieceEncoder, TextEncoder, write_pieces
from rag.embedding.prepared import TOKENIZER_FILE
from rag.errors import ModelDamaged

LONGEST = 12
WORDS = ["灯塔", "灯", "塔", "看守", "看守人", "人", "▁上", "上", "楼", "▁the", "▁th", "e", "▁", "12", "1", "2", "，"]


def _tokenizer(kind: str = "unigram") -> Tokenizer:
    """A tokenizer over a few words; another `kind` than unigram has one thing that stands in the way."""
    words = [*WORDS, "e▁上"] if kind == "piece across a blank" else WORDS
    pieces = [("<s>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), *((word, -2.0 - 0.37 * at) for at, word in enumerate(words))]
    tokenizer = Tokenizer(models.Unigram(pieces, unk_id=2, byte_fallback=kind == "bytes"))
    tokenizer.add_special_tokens(["<s>", "</s>", "<unk>"])
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = (
        pre_tokenizers.Whitespace() if kind == "other blanks" else pre_tokenizers.Metaspace(prepend_scheme="always")
    )
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A:1 </s>" if kind == "two types" else "<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 1)]
    )
    return tokenizer


def _written(tokenizer: Tokenizer, folder: Path) -> bool:
    return write_pieces(tokenizer.to_str(), folder, LONGEST, ["灯塔看守人上楼"])


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> tuple[PieceEncoder, Tokenizer]:
    folder, tokenizer = tmp_path_factory.mktemp("pieces"), _tokenizer()
    assert _written(tokenizer, folder)
    tokenizer.enable_truncation(LONGEST)
    return PieceEncoder(folder, LONGEST), tokenizer


@settings(deadline=None)
@given(
    st.lists(st.sampled_from([*WORDS, " ", "  ", "\n", "Ａ", "１２", "稀", "🌊", "\u3000"]), max_size=20).map("".join)
)
def test_texts_are_cut_alike(both: tuple[PieceEncoder, Tokenizer], text: str) -> None:
    ours, theirs = both
    found, wanted = ours.encode(text), theirs.encode(text)
    assert found.ids == wanted.ids
    assert found.attention_mask == wanted.attention_mask
    assert found.type_ids == wanted.type_ids


@settings(derandomize=True, deadline=None)
@given(st.text(st.sampled_from("渔港里停着三十七条船，天一亮就要出海。Harbour 1998½℃Ａ漢語😀\n\u3000"), max_size=80))
def test_the_bundled_model_has_the_small_one(bundled: tuple[TextEncoder, Tokenizer], text: str) -> None:
    small, own = bundled
    assert small.encode(text).ids == own.encode(text).ids


@pytest.fixture(scope="module")
def bundled(embedder: Embedder) -> tuple[TextEncoder, Tokenizer]:
    assert isinstance(embedder, OnnxEmbedder)
    small = open_tokenizer(embedder.model)
    assert isinstance(small, PieceEncoder)
    return small, Tokenizer.from_file(str(embedder.model.folder / TOKENIZER_FILE))


def test_marks_spelled_out_in_a_text_are_text(both: tuple[PieceEncoder, Tokenizer]) -> None:
    assert both[0].encode("灯</s>塔").ids.count(1) == 1


@pytest.mark.parametrize("kind", ["piece across a blank", "bytes", "other blanks", "two types"])
def test_another_kind_of_tokenizer_is_left_alone(kind: str, tmp_path: Path) -> None:
    assert not _written(_tokenizer(kind), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_one_that_would_cut_otherwise_is_given_up(tmp_path: Path) -> None:
    rules = json.loads(_tokenizer().to_str())
    [at] = [at for at, (piece, _) in enumerate(rules["model"]["vocab"]) if piece == "看守"]
    rules["model"]["vocab"][at][0] = "灯"  # twice in the vocabulary, which sentencepiece refuses
    assert not write_pieces(json.dumps(rules), tmp_path, LONGEST, [])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", [PIECES_FILE, RULES_FILE])
def test_a_damaged_file_is_told_with_what_mends_it(name: str, tmp_path: Path) -> None:
    _written(_tokenizer(), tmp_path)
    (tmp_path / name).write_bytes(b"\x00\xff")
    with pytest.raises(ModelDamaged, match="tokenizer") as caught:
        PieceEncoder(tmp_path, LONGEST, "mend it")
    assert caught.value.hint == "mend it"
