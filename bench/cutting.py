"""Cutting words: the cutter we use against jieba and its other twins, over the same dictionary and texts.

    python -m bench.cutting TEXTS.jsonl[.gz] [--limit 600] [--rounds 3]

Each line of TEXTS has a `text`. What is not installed is left out (`pip install jieba-fast-dat jieba-next
cppjieba-py-dat`). Times are of the processor, in this thread, the best of the rounds, so other work hardly counts; read
the ratios. *Equal* is the share of jieba's words that the other makes too.
"""

from __future__ import annotations

import argparse
import importlib
import logging
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from bench.common import at_least_one, draw, print_table, read_lines, run
from rag.errors import InputError
from rag.index.text.terms import fold

CUTTERS = ("jieba", "rjieba", "jieba_fast_dat", "jieba_next", "cppjieba_py_dat")
"""Modules with a `cut_for_search`, the reference first."""

Cut = Callable[[str], Iterable[str]]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measures and prints; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.cutting", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("texts", type=Path, help="lines with a `text`")
    parser.add_argument("--limit", type=at_least_one, default=600, help="a fixed draw of so many texts (600)")
    parser.add_argument("--rounds", type=at_least_one, default=3, help="times that each cuts them all (3)")
    options = parser.parse_args(arguments)
    return run(lambda: measure(options.texts, options.limit, options.rounds))


def measure(path: Path, limit: int, rounds: int) -> None:
    """Cuts the texts with each and prints a table.

    Raises:
        InputError: there are no texts.
    """
    texts = [fold(str(entry["text"])) for entry in draw(list(read_lines(path)), limit) if entry.get("text")]
    if not texts:
        raise InputError(f"no text in {path}", hint='Each line needs a "text".')
    logging.getLogger("jieba").setLevel(logging.ERROR)
    found = [(name, *opened) for name in CUTTERS if (opened := _opened(name)) is not None]
    characters = sum(map(len, texts))
    print(f"{len(texts)} texts, {characters:,} characters\n")
    words = {name: [Counter(cut(text)) for text in texts] for name, cut, _ in found}
    times = {name: min(_seconds(cut, texts) for _ in range(rounds)) for name, cut, _ in found}
    first = found[0][0]
    print_table(
        ["cutter", "characters/s", f"times as fast as {first}", f"equal to {first}", "s to start"],
        [
            [
                name,
                f"{characters / times[name]:,.0f}",
                f"{times[first] / times[name]:.1f}×",
                f"{equal(words[first], words[name]):.4f}",
                f"{start:.2f}",
            ]
            for name, _, start in found
        ],
    )


def equal(reference: Sequence[Counter[str]], other: Sequence[Counter[str]]) -> float:
    """Share of the reference's words, each as often as it occurs, that the other made of the same text."""
    shared = sum((mine & theirs).total() for mine, theirs in zip(reference, other, strict=True))
    return shared / max(sum(mine.total() for mine in reference), 1)


def _opened(name: str) -> tuple[Cut, float] | None:
    """The cutter of a module and the seconds until its first cut; None where it is not installed."""
    began = time.thread_time()
    try:
        module = importlib.import_module(name)
    except ImportError:
        return None
    cut: Cut = module.cut_for_search
    list(cut("第一句话"))
    return cut, time.thread_time() - began


def _seconds(cut: Cut, texts: Sequence[str]) -> float:
    began = time.thread_time()
    for text in texts:
        list(cut(text))
    return time.thread_time() - began


if __name__ == "__main__":
    raise SystemExit(main())
