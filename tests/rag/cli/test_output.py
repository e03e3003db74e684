"""What is printed: characters as they are, except where they would steer a terminal, now or later."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from rag.cli import output
from rag.types import Chunk, Citation, Hit, Ranks, Skipped
from tests.rag.index.fakes import make_article

EVIL = "正文\x1b[2J\x9b31m\u202e反\x07\r"


class Reply(BaseModel):
    text: str


class Terminal(io.TextIOWrapper):
    def isatty(self) -> bool:
        return True


def shown_on_a_terminal(monkeypatch: pytest.MonkeyPatch, write: Callable[[], None]) -> str:
    """What a terminal gets to see; its locale knows no Chinese."""
    raw = io.BytesIO()
    stream = Terminal(raw, encoding="ascii")
    with monkeypatch.context() as patch:
        patch.setattr("sys.stdout", stream)
        write()
    return raw.getvalue().decode()


def test_a_pipe_gets_what_a_terminal_would(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    output.write(EVIL)
    assert capfdbinary.readouterr().out.decode() == "正文\ufffd[2J\ufffd31m\ufffd反\ufffd\ufffd\n"


def test_a_terminal_is_not_steered(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = shown_on_a_terminal(monkeypatch, lambda: output.write(EVIL))
    assert shown == "正文\ufffd[2J\ufffd31m\ufffd反\ufffd\ufffd\n"


def test_json_on_a_terminal_says_the_same_without_steering(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = shown_on_a_terminal(monkeypatch, lambda: output.write_json(Reply(text=EVIL)))
    assert json.loads(shown) == {"text": EVIL}
    assert not set(EVIL) & set(shown) & set("\x1b\x9b\u202e\x07\r")


def test_a_hit_is_followed_by_who_else_prints_it() -> None:
    article = make_article(["渡口的候船亭建成了。"], title="候船亭", article_id="a")
    other = make_article(["渡口的候船亭建成了。"], title="雨天有处躲", byline="周渡", article_id="b", date="2024-05-01")
    chunk = Chunk("c", "a", 3, 13, "渡口的候船亭建成了。", ((4, 14),), "", "k")
    hit = Hit(1, chunk, article, 0.5, Ranks(1, 2))
    lines = ["1. 候船亭 · page.txt · 0.500 · dense 1 · lexical 2", "   渡口的候船亭建成了。"]
    assert output.hit_lines(hit).split("\n") == lines
    copied = output.hit_lines(replace(hit, others=(other,))).split("\n")
    assert copied == [*lines, "   = 雨天有处躲 · 周渡 · 2024-05-01 · page.txt"]


def test_json_in_a_pipe_is_the_reply_to_the_character(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    output.write_json(Reply(text=EVIL))
    printed = capfdbinary.readouterr().out.decode()
    assert json.loads(printed) == {"text": EVIL}
    assert not set(EVIL) & set(printed) & set("\x1b\x9b\u202e\x07\r")
    output.write_json(Reply(text="正文，一字不差"))
    assert capfdbinary.readouterr().out.decode() == Reply(text="正文，一字不差").model_dump_json() + "\n"


@given(st.text())
def test_printable_text_can_be_written_and_keeps_its_length(text: str) -> None:
    shown = output.printable(text)
    assert len(shown) == len(text)
    assert shown.encode("utf-8").decode("utf-8") == shown
    assert all(character.isprintable() or character.isspace() or ord(character) > 0x9F for character in shown)
    assert "\x1b" not in shown


def test_a_citation_leaves_out_what_it_does_not_have() -> None:
    citation = Citation(2, "a", "c", "", "", None, "pages/a.txt", ((0, 2),), "引文")
    assert output.citation_line(citation) == "[2] pages/a.txt · 引文"


def test_a_name_forges_no_line() -> None:
    lines = output.skipped_lines([Skipped("a.txt\nskipped b.txt\u2028c", "is\tbinary")])
    assert lines == ["skipped a.txt\ufffdskipped b.txt\ufffdc: is\ufffdbinary"]


def test_skipped_things_are_named_with_their_reason() -> None:
    assert output.skipped_lines([Skipped("a.jsonl:3", "has no id")]) == ["skipped a.jsonl:3: has no id"]
