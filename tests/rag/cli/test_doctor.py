"""`wenbao doctor` on real indexes, sound and damaged in every way."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from rag.cli.main import run
from rag.embedding.base import Embedder
from rag.errors import ExitCode
from rag.index.legs.keyword_index import KeywordIndex, TermCounts
from rag.index.legs.vector_index import VectorIndex
from rag.index.storage.lock import writer_lock
from rag.index.storage.manifest import FILE as MANIFEST
from rag.index.storage.store import Store
from tests.rag.index.fakes import TOPICS, write_records
from tests.rag.index.shelf import republish

pytestmark = pytest.mark.usefixtures("opened_once", "loaded_once")

CHECKS = (
    "model", "reader", "index", "contents", "vectors", "words", "keyword leg", "dense leg", "corpus", "folder",
    "generations",
)  # fmt: skip


@pytest.fixture
def loaded_once(embedder: Embedder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever loads the bundled model himself gets the one that is loaded, too."""
    monkeypatch.setattr("rag.embedding.onnx.OnnxEmbedder", lambda model: embedder)


@pytest.fixture
def vectors(workdir: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """The index of a small corpus: two generations."""
    for edition in (1, 2):
        write_corpus(workdir, edition)
        assert run(["index", "corpus"]) == ExitCode.OK
    capsys.readouterr()
    return workdir / "vectors"


def write_corpus(folder: Path, edition: int) -> None:
    texts = [
        f"{topic}，{place}今日起施行，详情见第{edition}号告示。"
        for topic in TOPICS
        for place in ("城东", "城西", "河口")
    ]
    write_records(folder / "corpus" / "a.jsonl", [{"id": f"n{n}", "text": text} for n, text in enumerate(texts)])


def examine(capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, str], str]:
    """The exit status, the verdict of each check, and all that was said."""
    status = run(["doctor"])
    told = capsys.readouterr().out
    lines = [line for line in told.splitlines() if not line.startswith(" ")]
    return status, {line[5:].split(": ")[0]: line[:4].strip() for line in lines}, told


def live(vectors: Path) -> Path:
    store = Store(vectors)
    return store.folder_of(store.current_id())


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)


def test_a_sound_index_is_found_sound(vectors: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, verdicts, told = examine(capsys)
    assert status == ExitCode.OK, told
    assert verdicts == dict.fromkeys(CHECKS, "ok")
    assert "1 others to go back to" in told


def test_a_flipped_byte_is_named_and_nothing_is_asked_of_it(vectors: Path, capsys: pytest.CaptureFixture[str]) -> None:
    flip(live(vectors) / "index.faiss")
    status, verdicts, told = examine(capsys)
    assert status == ExitCode.INDEX
    assert verdicts["index"] == "bad"
    assert "index.faiss is damaged" in told
    assert [verdicts[name] for name in ("contents", "vectors", "words", "keyword leg", "dense leg")] == ["--"] * 5
    assert run(["index"]) == ExitCode.OK
    assert "nothing has changed" not in capsys.readouterr().out
    status, _, told = examine(capsys)
    assert status == ExitCode.OK, told


def swap_vectors(folder: Path) -> None:
    index = VectorIndex.open(folder)
    rows = np.arange(len(index))
    rows[[0, -1]] = rows[[-1, 0]]
    VectorIndex.build(index.vectors(rows)).save(folder)


def empty_words(folder: Path) -> None:
    size = len(KeywordIndex.open(folder))
    KeywordIndex.build(TermCounts.of_texts([[] for _ in range(size)])).save(folder)


@pytest.mark.parametrize(
    ("change", "bad"),
    [
        (swap_vectors, {"vectors"}),
        (empty_words, {"words", "keyword leg"}),
    ],
)
def test_damage_with_right_checksums_is_found_and_mended_by_what_is_said(
    change: Callable[[Path], None], bad: set[str], vectors: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    republish(Store(vectors), change)
    status, verdicts, told = examine(capsys)
    assert status == ExitCode.INDEX
    assert {name for name, verdict in verdicts.items() if verdict == "bad"} == bad, told
    assert "article 'n0' (a.jsonl#n0)" in told
    assert "`wenbao index --anew`" in told
    assert run(["index", "--anew"]) == ExitCode.OK
    capsys.readouterr()
    status, _, told = examine(capsys)
    assert status == ExitCode.OK, told


def test_going_back_mends_it_too(vectors: Path, capsys: pytest.CaptureFixture[str]) -> None:
    republish(Store(vectors), swap_vectors)
    assert run(["index", "--rollback"]) == ExitCode.OK
    capsys.readouterr()
    status, _, told = examine(capsys)
    assert status == ExitCode.OK, told


def test_damage_of_a_kept_generation_is_found(vectors: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kept = vectors / "generations" / Store(vectors).in_order()[0]
    flip(kept / "counts.npy")
    status, verdicts, told = examine(capsys)
    assert status == ExitCode.INDEX
    assert {name for name, verdict in verdicts.items() if verdict == "bad"} == {"generations"}
    assert f"remove it: vectors/generations/{kept.name}" in told


def test_a_kept_generation_of_another_format_is_no_fault(vectors: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = vectors / "generations" / Store(vectors).in_order()[0] / MANIFEST
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | {"format": 0}), encoding="utf-8")
    status, _, told = examine(capsys)
    assert status == ExitCode.OK, told
    assert "0 others to go back to, every checksum is right, 1 of another format" in told


def test_what_a_dead_writer_left_is_told(vectors: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (vectors / "tmp-123").mkdir()
    (vectors / "journal-abc-384.bin").write_bytes(b"")
    status, _, told = examine(capsys)
    assert status == ExitCode.OK
    assert "journal-abc-384.bin, tmp-123 of a run that was broken off" in told


def test_a_writer_at_work_is_told(vectors: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with writer_lock(vectors):
        (vectors / "tmp-123").mkdir()
        _, verdicts, told = examine(capsys)
    assert verdicts["folder"] == "ok"
    assert "is writing the index" in told
    assert "broken off" not in told


def test_a_copy_answers_the_same_and_is_found_sound(vectors: Path, capsys: pytest.CaptureFixture[str]) -> None:
    replies = []
    shutil.copytree(vectors, vectors.parent / "restored")
    for folder in ("vectors", "restored"):
        assert run(["ask", "邮局增设了什么窗口？", "--json", "--vectors", folder]) == ExitCode.OK
        replies.append(json.loads(capsys.readouterr().out) | {"took_ms": 0})
    assert replies[0] == replies[1]
    assert replies[0]["citations"]
    shutil.rmtree(vectors)
    (vectors.parent / "restored").rename(vectors)
    status, _, told = examine(capsys)
    assert status == ExitCode.OK, told
