"""Embedding on a Ray cluster of two nodes: the same bytes as from one process, whatever happens to the workers."""

from __future__ import annotations

import os
import select
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rag.embedding.base import Embedder
from rag.embedding.distributed.embedder import DistributedEmbedder
from rag.embedding.model import prepare_model
from rag.embedding.prepared import PreparedModel
from rag.errors import ClusterError, IndexMissing
from rag.index.building.builder import build_index
from rag.index.legs.vector_index import FILE
from rag.index.storage.store import Store
from rag.settings import Settings
from rag.types import Progress
from tests.rag.index.fakes import records, write_records

pytestmark = pytest.mark.ray

BATCH = 8
"""Small, so that a small corpus has many."""


@pytest.fixture(scope="module")
def model() -> PreparedModel:
    return prepare_model("bundled")


class Press:
    """A corpus, indexed on the cluster, and what was told meanwhile."""

    def __init__(self, model: PreparedModel, address: str, folder: Path) -> None:
        self.settings = Settings(corpus=folder / "corpus", vectors=folder / "vectors")
        self.told: list[str] = []
        self.embedder = DistributedEmbedder(model, address, self.told.append, BATCH)
        write_records(folder / "corpus" / "a.jsonl", records(count=60))

    def index_bytes(self) -> bytes:
        return index_bytes(self.settings)

    def worker_pids(self) -> list[int]:
        """Of the workers that can embed."""
        assert self.embedder.pool is not None
        return [pid for _, pid in self.embedder.pool.processes]


def index_bytes(settings: Settings) -> bytes:
    store = Store(settings.vectors)
    return (store.folder_of(store.current_id()) / FILE).read_bytes()


@pytest.fixture
def press(ray_cluster: Any, model: PreparedModel, tmp_path: Path) -> Iterator[Press]:
    made = Press(model, ray_cluster.address, tmp_path)
    with made.embedder:
        yield made


@pytest.fixture(scope="module")
def alone(embedder: Embedder, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The vectors' file of the same corpus, embedded in this process."""
    folder = tmp_path_factory.mktemp("alone")
    write_records(folder / "corpus" / "a.jsonl", records(count=60))
    settings = Settings(corpus=folder / "corpus", vectors=folder / "vectors")
    build_index(settings, embedder=embedder)
    return index_bytes(settings)


def test_two_nodes_make_the_same_bytes_and_get_the_model_they_lack(
    press: Press, alone: bytes, far_cache: Path, model: PreparedModel
) -> None:
    steps: list[Progress] = []
    report = build_index(press.settings, steps.append, press.embedder)
    assert report.embedded == report.counts.chunks
    assert press.index_bytes() == alone
    embedding = [step for step in steps if step.stage == "embedding"]
    assert [step.done for step in embedding] == sorted(step.done for step in embedding)
    assert embedding[-1].done == embedding[-1].total == report.counts.chunks
    assert all(step.rate > 0 for step in embedding)
    assert sum("does not have the model bundled" in line for line in press.told) == 1
    [received] = (far_cache / "models").glob("received-*")
    assert {path.name for path in received.iterdir()} == {path.name for path in model.folder.iterdir()}


def test_what_a_lost_worker_had_is_done_again(press: Press, alone: bytes) -> None:
    killed: list[int] = []

    def kill_one(step: Progress) -> None:
        if step.stage == "embedding" and not killed:
            killed.append(press.worker_pids()[0])
            os.kill(killed[0], signal.SIGKILL)

    build_index(press.settings, kill_one, press.embedder)
    assert killed
    assert any("was lost" in line and "is done again" in line for line in press.told), press.told
    assert press.index_bytes() == alone


def test_an_interrupted_run_keeps_what_is_done_and_ends_its_workers(press: Press, alone: bytes) -> None:
    processes: list[int] = []

    def interrupt(step: Progress) -> None:
        if step.stage == "embedding" and step.done >= 2 * BATCH:
            processes.extend(map(os.pidfd_open, press.worker_pids()))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build_index(press.settings, interrupt, press.embedder)
    with pytest.raises(IndexMissing):
        Store(press.settings.vectors).current()
    press.embedder.close()
    assert processes
    for process in processes:
        assert select.select([process], [], [], 60)[0], "a worker outlives the run"
        os.close(process)
    report = build_index(press.settings, embedder=press.embedder)
    assert 0 < report.embedded <= report.counts.chunks - 2 * BATCH
    assert press.index_bytes() == alone


def test_work_is_in_proportion_to_the_change(press: Press) -> None:
    build_index(press.settings, embedder=press.embedder)
    press.embedder.close()
    assert not build_index(press.settings, embedder=press.embedder).changed
    assert press.embedder.pool is None, "nothing to embed, nothing connected"
    write_records(press.settings.corpus_path / "b.jsonl", [{"id": "new", "text": "渡口换上了电动渡船，票价两元。"}])
    assert build_index(press.settings, embedder=press.embedder).embedded == 1


def test_batches_are_drawn_as_workers_get_free(press: Press) -> None:
    drawn = 0

    def batches() -> Iterator[list[str]]:
        nonlocal drawn
        for number in range(40):
            drawn += 1
            yield [f"第{number}艘渡船今天靠岸。"]

    done = 0
    for _ in press.embedder.spread_passages(batches()):
        done += 1
        assert drawn - done <= 2 * 2
    assert done == drawn == 40


def test_passages_keep_their_order(press: Press, embedder: Embedder) -> None:
    texts = [f"第{number}号渡船{'靠岸' * (number % 7)}。" for number in range(3 * BATCH + 1)]
    told: list[tuple[int, int]] = []
    vectors = press.embedder.embed_passages(texts, lambda done, total: told.append((done, total)))
    np.testing.assert_array_equal(vectors, embedder.embed_passages(texts))
    assert told[-1] == (len(texts), len(texts))
    assert press.embedder.embed_passages([]).shape == (0, embedder.dimension)


def test_a_node_with_another_wenbao_is_left_out(press: Press, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rag.embedding.distributed.pool.__version__", "0.0.0")
    with pytest.raises(ClusterError, match=r"no node .* can embed: .* it has wenbao \d"):
        press.embedder.embed_passages(["渡船"])


def test_a_node_that_embeds_otherwise_is_left_out(press: Press, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rag.embedding.distributed.pool.PROBES", ("别的", "两句", "文字"))
    with pytest.raises(ClusterError, match="its vectors are others: cosine 0"):
        press.embedder.embed_passages(["渡船"])
