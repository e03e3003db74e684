"""A server under load: what HTTP adds, what many callers at once get of the machine, and what stays in memory.

    python -m bench.load --vectors DIR [--questions QUESTIONS.jsonl[.gz]] [--clients 32] [--seconds 120]
                         [--reindex CORPUS] [--rest 60]

One run starts a real `wenbao serve` and measures, in turns: each question over HTTP and of the library called directly,
one at a time; the library called directly from two threads, before and after all else; `--clients` kept connections
that search without a pause. With `--reindex` copies of the index and of its corpus are served; a record of the copy is
edited and `POST /v1/index` called a quarter into the load. Callers and server share the machine, so the processor time
of the callers is told beside the throughput. Each line of QUESTIONS has a `question`; without them the openings of
articles are asked. The table says what the targets are and whether they are met; the exit status does not. Linux only.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import numpy as np

from bench.callers import Call, Calls, call_each, call_for, search_calls
from bench.common import at_least_one, print_table, read_lines, run
from bench.memory import Memory, memory_of
from bench.scale import questions_of
from rag.errors import InputError
from rag.index.storage.store import Store
from rag.library import Library
from rag.settings import Settings

SINGLY = 300
"""Questions asked one at a time."""
WARM = 30
"""Searches before those that are timed, on each side."""
THREADS = 2
"""Threads that call the library."""
DRAWN = 2000
"""Questions drawn, asked over and over."""
MOST_OVERHEAD_MS, MOST_TAIL, LEAST_SHARE, MOST_GROWTH = 5.0, 25.0, 0.8, 0.05
"""The targets: HTTP's share of a search, p99 under load by p50 without, throughput by the library's, memory's growth."""
_PATIENCE_S = 120.0
_LOOK_S = 0.5


@dataclass(frozen=True, slots=True)
class Refresh:
    """An index job that ran while the server was searched."""

    began: float
    ended: float
    """Both on `time.perf_counter`'s clock."""
    state: str
    embedded: int
    """Passages that it embedded."""


