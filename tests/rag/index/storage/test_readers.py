"""Any number of processes read while one writes: no error, nothing empty, nothing mixed, and soon the newest."""

from __future__ import annotations

import json
import logging
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from rag.embedding.base import Embedder
from rag.errors import IndexDamaged
from rag.index.building.builder import build_index
from rag.index.storage.store import CURRENT, KEPT_GENERATIONS, Store
from rag.settings import Settings
from tests.rag.index.asking import STOP_FILE, Seen
from tests.rag.index.fakes import TOPICS, write_records
from tests.rag.index.shelf import Shelf

ROOT = Path(__file__).parents[4]
PATIENCE_S = 120.0
GREATEST_LAG_S = 2.0

_log = logging.getLogger(__name__)


@contextmanager
def process(*arguments: str, **pipes: int) -> Iterator[subprocess.Popen[str]]:
    """A Python of its own, which does not outlive the test."""
    started = subprocess.Popen(
        [sys.executable, *arguments], cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, text=True, **pipes
    )
    try:
        yield started
    finally:
        started.kill()
        started.communicate()


class Office:
    """An index that is built again and again, and the processes that ask it meanwhile."""

    def __init__(self, folder: Path, embedder: Embedder) -> None:
        self.folder = folder
        self.settings = Settings(corpus=folder / "corpus", vectors=folder / "vectors")
        self._embedder = embedder
        self.published: dict[str, float] = {}
        """When each generation was named in `CURRENT`, in seconds since the epoch."""

    def publish(self) -> None:
        """Edits every text of the corpus, and indexes it."""
        edition = len(self.published) + 1
        write_records(
            self.settings.corpus_path / "a.jsonl",
            [{"id": f"n{n}", "text": f"{topic}，第{edition}版。" * 5} for n, topic in enumerate(TOPICS)],
        )
        report = build_index(self.settings, embedder=self._embedder)
        assert report.changed
        self.published[report.generation] = (self.settings.vectors / CURRENT).stat().st_ctime

    def seen(self, name: str) -> Seen:
        """What a reader has told so far."""
        try:
            return Seen(**json.loads((self.folder / f"{name}.json").read_text(encoding="utf-8")))
        except FileNotFoundError:
            return Seen()

    def wait_until_all_have_seen(self, generation: str, readers: list[str]) -> None:
        """Returns when every reader has had a reply from a generation."""
        deadline = time.monotonic() + PATIENCE_S
        while waiting := [name for name in readers if generation not in self.seen(name).first]:
            assert not any(self.seen(name).errors for name in readers), [self.seen(name).errors for name in readers]
            assert time.monotonic() < deadline, f"{waiting} never saw {generation}"
            threading.Event().wait(0.02)  # leaves the processor to those who are waited for


def ask_during(office: Office, libraries: int, clients: int, publications: int) -> list[float]:
    """Publishes while readers ask; returns the seconds from each publication to each reader's first reply from it."""
    office.publish()
    readers = [f"library-{number}" for number in range(libraries)] + [f"client-{number}" for number in range(clients)]
    vectors = str(office.settings.vectors)
    with ExitStack() as running:
        url = running.enter_context(server(vectors)) if clients else ""
        asking = [
            running.enter_context(
                process(
                    *("-m", "tests.rag.index.asking", vectors, str(office.folder / f"{name}.json")),
                    *([url] if name.startswith("client") else []),
                )
            )
            for name in readers
        ]
        office.wait_until_all_have_seen(next(iter(office.published)), readers)
        for _ in range(publications):
            office.publish()
        office.wait_until_all_have_seen(list(office.published)[-1], readers)
        (office.folder / STOP_FILE).touch()
        for one in asking:
            assert one.wait(PATIENCE_S) == 0
    editions = {generation: number for number, generation in enumerate(office.published, start=1)}
    lags = []
    for name in readers:
        seen = office.seen(name)
        assert (seen.errors, seen.empty, seen.mixed) == ([], 0, []), name
        assert seen.replies > 0
        assert seen.editions.items() <= editions.items(), "each reply is of the generation that it names"
        assert list(seen.first) == sorted(seen.first), "nobody goes back in time"
        for generation, moment in list(office.published.items())[1:]:
            lags.append(min(when for later, when in seen.first.items() if later >= generation) - moment)
    _log.warning(
        "%d replies; seconds until the first from a new generation: mean %.3f, most %.3f",
        sum(office.seen(name).replies for name in readers),
        sum(lags) / len(lags),
        max(lags),
    )
    return lags


