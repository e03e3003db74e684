"""How the indexes grow: FAISS's types and the keyword index at a number of rows, from 10,000 to some millions.

    python -m bench.sizes --vectors DIR --out DIR --rows N
                          [--kinds exact hnsw ivf words] [--questions QUESTIONS.jsonl[.gz]]

Rows are made of those of the index in `--vectors`: a vector is one of its vectors, moved by half the difference of two
others, so they are spread as real ones are and none is there twice; the words of a row are those of one of its rows.
Each kind is built in a process of its own and searched in another, with the questions, or the openings of articles,
one at a time on one core; the time is the processor's, which other work on the machine disturbs less. What is built
stays in OUT and is not built again. Graphs of a million take long: a run stops after `--seconds` of building, and the
next one goes on there.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

from bench.common import SEED, at_least_one, latency, print_table, run
from bench.scale import long_queries, questions_of
from rag.embedding.model import open_embedder
from rag.errors import InputError
from rag.index.legs.keyword_index import FILES, KeywordIndex
from rag.index.legs.vector_index import VectorIndex
from rag.index.storage.generation import Generation
from rag.index.storage.store import Store
from rag.index.text.terms import terms

KINDS = ("exact", "hnsw", "ivf", "words")
NEAREST = 200
"""Rows that a search asks for, as each leg does."""
COUNTED = 10
"""Of which so many are held against the exact ones."""
SETTINGS: dict[str, tuple[int, ...]] = {"exact": (0,), "hnsw": (64, 256, 512, 1024), "ivf": (16, 64, 256)}
"""efSearch of a graph, nprobe of lists."""
_QUESTIONS = 300
_ROWS_AT_ONCE = 8192
_TRAINED_ON = 50
"""Vectors a list that k-means sees."""

Halves = NDArray[np.float16]
Vectors = NDArray[np.float32]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measures and prints; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.sizes", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--vectors", type=Path, required=True, help="folder that holds the index to draw from")
    parser.add_argument("--out", type=Path, required=True, help="folder for what is built")
    parser.add_argument("--rows", type=at_least_one, required=True, help="rows to build")
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS), help="what to build (all)")
    parser.add_argument("--questions", type=Path, help="lines with a `question`")
    parser.add_argument("--seconds", type=float, default=420.0, help="of building in a run (420)")
    parser.add_argument("--step", choices=("build", "search"), help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    return run(lambda: _step(options) if options.step else measure(options))


def measure(options: argparse.Namespace) -> None:
    """Builds and searches each kind, and prints a table of those that are done.

    Raises:
        InputError: the questions cannot be read, or a step fails.
        StoreError: the index cannot be opened.
    """
    options.out.mkdir(parents=True, exist_ok=True)
    prepare(options)
    header = ["rows", "kind", "recall@10", "ms p50 · p95", "disk, MB", "resident, MB", "core-s to build", "peak, MB"]
    rows: list[list[str]] = []
    for kind in options.kinds:
        built = _child(options, kind, "build")
        if not built["done"]:
            print(f"{kind}: {built['rows']:,} rows after {built['seconds']:.0f} s; start it again to go on\n")
            continue
        for found in _child(options, kind, "search")["found"]:
            cells = [found["label"], found["recall"], found["ms"], f"{built['bytes'] / 1e6:.0f}", found["resident"]]
            rows.append([f"{options.rows:,}", *cells, f"{built['seconds']:.0f}", f"{built['peak']:.0f}"])
    print_table(header, rows)


def prepare(options: argparse.Namespace) -> None:
    """Writes the questions' vectors and words, the rows' vectors and the exact answers, unless they are there."""
    out, size = options.out, options.rows
    with closing(Store(options.vectors).current()) as generation:
        if not (out / "queries.npy").exists():
            asked = questions_of(options.questions, generation, _QUESTIONS)
            queries = open_embedder("bundled").embed_queries(asked)
            words = [[sorted(terms(text)) for text in kind] for kind in (asked, long_queries(generation, _QUESTIONS))]
            (out / "words.json").write_text(json.dumps(words), encoding="utf-8")
            np.save(out / "queries.npy", queries)
        if not (out / f"exact-{size}.npy").exists():
            rows = np.lib.format.open_memmap(
                out / f"rows-{size}.npy", "w+", np.float16, (size, generation.vectors.dimension)
            )
            for start, part in drawn(generation, size):
                rows[start : start + len(part)] = part
            rows.flush()
            np.save(out / f"exact-{size}.npy", nearest(rows, np.load(out / "queries.npy")))


def drawn(generation: Generation, size: int) -> Iterator[tuple[int, Vectors]]:
    """So many unit vectors that are spread like those of an index, a part at a time with where it starts."""
    known = generation.vectors.halves(np.arange(len(generation), dtype=np.int64))
    random = np.random.default_rng(SEED)
    for start in range(0, size, _ROWS_AT_ONCE):
        count = min(_ROWS_AT_ONCE, size - start)
        base, one, other = (known[random.integers(len(known), size=count)].astype(np.float32) for _ in range(3))
        moved = base + 0.5 * (one - other)
        yield start, moved / np.linalg.norm(moved, axis=1, keepdims=True)


def nearest(rows: Halves, queries: Vectors) -> NDArray[np.int64]:
    """(queries, COUNTED) the rows with the largest inner products, by full precision."""
    scores = np.full((len(queries), 0), 0, np.float32)
    found = np.zeros((len(queries), 0), np.int64)
    for start in range(0, len(rows), _ROWS_AT_ONCE):
        part = queries @ rows[start : start + _ROWS_AT_ONCE].astype(np.float32).T
        scores = np.concatenate([scores, part], axis=1)
        found = np.concatenate([found, np.tile(np.arange(start, start + part.shape[1]), (len(queries), 1))], axis=1)
        best = np.argsort(-scores, axis=1, kind="stable")[:, :COUNTED]
        scores, found = np.take_along_axis(scores, best, 1), np.take_along_axis(found, best, 1)
    return found


def _child(options: argparse.Namespace, kind: str, step: str) -> dict[str, Any]:
    """Runs a step by itself, so that its memory is its own; what it found is kept in OUT.

    Raises:
        InputError: it failed.
    """
    kept = options.out / f"{kind}-{options.rows}-{step}.json"
    if not kept.exists() or not json.loads(kept.read_text(encoding="utf-8")).get("done"):
        command = [sys.executable, "-m", "bench.sizes", "--vectors", str(options.vectors), "--out", str(options.out)]
        command += ["--rows", str(options.rows), "--kinds", kind, "--seconds", str(options.seconds), "--step", step]
        ended = subprocess.run(command, check=False, capture_output=True, text=True, env=os.environ)
        if ended.returncode:
            raise InputError(f"{step} {kind} failed: {ended.stderr.strip()[-300:]}")
    found: dict[str, Any] = json.loads(kept.read_text(encoding="utf-8"))
    return found


def _step(options: argparse.Namespace) -> None:
    [kind] = options.kinds
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # forgets the peak, which began as the parent's
    found = _built(options, kind) if options.step == "build" else _searched(options, kind)
    path = options.out / f"{kind}-{options.rows}-{options.step}.json"
    path.write_text(json.dumps(found), encoding="utf-8")


def _built(options: argparse.Namespace, kind: str) -> dict[str, Any]:
    """Builds an index, or goes on with it, and says what that took."""
    state = options.out / f"{kind}-{options.rows}-build.json"
    before = json.loads(state.read_text(encoding="utf-8")) if state.exists() else {"seconds": 0.0, "peak": 0.0}
    # On one core, and its own time counts: threads that wait for each other would count, too.
    faiss.omp_set_num_threads(1)
    began = time.process_time()
    folder = options.out / f"{kind}-{options.rows}"
    folder.mkdir(exist_ok=True)
    if kind == "words":
        with closing(Store(options.vectors).current()) as generation:
            counts = generation.words.term_counts()
        counts = counts.take(np.random.default_rng(SEED).integers(len(counts), size=options.rows))
        began = time.process_time()  # the counts of a real run come from cutting, which is measured with the rest
        KeywordIndex.build(counts).save(folder)
        rows = options.rows
    else:
        rows = _vectors_built(options, kind, folder)
    return {
        "done": rows == options.rows,
        "rows": rows,
        "seconds": before["seconds"] + time.process_time() - began,
        "peak": max(before["peak"], _peak()),
        "bytes": sum(path.stat().st_size for path in folder.iterdir()),
    }


def _vectors_built(options: argparse.Namespace, kind: str, folder: Path) -> int:
    """Adds vectors to an index of a kind until it has all, or the time is over; how many it has."""
    rows: Halves = np.load(options.out / f"rows-{options.rows}.npy", mmap_mode="r")
    if kind == "exact":
        VectorIndex.build(rows).save(folder)
        return len(rows)
    swig: Any = faiss
    path = folder / "index.faiss"
    began = time.monotonic()
    index = swig.read_index(str(path)) if path.exists() else _empty(kind, rows)
    while index.ntotal < len(rows) and time.monotonic() - began < options.seconds:
        index.add(rows[index.ntotal : index.ntotal + _ROWS_AT_ONCE].astype(np.float32))
    swig.write_index(index, str(path))
    return int(index.ntotal)


def _empty(kind: str, rows: Halves) -> Any:
    """A trained index without vectors."""
    swig: Any = faiss
    lists = lists_of(len(rows))
    factory = "HNSW32,SQfp16" if kind == "hnsw" else f"IVF{lists},SQfp16"
    index = swig.index_factory(rows.shape[1], factory, swig.METRIC_INNER_PRODUCT)
    sample = np.random.default_rng(SEED).choice(len(rows), size=min(len(rows), _TRAINED_ON * lists), replace=False)
    index.train(rows[np.sort(sample)].astype(np.float32))
    return index


def lists_of(rows: int) -> int:
    """Lists of an inverted file: four times the root of the rows, as FAISS's guidelines have it."""
    return max(int(4 * rows**0.5), 1)


