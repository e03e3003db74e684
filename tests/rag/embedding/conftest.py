"""A small sentence-transformers model with random weights, made here, and the bundled model as its source has it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from rag.embedding import bundled
from rag.embedding.model import prepare_model
from rag.embedding.prepared import PreparedModel
from rag.embedding.source import load_source, quiet

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

WIDTH = 64
LONGEST = 24
"""Tokens that the small model reads."""

SPECIAL = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]"}


def make_tiny(folder: Path, *, pooling: str = "mean", prompts: dict[str, str] | None = None, seed: int = 0) -> Path:
    """Writes a model of two layers over single characters, with a dense layer after the pooling."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Dense, Pooling, Transformer
    from transformers import BertConfig, BertModel

    torch.manual_seed(seed)
    with quiet():
        base = folder.with_name(f"{folder.name}-base")
        tokenizer = _character_tokenizer()
        tokenizer.save_pretrained(base)
        config = BertConfig(
            vocab_size=len(tokenizer),
            hidden_size=WIDTH,
            num_hidden_layers=2,
            num_attention_heads=2,
            intermediate_size=2 * WIDTH,
            max_position_embeddings=64,
        )
        BertModel(config).save_pretrained(base)
        modules = [
            Transformer(str(base), max_seq_length=LONGEST),
            Pooling(WIDTH, pooling_mode=pooling),
            Dense(WIDTH, 40),
        ]
        SentenceTransformer(modules=modules, prompts=prompts, device="cpu").save(str(folder))
        shutil.rmtree(base)
    return folder


def _character_tokenizer() -> Any:
    from tokenizers import Regex, Tokenizer, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    characters = [chr(code) for code in (*range(0x20, 0x7F), *range(0x4E00, 0x5800))]
    vocabulary = {token: index for index, token in enumerate([*SPECIAL.values(), *characters])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, SPECIAL["unk_token"]))
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex("."), "isolated")
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, **SPECIAL)


@pytest.fixture(scope="session")
def tiny_source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a small model with mean pooling. Read only."""
    return make_tiny(tmp_path_factory.mktemp("tiny") / "model", prompts={"query": "q: ", "passage": "p: "})


@pytest.fixture
def tiny_folder(tiny_source: Path, tmp_path: Path) -> Path:
    """A copy of that folder, to be changed at will."""
    return Path(shutil.copytree(tiny_source, tmp_path / "tiny"))


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache folder, in use for this test."""
    monkeypatch.setenv("WENBAO_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def prepared(tiny_source: Path, cache: Path) -> PreparedModel:
    """The small model, prepared in a cache of its own."""
    return prepare_model(str(tiny_source))


@pytest.fixture(scope="session")
def bundled_source(tmp_path_factory: pytest.TempPathFactory) -> SentenceTransformer:
    """The bundled model in float32, as sentence-transformers runs it."""
    folder = tmp_path_factory.mktemp("bundled") / "model"
    bundled.write_folder(bundled.unpack(bundled.read_checked(bundled.model_file())), folder)
    source = load_source(str(folder))
    shutil.rmtree(folder)
    return source
