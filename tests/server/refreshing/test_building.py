"""Index runs in a process aside: what they give, what they raise, and how they end."""

from __future__ import annotations

import multiprocessing
import os
import signal
from pathlib import Path

import pytest

from rag.errors import CorpusEmpty, IndexLocked, StoreError
from rag.index.storage.lock import writer_lock
from rag.index.storage.store import Store
from rag.settings import Settings
from rag.types import Progress
from server.refreshing.building import NICENESS, build_aside
from tests.rag.index.fakes import records, write_records


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    write_records(tmp_path / "corpus" / "a.jsonl", records("a", 2))
    return Settings(corpus=tmp_path / "corpus", vectors=tmp_path / "vectors")


def _children() -> set[int]:
    return {child.pid for child in multiprocessing.active_children() if child.pid is not None}


def test_the_report_and_the_progress_come_from_another_process(settings: Settings) -> None:
    told: list[Progress] = []
    processes: set[int] = set()
    report = build_aside(settings, lambda step: (told.append(step), processes.update(_children())))
    assert report.changed
    assert report.embedded == report.counts.chunks > 0
    assert {"reading", "embedding"} <= {step.stage for step in told}
    assert processes
    assert os.getpid() not in processes
    assert not multiprocessing.active_children()
    assert Store(settings.vectors).current_id() == report.generation


@pytest.mark.skipif(not hasattr(os, "getpriority"), reason="processes have no niceness here")
def test_a_run_gives_way_to_the_server(settings: Settings) -> None:
    nicenesses: set[int] = set()

    def look(step: Progress) -> None:
        if step.stage != "starting":
            nicenesses.update(os.getpriority(os.PRIO_PROCESS, child) for child in _children())

    own = os.getpriority(os.PRIO_PROCESS, 0)
    build_aside(settings, look)
    assert nicenesses == {min(own + NICENESS, 19)}
    assert os.getpriority(os.PRIO_PROCESS, 0) == own


def test_errors_are_those_of_a_run_in_this_process(settings: Settings, tmp_path: Path) -> None:
    settings.vectors.mkdir()
    with writer_lock(settings.vectors), pytest.raises(IndexLocked, match=f"process {os.getpid()}") as locked:
        build_aside(settings, lambda _: None)
    assert locked.value.hint
    (tmp_path / "corpus" / "a.jsonl").write_text("\n", encoding="utf-8")
    with pytest.raises(CorpusEmpty):
        build_aside(settings, lambda _: None)


def test_what_the_progress_raises_ends_the_run(settings: Settings) -> None:
    def stop(_: Progress) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build_aside(settings, stop)
    assert not multiprocessing.active_children()
    assert build_aside(settings, lambda _: None).changed


def test_a_run_that_is_killed_is_told_and_leaves_the_index(settings: Settings, tmp_path: Path) -> None:
    before = build_aside(settings, lambda _: None).generation
    write_records(tmp_path / "corpus" / "b.jsonl", records("b", 2))

    def kill(_: Progress) -> None:
        for child in _children():  # once it is dead, what it told before still comes
            os.kill(child, signal.SIGKILL)

    with pytest.raises(StoreError, match="signal 9"):
        build_aside(settings, kill)
    assert Store(settings.vectors).current_id() == before
    assert build_aside(settings, lambda _: None).generation != before