@dataclass(frozen=True, slots=True)
class Figures:
    """What one run has measured."""

    http: list[float]
    library: list[float]
    """Seconds of a search, one at a time, the same questions in the same order."""
    rates: tuple[float, float]
    """Searches a second of the library called from `THREADS` threads, before the load and after it."""
    load: Calls
    server_cpu: float
    """Seconds of processor time that the server took under load; index jobs are not among them."""
    refresh: Refresh | None
    memory: dict[str, Memory]
    busy: tuple[float, float]
    """The system's load average before and after all."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measures and prints; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.load", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--vectors", type=Path, required=True, help="folder that holds the index")
    parser.add_argument("--questions", type=Path, help="lines with a `question`")
    parser.add_argument("--clients", type=at_least_one, default=32, help="connections that search at once (32)")
    parser.add_argument("--seconds", type=at_least_one, default=120, help="how long they do (120)")
    parser.add_argument("--reindex", type=Path, metavar="CORPUS", help="also refresh the index, of this corpus")
    parser.add_argument("--rest", type=int, default=60, help="seconds until memory is looked at again (60)")
    parser.add_argument("--singly", type=at_least_one, default=SINGLY, help=f"searches one at a time ({SINGLY})")
    options = parser.parse_args(arguments)
    return run(lambda: tell(measure(options), options.clients))


def measure(options: argparse.Namespace) -> Figures:
    """One run.

    Raises:
        InputError: the questions or the corpus cannot be used, or the server does not get ready or does not answer.
        StoreError: the index cannot be opened.
        ModelError: the model cannot be used.
    """
    with closing(Store(options.vectors).current()) as generation:
        queries = questions_of(options.questions, generation, DRAWN)
        print(
            f"{generation.counts.articles:,} articles, {generation.counts.chunks:,} chunks, {len(queries):,} questions\n"
        )
    before = os.getloadavg()[0]
    with material(options.vectors, options.reindex) as (vectors, corpus), serving(vectors, corpus) as (pid, port):
        memory = {"ready": memory_of(pid)}
        calls = search_calls("127.0.0.1", port, queries)
        with closing(Library.open(Settings(vectors=vectors, watch=False))) as library:
            http, direct = one_at_a_time(port, calls, library, options.singly)
            stretch = max(options.seconds / 6, 1.0)
            first = rate(library, queries, stretch)
            # What every thread of a server holds for good is there only after a moment of many calls at once.
            call_for(("127.0.0.1", port), calls, options.clients, max(options.seconds / 12, 1.0))
            memory["before the load"] = memory_of(pid)
            used = cpu_of(pid)
            with refreshing(port, options.seconds / 4 if corpus else None) as refreshes:
                load = call_for(("127.0.0.1", port), calls, options.clients, options.seconds)
            used = cpu_of(pid) - used
            memory["right after it"] = memory_of(pid)
            second = rate(library, queries, stretch)
        time.sleep(options.rest)
        memory[f"{options.rest} s later"] = memory_of(pid)
    refresh = refreshes[0] if refreshes else None
    return Figures(http, direct, (first, second), load, used, refresh, memory, (before, os.getloadavg()[0]))


def one_at_a_time(port: int, calls: Sequence[Call], library: Library, count: int) -> tuple[list[float], list[float]]:
    """Seconds of each search over HTTP and of the library, in turns, so that both have the same neighbours."""
    http, direct = [], []
    asked = [calls[number % len(calls)] for number in range(WARM + count)]
    try:
        for call, took in zip(asked, call_each(("127.0.0.1", port), asked), strict=True):
            http.append(took)
            began = time.perf_counter()
            library.search(call.query)
            direct.append(time.perf_counter() - began)
    except ConnectionError as error:
        raise InputError(f"a search was not answered as it should be: {error}") from error
    return http[WARM:], direct[WARM:]


def rate(library: Library, queries: Sequence[str], seconds: float) -> float:
    """Searches a second of a library called from `THREADS` threads without a pause."""
    end = time.perf_counter() + seconds
    counts = [0] * THREADS

    def search(thread: int) -> None:
        number = thread
        while time.perf_counter() < end:
            library.search(queries[number % len(queries)])
            counts[thread] += 1
            number += THREADS

    threads = [threading.Thread(target=search, args=(thread,)) for thread in range(THREADS)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / (time.perf_counter() - began)


@contextmanager
def refreshing(port: int, after: float | None) -> Iterator[list[Refresh]]:
    """Starts an index job some seconds into the block, and lists it at the end of the block; None starts none.

    Raises:
        InputError: the job was not started, or had not ended in time.
    """
    told: list[Refresh] = []
    problems: list[str] = []

    def refresh() -> None:
        time.sleep(after or 0)
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=_PATIENCE_S) as client:
                told.append(_refresh(client))
        except (httpx.HTTPError, InputError) as error:
            problems.append(str(error))

    thread = threading.Thread(target=refresh)
    if after is not None:
        thread.start()
    yield told
    if after is not None:
        thread.join()
    if problems:
        raise InputError(f"the index was not refreshed: {problems[0]}", hint="Look at GET /v1/index of a server.")


def _refresh(client: httpx.Client) -> Refresh:
    began = time.perf_counter()
    started = client.post("/v1/index")
    if started.status_code != httpx.codes.ACCEPTED:
        raise InputError(f"POST /v1/index was answered with {started.status_code}: {started.text[:300]}")
    while time.perf_counter() < began + _PATIENCE_S:
        time.sleep(_LOOK_S)
        status = client.get("/v1/index").json()
        if status.get("job") is None or status["job"]["state"] != "running":
            last = status.get("job") or status["last_job"]
            report = last.get("report") or {}
            return Refresh(began, time.perf_counter(), last["state"], report.get("embedded", 0))
    raise InputError(f"the job had not ended after {_PATIENCE_S:g} s")


@contextmanager
def material(vectors: Path, corpus: Path | None) -> Iterator[tuple[Path, Path | None]]:
    """The index and the corpus to serve: as they are without a corpus, else copies, with a record edited.

    Raises:
        InputError: the corpus has no file of records.
    """
    if corpus is None:
        yield vectors, None
        return
    with tempfile.TemporaryDirectory() as folder:
        copied, records = Path(folder, "vectors"), Path(folder, "corpus")
        shutil.copytree(vectors, copied)
        if corpus.is_dir():
            shutil.copytree(corpus, records)
        else:
            records = Path(folder, corpus.name)
            shutil.copy(corpus, records)
        edit_largest(records)
        yield copied, records


def edit_largest(corpus: Path) -> Path:
    """Adds a sentence to the middle record of the largest file of records of a corpus, and names the file.

    Raises:
        InputError: there is no such file.
    """
    files = [file for file in ([corpus] if corpus.is_file() else corpus.rglob("*")) if file.is_file()]
    files = [file for file in files if file.name.endswith((".jsonl", ".jsonl.gz"))]
    if not files:
        raise InputError(f"no file of records in {corpus}", hint="Give a corpus with a .jsonl or .jsonl.gz file.")
    largest = max(files, key=lambda file: (file.stat().st_size, file.name))
    records = list(read_lines(largest))
    middle = records[len(records) // 2]
    middle["text"] = f"{middle['text']}这一句是{len(middle['text'])}字之后加的。"
    content = "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records).encode()
    largest.write_bytes(gzip.compress(content, compresslevel=1) if largest.suffix == ".gz" else content)
    return largest


@contextmanager
def serving(vectors: Path, corpus: Path | None) -> Iterator[tuple[int, int]]:
    """A running `wenbao serve` that does not watch its corpus: its process id and its port, once it is ready.

    Raises:
        InputError: it ended, or was not ready in time.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "rag", "serve", "--vectors", str(vectors), "--port", str(port)]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1]), "WENBAO_WATCH": "false"}
    if corpus is not None:
        environment["WENBAO_CORPUS"] = str(corpus)
    process = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
    try:
        _wait(process, f"http://127.0.0.1:{port}/readyz")
        yield process.pid, port
    finally:
        process.terminate()
        process.wait()


