"""Searching inside kept conversations: how fast, and whether everything that is in them is found.

    python -m bench.history [--conversations 1000] [--turns 10] [--phrases 400]

Conversations are made of the built-in sample's clauses, put together anew, and kept as `wenbao chat` keeps them. Into
questions, answers and quotes go phrases that stand nowhere else: names, numbers, Latin words. They are looked for as
readers type: whole, a part, one character, in traditional characters, in full width, in capitals. *Typing* is a search
for every beginning of a phrase, most of which are common words with a thousand places. A time is that of a whole
search, from the typed text to the places with their marks.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import opencc

from bench.common import SEED, at_least_one, print_table, run
from rag.cli.analysis import load_analysis
from rag.settings import sample_path
from tui.history.records import Field, Findings
from tui.history.search import Search
from tui.history.store import Store

_TARGET_MS = 100.0
_HAN = [chr(code) for code in range(0x4E00, 0x9FA6)]
_TRADITIONAL = opencc.OpenCC("s2t")
_SIMPLE = opencc.OpenCC("t2s")
# Characters that have a traditional form which leads back to them.
_SIMPLIFIED = [
    char for char in _HAN if char != _TRADITIONAL.convert(char) and char == _SIMPLE.convert(_TRADITIONAL.convert(char))
]
_FULL_WIDTH = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}


@dataclass(frozen=True, slots=True)
class Planted:
    """A phrase that stands in one place only, and a way to type it."""

    kind: str
    typed: str
    conversation: int
    turn: int
    field: Field


def main(arguments: Sequence[str] | None = None) -> int:
    """Measures and prints; returns the exit status, 1 where a phrase was not found."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.history", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--conversations", type=at_least_one, default=1000, help="conversations to keep (1000)")
    parser.add_argument("--turns", type=at_least_one, default=10, help="turns of each (10)")
    parser.add_argument("--phrases", type=at_least_one, default=400, help="phrases to plant and to look for (400)")
    options = parser.parse_args(arguments)
    missed = 0

    def measured() -> None:
        nonlocal missed
        missed = measure(options.conversations, options.turns, options.phrases)

    return run(measured) or (1 if missed else 0)


def measure(conversations: int, turns: int, phrases: int) -> int:
    """Keeps, plants, searches and prints; returns how many phrases were not found."""
    draw = random.Random(SEED)  # noqa: S311  # repeatable on purpose
    clauses = _clauses()
    with tempfile.TemporaryDirectory() as folder, Store(Path(folder) / "history.sqlite3") as store:
        planted, characters = _keep(store, draw, clauses, conversations, turns, phrases)
        search = Search(store, load_analysis())
        started = time.perf_counter()
        search.catch_up()
        made = time.perf_counter() - started
        size = sum(path.stat().st_size for path in Path(folder).iterdir())
        print(f"{conversations:,} conversations of {turns} turns, {characters:,} characters, {size / 1e6:.0f} MB")
        print(f"made searchable in {made:.1f} s, {made / conversations / turns * 1e3:.2f} ms a turn\n")
        return _report(search, draw, planted, clauses)


def _clauses() -> list[str]:
    pages = [path.read_text(encoding="utf-8") for path in sorted(sample_path().rglob("*.txt"))]
    found = {clause.strip() for page in pages for clause in re.split(r"[，。；！？\n]", page)}
    return sorted(clause for clause in found if 4 <= len(clause) <= 40)


def _keep(
    store: Store, draw: random.Random, clauses: Sequence[str], conversations: int, turns: int, phrases: int
) -> tuple[list[Planted], int]:
    """Fills the store; returns what was planted, and how many characters there are in all."""
    total = conversations * turns
    chosen = set(draw.sample(range(total), min(phrases, total)))
    planted: list[Planted] = []
    characters = 0
    at: int | None = None
    for number in range(total):
        texts = {
            Field.QUESTION: draw.choice(clauses) + "？",
            Field.ANSWER: _passage(draw, clauses, 8),
            Field.QUOTE: _passage(draw, clauses, 6),
        }
        field, ways = draw.choice(list(texts)), dict[str, str]()
        if number in chosen:
            phrase, ways = _phrase(draw)
            where = draw.randrange(len(texts[field]) + 1)
            texts[field] = texts[field][:where] + phrase + texts[field][where:]
        at, turn = store.ask(at if number % turns else None, texts[Field.QUESTION], float(number))
        reply = json.dumps({"answered": True, "answer": texts[Field.ANSWER]}, ensure_ascii=False)
        store.settle(turn, reply, texts[Field.ANSWER], [texts[Field.QUOTE]], float(number))
        characters += sum(map(len, texts.values()))
        planted += [Planted(kind, typed, at, turn, field) for kind, typed in ways.items()]
    return planted, characters


