"""Speed and memory at a size of your choice: an index is grown to it, searched, served and indexed again.

    python -m bench.scale --vectors DIR --out DIR [--chunks 100000] [--questions QUESTIONS.jsonl[.gz]]
                          [--corpus PATH] [--searches 1000] [--asks 300] [--types]

OUT gets a copy of the index in `--vectors` with articles added that are made of the corpus's own sentences (see
growing.py), and its corpus; an OUT of an earlier run is measured as it is. Each line of QUESTIONS has a `question`;
without them the openings of sentences are asked. *Long* queries are passages of 60 to 120 characters, and of many of
those the ones whose words are the commonest. `--types` compares FAISS's index types on the vectors. Memory is that of
a real `wenbao serve`, and of real `wenbao index` runs; for those one article of OUT is edited. Growing to 100,000 takes
two minutes, the rest two more, and `--types` five.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import httpx
import numpy as np

from bench.common import SEED, at_least_one, draw, latency, print_table, read_questions, run
from bench.growing import ADDED, grow
from bench.index_types import compare_types
from bench.memory import Memory, memory_of, timed_run
from rag.embedding.base import Embedder
from rag.embedding.model import open_embedder
from rag.errors import InputError
from rag.index.storage.generation import Generation
from rag.index.storage.store import Store
from rag.index.text.terms import terms
from rag.library import Library
from rag.settings import Settings

LONG = (60, 120)
"""Characters of a long query."""
WARM = 20
"""Queries before those that are timed."""
_PATIENCE_S = 120


def main(arguments: Sequence[str] | None = None) -> int:
    """Measures and prints; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.scale", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--vectors", type=Path, required=True, help="folder that holds the index to start from")
    parser.add_argument("--out", type=Path, required=True, help="folder for the grown index and its corpus")
    parser.add_argument("--corpus", type=Path, help="what the index was built from (where the index says)")
    parser.add_argument("--chunks", type=at_least_one, default=100_000, help="chunks to grow to (100000)")
    parser.add_argument("--questions", type=Path, help="lines with a `question`")
    parser.add_argument("--searches", type=at_least_one, default=1000, help="searches that are timed (1000)")
    parser.add_argument("--asks", type=at_least_one, default=300, help="questions that are answered (300)")
    parser.add_argument("--types", action="store_true", help="compare FAISS's index types, which takes minutes")
    options = parser.parse_args(arguments)
    return run(lambda: measure(options))


def measure(options: argparse.Namespace) -> None:
    """Grows the index unless it is there, and prints the tables.

    Raises:
        InputError: the questions cannot be read, or a command that is measured fails.
        StoreError: the index cannot be opened.
        ModelError: the model cannot be used.
    """
    vectors = options.out / "vectors"
    if not vectors.exists():
        report = grow(options.vectors, options.corpus, options.out, options.chunks)
        print(f"grown in {report.seconds:.0f} s\n")
    with closing(Store(vectors).current()) as generation:
        counts = generation.counts
        print(f"{counts.articles:,} articles, {counts.chunks:,} chunks, {counts.characters:,} characters\n")
        asked = questions_of(options.questions, generation, max(options.searches, options.asks))
        long = long_queries(generation, options.searches)
        if options.types:
            embedder = open_embedder("bundled")
            print_table(*compare_types(generation, embedder.embed_queries(asked[:200])))
            print()
    _print_latency(vectors, asked, long, options.asks)
    _print_serving(vectors, asked, options.searches, options.asks)
    _print_runs(options.out)


def questions_of(path: Path | None, generation: Generation, limit: int) -> list[str]:
    """A fixed draw of questions, else of the openings of articles."""
    if path is not None:
        return [one.question for one in read_questions(path, limit)[0]]
    return [article.text[:20] for article in draw(list(generation.articles()), limit) if article.text]


