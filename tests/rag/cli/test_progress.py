"""The progress line: what it says, and that it leaves a clean screen."""

from __future__ import annotations

import io

import pytest

from rag.cli.progress import ProgressLine, clipped, describe, duration
from rag.types import Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("progress", "line"),
    [
        (Progress("writing", 0, 0), "writing"),
        (Progress("reading", 3, 0), "reading 3"),
        (Progress("embedding", 1200, 4800, rate=21.4, seconds_left=168), "embedding 1,200/4,800 · 21/s · 3 min left"),
        (Progress("embedding", 1, 4, rate=0.25, seconds_left=12), "embedding 1/4 · 0.2/s · 12 s left"),
        (Progress("reading", 4, 4, seconds_left=0, detail="页\x1b.txt"), "reading 4/4 · 页\ufffd.txt"),
    ],
)
def test_what_is_known_is_said(progress: Progress, line: str) -> None:
    assert describe(progress) == line


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.4, "0 s"), (119, "119 s"), (125, "2 min"), (3599, "1 h 0 min"), (7500, "2 h 5 min")]
)
def test_durations(seconds: float, words: str) -> None:
    assert duration(seconds) == words


@pytest.mark.parametrize(("width", "fits"), [(0, ""), (1, "a"), (2, "a"), (3, "a页"), (9, "a页b")])
def test_a_chinese_character_takes_two_columns(width: int, fits: str) -> None:
    assert clipped("a页b", width) == fits


def test_in_a_file_a_stage_has_its_first_and_its_last_line() -> None:
    stream = io.StringIO()
    with ProgressLine(stream) as line:
        for done in range(1, 6):
            line(Progress("reading", done, 5))
        line(Progress("writing", 1, 1))
    assert stream.getvalue() == "reading 1/5\nreading 5/5\nwriting 1/1\n"


def test_on_a_terminal_the_line_is_redrawn_and_ended() -> None:
    stream = Terminal()
    with ProgressLine(stream) as line:
        for done in range(1, 6):
            line(Progress("reading", done, 5))
    shown = stream.getvalue()
    assert shown.startswith("\r\x1b[Kreading 1/5")
    assert shown.endswith("reading 5/5\n")
    assert shown.count("\n") == 1


def test_a_line_that_was_interrupted_is_ended_too() -> None:
    stream = Terminal()

    def work() -> None:
        with ProgressLine(stream) as line:
            line(Progress("reading", 1, 5))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        work()
    assert stream.getvalue().endswith("reading 1/5\n")


def test_without_work_nothing_is_written() -> None:
    stream = io.StringIO()
    with ProgressLine(stream):
        pass
    assert stream.getvalue() == ""
