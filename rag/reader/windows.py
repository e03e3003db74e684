"""The stretch of an article that the reader is shown: whole sentences around one that matters."""

from __future__ import annotations

from collections.abc import Sequence

from rag.types import Span

LONGEST = 360
"""Characters of a window: about 230 tokens, a little more than the passages the reader was trained on are cut to."""


def window_around(sentences: Sequence[Span], centre: int, longest: int = LONGEST) -> tuple[int, int]:
    """First and last-plus-one sentence of a window that grows from one sentence to both sides, evenly.

    Args:
        sentences: ranges in reading order.
        centre: which of them it grows from; kept even where it is longer than allowed.
        longest: characters from the first sentence's start to the last one's end.
    """
    first, last = centre, centre + 1
    while True:
        before = sentences[centre][0] - sentences[first][0]
        after = sentences[last - 1][1] - sentences[centre][1]
        grown = [(first - 1, last)] if first > 0 else []
        grown += [(first, last + 1)] if last < len(sentences) else []
        # The shorter side first; what follows a sentence explains it less often than what leads up to it.
        if len(grown) == 2 and before > after:
            grown.reverse()
        fitting = [(f, n) for f, n in grown if sentences[n - 1][1] - sentences[f][0] <= longest]
        if not fitting:
            return first, last
        first, last = fitting[0]
