"""One step of one library, in a process of its own: `python -m bench.peers.worker '{"step": …}'`.

The reply is one line of JSON behind a mark, since libraries print what they like. The parent's clock stops at that
line, so leaving the process costs nobody anything.
"""

from __future__ import annotations

import importlib
import json
import sys
import time
from collections.abc import Callable, Collection
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

from bench.peers.engines.base import Engine, TorchModel, Vectors, batches, read_passages

MARK = "RESULT "
PROGRESS = "... "
DEPTH = 10
"""Articles that a question's right one may stand among."""
PASSAGES_ASKED = 30
"""Passages fetched for that, as several may be of one article."""
UNTIMED = 3
"""Questions asked before the clock runs."""
EMBEDDED_AT_ONCE = 512

Reply = dict[str, Any]


def main() -> None:
    """Does the step that the argument names."""
    asked = json.loads(sys.argv[1])
    reply = STEPS[asked["step"]](asked)
    print(MARK + json.dumps(reply), flush=True)


def engine_of(asked: Reply) -> Engine:
    """The library that is asked for, over its folder."""
    module = importlib.import_module(f"bench.peers.engines.{asked['module']}")
    made: Engine = module.make(Path(asked["folder"]), Path(asked["model"]), asked["variant"])
    return made


def build(asked: Reply) -> Reply:
    """Indexes; seconds without the loading of libraries and model."""
    passages = read_passages(Path(asked["passages"]))
    vectors = read_vectors(Path(asked["vectors"])) if asked.get("vectors") else None
    engine = engine_of(asked)
    if vectors is None:
        engine.load_model()
    began = time.perf_counter()
    engine.build(passages, vectors)
    seconds = time.perf_counter() - began
    return {"seconds": seconds, "passages": len(passages), "peak_mb": peak_megabytes()}


def query(asked: Reply) -> Reply:
    """Asks every question; ranks of the first right article, seconds each, peak memory of opening and asking."""
    with Path(asked["questions"]).open(encoding="utf-8") as file:
        questions = [json.loads(line) for line in file]
    engine = engine_of(asked)
    engine.open()
    for one in questions[:UNTIMED]:
        engine.search(one["question"], PASSAGES_ASKED)
    ranks, seconds = [], []
    for one in questions:
        began = time.perf_counter()
        found = engine.search(one["question"], PASSAGES_ASKED)
        seconds.append(time.perf_counter() - began)
        ranks.append(rank_of(set(one["articles"]), found))
    return {"ranks": ranks, "seconds": seconds, "peak_mb": peak_megabytes()}


def cold(asked: Reply) -> Reply:
    """Opens the index and answers one question; the parent's clock is what counts. The rank of `article`, if named."""
    engine = engine_of(asked)
    engine.open()
    found = engine.search(asked["question"], PASSAGES_ASKED)
    return {"rank": rank_of({asked.get("article")}, found)}


def edit(asked: Reply) -> Reply:
    """Opens the index and replaces the passages of one article; the parent's clock is what counts."""
    passages = read_passages(Path(asked["passages"]))
    engine = engine_of(asked)
    engine.open()
    engine.replace(passages[0].article, passages)
    return {"passages": len(passages)}


def embed(asked: Reply) -> Reply:
    """Embeds passages with sentence-transformers, in parts that are kept; parts that are there are not made again."""
    passages = read_passages(Path(asked["passages"]))
    folder = Path(asked["vectors"])
    folder.mkdir(parents=True, exist_ok=True)
    model, made = None, 0
    for number, part in enumerate(batches(passages, EMBEDDED_AT_ONCE)):
        path = folder / f"{number:05}.npy"
        if path.exists():
            continue
        model = model or TorchModel(Path(asked["model"]))
        vectors = model.embed_passages([one.text for one in part])
        np.save(path.with_suffix(".part.npy"), vectors)
        path.with_suffix(".part.npy").rename(path)
        made += len(part)
        print(f"{PROGRESS}{number * EMBEDDED_AT_ONCE + len(part)} of {len(passages)} passages embedded", flush=True)
    return {"passages": len(passages), "made": made}


def versions(asked: Reply) -> Reply:
    """Versions of distributions; None for what is not installed."""
    found: Reply = {"python": sys.version.split()[0]}
    for name in asked["packages"]:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = None
    return found


def read_vectors(folder: Path) -> Vectors:
    """(n, d), of the parts that `embed` kept."""
    vectors: Vectors = np.concatenate([np.load(path) for path in sorted(folder.glob("?????.npy"))])
    return vectors


def rank_of(right: Collection[str | None], found: list[str]) -> int | None:
    """Rank of the first right article among the first `DEPTH`, each counted once at its best passage."""
    order = list(dict.fromkeys(found))[:DEPTH]
    return next((rank for rank, article in enumerate(order, start=1) if article in right), None)


def peak_megabytes() -> float:
    """The most memory this process has held, in 10⁶ bytes."""
    try:
        # The mark that getrusage keeps is handed down by the parent process; this one is not.
        status = Path("/proc/self/status").read_text(encoding="ascii")
        return int(status.partition("VmHWM:")[2].split()[0]) * 1024 / 1e6
    except (OSError, IndexError):
        import resource

        unit = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


STEPS: dict[str, Callable[[Reply], Reply]] = {
    "build": build,
    "query": query,
    "cold": cold,
    "edit": edit,
    "embed": embed,
    "versions": versions,
}

if __name__ == "__main__":
    main()
