"""Where a citation stands in the text of its article.

The wire gives spans as source offsets and an article as runs, the source ranges whose concatenation is its text. Here,
and only here, the terminal turns one into the other.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Located:
    """A quote's ranges in an article's text, ascending and apart; empty where the article has it no more."""

    ranges: tuple[Span, ...]
    exact: bool
    """False where the text at the spans is not the quote any more: the article has changed since it was cited."""


def text_ranges(runs: Sequence[Span], spans: Iterable[Span]) -> tuple[Span, ...]:
    """The ranges of the text that source spans cover, in text order; ranges that touch are one.

    Args:
        runs: the article's runs in reading order, which need not be the order in the source.
        spans: source offsets; white space between runs that they cover is not part of the text.
    """
    wanted = list(spans)
    found: list[Span] = []
    offset = 0
    for run_start, run_end in runs:
        for start, end in wanted:
            low, high = max(start, run_start), min(end, run_end)
            if low < high:
                found.append((offset + low - run_start, offset + high - run_start))
        offset += run_end - run_start
    return merged(found)


def merged(ranges: Iterable[Span]) -> tuple[Span, ...]:
    """The same characters as ascending ranges that neither overlap nor touch."""
    result: list[Span] = []
    for start, end in sorted(ranges):
        if result and start <= result[-1][1]:
            result[-1] = (result[-1][0], max(end, result[-1][1]))
        else:
            result.append((start, end))
    return tuple(result)


def locate(text: str, runs: Sequence[Span], spans: Iterable[Span], quote: str) -> Located:
    """Finds a quote in an article: by its spans, else, where the article has changed since, by its words."""
    ranges = text_ranges(runs, spans)
    if ranges and _bare("".join(text[start:end] for start, end in ranges)) == _bare(quote):
        return Located(ranges, exact=True)
    start = text.find(quote) if quote else -1
    return Located(((start, start + len(quote)),) if start >= 0 else (), exact=False)


def _bare(text: str) -> str:
    return "".join(text.split())
