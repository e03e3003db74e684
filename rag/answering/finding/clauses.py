"""The part of a long sentence that answers.

Newspaper sentences run to two hundred characters; an answer should not. A window of whole clauses is chosen, so that it
starts and ends at a comma, never inside quotation marks or brackets.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from rag.types import Span

_OPEN, _CLOSE = "“‘「『《（([【", "”’」』》）)]】"
_CLAUSE_END = re.compile(r"[,，;；:：]|——(?!”)")


def split_clauses(text: str) -> list[Span]:
    """Clauses of a sentence, their punctuation included, covering it; quotations and brackets stay whole."""
    clauses: list[Span] = []
    start = depth = 0
    index = 0
    while index < len(text):
        character = text[index]
        if character in _OPEN:
            depth += 1
        elif character in _CLOSE:
            depth = max(depth - 1, 0)
        match = _CLAUSE_END.match(text, index)
        # A comma between digits belongs to the number.
        if match and depth == 0 and not re.match(r"\d[,，:：]\d", text[max(index - 1, 0) : index + 2]):
            clauses.append((start, match.end()))
            start = index = match.end()
            continue
        index += 1
    if start < len(text):
        clauses.append((start, len(text)))
    return clauses


def best_window(text: str, limit: int, gain: Callable[[str], float]) -> Span:
    """The run of clauses of at most `limit` characters with the greatest gain; the earliest and shortest of equals.

    Args:
        text: a sentence.
        limit: characters; a single clause longer than that is kept whole.
        gain: scores a piece of text; more text must not score less.
    """
    if len(text) <= limit:
        return (0, len(text))
    clauses = split_clauses(text)
    best, best_gain = (0, clauses[0][1]), float("-inf")
    for first in range(len(clauses)):
        for last in range(first, len(clauses)):
            start, end = clauses[first][0], clauses[last][1]
            if end - start > limit and last > first:
                break
            value = gain(text[start:end])
            if value > best_gain + 1e-9:
                best, best_gain = (start, end), value
    return best


def split_pieces(text: str, limit: int) -> list[Span]:
    """Runs of clauses of like length, at most `limit` characters, that cover the sentence; long clauses stay whole."""
    if len(text) <= limit:
        return [(0, len(text))]
    size = len(text) / -(-len(text) // limit)
    pieces: list[Span] = []
    for start, end in split_clauses(text):
        if pieces and end - pieces[-1][0] <= limit and pieces[-1][1] - pieces[-1][0] < size * 0.8:
            pieces[-1] = (pieces[-1][0], end)
        else:
            pieces.append((start, end))
    return pieces
