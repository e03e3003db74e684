"""Nothing that a page, a model, a server or a paste holds can drive the terminal or break the layout."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual import events
from wcwidth import wcwidth

from rag.errors import StoreError
from tests.tui.conftest import NARROW, WIDE, Screenful, opened, ready
from tests.tui.hostile import EVERYTHING, EVIL, PILE, HostileLibrary, LoudDriver, faults, steering
from tests.tui.paper import serving
from tui.notices import notice
from tui.talk.session import Stage
from tui.text.glyphs import cells, glyph, shown
from tui.widgets.field import Field

BOTH = pytest.mark.parametrize("size", [NARROW, WIDE], ids=["narrow", "wide"])


@pytest.fixture(autouse=True)
def _loud(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("textual.drivers.headless_driver.HeadlessDriver", LoudDriver)


@pytest.fixture
def library() -> HostileLibrary:  # type: ignore[override]
    return HostileLibrary()


@pytest.fixture
def server(workdir: Path, library: HostileLibrary) -> Iterator[str]:
    with serving(library) as url:
        yield url


@asynccontextmanager
async def looked_at(server: str, size: tuple[int, int]) -> AsyncIterator[Screenful]:
    """The app, with messages; what it shows is looked at before it is left."""
    async with ready(server, size, notifications=True) as screenful:
        yield screenful
        assert faults(screenful) == []


@BOTH
async def test_an_answer(server: str, size: tuple[int, int]) -> None:
    async with looked_at(server, size) as screenful:
        assert faults(screenful) == []  # the guidance, with its headlines
        await screenful.ask_and_read("渡轮")
        assert faults(screenful) == []
        await screenful.press("escape", "n")
        assert faults(screenful) == []
        for key in ("pagedown", "pagedown", "end", "f2", "end", "pageup", "home", "f3", "f4"):
            await screenful.press(key)
            assert faults(screenful) == [], key


@BOTH
async def test_a_refusal_and_a_quote_that_is_gone(server: str, size: tuple[int, int]) -> None:
    async with looked_at(server, size) as screenful:
        assert (await screenful.ask("坏消息")).turn.stage is Stage.REFUSED
        assert faults(screenful) == []
        await screenful.press("escape", "1")
        await screenful.until(lambda: screenful.article.article is not None)
        assert faults(screenful) == []
        await screenful.press("escape")
        await screenful.ask("改过的")
        assert faults(screenful) == []


@BOTH
async def test_a_failure_in_the_servers_words(server: str, library: HostileLibrary, size: tuple[int, int]) -> None:
    async with looked_at(server, size) as screenful:
        library.failure = StoreError(EVERYTHING, hint=EVERYTHING)
        assert (await screenful.ask("渡轮")).turn.stage is Stage.FAILED
        assert faults(screenful) == []


@BOTH
async def test_a_server_that_does_not_start(size: tuple[int, int]) -> None:
    def connect() -> tuple[str, None]:
        raise StoreError(EVERYTHING, hint=EVERYTHING)

    async with opened(connect, size) as screenful:
        await screenful.until(lambda: "the server did not start" in screenful.text())
        assert faults(screenful) == []


@BOTH
async def test_a_question_that_is_pasted(server: str, size: tuple[int, int]) -> None:
    async with looked_at(server, size) as screenful:
        screenful.box.post_message(events.Paste(EVERYTHING))
        await screenful.until(lambda: screenful.box.text)
        assert faults(screenful) == []
        await screenful.press("enter")
        await screenful.until(lambda: screenful.turns and screenful.turns[0].turn.stage.settled)
        assert faults(screenful) == []


@BOTH
@pytest.mark.parametrize("key", ["o", "e", "f", "w", "f1", "ctrl+o", "ctrl+b", "ctrl+p"])
async def test_every_other_screen(server: str, size: tuple[int, int], key: str) -> None:
    async with looked_at(server, size) as screenful:
        await screenful.ask_and_read(f"渡轮{EVIL}")
        before = screenful.text()
        await screenful.press("escape", key)
        await screenful.until(lambda: screenful.text() != before)
        assert faults(screenful) == []
        for step in ("down", "down", "pagedown", "tab", "right", "end"):
            await screenful.press(step)
            assert faults(screenful) == [], step
        if screenful.app.focused is not None:
            screenful.app.focused.post_message(events.Paste(EVIL))
            await screenful.pilot.pause()


@BOTH
async def test_messages_that_come_and_go(server: str, size: tuple[int, int]) -> None:
    async with looked_at(server, size) as screenful:
        before = screenful.text()
        notice(screenful.app, screenful.app.words, "export.failed", where=EVERYTHING, reason=EVIL, severity="error")
        await screenful.until(lambda: screenful.text() != before)
        assert "could not be written" in screenful.text()


async def test_what_is_pasted_into_a_line_is_cleaned(server: str) -> None:
    async with looked_at(server, WIDE) as screenful:
        field = Field()
        await screenful.screen.mount(field)
        field.focus()
        field.post_message(events.Paste(f"一{EVIL}\n二"))
        await screenful.until(lambda: field.value)
        assert field.value == shown(field.value)
        assert field.value.endswith("二")


def test_every_character_is_as_wide_as_terminals_draw_it() -> None:
    """As `wcwidth` has it, which follows what terminals do; it knows more of Unicode than Python's tables."""
    wrong = {}
    for code in (*range(0xD800), *range(0xE000, 0x110000)):
        picture, size = glyph(chr(code))
        if any(wcwidth(char) < 0 for char in picture) or sum(map(wcwidth, picture)) != size:
            wrong[hex(code)] = (picture, size)
    assert wrong == {}


def test_no_pile_of_marks_is_drawn() -> None:
    assert len(shown(f"一{PILE}二")) < 10
    assert cells(f"一{PILE}二") == 5
    assert shown("e\u0301\u0323o\u0302") == "e\u0301\u0323o\u0302"


def test_the_test_would_find_what_it_looks_for() -> None:
    assert steering("\x1b[1;2H\x1b[38;2;1;2;3m文\x1b[0m\n\x1b[?2026h") == []
    assert [len(steering(bad)) > 0 for bad in ("\x1b[2J", "\x1b]0;x\x07", "\x9b31m", "\u202e", "\x08")] == [True] * 5