def _searched(options: argparse.Namespace, kind: str) -> dict[str, Any]:
    """Searches a saved index: recall and latency at each setting, and what is resident afterwards."""
    folder = options.out / f"{kind}-{options.rows}"
    before = _resident()
    if kind == "words":
        index = KeywordIndex.open(folder)
        kinds = json.loads((options.out / "words.json").read_text(encoding="utf-8"))
        found = []
        for label, queries in zip(("words", "words, long queries"), kinds, strict=True):
            times, _ = _timed(lambda query: index.search(query, NEAREST), queries)
            found.append(
                {"label": label, "recall": "1", "ms": latency(times), "resident": f"{_resident() - before:.0f}"}
            )
        return {"done": True, "found": found, "files": list(FILES)}
    vectors = VectorIndex.open(folder)
    exact = np.load(options.out / f"exact-{options.rows}.npy")
    found = []
    for setting in SETTINGS[kind]:
        label = _set(vectors, kind, setting, options.rows)
        times, rows = _timed(lambda query: vectors.search(query, NEAREST)[0], np.load(options.out / "queries.npy"))
        recall = np.mean(
            [len(set(mine[:COUNTED].tolist()) & set(theirs.tolist())) for mine, theirs in zip(rows, exact, strict=True)]
        )
        resident = f"{_resident() - before:.0f}"
        found.append({"label": label, "recall": f"{recall / COUNTED:.3f}", "ms": latency(times), "resident": resident})
    return {"done": True, "found": found}


