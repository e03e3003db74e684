"""A server under load: what HTTP adds, what many callers at once get of the machine, and what stays in memory.

    python -m bench.load --vectors DIR [--questions QUESTIONS.jsonl[.gz]] [--clients 32] [--seconds 120]
                         [--reindex CORPUS] [--rest 60] [--workers 1]

One run starts a real `wenbao serve` and measures, in turns: each question over HTTP and of the library called directly,
one at a time; the library called directly from two threads, before and after all else; `--clients` kept connections
that search without a pause. With `--reindex` copies of the index and of its corpus are served; a record of the copy is
edited and `POST /v1/index` called a quarter into the load. Callers and server share the machine, so the processor time
of the callers is told beside the throughput. Each line of QUESTIONS has a `question`; without them the openings of
articles are asked. The table says what the targets are and whether they are met; the exit status does not. Linux only.
"""

from __future__ import annotations

import argparse
import os
import threading
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench.callers import Call, Calls, call_each, call_for, search_calls
from bench.common import at_least_one, print_table, run
from bench.memory import Memory, memory_of_all, processes_of
from bench.scale import questions_of
from bench.served import Cores, Refresh, material, refreshing, serving
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
DRAWN = 1000
"""Questions drawn, asked over and over."""
MOST_OVERHEAD_MS, MOST_TAIL, LEAST_SHARE, MOST_GROWTH = 5.0, 25.0, 0.8, 0.05
"""The targets: HTTP's part of a search, p99 under load by p50 alone, throughput by the library's, memory's change."""


@dataclass(frozen=True, slots=True)
class Figures:
    """What one run has measured."""

    http: list[float]
    library: list[float]
    """Seconds of a search, one at a time, the same questions in the same order."""
    rates: tuple[float, float]
    """Searches a second of the library called from `THREADS` threads, before the load and after it."""
    load: Calls
    cores: Cores
    """What took processor time under load."""
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
    parser.add_argument("--workers", type=at_least_one, default=1, help="processes of the server that answer (1)")
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
        queries, counts = questions_of(options.questions, generation, DRAWN), generation.counts
    print(f"{counts.articles:,} articles, {counts.chunks:,} chunks, {len(queries):,} questions\n")
    before = os.getloadavg()[0]
    with (
        material(options.vectors, options.reindex) as (vectors, corpus),
        serving(vectors, corpus, options.workers) as (pid, port),
    ):
        memory = {"ready": _memory(pid)}
        address = ("127.0.0.1", port)
        calls = search_calls(*address, queries)
        with closing(Library.open(Settings(vectors=vectors, watch=False))) as library:
            http, direct = one_at_a_time(port, calls, library, options.singly)
            stretch = max(options.seconds / 6, 1.0)
            first = rate(library, queries, stretch)
            # Files come into memory where they are read, and threads stay: both for the same questions, asked at once.
            call_for(address, calls, options.clients, count=len(calls))
            memory["before the load"] = _memory(pid)
            cores = Cores.now(pid)
            with refreshing(port, options.seconds / 4 if corpus else None) as refreshes:
                load = call_for(address, calls, options.clients, options.seconds)
                memory["right after it"] = _memory(pid)
            cores = Cores.now(pid) - cores
            second = rate(library, queries, stretch)
        time.sleep(options.rest)
        memory[f"{options.rest} s later"] = _memory(pid)
    refresh = refreshes[0] if refreshes else None
    return Figures(http, direct, (first, second), load, cores, refresh, memory, (before, os.getloadavg()[0]))


def _memory(pid: int) -> Memory:
    return memory_of_all(processes_of(pid))


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


def tell(figures: Figures, clients: int) -> None:
    """Prints the figures, those with a target first."""
    load, cores, alone = figures.load, figures.cores, _ms(figures.http, 50)
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
    shares = (f"{seconds / load.elapsed:.2f}" for seconds in (cores.server, cores.callers, cores.others))
    print("Cores taken under load, of {}: server {}, callers {}, others {}.".format(os.cpu_count(), *shares))
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


def _percentiles(seconds: Sequence[float]) -> list[str]:
    if not seconds:
        return ["—"] * 4
    return [f"{_ms(seconds, share):.1f}" for share in (50, 95, 99, 100)]


def _ms(seconds: Sequence[float], share: float) -> float:
    """A percentile in milliseconds; not a number where there is nothing."""
    return float(np.percentile(1000 * np.asarray(seconds), share)) if len(seconds) else float("nan")


if __name__ == "__main__":
    raise SystemExit(main())
