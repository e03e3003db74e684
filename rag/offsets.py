"""Source offsets to text offsets and back: the only place where the two meet.

`Article.text` is the source at the article's spans without line breaks and the blanks around them. What is left between
the breaks are *runs*: the text is their concatenation, character for character. With the runs at hand, any range of the
text can be cited as source spans, and any source span can be found again in the text.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import accumulate, pairwise

from rag.types import Span

_BREAKS = r"[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]"
"""Every character that str.splitlines breaks at."""
_BREAK = re.compile(_BREAKS)
_BREAK_AND_BLANKS = re.compile(rf"\s*{_BREAKS}\s*")  # \s covers the ideographic space


def runs_of(source_text: str, spans: Iterable[Span]) -> tuple[Span, ...]:
    """The parts of the spans between line breaks, blanks around breaks and at both ends of a span taken off.

    Args:
        source_text: the whole decoded page or record.
        spans: source offsets in reading order.
    """
    runs: list[Span] = []
    for start, end in spans:
        while start < end and source_text[start].isspace():
            start += 1
        while start < end and source_text[end - 1].isspace():
            end -= 1
        # Most records have no break, and looking for the blanks before one takes twenty times as long.
        if _BREAK.search(source_text, start, end):
            for match in _BREAK_AND_BLANKS.finditer(source_text, start, end):
                if match.start() > start:
                    runs.append((start, match.start()))
                start = match.end()
        if start < end:
            runs.append((start, end))
    return tuple(runs)


def text_of(source_text: str, spans: Iterable[Span]) -> str:
    """The characters at `spans` with line breaks and the blanks around them taken out."""
    return "".join(source_text[start:end] for start, end in runs_of(source_text, spans))


class OffsetMap:
    """Between the text of an article and the source that it stands in.

    Args:
        runs: the article's runs, in reading order.
        spans: the article's spans. Runs of one span have only a line break between them, so a citation that crosses
            the break is one span; runs of two spans stay apart.
    """

    def __init__(self, runs: Sequence[Span], spans: Sequence[Span]) -> None:
        self._runs = list(runs)
        self._starts = [0, *accumulate(end - start for start, end in runs)]
        self._joined = [
            any(start <= this[0] and following[1] <= end for start, end in spans) and this[1] <= following[0]
            for this, following in pairwise(self._runs)
        ]

    @property
    def length(self) -> int:
        """Length of the text."""
        return self._starts[-1]

    def spans(self, start: int, end: int) -> tuple[Span, ...]:
        """Source spans of the text range `[start, end)`.

        Raises:
            ValueError: the range does not lie within the text.
        """
        if not 0 <= start <= end <= self.length:
            raise ValueError(f"[{start}, {end}) does not lie within a text of {self.length} characters")
        found: list[Span] = []
        number = bisect_right(self._starts, start) - 1
        while start < end:
            offset = self._runs[number][0] - self._starts[number]
            stop = min(end, self._starts[number + 1])
            if found and self._joined[number - 1]:
                found[-1] = (found[-1][0], stop + offset)
            else:
                found.append((start + offset, stop + offset))
            start, number = stop, number + 1
        return tuple(found)

    def text_ranges(self, spans: Iterable[Span]) -> list[Span]:
        """Text ranges of the characters at source `spans`, in text order, touching ranges joined."""
        ranges: list[Span] = []
        for (run_start, run_end), text_start in zip(self._runs, self._starts, strict=False):
            for start, end in spans:
                low, high = max(start, run_start), min(end, run_end)
                if low < high:
                    ranges.append((text_start + low - run_start, text_start + high - run_start))
        joined: list[Span] = []
        for start, end in sorted(ranges):
            if joined and start <= joined[-1][1]:
                joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
            else:
                joined.append((start, end))
        return joined
