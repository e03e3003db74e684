"""The question box: the caret is where an input method composes, the box grows, and nothing pasted or asked is lost."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual import events
from textual.geometry import Offset
from textual.widgets import Input, TextArea

from server.schemas import MAX_QUESTION
from tests.tui.conftest import NARROW, WIDE, Screenful, opened, ready
from tui.history.keeper import Keeper

BOTH = pytest.mark.parametrize("size", [NARROW, WIDE], ids=["narrow", "wide"])


def _painted_caret(screenful: Screenful) -> Offset:
    """Where the caret is painted: the cell in the colours of the text, turned around."""
    widget = screenful.app.focused
    assert isinstance(widget, Input | TextArea)
    part = "input--cursor" if isinstance(widget, Input) else "text-area--cursor"
    wanted = widget.get_component_rich_style(part).bgcolor
    region, x0 = widget.content_region, 0
    found = []
    for y, strip in enumerate(screenful.app.screen._compositor.render_strips()):
        x0 = 0
        for segment in strip:
            here = Offset(x0, y)
            if segment.style is not None and segment.style.bgcolor == wanted and region.contains_point(here):
                found.append(here)
            x0 += segment.cell_length
    assert len(found) == 1, found
    return found[0]


def _caret(screenful: Screenful) -> Offset:
    """Where the terminal's cursor is put, and with it the window of an input method."""
    return screenful.app.cursor_position


@BOTH
async def test_the_terminals_cursor_follows_the_caret(address: str, size: tuple[int, int]) -> None:
    async with ready(address, size) as screenful:
        start = screenful.box.content_region.offset
        assert _caret(screenful) == start
        await screenful.press(*"渡轮a")
        assert _caret(screenful) == start + Offset(5, 0) == _painted_caret(screenful)
        await screenful.press("left", "left")
        assert _caret(screenful) == start + Offset(2, 0) == _painted_caret(screenful)


@BOTH
async def test_it_follows_over_lines_that_make_the_box_grow(address: str, size: tuple[int, int]) -> None:
    async with ready(address, size) as screenful:
        for number in range(12):
            await screenful.press(*"票价", "ctrl+j", "多")
            region = screenful.box.content_region
            assert _caret(screenful) == _painted_caret(screenful)
            assert _caret(screenful) == Offset(region.x + 2, region.bottom - 1)
            assert region.height == min(number + 2, 8)
        # Scrolled back to the first line, and in the middle.
        for _ in range(12):
            await screenful.press("up")
            assert _caret(screenful) == _painted_caret(screenful)
        assert _caret(screenful).y == screenful.box.content_region.y


@BOTH
async def test_it_follows_a_line_that_is_wrapped_and_a_box_that_moves(address: str, size: tuple[int, int]) -> None:
    async with ready(address, size) as screenful:
        await screenful.press(*"灯" * (size[0] // 2 + 3))
        assert screenful.box.content_region.height == 2
        assert _caret(screenful) == _painted_caret(screenful)
        await screenful.pilot.resize_terminal(size[0] + 20, size[1] + 5)
        await screenful.pilot.pause()
        assert _caret(screenful) == _painted_caret(screenful)


@BOTH
async def test_while_reading_it_is_where_a_question_would_begin(address: str, size: tuple[int, int]) -> None:
    async with ready(address, size) as screenful:
        await screenful.ask_and_read("渡轮")
        await screenful.press("escape")
        assert _caret(screenful) == screenful.box.content_region.offset
        await screenful.press("灯")
        assert _caret(screenful) == screenful.box.content_region.offset + Offset(2, 0)


@BOTH
@pytest.mark.parametrize("keys", [("ctrl+p",), ("escape", "f"), ("ctrl+b", "slash"), ("ctrl+o", "slash")])
async def test_it_follows_in_every_search_line(address: str, size: tuple[int, int], keys: tuple[str, ...]) -> None:
    async with ready(address, size) as screenful:
        await screenful.ask_and_read("渡轮")
        await screenful.press(*keys)
        field = screenful.app.focused
        assert isinstance(field, Input)
        field.cursor_blink = False
        before = _caret(screenful)
        await screenful.press(*"灯会a")
        await screenful.until(lambda: field.value == "灯会a")
        assert _caret(screenful) == before + Offset(5, 0) == _painted_caret(screenful)


# -------------------------------------------------------------------------------------------------------------- pasting


@BOTH
async def test_a_long_paste_is_cut_and_told(address: str, size: tuple[int, int]) -> None:
    async with ready(address, size, notifications=True) as screenful:
        screenful.box.insert("问：")
        screenful.box.post_message(events.Paste("水" * 100_000))
        await screenful.until(lambda: len(screenful.box.text) > 10)
        assert screenful.box.text == "问：" + "水" * (MAX_QUESTION - 2)
        await screenful.until(lambda: "100,000" in screenful.text())
        await screenful.press("enter")
        await screenful.until(lambda: len(screenful.turns) == 1 and screenful.turns[0].turn.reply is not None)


async def test_a_paste_takes_the_place_of_what_is_selected(address: str) -> None:
    async with ready(address) as screenful:
        screenful.box.insert("甲" * MAX_QUESTION)
        screenful.box.select_all()
        screenful.box.post_message(events.Paste("乙\x1b[31m丙\r\n丁"))
        await screenful.until(lambda: "丁" in screenful.box.text)
        assert "\x1b" not in screenful.box.text
        assert "甲" not in screenful.box.text
        assert screenful.box.text.endswith("丙\n丁")


async def test_a_question_that_is_too_long_is_told_and_kept(address: str) -> None:
    async with ready(address, notifications=True) as screenful:
        screenful.box.insert("水" * (MAX_QUESTION + 1))
        await screenful.press("enter")
        assert len(screenful.box.text) == MAX_QUESTION + 1
        assert screenful.turns == []
        await screenful.until(lambda: f"{MAX_QUESTION + 1:,}" in screenful.text())


# -------------------------------------------------------------------------------------------------------------- history


async def test_questions_of_earlier_sessions_come_back(address: str, tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite"
    async with ready(address, keeper=Keeper(path)) as screenful:
        await screenful.ask("渡轮")
        await screenful.ask("水位")
    async with opened(address, keeper=Keeper(path)) as screenful:
        await screenful.until(lambda: len(screenful.box._asked) == 2)
        await screenful.press("up")
        assert screenful.box.text == "水位"
        await screenful.press("up")
        assert screenful.box.text == "渡轮"
        await screenful.press("down", "down")
        assert screenful.box.text == ""


async def test_questions_that_come_late_do_not_move_the_reader(address: str) -> None:
    async with ready(address) as screenful:
        await screenful.ask("渡轮")
        screenful.box.insert("草稿")
        await screenful.press("up")
        screenful.box.recall(["去年", "前天"])
        await screenful.press("up")
        assert screenful.box.text == "前天"
        await screenful.press("down", "down")
        assert screenful.box.text == "草稿"
