"""The progress line of long work, on stderr: redrawn in place on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import shutil
import sys
import time
import unicodedata
from types import TracebackType
from typing import TYPE_CHECKING, Self, TextIO

from rag.cli.output import note, printable

if TYPE_CHECKING:
    from rag.types import Progress

_REDRAW_S = 0.1
_LINE_EVERY_S = 10.0


class ProgressLine:
    """Takes `Progress` and shows it: `embedding 120/480 · 21/s · 17 s left`. Use it in a `with`."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream if stream is not None else sys.stderr
        self._in_place = self._stream.isatty()
        self._stage = ""
        self._shown_at = 0.0
        self._last = ""
        self._drawn = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end_stage()

    def __call__(self, progress: Progress) -> None:
        if progress.stage != self._stage:
            self._end_stage()
            self._stage, self._shown_at = progress.stage, 0.0
        self._last = describe(progress)
        now = time.monotonic()
        if not self._shown_at or now - self._shown_at >= (_REDRAW_S if self._in_place else _LINE_EVERY_S):
            self._show()
            self._shown_at = now

    def tell(self, message: str) -> None:
        """A note between two states, on a line of its own."""
        self._end_stage()
        note(message)
        self._shown_at = 0.0

    def _show(self) -> None:
        if self._in_place:
            width = shutil.get_terminal_size().columns - 1
            self._stream.write(f"\r\x1b[K{clipped(self._last, width)}")
            self._drawn = True
        else:
            self._stream.write(f"{self._last}\n")
        self._stream.flush()
        self._last = ""

    def _end_stage(self) -> None:
        """Leaves the last state of the stage standing."""
        if self._last:
            self._show()
        if self._drawn:
            self._stream.write("\n")
            self._stream.flush()
            self._drawn = False


def describe(progress: Progress) -> str:
    """Stage, count, rate, time left and detail, as far as they are known."""
    count = f" {progress.done:,}" if progress.done or progress.total else ""
    of_all = f"/{progress.total:,}" if progress.total else ""
    parts = [f"{progress.stage}{count}{of_all}"]
    if progress.rate > 0:
        parts.append(f"{progress.rate:,.0f}/s" if progress.rate >= 10 else f"{progress.rate:.1f}/s")
    if progress.seconds_left is not None and progress.done < progress.total:
        parts.append(f"{duration(progress.seconds_left)} left")
    if progress.detail:
        parts.append(printable(progress.detail))
    return " · ".join(parts)


def duration(seconds: float) -> str:
    """`17 s`, `4 min`, `2 h 5 min`."""
    whole = round(seconds)
    if whole < 120:
        return f"{whole} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"


def clipped(text: str, width: int) -> str:
    """As much of a text as fits into `width` columns; a Chinese character takes two."""
    used = 0
    for position, character in enumerate(text):
        used += 2 if unicodedata.east_asian_width(character) in "WF" else 1
        if used > width:
            return text[:position]
    return text