def _set(vectors: VectorIndex, kind: str, setting: int, rows: int) -> str:
    """Sets how hard a search tries; returns what the row is called."""
    swig: Any = faiss
    index: Any = vectors._index  # the product has no such settings
    if kind == "hnsw":
        swig.downcast_index(index).hnsw.efSearch = setting
        return f"HNSW 32, half precision, efSearch {setting}"
    if kind == "ivf":
        swig.downcast_index(index).nprobe = setting
        return f"IVF {lists_of(rows)}, half precision, nprobe {setting}"
    return "half precision in full, ours"


def _timed(search: Callable[[Any], Any], queries: Sequence[Any]) -> tuple[list[float], list[Any]]:
    """Seconds of the processor for each search, once all files are in memory, and what each found."""
    for query in queries:
        search(query)
    times, found = [], []
    for query in queries:
        began = time.thread_time()
        found.append(search(query))
        times.append(time.thread_time() - began)
    return times, found


def _peak() -> float:
    """Most megabytes of this process that were in memory at one time, mapped files included."""
    [line] = [one for one in Path("/proc/self/status").read_text(encoding="utf-8").splitlines() if "VmHWM" in one]
    return int(line.split()[1]) * 1024 / 1e6


def _resident() -> float:
    """Megabytes of this process that are in memory, mapped files included."""
    fields = Path("/proc/self/statm").read_text(encoding="utf-8").split()
    return int(fields[1]) * resource.getpagesize() / 1e6


if __name__ == "__main__":
    raise SystemExit(main())
