"""Source offsets to text offsets and back: the only place where the two meet.

`Article.text` is the source at the article's spans without line breaks and the blanks around them. An `OffsetMap` keeps,
for every character of that text, where in the source it stands, so that any range of the text can be cited exactly.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import accumulate

from rag.types import Span

# Every character that str.splitlines breaks at, with white space on either side; \s covers the ideographic space.
_BREAK = re.compile(r"\s*[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]\s*")


class OffsetMap:
    """The text that some spans of a source give, and the way back.

    Args:
        source_text: the whole decoded page or record.
        spans: source offsets in reading order.

    Attributes:
        text: the characters at the spans, line breaks and the blanks around them taken out; blanks at both ends too.
    """

    def __init__(self, source_text: str, spans: Iterable[Span]) -> None:
        runs: list[Span] = []
        for start, end in spans:
            runs.extend(_runs(source_text, start, end))
        self._runs = runs
        self._lengths = [end - start for start, end in runs]
        self._starts = [0, *accumulate(self._lengths)]
        self._source = source_text
        self.text = "".join(source_text[start:end] for start, end in runs)

    def spans(self, start: int, end: int) -> tuple[Span, ...]:
        """Source spans of `text[start:end]`, neighbours that only a line break parts being joined.

        Raises:
            ValueError: the range does not lie within the text.
        """
        if not 0 <= start <= end <= len(self.text):
            raise ValueError(f"[{start}, {end}) does not lie within a text of {len(self.text)} characters")
        found: list[Span] = []
        number = max(bisect_right(self._starts, start) - 1, 0)
        while start < end:
            run_start, _ = self._runs[number]
            text_start = self._starts[number]
            stop = min(end, text_start + self._lengths[number])
            if stop > start:
                found.append((run_start + start - text_start, run_start + stop - text_start))
            start = max(start, stop)
            number += 1
        return join_spans(found, self._source)

    def source_offset(self, index: int) -> int:
        """Source offset of the character `text[index]`."""
        number = bisect_right(self._starts, index) - 1
        return self._runs[number][0] + index - self._starts[number]

    def text_offset(self, source_offset: int) -> int | None:
        """Text offset of the character at `source_offset`; None where it is not part of the text."""
        for (start, end), text_start in zip(self._runs, self._starts, strict=False):
            if start <= source_offset < end:
                return text_start + source_offset - start
        return None


def quote_of(source_text: str, spans: Iterable[Span]) -> str:
    """The characters at `spans`, line breaks and the blanks around them taken out."""
    return OffsetMap(source_text, spans).text


def join_spans(spans: Sequence[Span], source_text: str) -> tuple[Span, ...]:
    """Joins each span to the next where they touch, or where nothing but a line break and blanks lies between them."""
    joined: list[Span] = []
    for start, end in spans:
        last = joined[-1][1] if joined else -1
        if last == start or (0 <= last < start and _BREAK.fullmatch(source_text, last, start)):
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    return tuple(joined)


def _runs(source_text: str, start: int, end: int) -> list[Span]:
    """The parts of `source_text[start:end]` between line breaks, blanks at both ends taken off."""
    while start < end and source_text[start].isspace():
        start += 1
    while start < end and source_text[end - 1].isspace():
        end -= 1
    runs: list[Span] = []
    for match in _BREAK.finditer(source_text, start, end):
        if match.start() > start:
            runs.append((start, match.start()))
        start = match.end()
    if start < end:
        runs.append((start, end))
    return runs
