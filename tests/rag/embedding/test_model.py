"""Preparing models the user names: faithful to sentence-transformers, once, whole, and with errors that help."""

from __future__ import annotations

import json
import os
import resource
import shutil
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from rag.embedding import export
from rag.embedding.model import models_folder, open_embedder, prepare_model
from rag.embedding.prepared import MODEL_FILE, PreparedModel, read_prepared
from rag.embedding.quantization import Recipe
from rag.embedding.source import load_source
from rag.errors import ModelDamaged, ModelError, ModelMissing, WriteError
from rag.types import Progress
from tests.rag.embedding.conftest import LONGEST, make_tiny

TEXTS = ["山上的茶园", "to the east of the river", "丁", "仓库" * LONGEST, "unknown ☃ sign"]


@pytest.mark.parametrize(
    ("pooling", "prompts", "query_prompt", "passage_prompt"),
    [
        ("mean", {"query": "q: ", "passage": "p: "}, "q: ", "p: "),
        ("cls", {"query": "find: ", "document": "text: "}, "find: ", "text: "),
        ("lasttoken", None, "", ""),
        ("max", {"query": "ask: "}, "ask: ", ""),
    ],
)
def test_any_model_agrees_with_sentence_transformers(
    pooling: str, prompts: dict[str, str] | None, query_prompt: str, passage_prompt: str, cache: Path, tmp_path: Path
) -> None:
    folder = make_tiny(tmp_path / "model", pooling=pooling, prompts=prompts)
    ours = open_embedder(str(folder))
    source = load_source(str(folder))
    for found, prompt in ((ours.embed_queries(TEXTS), query_prompt), (ours.embed_passages(TEXTS), passage_prompt)):
        wanted = source.encode(
            [prompt + text for text in TEXTS], prompt="", normalize_embeddings=True, show_progress_bar=False
        )
        assert found.shape == wanted.shape == (len(TEXTS), 40)
        assert (found * wanted).sum(axis=1).min() >= 0.98
    assert ours.name == str(folder)


def test_it_is_prepared_once_with_progress_and_nothing_is_left_over(tiny_source: Path, cache: Path) -> None:
    steps: list[Progress] = []
    first = open_embedder(str(tiny_source), steps.append)
    assert [step.done for step in steps] == sorted(step.done for step in steps)
    assert steps[-1].done == steps[-1].total
    steps.clear()
    again = open_embedder(str(tiny_source), steps.append)
    assert steps == []
    assert again.fingerprint == first.fingerprint
    assert models_folder() == cache / "models"
    place = prepare_model(str(tiny_source)).folder
    assert {path.name for path in models_folder().iterdir()} == {place.name, ".lock"}
    assert {path.name for path in place.iterdir()} == {"manifest.json", "model.onnx", "tokenizer.json"}


def test_two_at_once_prepare_it_once(tiny_source: Path, cache: Path) -> None:
    steps: list[Progress] = []
    with ThreadPoolExecutor(2) as pool:
        opened = list(pool.map(lambda _: open_embedder(str(tiny_source), steps.append), range(2)))
    assert opened[0].fingerprint == opened[1].fingerprint
    assert [step.detail for step in steps].count("ready") == 1


def test_a_changed_source_is_prepared_anew_under_another_fingerprint(tiny_folder: Path, cache: Path) -> None:
    before = prepare_model(str(tiny_folder))
    shutil.rmtree(tiny_folder)
    make_tiny(tiny_folder, prompts={"query": "q: ", "passage": "p: "}, seed=1)
    after = prepare_model(str(tiny_folder))
    assert after.fingerprint != before.fingerprint
    assert not before.folder.exists()


@pytest.mark.parametrize(
    ("file", "key", "value"),
    [
        ("config_sentence_transformers.json", "prompts", {"query": "Q: ", "passage": "p: "}),
        ("1_Pooling/config.json", "pooling_mode", "cls"),
        ("tokenizer_config.json", "model_max_length", 12),
    ],
)
def test_the_fingerprint_depends_on_every_setting(
    file: str, key: str, value: object, tiny_folder: Path, cache: Path
) -> None:
    before = prepare_model(str(tiny_folder)).fingerprint
    path = tiny_folder / file
    settings = json.loads(path.read_text(encoding="utf-8"))
    assert settings[key] != value
    path.write_text(json.dumps(settings | {key: value}), encoding="utf-8")
    assert prepare_model(str(tiny_folder)).fingerprint != before


def test_the_fingerprint_does_not_depend_on_where_the_model_lies(
    tiny_source: Path, cache: Path, tmp_path: Path
) -> None:
    copy = shutil.copytree(tiny_source, tmp_path / "elsewhere")
    assert prepare_model(str(copy)).fingerprint == prepare_model(str(tiny_source)).fingerprint


