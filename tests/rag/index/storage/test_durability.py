"""Real runs of `wenbao index`, killed at random moments: the index is the old one or the new one, and always whole."""

from __future__ import annotations

import json
import logging
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from rag.embedding.base import Embedder
from rag.errors import WriteError
from rag.index.building.builder import build_index
from rag.index.legs.vector_index import FILE as VECTORS
from rag.index.storage.lock import HOLDER_FILE
from rag.index.storage.store import Store
from rag.library import Library
from rag.settings import Settings
from tests.rag.index.fakes import TOPICS, WordEmbedder, records, write_records

ROOT = Path(__file__).parents[4]
PATIENCE_S = 120.0
QUERIES = ("候鸟越冬", "邮局夜间窗口", "编号甲3")

pytestmark = pytest.mark.skipif(os.name != "posix", reason="SIGKILL")

STAGES = ("started", "writing", "publishing")
State = tuple[object, ...]

_log = logging.getLogger(__name__)


@dataclass
class Desk:
    """A corpus that is edited, the index that is killed, and one beside it that shows what it should become."""

    folder: Path
    embedder: Embedder
    edits: int = 0

    @property
    def settings(self) -> Settings:
        return Settings(corpus=self.folder / "corpus", vectors=self.folder / "vectors")

    def edit(self, chance: random.Random) -> None:
        """Rewrites one record, and adds or removes another."""
        self.edits += 1
        kept = [
            {"id": f"甲{number}", "title": topic, "text": f"{topic}，编号甲{number}。" * (4 + number)}
            for number, topic in enumerate(TOPICS)
        ]
        edited = chance.choice(kept)
        edited["text"] = f"第{self.edits}次改过：{edited['text']}"
        if self.edits % 3:
            kept.append({"id": f"乙{self.edits}", "text": f"第{self.edits}号快讯：{chance.choice(TOPICS)}，" * 3})
        write_records(self.folder / "corpus" / "a.jsonl", kept)

    def expected(self) -> State:
        """What an index of the corpus holds that no run was killed over."""
        beside = Settings(corpus=self.folder / "corpus", vectors=self.folder / "beside")
        build_index(beside, embedder=self.embedder)
        return self.state(beside)

    def found(self) -> State:
        """What the index holds now, every checksum compared."""
        return self.state(self.settings)

    def state(self, settings: Settings) -> State:
        """Articles, chunks with their vectors, and what a few searches find."""
        store = Store(settings.vectors)
        generation = store.current()
        try:
            generation.verify()
            chunks = [generation.chunk(row) for row in range(len(generation))]
            vectors = generation.vectors.vectors(np.arange(len(generation))).tobytes()
            articles = tuple(generation.articles())
        finally:
            generation.close()
        library = Library(settings, store, self.embedder)
        try:
            hits = [
                [
                    (hit.chunk.chunk_id, hit.article.article_id, hit.score, hit.ranks)
                    for hit in library.search(query).hits
                ]
                for query in QUERIES
            ]
        finally:
            library.close()
        assert all(hits), "a search came back empty"
        return articles, tuple(chunks), vectors, repr(hits)

    def start(self) -> subprocess.Popen[bytes]:
        """A real run of the command."""
        return subprocess.Popen(
            [sys.executable, "-m", "rag", "index", "--vectors", "vectors", "--corpus", "corpus"],
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )

    def reached(self, stage: str, process: subprocess.Popen[bytes]) -> bool:
        """Whether a run has come to a stage: it has put its name to the lock, or it writes what is written last."""
        if stage == "started":
            return True
        if stage == "publishing":
            return (self.settings.vectors / f"tmp-{process.pid}" / VECTORS).exists()
        try:
            note = (self.settings.vectors / HOLDER_FILE).read_text(encoding="utf-8")
            return bool(json.loads(note)["pid"] == process.pid)
        except (OSError, ValueError):
            return False  # not there yet, or half written

    def wait_for(self, stage: str, process: subprocess.Popen[bytes]) -> None:
        """Returns as soon as a run has come to a stage, or has ended."""
        while not self.reached(stage, process) and not ends_within(process, 0.001):
            pass

    def run(self) -> dict[str, float]:
        """A run that is left alone; returns the seconds from each stage to its end."""
        process, begins = self.start(), {}
        for stage in STAGES:
            self.wait_for(stage, process)
            begins[stage] = time.perf_counter()
        _, told = process.communicate(timeout=PATIENCE_S)
        ended = time.perf_counter()
        assert process.returncode == 0, told.decode()
        return {stage: ended - began for stage, began in begins.items()}


