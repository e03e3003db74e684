"""The real program on a real terminal: asked, read, resized, left, and killed in every way that a terminal knows."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from bench.memory import processes_of
from bench.screen import Terminal, ended
from rag.errors import ExitCode
from rag.settings import Settings
from tests.tui.conftest import NARROW, WIDE

ROOT = Path(__file__).parents[2]
QUESTION = "哪些城市搭建了婚恋交友平台？"
ANSWER = "邯郸市"
"""Of the built-in sample's answer."""
READY = "就绪"
CTRL_Q, ESCAPE = "\x11", "\x1b"
ON, OFF = b"\x1b[?1049h", b"\x1b[?1049l"
"""The screen of full-screen programs."""
SHOWN, HIDDEN = b"\x1b[?25h", b"\x1b[?25l"
"""The cursor."""


@contextmanager
def chatting(settings: Settings, folder: Path, size: tuple[int, int] = NARROW, *flags: str) -> Iterator[Terminal]:
    """`wenbao chat` in Chinese over an index, once it is ready."""
    command = [sys.executable, "-m", "rag", "chat", "--vectors", str(settings.vectors), "--language", "zh", *flags]
    # Nothing of whoever runs the tests is met, and nothing is left in their folders.
    places = {name: str(folder / name) for name in ("XDG_DATA_HOME", "XDG_STATE_HOME", "WENBAO_CONFIG")}
    with Terminal(command, size, {"PYTHONPATH": str(ROOT), "LC_ALL": "C.UTF-8", **places}, folder) as terminal:
        terminal.until(terminal.shows(READY))
        yield terminal


def ask(terminal: Terminal, question: str, *words: str) -> None:
    """Types a question, sends it, and waits for words on the screen."""
    terminal.send(question)
    terminal.until(terminal.shows(question))
    terminal.send("\r")
    terminal.until(terminal.shows(*words))


def leave(terminal: Terminal) -> int:
    terminal.send(CTRL_Q)
    return terminal.wait()


def server_of(terminal: Terminal) -> int:
    children = [pid for pid in processes_of(terminal.pid) if pid != terminal.pid]
    assert len(children) == 1
    return children[0]


@pytest.mark.parametrize("size", [NARROW, WIDE], ids=["narrow", "wide"])
def test_a_question_is_answered_its_citation_read_and_the_terminal_given_back(
    sample_index: Settings, tmp_path: Path, size: tuple[int, int]
) -> None:
    with chatting(sample_index, tmp_path, size) as terminal:
        ask(terminal, QUESTION, ANSWER, "[1]")
        terminal.send(ESCAPE)
        terminal.until(terminal.shows("n 下一处"))
        terminal.send("1")
        terminal.until(terminal.shows("引文 1", "page-1.txt", "抛绣球"))
        assert leave(terminal) == ExitCode.OK
        assert terminal.written.rfind(OFF) > terminal.written.rfind(ON) >= 0
        assert terminal.written.rfind(SHOWN) > terminal.written.rfind(HIDDEN) >= 0


def test_the_cursor_is_where_an_input_method_composes(sample_index: Settings, tmp_path: Path) -> None:
    with chatting(sample_index, tmp_path) as terminal:
        terminal.send("青石")
        terminal.until(terminal.shows("青石"))
        row = next(number for number, line in enumerate(terminal.lines()) if "青石" in line)
        # A border, a blank, and two characters of two cells each.
        terminal.until(lambda: terminal.cursor == (6, row))


def test_a_terminal_that_grows_and_shrinks_shows_one_pane_or_two(sample_index: Settings, tmp_path: Path) -> None:
    with chatting(sample_index, tmp_path) as terminal:
        ask(terminal, QUESTION, ANSWER)
        assert "抛绣球" not in terminal.text()
        terminal.resize(*WIDE)
        terminal.until(terminal.shows(ANSWER, "抛绣球"))
        assert len(terminal.lines()) == WIDE[1]
        terminal.resize(*NARROW)
        terminal.until(lambda: ANSWER in terminal.text() and "抛绣球" not in terminal.text())
        assert leave(terminal) == ExitCode.OK


def test_told_to_end_it_gives_the_terminal_back_and_keeps_what_was_typed(
    sample_index: Settings, tmp_path: Path
) -> None:
    with chatting(sample_index, tmp_path) as terminal:
        terminal.send(QUESTION)
        terminal.until(terminal.shows(QUESTION))
        os.kill(terminal.pid, signal.SIGTERM)
        assert terminal.wait() == ExitCode.OK
        assert OFF in terminal.written
    with chatting(sample_index, tmp_path) as terminal:
        terminal.until(terminal.shows(QUESTION))
        assert leave(terminal) == ExitCode.OK


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGKILL], ids=lambda number: number.name)
def test_a_signal_leaves_no_server_behind(sample_index: Settings, tmp_path: Path, number: signal.Signals) -> None:
    with chatting(sample_index, tmp_path) as terminal:
        server = server_of(terminal)
        os.kill(terminal.pid, number)
        terminal.wait()
        ended(server)


def test_a_closed_terminal_leaves_neither_program_nor_server_behind(sample_index: Settings, tmp_path: Path) -> None:
    with chatting(sample_index, tmp_path) as terminal:
        program, server = terminal.pid, server_of(terminal)
        terminal.hang_up()
        ended(program)
        ended(server)


def test_two_at_once_do_not_disturb_each_other(sample_index: Settings, tmp_path: Path) -> None:
    with chatting(sample_index, tmp_path) as one, chatting(sample_index, tmp_path) as other:
        ask(one, QUESTION, ANSWER)
        ask(other, QUESTION, ANSWER)
        assert leave(one) == ExitCode.OK
        ask(other, "淄博的三类驿站是什么？", "淄博的三类驿站是什么？", "[1]")
        assert leave(other) == ExitCode.OK


def test_an_index_that_is_missing_is_told_before_the_screen_is_taken(tmp_path: Path) -> None:
    pages = tmp_path / "pages"
    pages.mkdir()
    command = [sys.executable, "-m", "rag", "chat", "--vectors", "none", "--corpus", str(pages)]
    with Terminal(command, NARROW, {"PYTHONPATH": str(ROOT)}, tmp_path) as terminal:
        assert terminal.wait() == ExitCode.INDEX
        assert "hint: Run `wenbao index`" in terminal.text()
        assert ON not in terminal.written


def test_settings_that_cannot_be_used_are_told_with_their_status(sample_index: Settings, tmp_path: Path) -> None:
    (tmp_path / "wenbao.toml").write_text("port = 'none'\n", encoding="utf-8")
    command = [sys.executable, "-m", "rag", "chat", "--vectors", str(sample_index.vectors), "--language", "en"]
    with Terminal(command, NARROW, {"PYTHONPATH": str(ROOT)}, tmp_path) as terminal:
        terminal.until(terminal.shows("cannot use the settings"))
        assert leave(terminal) == ExitCode.USAGE
        assert b"wenbao.toml" in terminal.written[terminal.written.rfind(OFF) :]
