"""`wenbao index --watch`: as a process that is interrupted, and what it tells of trouble."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest

from rag.cli.main import run
from rag.cli.options import Flags
from rag.cli.watching import _Refresh
from rag.embedding.base import Embedder
from rag.errors import ExitCode
from rag.index.storage.lock import writer_lock
from rag.settings import Settings
from rag.types import IndexReport
from tests.rag.index.fakes import WordEmbedder, records, write_records

ROOT = Path(__file__).parents[3]
PATIENCE_S = 60.0


class Lines:
    """The lines of a stream, as they come."""

    def __init__(self, stream: IO[str]) -> None:
        self._lines: queue.Queue[str] = queue.Queue()
        self._thread = threading.Thread(target=self._read, args=(stream,), daemon=True)
        self._thread.start()

    def _read(self, stream: IO[str]) -> None:
        for line in stream:
            self._lines.put(line)

    def close(self) -> None:
        self._thread.join(PATIENCE_S)

    def until(self, words: str) -> str:
        while words not in (line := self._lines.get(timeout=PATIENCE_S)):
            pass
        return line


@contextmanager
def watching(tmp_path: Path, *arguments: str) -> Iterator[tuple[subprocess.Popen[str], Lines, Lines]]:
    """The command as a process, with what it prints and what it tells."""
    process = subprocess.Popen(
        [sys.executable, "-m", "rag", "index", "corpus", "--watch", *arguments],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), "LC_ALL": "C.UTF-8"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    assert process.stdout is not None
    assert process.stderr is not None
    printed, told = Lines(process.stdout), Lines(process.stderr)
    try:
        yield process, printed, told
    finally:
        process.kill()
        process.wait()
        printed.close()
        told.close()
        process.stdout.close()
        process.stderr.close()


def test_changes_are_indexed_until_ctrl_c(tmp_path: Path, embedder: Embedder) -> None:
    corpus = write_records(tmp_path / "corpus" / "a.jsonl", records("a", 1)).parent
    with watching(tmp_path) as (process, printed, told):
        assert printed.until("indexed corpus")
        told.until("note: watching corpus")
        write_records(corpus / "b.jsonl", records("b", 1))
        assert "passages: 2 embedded, 2 kept" in printed.until("2 files, 2 articles; ")
        (corpus / "c.xlsx").write_text("?")
        assert printed.until("skipped").startswith("skipped c.xlsx: is not a .txt, .md, .pdf")
        corpus.rename(tmp_path / "gone")
        assert told.until("error") == "error: there is no corpus at corpus\n"
        assert "after the next change" in told.until("note")
        (tmp_path / "gone").rename(corpus)
        told.until("nothing has changed")
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE_S) == ExitCode.INTERRUPTED
        told.until("stopped")


def test_reports_are_lines_of_json(tmp_path: Path, embedder: Embedder) -> None:
    corpus = write_records(tmp_path / "corpus" / "a.jsonl", records("a", 1)).parent
    with watching(tmp_path, "--json") as (_, printed, _):
        assert json.loads(printed.until("{"))["counts"]["articles"] == 1
        write_records(corpus / "b.jsonl", records("b", 2))
        report = json.loads(printed.until("{"))
        assert (report["changed"], report["counts"]["articles"]) == (True, 3)


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["index", "nowhere", "--watch"], ExitCode.CORPUS, "there is no corpus at nowhere"),
        (["index", "--watch"], ExitCode.USAGE, "the built-in sample never changes"),
        (["index", "--watch", "--dry-run"], ExitCode.USAGE, "--dry-run and --watch exclude each other"),
    ],
)
def test_what_cannot_be_watched_is_said_at_once(
    arguments: list[str], status: ExitCode, words: str, workdir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(arguments) == status
    told = capsys.readouterr().err
    assert f"error: {words}" in told
    assert "hint: " in told


def test_trouble_is_said_once_and_tried_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    words = WordEmbedder()
    monkeypatch.setattr("rag.embedding.model.prepare_model", lambda *_: None)
    monkeypatch.setattr("rag.embedding.deferred.DeferredEmbedder", lambda _: words)
    settings = Settings(corpus=tmp_path / "corpus", vectors=tmp_path / "vectors")
    write_records(tmp_path / "corpus" / "a.jsonl", records("a", 1))
    reports: list[IndexReport] = []
    flags = Flags()
    refresh = _Refresh(settings, flags, lambda report, _: reports.append(report))
    assert refresh() is None
    write_records(tmp_path / "corpus" / "b.jsonl", records("b", 1))
    with writer_lock(settings.vectors):
        capsys.readouterr()
        assert [refresh(), refresh()] == [5.0, 5.0]
        told = capsys.readouterr().err
        assert told.count("error: ") == 1
        assert f"process {os.getpid()}" in told
        assert "tried again in 5 s" in told
    assert refresh() is None
    assert [report.counts.articles for report in reports] == [1, 2]
    for file in (tmp_path / "corpus").iterdir():
        file.unlink()
    assert refresh() is None
    assert "can be indexed" in capsys.readouterr().err
    write_records(tmp_path / "corpus" / "a.jsonl", records("a", 1))
    write_records(tmp_path / "corpus" / "b.jsonl", records("b", 1))
    assert refresh() is None
    assert "up to date again" in capsys.readouterr().err
    assert len(reports) == 2
    assert flags.on_interrupt == ""


def test_ctrl_c_in_the_midst_of_a_refresh_says_how_to_go_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("rag.embedding.model.prepare_model", lambda *_: None)
    monkeypatch.setattr("rag.index.building.builder.build_index", interrupted)
    flags = Flags()
    refresh = _Refresh(Settings(corpus=tmp_path), flags, lambda *_: None)
    with pytest.raises(KeyboardInterrupt):
        refresh()
    assert "run `wenbao index` again to go on" in flags.on_interrupt