def ends_within(process: subprocess.Popen[bytes], seconds: float) -> bool:
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return False
    return True


@pytest.fixture
def desk(tmp_path: Path, embedder: Embedder) -> Desk:
    made = Desk(tmp_path, embedder)
    made.edit(random.Random(0))  # chance, not secrecy
    made.run()
    return made


def kill_again_and_again(desk: Desk, kills: int, seed: int) -> Counter[str]:
    """Kills runs at random moments between each of the stages and the end, and compares the index each time.

    Returns:
        How often the old index was found, how often the new one, and how often a run had ended before.
    """
    chance, outcomes = random.Random(seed), Counter[str]()
    _log.warning("seed %d", seed)
    desk.edit(chance)
    seconds = desk.run()
    old = desk.found()
    killed = 0
    while killed < kills:
        desk.edit(chance)
        new = desk.expected()
        assert new != old
        stage = (*STAGES, "publishing")[desk.edits % 4]
        process = desk.start()
        try:
            desk.wait_for(stage, process)
            ends_within(process, chance.uniform(0, seconds[stage]))
        finally:
            process.send_signal(signal.SIGKILL)
            _, told = process.communicate(timeout=PATIENCE_S)
        assert process.returncode in (-signal.SIGKILL, 0), told.decode()
        found = desk.found()
        assert found in (old, new), f"seed {seed}, kill {killed}: neither the old index nor the new one"
        outcome = "old" if found == old else "new"
        outcomes["ended before" if process.returncode == 0 else f"{outcome}, killed since {stage}"] += 1
        killed += process.returncode != 0
        old = found
    desk.edit(chance)
    desk.run()
    assert desk.found() == desk.expected(), "the next run goes through"
    assert Store(desk.settings.vectors).leftovers() == []
    _log.warning("%s", dict(outcomes))
    return outcomes


def test_killed_ten_times_at_random_moments(desk: Desk) -> None:
    outcomes = kill_again_and_again(desk, kills=10, seed=int.from_bytes(os.urandom(4)))
    assert outcomes.total() - outcomes["ended before"] == 10


@pytest.mark.slow
def test_killed_two_hundred_times_at_random_moments(desk: Desk) -> None:
    outcomes = kill_again_and_again(desk, kills=200, seed=int.from_bytes(os.urandom(4)))
    assert {name.split(",")[0] for name in outcomes} >= {"old", "new"}, "both sides of publishing were met"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 512 KiB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = shutil.which("mount") and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=512k", "wenbao-test", str(disk)], check=False, capture_output=True
    )
    if not mounted or mounted.returncode:
        pytest.skip("no file system can be mounted here")
    try:
        yield disk
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)


def test_a_full_disk_keeps_the_old_index_and_says_what_to_do(small_disk: Path, tmp_path: Path) -> None:
    settings = Settings(corpus=tmp_path / "corpus", vectors=small_disk / "vectors")
    write_records(tmp_path / "corpus" / "a.jsonl", records())
    before = build_index(settings, embedder=WordEmbedder()).generation
    write_records(tmp_path / "corpus" / "b.jsonl", records("x", 40))
    store = Store(settings.vectors)
    for free in range(0, 96 << 10, 12 << 10):  # so that it is full at one file after the other
        (small_disk / "taken").write_bytes(bytes(shutil.disk_usage(small_disk).free - free))
        with pytest.raises(WriteError, match="full") as caught:
            build_index(settings, embedder=WordEmbedder())
        assert "Free some space" in caught.value.hint
        for name in ("taken", *(f"vectors/{left}" for left in store.leftovers())):
            (small_disk / name).unlink()
    generation = store.current()
    generation.verify()
    assert generation.id == before
    generation.close()
    (tmp_path / "corpus" / "b.jsonl").unlink()
    write_records(tmp_path / "corpus" / "c.jsonl", records("y", 1))
    assert build_index(settings, embedder=WordEmbedder()).changed, "with room again, it goes on"
    assert store.leftovers() == []
