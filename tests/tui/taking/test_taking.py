"""y, Y and w, as a reader uses them: what lands on the clipboard or on the disk, and what is said of it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.tui.conftest import NARROW, WIDE, Screenful, ready
from tests.tui.paper import FARE, SPEED, PaperLibrary
from tui.screens.export import ExportScreen
from tui.taking.clipboard import LONGEST_OSC
from tui.widgets.field import Field

BOTH = pytest.mark.parametrize("size", [NARROW, WIDE], ids=["narrow", "wide"])


@pytest.fixture
def copied(workdir: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where what was copied is kept: by a program, as at a machine with a display."""
    programs = workdir / "programs"
    programs.mkdir()
    kept = workdir / "copied.txt"
    (programs / "xclip").write_text(f'#!/bin/sh\n/bin/cat > "{kept}"\n')
    (programs / "xclip").chmod(0o755)
    for name in ("SSH_CONNECTION", "SSH_TTY", "SSH_CLIENT", "TMUX", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setenv("PATH", str(programs))
    return kept


@asynccontextmanager
async def reading(address: str, size: tuple[int, int] = WIDE, language: str = "en") -> AsyncIterator[Screenful]:
    """The app with an answer, out of the question box."""
    async with ready(address, size, language, notifications=True) as screenful:
        await screenful.ask_and_read("渡轮多久到对岸？")
        await screenful.press("escape")
        yield screenful


@BOTH
async def test_y_copies_the_sentence_that_is_read(address: str, copied: Path, size: tuple[int, int]) -> None:
    async with reading(address, size) as screenful:
        await screenful.press("n", "y")
        await screenful.until(lambda: "copied, by xclip" in screenful.text())
        assert copied.read_text().startswith(
            f"{FARE}\n— 新渡轮“白鹭号”昨日下水, 浙江省青石港市, 2019-05-04, 港口/page-1.txt characters ["
        )


@BOTH
async def test_capital_y_copies_the_answer(address: str, copied: Path, size: tuple[int, int]) -> None:
    async with reading(address, size, "zh") as screenful:
        await screenful.press("Y")
        await screenful.until(lambda: "已复制（xclip）" in screenful.text())
        text = copied.read_text()
        assert text.startswith(f"{SPEED}[1]。")
        assert "\n出处：\n[1] 新渡轮" in text
        assert "\n[3] 棉田里的灯会，青石港市沙洲镇，港口/page-1.txt 字符 [" in text


async def test_a_refusal_is_copied_with_what_came_nearest(address: str, copied: Path) -> None:
    async with ready(address, notifications=True) as screenful:
        await screenful.ask("预算是多少")
        await screenful.press("escape", "Y")
        await screenful.until(lambda: "copied, by xclip" in screenful.text())
        assert "What came nearest:\n[1] " in copied.read_text()


async def test_what_is_read_full_screen_is_copied_there(address: str, copied: Path) -> None:
    async with reading(address) as screenful:
        await screenful.press("o", "n", "y")
        await screenful.until(lambda: copied.exists() and copied.read_text().startswith(FARE))
        await screenful.press("Y")
        await screenful.until(lambda: copied.read_text().startswith(f"{SPEED}[1]。"))


@pytest.mark.parametrize("key", ["y", "Y", "w"])
async def test_without_anything_to_take_a_message_says_what_to_do(address: str, copied: Path, key: str) -> None:
    async with ready(address, notifications=True) as screenful:
        await screenful.press("escape", key)
        words = {"y": "No citation is chosen", "Y": "There is no answer to copy yet", "w": "There is no conversation"}
        await screenful.until(lambda: words[key] in screenful.text())
        assert not copied.exists()


async def test_without_a_program_the_terminal_is_told_and_the_message_says_so(
    address: str, copied: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DISPLAY")
    written: list[str] = []
    monkeypatch.setattr("textual.drivers.headless_driver.HeadlessDriver.write", lambda _, data: written.append(data))
    async with reading(address) as screenful:
        await screenful.press("y")
        await screenful.until(lambda: "handed to the terminal's clipboard" in screenful.text())
        assert "w writes a file" in screenful.text()
    assert any(data.startswith("\x1b]52;c;") for data in written)


async def test_an_answer_that_no_terminal_takes_is_told(
    address: str, copied: Path, library: PaperLibrary, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DISPLAY")
    async with reading(address) as screenful:
        turn = screenful.turns[0].turn
        assert turn.reply is not None
        turn.reply = turn.reply.model_copy(update={"answer": "长" * LONGEST_OSC})
        await screenful.press("Y")
        await screenful.until(lambda: "more than a terminal's clipboard takes" in screenful.text())


async def test_the_last_message_can_be_read_again_in_the_other_language(address: str, copied: Path) -> None:
    async with reading(address) as screenful:
        await screenful.press("y")
        await screenful.until(lambda: "copied, by xclip" in screenful.text())
        screenful.app.clear_notifications()
        await screenful.until(lambda: "copied, by xclip" not in screenful.text())
        await screenful.press("f3")
        await screenful.app.run_action("last_message")
        await screenful.until(lambda: "已复制（xclip）" in screenful.text())


# -------------------------------------------------------------------------------------------------------------- files


@asynccontextmanager
async def exporting(address: str, size: tuple[int, int] = WIDE) -> AsyncIterator[tuple[Screenful, Field]]:
    """The dialog, open."""
    async with reading(address, size) as screenful:
        await screenful.press("w")
        await screenful.until(lambda: isinstance(screenful.app.screen, ExportScreen))
        yield screenful, screenful.app.screen.query_one(Field)


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.suffix in {".md", ".json"})


@BOTH
async def test_enter_writes_markdown_under_the_suggested_name(
    address: str, copied: Path, workdir: Path, size: tuple[int, int]
) -> None:
    async with exporting(address, size) as (screenful, field):
        assert field.value.startswith("渡轮多久到对岸-")
        name = field.value
        await screenful.press("enter")
        await screenful.until(lambda: "Written to" in screenful.text())
    assert files(workdir) == [name]
    assert f"{SPEED}[1]" in (workdir / name).read_text(encoding="utf-8")


@BOTH
async def test_the_mouse_chooses_json_and_writes(
    address: str, copied: Path, workdir: Path, size: tuple[int, int]
) -> None:
    async with exporting(address, size) as (screenful, field):
        await screenful.click("JSON, with spans")
        await screenful.until(lambda: field.value.endswith(".json"))
        await screenful.pilot.click("#export-write")
        await screenful.until(lambda: not isinstance(screenful.app.screen, ExportScreen))
    [name] = files(workdir)
    document = json.loads((workdir / name).read_text(encoding="utf-8"))
    assert [turn["question"] for turn in document["turns"]] == ["渡轮多久到对岸？"]


async def test_a_file_that_is_there_is_overwritten_when_asked_twice(address: str, copied: Path, workdir: Path) -> None:
    (workdir / "a.md").write_text("before")
    async with exporting(address) as (screenful, field):
        field.value = "a.md"
        await screenful.press("enter")
        await screenful.until(lambda: "Enter again overwrites it" in screenful.text())
        assert (workdir / "a.md").read_text() == "before"
        field.value = "b.md"
        await screenful.until(lambda: "Enter again" not in screenful.text())
        field.value = "a.md"
        await screenful.press("enter")
        await screenful.until(lambda: "Enter again overwrites it" in screenful.text())
        await screenful.press("enter")
        await screenful.until(lambda: not isinstance(screenful.app.screen, ExportScreen))
    assert "渡轮" in (workdir / "a.md").read_text(encoding="utf-8")
    assert files(workdir) == ["a.md"]


async def test_what_stands_in_the_way_is_said_and_the_dialog_stays(address: str, copied: Path, workdir: Path) -> None:
    async with exporting(address) as (screenful, field):
        for name, words in (("no/a.md", "Make it first"), ("", "Give a file name"), (".", "not an ordinary file")):
            field.value = name
            await screenful.press("enter")
            await screenful.until(lambda words=words: words in screenful.text())  # type: ignore[misc]
        await screenful.press("escape")
        await screenful.until(lambda: not isinstance(screenful.app.screen, ExportScreen))
    assert files(workdir) == []


async def test_the_dialog_speaks_the_language_of_the_moment(address: str, copied: Path) -> None:
    async with exporting(address) as (screenful, _):
        await screenful.press("f3")
        await screenful.until(lambda: "写成文件" in screenful.text() and "取消" in screenful.text())