def long_queries(generation: Generation, limit: int) -> list[str]:
    """Passages of the articles, and of many of them the tenth whose words stand in the most chunks."""
    random = np.random.default_rng(SEED)
    passages: list[str] = []
    for article in draw(list(generation.articles()), 10 * limit):
        size = int(random.integers(*LONG, endpoint=True))
        start = int(random.integers(max(len(article.text) - size, 0) + 1))
        passages.append(article.text[start : start + size])
    passages = [passage for passage in passages if len(passage.strip()) >= LONG[0]]

    def postings(passage: str) -> int:
        return int(generation.words.document_frequency(list(set(terms(passage)))).sum())

    worst = sorted(passages, key=postings, reverse=True)[: max(len(passages) // 10, 1)]
    return [*passages[: limit // 2], *worst[: limit // 2]]


def _print_latency(vectors: Path, asked: Sequence[str], long: Sequence[str], asks: int) -> None:
    """Times the parts of a search, whole searches and answers, one after the other in this process."""
    library = Library.open(Settings(vectors=vectors))
    with closing(Store(vectors).current()) as generation, closing(library):
        embedder = open_embedder("bundled")
        parts: dict[str, list[float]] = {}
        for kind, queries in (("", asked), (", long queries", long)):
            for query in queries[:WARM]:
                library.search(query)
            for query in queries:
                times = _times_of_parts(query, library, generation, embedder)
                for part, taken in times.items():
                    parts.setdefault(f"{part}{kind}", []).append(taken)
        for question in asked[:asks]:
            parts.setdefault("ask", []).append(_time_of(library.ask, question))
    print_table(
        ["one at a time", "times", "ms p50 · p95", "ms max"],
        [[part, f"{len(taken)}", latency(taken), f"{1000 * max(taken):.0f}"] for part, taken in parts.items()],
    )
    print()


def _print_serving(vectors: Path, asked: Sequence[str], searches: int, asks: int) -> None:
    """Serves the index in a process of its own and looks at its memory on the way."""
    with serving(vectors) as (pid, client):
        stages: dict[str, Memory] = {"ready": memory_of(pid)}

        def call(path: str, body: dict[str, object]) -> None:
            reply = client.post(path, json=body)
            if reply.status_code != httpx.codes.OK:
                raise InputError(f"{path} was answered with {reply.status_code}: {reply.text[:300]}")

        call("/v1/ask", {"question": asked[0]})
        stages["one question answered"] = memory_of(pid)
        for number in range(searches):
            call("/v1/search", {"query": asked[number % len(asked)]})
        stages[f"{searches} searches"] = memory_of(pid)
        for number in range(asks):
            call("/v1/ask", {"question": asked[number % len(asked)]})
        stages[f"and {asks} questions"] = last = memory_of(pid)
    print_table(
        ["a server's memory, MB", "resident", "its own", "files, mapped"],
        [[stage, f"{one.resident:.0f}", f"{one.private:.0f}", f"{one.mapped:.0f}"] for stage, one in stages.items()],
    )
    largest = sorted(last.files.items(), key=lambda file: -file[1])[:6]
    print(f"\nof the files at the end: {', '.join(f'{name} {size:.0f}' for name, size in largest)}\n")


def _times_of_parts(query: str, library: Library, generation: Generation, embedder: Embedder) -> dict[str, float]:
    """Seconds of each part of a search by itself, and of the whole."""
    vector = embedder.embed_query(query)
    return {
        "the query's vector": _time_of(embedder.embed_query, query),
        "200 nearest vectors": _time_of(generation.vectors.search, vector, 200),
        "200 best by keywords": _time_of(lambda: generation.words.search(terms(query), 200)),
        "search, all of it": _time_of(library.search, query),
    }


def _time_of(work: Callable[..., object], *arguments: object) -> float:
    began = time.perf_counter()
    work(*arguments)
    return time.perf_counter() - began


@contextmanager
def serving(vectors: Path) -> Iterator[tuple[int, httpx.Client]]:
    """A running `wenbao serve`: its process id, and a client of it once the index is loaded.

    Raises:
        InputError: it ended, or was not ready in time.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "rag", "serve", "--vectors", str(vectors), "--port", str(port)]
    process = subprocess.Popen(command, env=_environment(), stderr=subprocess.DEVNULL)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=_PATIENCE_S) as client:
            _wait(process, client)
            yield process.pid, client
    finally:
        process.terminate()
        process.wait()


def _wait(process: subprocess.Popen[bytes], client: httpx.Client) -> None:
    end = time.monotonic() + _PATIENCE_S
    while process.poll() is None and time.monotonic() < end:
        try:
            if client.get("/readyz").status_code == httpx.codes.OK:
                return
        except httpx.TransportError:
            pass  # it does not listen yet
        time.sleep(0.1)
    raise InputError("`wenbao serve` did not get ready", hint="Run it by hand over the same --vectors to see why.")


def _print_runs(out: Path) -> None:
    """Indexes again, unchanged and after one edit, each as a cold command."""
    command = [sys.executable, "-m", "rag", "index", str(out / "corpus"), "--vectors", str(out / "vectors")]
    rows = []
    for what, change in (("nothing changed", None), ("one article edited", edit_one)):
        if change is not None:
            change(out / "corpus" / ADDED)
        ended = timed_run(command, _environment())
        rows.append([what, f"{ended.seconds:.1f}", f"{ended.peak:.0f}"])
    print_table(["wenbao index", "s", "peak memory, MB"], rows)


def edit_one(path: Path) -> None:
    """Changes one sentence of one record in the middle of a corpus file."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        lines = file.readlines()
    middle = len(lines) // 2
    record = json.loads(lines[middle])
    lines[middle] = json.dumps({**record, "text": f"{record['text']}这一句是{len(record['text'])}字之后加的。"}) + "\n"
    with gzip.open(path, "wt", encoding="utf-8", compresslevel=1) as file:
        file.writelines(lines)


def _environment() -> dict[str, str]:
    """This process's, with the checkout that this module is part of found first."""
    return {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}


if __name__ == "__main__":
    raise SystemExit(main())