@contextmanager
def server(vectors: str) -> Iterator[str]:
    """A real one on a port of its own; its address."""
    with process("-m", "rag", "serve", "--port", "0", "--vectors", vectors, stderr=subprocess.PIPE) as serving:
        assert serving.stderr is not None
        line = serving.stderr.readline()
        assert line.startswith("wenbao: http://"), line
        yield line.split()[1]


def test_processes_and_clients_of_a_server_ask_during_re_indexing(tmp_path: Path, embedder: Embedder) -> None:
    assert ask_during(Office(tmp_path, embedder), libraries=2, clients=1, publications=3)


@pytest.mark.slow
def test_eight_readers_are_never_two_seconds_behind(tmp_path: Path, embedder: Embedder) -> None:
    assert max(ask_during(Office(tmp_path, embedder), libraries=5, clients=3, publications=10)) < GREATEST_LAG_S


_HOLDING = """
import sys
from pathlib import Path
from rag.index.storage.store import Store
from rag.retrieval.retriever import Retriever
from tests.rag.index.fakes import WordEmbedder
generation = Store(Path(sys.argv[1])).current()
retriever = Retriever(generation, WordEmbedder())
print(generation.id, flush=True)
for query in sys.stdin:
    hits = retriever.search(query.strip(), 5).hits
    texts = [generation.chunk(row).text for row in range(len(generation))]
    print(repr(([(hit.chunk.chunk_id, hit.score) for hit in hits], texts, generation.vectors.vectors(
        __import__("numpy").arange(len(generation))).sum())), flush=True)
"""


def test_a_process_goes_on_answering_from_a_generation_that_was_swept(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    shelf.build()
    with process("-c", _HOLDING, str(shelf.settings.vectors), stdin=subprocess.PIPE, stdout=subprocess.PIPE) as reader:
        assert reader.stdin is not None
        assert reader.stdout is not None
        held = reader.stdout.readline().strip()

        def ask() -> str:
            print("水库放水", file=reader.stdin, flush=True)
            return reader.stdout.readline()  # type: ignore[union-attr]

        for _ in range(KEPT_GENERATIONS + 2):
            shelf.edit()
            shelf.build()
        assert not shelf.store.folder_of(held).exists()
        swept = ask()  # its first look at most of the files
        assert "水库" in swept
        shelf.edit()
        shelf.build()
        assert ask() == swept


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    built = Shelf(tmp_path / "original")
    built.build()
    return built


def test_a_backup_that_begins_with_current_is_whole_while_a_writer_publishes(shelf: Shelf, tmp_path: Path) -> None:
    """What `docs/generations.md` promises: as many publications as generations are kept may come in between."""
    for _ in range(KEPT_GENERATIONS):
        shelf.edit()
        shelf.build()
    backup = Store(tmp_path / "backup")
    backup.folder.mkdir()
    shutil.copy(shelf.settings.vectors / CURRENT, backup.folder)
    before = shelf.contents()
    for _ in range(KEPT_GENERATIONS):
        shelf.edit()
        shelf.build()
    shutil.copytree(shelf.settings.vectors / "generations", backup.folder / "generations")
    copied = backup.current()
    copied.verify()
    assert [article.text for article in copied.articles()] == before
    copied.close()
    restored = Shelf.__new__(Shelf)
    restored.settings = Settings(corpus=shelf.corpus, vectors=backup.folder)
    assert restored.build().changed, "and it can be brought up to date"


def test_a_backup_that_ends_with_current_can_miss_it_and_be_mended(shelf: Shelf, tmp_path: Path) -> None:
    before = shelf.contents()
    backup = Store(tmp_path / "backup")
    shutil.copytree(shelf.settings.vectors / "generations", backup.folder / "generations")
    shelf.edit()
    shelf.build()
    shutil.copy(shelf.settings.vectors / CURRENT, backup.folder)
    with pytest.raises(IndexDamaged) as caught:
        backup.current()
    assert "wenbao index" in caught.value.hint
    backup.rollback()
    copied = backup.current()
    assert [article.text for article in copied.articles()] == before
    copied.close()
