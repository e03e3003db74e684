"""The command palette: what can run now, found in either language, run by key and by mouse."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.widgets import Input

from tests.tui.conftest import NARROW, WIDE, Screenful, opened, ready
from tui.home.home import Home
from tui.home.initials import initials
from tui.home.keyfile import FILE_NAME
from tui.home.keys import COMMANDS
from tui.i18n import Language
from tui.screens.conversations import ConversationsScreen
from tui.screens.help import HelpScreen
from tui.screens.palette import PaletteScreen, matching, runnable

BOTH = pytest.mark.parametrize("size", [NARROW, WIDE], ids=["narrow", "wide"])


def _found(screenful: Screenful) -> list[str]:
    """Ids of the commands that the palette lists."""
    screen = screenful.app.screen
    assert isinstance(screen, PaletteScreen)
    return [option.id for option in screen._found.options if option.id]


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("新对话", "new-conversation"),
        ("ksxdh", "new-conversation"),
        ("start a new con", "new-conversation"),
        ("conv start", "new-conversation"),
        ("HIGH-CON", "theme-contrast"),
        ("write-keys", "write-keys"),
        ("quit", "quit"),
        ("退", "quit"),
        ("tc", "quit"),
    ],
)
def test_commands_are_found_by_words_of_both_languages_by_initials_and_by_id(query: str, first: str) -> None:
    assert matching(COMMANDS, query)[0].id == first


def test_an_empty_query_finds_all_in_order_and_nonsense_nothing() -> None:
    assert matching(COMMANDS, " ") == list(COMMANDS)
    assert matching(COMMANDS, "xyzzy plugh") == []


@pytest.mark.parametrize(
    ("text", "letters"), [("下一处引文", "xycyw"), ("啊做", "az"), ("English，F5", ""), ("龘", "")]
)
def test_initials(text: str, letters: str) -> None:
    assert initials(text) == letters


@BOTH
async def test_the_palette_runs_what_is_chosen_by_key(address: str, size: tuple[int, int]) -> None:
    async with ready(address, size) as screenful:
        await screenful.ask_and_read("渡轮")
        await screenful.press("ctrl+p")
        assert {"next-citation", "language", "quit"} <= set(_found(screenful))
        await screenful.press(*"next citation")
        assert _found(screenful)[0] == "next-citation"
        await screenful.press("enter")
        assert screenful.app.screen is screenful.screen
        assert screenful.turns[-1].turn.current == 1
        await screenful.press("ctrl+p", "down", "down", "up", "enter")
        assert screenful.turns[-1].turn.current == 0


@BOTH
async def test_the_palette_runs_what_is_clicked(address: str, size: tuple[int, int]) -> None:
    async with ready(address, size) as screenful:
        await screenful.press("ctrl+p", *"list of keys")
        await screenful.click("works too")
        await screenful.until(lambda: isinstance(screenful.app.screen, HelpScreen))


@BOTH
async def test_the_list_is_walked_while_the_search_line_keeps_the_focus(address: str, size: tuple[int, int]) -> None:
    async with ready(address, size) as screenful:
        await screenful.press("ctrl+p", "pagedown")
        screen = screenful.app.screen
        assert isinstance(screen, PaletteScreen)
        assert (screen._found.highlighted or 0) > 1
        await screenful.press("pageup", "q")
        assert screen._found.highlighted == 0
        assert screen.query_one(Input).value == "q"


@BOTH
async def test_the_palette_closes_and_changes_nothing(address: str, size: tuple[int, int]) -> None:
    async with ready(address, size) as screenful:
        screenful.box.insert("草稿")
        for keys in (("escape",), ("ctrl+p",), ()):
            await screenful.press("ctrl+p", "x")
            await screenful.press(*keys)
            if not keys:
                await screenful.pilot.click(offset=(0, size[1] - 1))
            assert screenful.app.screen is screenful.screen
            assert screenful.box.text == "草稿"
            assert screenful.box.has_focus


async def test_only_what_can_run_now_is_listed(address: str) -> None:
    async with ready(address) as screenful:
        await screenful.press("ctrl+p")
        listed = _found(screenful)
        assert "palette" not in listed
        assert "send" not in listed
        assert "stop" not in listed
        assert not {known.id for known in COMMANDS if known.area in {"corpus", "conversations"}} & set(listed)
        await screenful.press("escape", "ctrl+o")
        screen = screenful.app.screen
        assert isinstance(screen, ConversationsScreen)
        assert "next-citation" not in [known.id for known in runnable(screen)]
        assert "leave-conversations" in [known.id for known in runnable(screen)]


async def test_it_says_that_nothing_is_found(address: str) -> None:
    async with ready(address, NARROW, "zh") as screenful:
        await screenful.press("ctrl+p", *"xyzzy")
        assert _found(screenful) == []
        assert "没有这样的命令" in screenful.text()
        await screenful.press("enter")
        assert isinstance(screenful.app.screen, PaletteScreen)


async def test_it_speaks_the_language_of_the_moment_and_shows_the_keys(address: str, tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_text('[keys]\nlanguage = "f12"\n', encoding="utf-8")
    async with ready(address, NARROW, home=Home.load(tmp_path)) as screenful:
        await screenful.press("ctrl+p", *"new conv")
        assert any("start a new conversation" in line and "Ctrl+L" in line for line in screenful.lines())
        await screenful.press("f12")
        assert any("开始新对话" in line and "Ctrl+L" in line for line in screenful.lines())
        assert screenful.app.words.language is Language.ZH


async def test_the_key_file_is_written_from_here(address: str, tmp_path: Path) -> None:
    async with opened(address, notifications=True, home=Home.load(tmp_path)) as screenful:
        await screenful.press("ctrl+p", *"write-keys")
        await screenful.press("enter")
        await screenful.until(lambda: "The keys are in" in screenful.text())
    assert (tmp_path / FILE_NAME).read_text(encoding="utf-8").startswith("# ")


async def test_a_key_file_that_cannot_be_written_is_told(address: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    async with opened(address, notifications=True, home=Home.load(tmp_path / "file")) as screenful:
        await screenful.press("ctrl+p", *"write-keys")
        await screenful.press("enter")
        await screenful.until(lambda: "cannot be written" in screenful.text())