def _wait(process: subprocess.Popen[bytes], address: str) -> None:
    end = time.monotonic() + _PATIENCE_S
    while process.poll() is None and time.monotonic() < end:
        try:
            if httpx.get(address).status_code == httpx.codes.OK:
                return
        except httpx.TransportError:
            pass  # it does not listen yet
        time.sleep(0.1)
    raise InputError("`wenbao serve` did not get ready", hint="Run it by hand over the same --vectors to see why.")


def cpu_of(pid: int) -> float:
    """Seconds of processor time that a process has taken, its threads' together."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def tell(figures: Figures, clients: int) -> None:
    """Prints the figures, those with a target first."""
    load, alone = figures.load, _ms(figures.http, 50)
    library = sum(figures.rates) / len(figures.rates)
    print_table(["", "measured", "target", "met"], _judged(figures, alone, library))
    print()
    rows = [
        ["one at a time, HTTP", f"{len(figures.http)}", *_percentiles(figures.http), ""],
        ["one at a time, the library", f"{len(figures.library)}", *_percentiles(figures.library), ""],
        [f"{clients} clients", f"{len(load.seconds)}", *_percentiles(load.seconds), f"{load.per_second:.0f}"],
    ]
    if figures.refresh is not None:
        inside = [figures.refresh.began <= end <= figures.refresh.ended for end in load.ended]
        for what, wanted in (("while the index is refreshed", True), ("the rest of the time", False)):
            seconds = [took for took, within in zip(load.seconds, inside, strict=True) if within is wanted]
            length = figures.refresh.ended - figures.refresh.began
            length = length if wanted else load.elapsed - length
            rows.append([what, f"{len(seconds)}", *_percentiles(seconds), f"{len(seconds) / length:.0f}"])
    print_table(["searches", "count", "p50, ms", "p95", "p99", "max", "a second"], rows)
    print(
        f"\nThe library from {THREADS} threads: {figures.rates[0]:.0f} a second before, {figures.rates[1]:.0f} after."
    )
    print(
        f"Processor time under load: server {figures.server_cpu / load.elapsed:.2f} cores "
        f"({_each(figures.server_cpu, load)} a search), callers {load.client_cpu / load.elapsed:.2f} "
        f"({_each(load.client_cpu, load)}), of {os.cpu_count()}."
    )
    if figures.refresh is not None:
        took = figures.refresh.ended - figures.refresh.began
        print(f"Refresh: {figures.refresh.state}, {figures.refresh.embedded} passages embedded, {took:.1f} s.")
    for error in load.errors[:5]:
        print(f"error: {error}")
    print(f"Load average {figures.busy[0]:.1f} before and {figures.busy[1]:.1f} after.\n")
    print_table(
        ["the server's memory, MB", "resident", "its own", "files, mapped"],
        [[at, f"{one.resident:.0f}", f"{one.private:.0f}", f"{one.mapped:.0f}"] for at, one in figures.memory.items()],
    )


def _judged(figures: Figures, alone: float, library: float) -> list[list[str]]:
    """The rows of the figures that have a target."""
    load = figures.load
    overhead, tail = alone - _ms(figures.library, 50), _ms(load.seconds, 99) / alone
    share = load.per_second / library
    *_, before, after, later = figures.memory.values()
    growths = [one.resident / before.resident - 1 for one in (after, later)]
    refreshed = figures.refresh is None or figures.refresh.state == "succeeded"
    return [
        [
            "HTTP's overhead at p50",
            f"{overhead:.1f} ms",
            f"≤ {MOST_OVERHEAD_MS:g} ms",
            _met(overhead <= MOST_OVERHEAD_MS),
        ],
        [f"errors of {len(load.seconds):,} searches", f"{len(load.errors)}", "0", _met(not load.errors and refreshed)],
        ["p99 under load by p50 alone", f"{tail:.1f}", f"≤ {MOST_TAIL:g}", _met(tail <= MOST_TAIL)],
        ["searches a second by the library's", f"{share:.2f}", f"≥ {LEAST_SHARE:g}", _met(share >= LEAST_SHARE)],
        [
            "memory right after, and later",
            " · ".join(f"{growth:+.1%}" for growth in growths),
            f"within {MOST_GROWTH:.0%}",
            _met(all(abs(growth) <= MOST_GROWTH for growth in growths)),
        ],
    ]


def _met(is_met: bool) -> str:
    return "yes" if is_met else "**no**"


def _each(seconds: float, load: Calls) -> str:
    return f"{1000 * seconds / max(len(load.seconds), 1):.2f} ms"


def _percentiles(seconds: Sequence[float]) -> list[str]:
    if not seconds:
        return ["—"] * 4
    return [f"{_ms(seconds, share):.1f}" for share in (50, 95, 99, 100)]


def _ms(seconds: Sequence[float], share: float) -> float:
    """A percentile in milliseconds; not a number where there is nothing."""
    return float(np.percentile(1000 * np.asarray(seconds), share)) if len(seconds) else float("nan")


if __name__ == "__main__":
    raise SystemExit(main())