def test_a_recipe_that_strays_gives_way_to_the_next(
    tiny_source: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    precisions, fingerprints = [], set()
    for unreachable in ([], [Recipe.MIXED], [Recipe.MIXED, Recipe.BLOCKWISE]):
        monkeypatch.setattr(export, "AGREEMENT", export.AGREEMENT | dict.fromkeys(unreachable, 1.1))
        model = prepare_model(str(tiny_source))
        precisions.append(model.precision)
        fingerprints.add(model.fingerprint)
        shutil.rmtree(model.folder)
    assert precisions == [recipe.value for recipe in Recipe]
    assert len(fingerprints) == 3
    monkeypatch.setattr(export, "AGREEMENT", dict.fromkeys(Recipe, 1.1))
    with pytest.raises(ModelError, match="other vectors"):
        prepare_model(str(tiny_source))


@pytest.mark.parametrize("name", ["./no/such/folder", "/no-such-folder", "a/b/c"])
def test_a_missing_folder_is_named(name: str, cache: Path) -> None:
    with pytest.raises(ModelMissing, match="no such folder") as raised:
        open_embedder(name)
    assert name in raised.value.message
    assert "bundled" in raised.value.hint
    assert not cache.exists()


def test_a_folder_without_a_model_is_named(cache: Path, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(ModelMissing, match="holds no sentence-transformers model"):
        open_embedder(str(empty))
    (empty / "modules.json").write_text("[]{", encoding="utf-8")
    with pytest.raises(ModelMissing, match="cannot open the embedding model"):
        open_embedder(str(empty))


def test_without_the_extra_other_models_are_refused_unless_they_are_prepared(
    tiny_source: Path, prepared: PreparedModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rag.embedding.source.find_spec", lambda _: None)
    assert open_embedder(str(tiny_source)).fingerprint == prepared.fingerprint
    other = shutil.copytree(tiny_source, tmp_path / "other")
    with pytest.raises(ModelError, match="sentence-transformers is not installed") as raised:
        open_embedder(str(other))
    assert "pip install 'wenbao[models]'" in raised.value.hint


def test_a_hub_name_without_network_fails_at_once(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> socket.socket:
        raise OSError("no network in this test")

    monkeypatch.setattr(socket, "create_connection", refuse)
    with pytest.raises(ModelMissing, match="no network in this test") as raised:
        open_embedder("wenbao-tests/no-such-model")
    assert "bundled" in raised.value.hint


def test_a_cache_that_cannot_be_written_is_named(
    tiny_source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    monkeypatch.setenv("WENBAO_CACHE", str(tmp_path / "file"))
    with pytest.raises(WriteError) as raised:
        open_embedder(str(tiny_source))
    assert str(tmp_path / "file") in raised.value.message
    assert "WENBAO_CACHE" in raised.value.hint


@pytest.mark.parametrize("room", [0, 50_000])
def test_a_disk_that_fills_up_leaves_nothing_behind(room: int, tiny_source: Path, cache: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, before[1]))
    try:
        with pytest.raises(WriteError):
            open_embedder(str(tiny_source))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert [path.name for path in models_folder().iterdir()] == [".lock"]
    assert open_embedder(str(tiny_source)).embed_queries(TEXTS).shape == (len(TEXTS), 40)


def _flip_a_byte(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)


@pytest.mark.parametrize("file", ["model.onnx", "tokenizer.json", "manifest.json"])
def test_a_missing_file_is_named_with_what_mends_it(file: str, prepared: PreparedModel, tiny_source: Path) -> None:
    (prepared.folder / file).unlink()
    with pytest.raises(ModelDamaged, match=file) as raised:
        open_embedder(str(tiny_source))
    assert f"rm -r {prepared.folder}" in raised.value.hint
    shutil.rmtree(prepared.folder)
    assert open_embedder(str(tiny_source)).fingerprint == prepared.fingerprint


@pytest.mark.parametrize("file", ["model.onnx", "tokenizer.json"])
def test_a_damaged_file_is_named_with_both_checksums(file: str, prepared: PreparedModel) -> None:
    path = prepared.folder / file
    os.utime(path)  # a copied cache has other times and is none the worse for it
    assert read_prepared(prepared.folder) == prepared
    stat = path.stat()
    _flip_a_byte(path)
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns + 1))
    with pytest.raises(ModelDamaged, match=r"expected sha256 \w+, found \w+"):
        read_prepared(prepared.folder)
    with path.open("ab") as file_object:
        file_object.write(b" ")
    with pytest.raises(ModelDamaged, match="bytes"):
        read_prepared(prepared.folder)


def test_verify_finds_damage_that_kept_its_time(prepared: PreparedModel) -> None:
    path = prepared.folder / MODEL_FILE
    prepared.verify()
    stat = path.stat()
    _flip_a_byte(path)
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    with pytest.raises(ModelDamaged, match="expected sha256"):
        prepared.verify()


@pytest.mark.parametrize("content", ["", "[]", "{}", "not json"])
def test_a_damaged_manifest_is_named(content: str, prepared: PreparedModel) -> None:
    (prepared.folder / "manifest.json").write_text(content, encoding="utf-8")
    with pytest.raises(ModelDamaged, match=r"manifest\.json"):
        read_prepared(prepared.folder)


def test_a_graph_that_onnx_runtime_cannot_read_is_named(prepared: PreparedModel) -> None:
    from rag.embedding.onnx import OnnxEmbedder

    (prepared.folder / MODEL_FILE).write_bytes(b"no graph")
    with pytest.raises(ModelDamaged, match=r"model\.onnx"):
        OnnxEmbedder(prepared)


def test_vectors_survive_a_move_of_the_cache(
    prepared: PreparedModel, tiny_source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = open_embedder(str(tiny_source)).embed_queries(TEXTS)
    shutil.copytree(prepared.folder.parents[1], tmp_path / "moved")
    monkeypatch.setenv("WENBAO_CACHE", str(tmp_path / "moved"))
    steps: list[Progress] = []
    np.testing.assert_array_equal(open_embedder(str(tiny_source), steps.append).embed_queries(TEXTS), before)
    assert steps == []
