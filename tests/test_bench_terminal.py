"""The terminal that programs are measured and tested on, and what is made of the figures."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import httpx
import pytest

from bench.screen import Terminal, ended
from bench.streamed import PAUSE_S, drawn_out
from bench.terminal import Held, Start, rows_of
from tests.tui.paper import PaperLibrary, serving

_ECHO = """
import sys, termios, tty
tty.setcbreak(0)
sys.stdout.write('\\x1b[2J\\x1b[2;3H海a港')
sys.stdout.flush()
while (key := sys.stdin.read(1)) != 'q':
    sys.stdout.write(key)
    sys.stdout.flush()
sys.exit(3)
"""


def terminal_of(code: str, size: tuple[int, int] = (20, 4)) -> Terminal:
    return Terminal([sys.executable, "-c", code], size)


def test_a_terminal_shows_what_a_program_draws_and_types_into_it() -> None:
    with terminal_of(_ECHO) as terminal:
        terminal.until(terminal.shows("海a港"))
        assert terminal.lines()[1] == "  海a港"
        assert terminal.cursor == (7, 1)
        sent = terminal.send("渡")
        painted = terminal.until(terminal.shows("港渡"))
        assert sent < painted
        terminal.send("q")
        assert terminal.wait() == 3


def test_half_a_wide_character_that_is_written_over_is_a_blank() -> None:
    with terminal_of("print('海港\\rx', end='', flush=True); input()") as terminal:
        terminal.until(terminal.shows("x"))
        assert terminal.lines()[0] == "x 港"


def test_what_does_not_come_is_told_with_the_screen() -> None:
    with terminal_of(_ECHO) as terminal:
        terminal.until(terminal.shows("海"))
        with pytest.raises(TimeoutError, match="海a港"):
            terminal.until(terminal.shows("never"), patience=0.01)


def test_a_block_that_is_left_ends_the_program() -> None:
    with terminal_of(_ECHO) as terminal:
        terminal.until(terminal.shows("海"))
        pid = terminal.pid
    ended(pid)


def test_an_answer_is_drawn_out_and_ends_as_it_would_have() -> None:
    with serving(PaperLibrary()) as upstream, drawn_out(upstream, PAUSE_S * 5) as address:
        asked = {"question": "渡轮多久到对岸？", "stream": True}
        text = httpx.post(f"{address}/v1/ask", json=asked, trust_env=False).text
        plain = httpx.post(f"{upstream}/v1/ask", json=asked, trust_env=False).text
        assert httpx.get(f"{address}/readyz", trust_env=False).json()["generation"] == "g1"
    events = [block.partition("\n")[0] for block in text.split("\n\n") if block]
    assert events[:6] == ["event: hits"] + ["event: delta"] * 5
    last, same = (json.loads(reply.split("event: done\ndata: ")[1].partition("\n")[0]) for reply in (text, plain))
    assert last["answer"] == same["answer"]


def test_the_table_says_what_is_met() -> None:
    starts = [Start(0.4, 2.0, 0.3), Start(0.7, 2.2, 0.4), Start(0.5, 9.0, 0.2)]
    rows = rows_of(starts, [0.010] * 90 + [0.080] * 10, [0.005], Held(100, 500, 450), Held(251, 600, 500))
    table = {row[0]: row[1:] for row in rows}
    assert table["command to first frame"] == ["0.50 s", "< 0.60 s", "yes"]
    assert table["processor time of the UI to its first frame"][0] == "0.30 s"
    assert table["command to ready model"] == ["2.20 s", "< 2.50 s", "yes"]
    assert table["key to paint while an answer streams, p95"] == ["80.0 ms", "< 50.0 ms", "**no**"]
    assert table["memory of the UI, ready"] == ["100 MB", "< 250 MB", "yes"]
    assert table["memory of the UI, after 5 questions"] == ["251 MB", "< 250 MB", "**no**"]


def test_it_says_that_an_index_is_needed(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    from bench.terminal import main

    with pytest.raises(SystemExit):
        main([])
    assert "--vectors" in capsys.readouterr().err
