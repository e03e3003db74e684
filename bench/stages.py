"""What an index run takes from nothing, stage by stage, at sizes of your choice; embedding left out.

    python -m bench.stages --vectors DIR --out DIR --chunks N [--step 150000] [--questions QUESTIONS.jsonl[.gz]]

The corpus in OUT is made of the articles of the index in `--vectors`, in new orders of their sentences (growing.py),
and vectors are copied, so nothing is embedded: what that takes is the passages by the rate of `bench.embedding`. A
run adds `--step` chunks at most, the first one to nothing; start it again to go on. Once the index has the size, a run
measures searches, and `wenbao index` after one edit. Times are the processor's, which other work on the machine
disturbs less than the clock's; nearly all of it is one thread's.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import resource
import sys
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from bench.common import at_least_one, latency, print_table, run
from bench.growing import CopyingEmbedder, recombined
from bench.memory import timed_run
from bench.scale import edit_one, questions_of
from rag.index.building.builder import build_index
from rag.index.storage.store import Store
from rag.library import Library
from rag.settings import Settings
from rag.types import Progress

_WARM = 20


def main(arguments: Sequence[str] | None = None) -> int:
    """Measures and prints; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.stages", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--vectors", type=Path, required=True, help="folder that holds the index to draw from")
    parser.add_argument("--out", type=Path, required=True, help="folder for the index and its corpus")
    parser.add_argument("--chunks", type=at_least_one, required=True, help="chunks to grow to")
    parser.add_argument("--step", type=at_least_one, default=150_000, help="chunks a run adds (150000)")
    parser.add_argument("--searches", type=at_least_one, default=300, help="searches that are timed (300)")
    parser.add_argument("--questions", type=Path, help="lines with a `question`")
    options = parser.parse_args(arguments)
    return run(lambda: measure(options))


def measure(options: argparse.Namespace) -> None:
    """Grows the index by a step, or measures it once it has the size.

    Raises:
        InputError: the questions cannot be read, or a command that is measured fails.
        StoreError: the index cannot be opened.
    """
    vectors = options.out / "vectors"
    there = 0
    if (vectors / "CURRENT").exists():
        with closing(Store(vectors).current()) as generation:
            there = len(generation)
    if there < options.chunks:
        _print_run(options, there, min(options.chunks - there, options.step))
    else:
        _print_searches(options)
        _print_edit(options)


class Clock:
    """Takes the progress of an index run and tells how much of the processor each stage took."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._stage, self._began = "", time.process_time()

    def __call__(self, progress: Progress) -> None:
        if progress.stage != self._stage:
            self.end()
            self._stage = progress.stage

    def end(self) -> None:
        """Ends the stage that runs."""
        now = time.process_time()
        if self._stage:
            self.seconds[self._stage] = self.seconds.get(self._stage, 0.0) + now - self._began
        self._began = now


def _print_run(options: argparse.Namespace, there: int, added: int) -> None:
    """Adds articles to the corpus and indexes it."""
    corpus = options.out / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    number = len(list(corpus.iterdir()))
    with closing(Store(options.vectors).current()) as source:
        with gzip.open(corpus / f"part-{number}.jsonl.gz", "wt", encoding="utf-8", compresslevel=1) as file:
            for record in recombined(list(source.articles()), added, seed=number, name=f"part-{number}"):
                file.write(json.dumps(record, ensure_ascii=False) + "\n")
        clock = Clock()
        report = build_index(
            Settings(corpus=corpus, vectors=options.out / "vectors"), clock, embedder=CopyingEmbedder(source)
        )
        clock.end()
    counts = report.counts
    print(f"{there:,} → {counts.chunks:,} chunks, {counts.articles:,} articles, {report.seconds:.0f} s by the clock\n")
    print_table(["stage", "core-s"], [[stage, f"{taken:.1f}"] for stage, taken in clock.seconds.items()])
    store = Store(options.out / "vectors")
    files = sorted(store.folder_of(store.current_id()).iterdir(), key=lambda path: -path.stat().st_size)
    total = sum(path.stat().st_size for path in files)
    largest = ", ".join(f"{path.name} {path.stat().st_size / 1e6:.0f}" for path in files[:6])
    print(f"\non disk {total / 1e6:.0f} MB: {largest}")
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB, the copied index's with it")
    if report.counts.chunks < options.chunks:
        print("start it again to go on")


def _print_searches(options: argparse.Namespace) -> None:
    """Times whole searches, one after the other."""
    with closing(Library.open(Settings(vectors=options.out / "vectors"))) as library:
        with closing(Store(options.out / "vectors").current()) as generation:
            asked = questions_of(options.questions, generation, options.searches)
        for question in asked[:_WARM]:
            library.search(question)
        taken = []
        for question in asked:
            began = time.process_time()
            library.search(question)
            taken.append(time.process_time() - began)
    print(f"search, one at a time, core-ms p50 · p95: {latency(taken)}; {len(asked)} questions")


def _print_edit(options: argparse.Namespace) -> None:
    """Indexes again after one edit, as a cold command."""
    edit_one(options.out / "corpus" / "part-0.jsonl.gz")
    command = [
        sys.executable,
        "-m",
        "rag",
        "index",
        str(options.out / "corpus"),
        "--vectors",
        str(options.out / "vectors"),
    ]
    before = _children_seconds()
    ended = timed_run(command, {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])})
    taken = _children_seconds() - before
    print(f"wenbao index after one edit: {taken:.1f} core-s, {ended.seconds:.1f} s, peak memory {ended.peak:.0f} MB")


def _children_seconds() -> float:
    """Seconds of the processor that children took which have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    raise SystemExit(main())