def _passage(draw: random.Random, clauses: Sequence[str], length: int) -> str:
    return "，".join(draw.choices(clauses, k=length)) + "。"


@cache
def _seldom() -> list[str]:
    """Characters that the sample does not use, so that one of them alone is a place to find."""
    used = set("".join(_clauses()))
    return [char for char in _HAN if not used & {char, _SIMPLE.convert(char)}]


def _phrase(draw: random.Random) -> tuple[str, dict[str, str]]:
    """A phrase, and the ways to type it by name."""
    serial = f"{draw.randrange(10**9):09}"
    kind = draw.randrange(4)
    if kind == 0:
        name = "".join(draw.choices(_seldom(), k=5))
        return name, {"name": name, "part of a name": name[1:4], "one character": name[2]}
    if kind == 1:
        simple = "".join(draw.choices(_SIMPLIFIED, k=4))
        return simple, {"traditional": "".join(map(_TRADITIONAL.convert, simple))}
    if kind == 2:
        word = "Qu" + "".join(draw.choices("aeioulmnrstz", k=7)) + serial[:2]
        return word, {"Latin word": word, "capitals": word.upper(), "part of a Latin word": word[3:-1]}
    figure = f"{serial[:4]}.{serial[4:]}"
    return figure, {"number": figure, "part of a number": figure[2:-2], "full width": figure.translate(_FULL_WIDTH)}


def _report(search: Search, draw: random.Random, planted: Sequence[Planted], clauses: Sequence[str]) -> int:
    """Looks for everything, prints a table, and returns how many phrases were not found."""
    times: dict[str, list[float]] = {}
    found: dict[str, int] = {}
    for phrase in planted:
        findings = _timed(search, phrase.typed, times.setdefault(phrase.kind, []))
        # One character and a traditional form may stand elsewhere too; the place must be among those that are told.
        found[phrase.kind] = found.get(phrase.kind, 0) + any(
            place.turn == phrase.turn
            and place.conversation.id == phrase.conversation
            and (place.field is phrase.field or len(phrase.typed) == 1)
            and place.ranges
            for place in findings.found
        )
    for clause in draw.sample(clauses, min(20, len(clauses))):
        for end in range(1, len(clause) + 1):
            _timed(search, clause[:end], times.setdefault("typing", []))
    rows = []
    for kind, seconds in times.items():
        there = f"{found[kind]} of {len(seconds)}" if kind in found else ""
        rows.append((kind, str(len(seconds)), there, *(f"{ms:.1f}" for ms in _milliseconds(seconds))))
    every = [second for seconds in times.values() for second in seconds]
    rows.append(
        (
            "all",
            str(len(every)),
            f"{sum(found.values())} of {len(planted)}",
            *(f"{ms:.1f}" for ms in _milliseconds(every)),
        )
    )
    print_table(("typed", "searches", "found", "p50 ms", "p95 ms", "max ms"), rows)
    within = sum(second * 1e3 < _TARGET_MS for second in every)
    print(f"\n{within} of {len(every)} searches took less than {_TARGET_MS:.0f} ms")
    return len(planted) - sum(found.values())


def _timed(search: Search, typed: str, times: list[float]) -> Findings:
    started = time.perf_counter()
    findings = search.find(typed)
    times.append(time.perf_counter() - started)
    return findings


def _milliseconds(seconds: Sequence[float]) -> tuple[float, float, float]:
    return (*(float(np.percentile(seconds, share)) * 1e3 for share in (50, 95)), max(seconds) * 1e3)  # type: ignore[return-value]


if __name__ == "__main__":
    sys.exit(main())
