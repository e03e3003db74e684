"""What the measurements share: reading their files, drawing from them, figures and tables."""

from __future__ import annotations

import argparse
import gzip
import json
import random
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from rag.errors import InputError, RagError

SEED = 0
"""Of every draw, so that a repeated run measures the same things."""

Entry = TypeVar("Entry")


@dataclass(frozen=True, slots=True)
class Asked:
    """A question with what is known about its answer."""

    question: str
    article_ids: tuple[str, ...]
    """The articles that answer it, any of them."""
    answers: tuple[str, ...]
    """Wordings of the answer, any of them; empty where only articles are known."""


def read_lines(path: Path) -> Iterator[dict[str, Any]]:
    """The objects of a `.jsonl` or `.jsonl.gz` file, blank lines left out.

    Raises:
        InputError: the file cannot be read, or a line is no JSON object.
    """
    try:
        with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as file:
            for number, line in enumerate(file, start=1):
                if not line.strip():
                    continue
                entry = json.loads(line)
                if not isinstance(entry, dict):
                    raise InputError(f"{path}:{number} is no JSON object", hint="Give one object a line.")
                yield entry
    except (OSError, EOFError, ValueError) as error:
        if isinstance(error, RagError):
            raise
        raise InputError(f"cannot read {path}: {error}", hint="Give a .jsonl or .jsonl.gz file, UTF-8.") from error


def read_questions(path: Path, limit: int | None) -> tuple[list[Asked], int]:
    """A fixed draw of the questions of a file, and how many of the draw were empty and are left out.

    Raises:
        InputError: the file cannot be read, or no question is left.
    """
    drawn = draw(list(read_lines(path)), limit)
    asked = [
        Asked(
            str(entry["question"]).strip(),
            tuple(entry.get("article_ids") or ()),
            tuple(entry.get("answers") or ()),
        )
        for entry in drawn
        if str(entry.get("question") or "").strip()
    ]
    if not asked:
        raise InputError(f"no question in {path}", hint='Each line needs "question" and "article_ids".')
    return asked, len(drawn) - len(asked)


def draw(entries: Sequence[Entry], limit: int | None) -> list[Entry]:
    """At most `limit` of the entries, the same ones each time; all of them, in order, where they are no more."""
    if limit is None or limit >= len(entries):
        return list(entries)
    return random.Random(SEED).sample(list(entries), limit)  # noqa: S311  # a draw, no secret


def spread(values: Sequence[float], unit: str = "") -> str:
    """Smallest, median and largest, in words."""
    low, middle, high = np.min(values), np.median(values), np.max(values)
    return f"min {low:.2f}{unit}, median {middle:.2f}{unit}, max {high:.2f}{unit}"


def latency(seconds: Sequence[float]) -> str:
    """50th and 95th percentile in milliseconds."""
    middle, late = np.percentile(1000 * np.asarray(seconds), (50, 95))
    return f"{middle:.1f} · {late:.1f}"


def print_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table that docs/ can take as it is."""
    for cells in (header, ["---"] * len(header), *rows):
        print(f"| {' | '.join(cells)} |")


def at_least_one(text: str) -> int:
    """A count for argparse."""
    count = int(text)
    if count < 1:
        raise argparse.ArgumentTypeError(f"{text} is less than 1")
    return count


def run(measure: Callable[[], None]) -> int:
    """Runs a measurement; what wenbao raises on purpose is told with its advice. Returns the exit status."""
    try:
        measure()
    except RagError as error:
        print(f"error: {error.message}", file=sys.stderr)
        if error.hint:
            print(f"hint: {error.hint}", file=sys.stderr)
        return int(error.exit_code)
    return 0
