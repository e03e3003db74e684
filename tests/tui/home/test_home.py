"""What the reader has chosen: kept, found again, never in the way."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.tui.conftest import NARROW, WIDE, opened, ready
from tui.home.home import Home
from tui.home.preferences import ASIDE, FILE_NAME, PreferenceFile, Preferences, config_folder
from tui.i18n import CATALOGUE, Language


def test_without_a_file_nothing_is_chosen_and_nothing_is_written(tmp_path: Path) -> None:
    folder = tmp_path / "none"
    assert PreferenceFile(folder).load() == (Preferences(), [])
    assert not folder.exists()


def test_choices_are_found_again_and_those_of_others_stay(tmp_path: Path) -> None:
    first, second = PreferenceFile(tmp_path / "deep" / "er"), PreferenceFile(tmp_path / "deep" / "er")
    assert first.remember(language="zh") is None
    assert second.remember(theme="light", reduced_motion=True) is None
    assert first.remember(language="en") is None
    assert second.load() == (Preferences("en", "light", True), [])
    assert [path.name for path in second.path.parent.iterdir()] == [FILE_NAME]


@pytest.mark.parametrize("text", ["{", "[]", "3", "", '{"language": "zh"'])
def test_a_broken_file_is_set_aside_and_told(tmp_path: Path, text: str) -> None:
    file = PreferenceFile(tmp_path)
    file.path.write_text(text)
    preferences, troubles = file.load()
    assert preferences == Preferences()
    assert [trouble.key for trouble in troubles] == ["preference.broken"]
    assert not file.path.exists()
    assert file.path.with_name(FILE_NAME + ASIDE).read_text() == text
    assert file.load() == (Preferences(), [])


def test_bytes_that_are_no_text_are_set_aside(tmp_path: Path) -> None:
    file = PreferenceFile(tmp_path)
    file.path.write_bytes(b"\xff\xfe\x00")
    assert [trouble.key for trouble in file.load()[1]] == ["preference.broken"]


def test_a_value_of_another_kind_is_told_and_the_others_count(tmp_path: Path) -> None:
    file = PreferenceFile(tmp_path)
    file.path.write_text('{"language": 5, "theme": "light", "reduced_motion": "no", "of a later version": 1}')
    preferences, troubles = file.load()
    assert preferences == Preferences(None, "light", False)
    assert [trouble.values["name"] for trouble in troubles] == ["language", "reduced_motion"]
    file.remember(language="zh")
    assert json.loads(file.path.read_text())["of a later version"] == 1


def test_a_folder_that_cannot_be_written_is_told_once(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    file = PreferenceFile(tmp_path / "file")
    trouble = file.remember(theme="light")
    assert trouble is not None
    assert trouble.key in CATALOGUE
    assert str(tmp_path / "file" / FILE_NAME) == trouble.values["path"]
    assert file.remember(theme="dark") is None


def test_a_writing_that_fails_leaves_the_old_file_and_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = PreferenceFile(tmp_path)
    file.remember(theme="light")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    trouble = file.remember(theme="dark")
    assert trouble is not None
    assert trouble.values["detail"] == "No space left on device"
    assert file.load()[0].theme == "light"
    assert [path.name for path in tmp_path.iterdir()] == [FILE_NAME]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_told(tmp_path: Path) -> None:
    file = PreferenceFile(tmp_path)
    file.remember(theme="light")
    file.path.chmod(0)
    assert [trouble.key for trouble in file.load()[1]] == ["preference.unreadable"]


def test_the_folder_is_the_one_given_or_the_systems(tmp_path: Path) -> None:
    assert config_folder({"WENBAO_CONFIG": str(tmp_path)}) == tmp_path
    assert config_folder({}).name == "wenbao"


# ------------------------------------------------------------------------------------------------------------- sessions


@pytest.mark.parametrize("size", [NARROW, WIDE], ids=["narrow", "wide"])
async def test_the_language_is_remembered_and_the_one_given_wins_for_a_session(
    address: str, tmp_path: Path, size: tuple[int, int]
) -> None:
    async with opened(address, size, "en", home=Home.load(tmp_path)) as screenful:
        await screenful.press("f3")
        assert screenful.app.words.language is Language.ZH
    async with opened(address, size, "", home=Home.load(tmp_path)) as screenful:
        assert screenful.app.words.language is Language.ZH
    async with opened(address, size, "en", home=Home.load(tmp_path)) as screenful:
        assert screenful.app.words.language is Language.EN
    assert json.loads((tmp_path / FILE_NAME).read_text()) == {"language": "zh"}


@pytest.mark.parametrize("keys", [("f1",), ("ctrl+p",), ("ctrl+b",), ("ctrl+o",)], ids=lambda keys: keys[0])
async def test_the_language_changes_on_every_screen_of_the_stack(address: str, keys: tuple[str, ...]) -> None:
    async with ready(address, NARROW) as screenful:
        await screenful.press(*keys)
        before = screenful.lines()
        await screenful.press("f3")
        after = screenful.lines()
        changed = sum(first != second for first, second in zip(before, after, strict=True))
        assert changed >= 3
        await screenful.press("f3")
        assert screenful.lines() == before
        await screenful.press("f3", "escape")
        assert screenful.app.screen is screenful.screen
        assert "发送" in screenful.lines()[-1]


async def test_what_is_wrong_with_the_preferences_is_said_on_the_first_screen(address: str, tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_text("{")
    async with opened(address, NARROW, notifications=True, home=Home.load(tmp_path)) as screenful:
        await screenful.until(lambda: "start afresh" in " ".join(screenful.text().split()))
        await screenful.press("f4")
    assert json.loads((tmp_path / FILE_NAME).read_text()) == {"theme": "light"}


async def test_a_choice_that_cannot_be_kept_holds_for_the_session_and_is_told(address: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    async with opened(address, WIDE, notifications=True, home=Home.load(tmp_path / "file")) as screenful:
        await screenful.press("f3")
        await screenful.until(lambda: "写不了" in screenful.text())
        assert screenful.app.words.language is Language.ZH


async def test_reduced_motion_stops_everything_that_moves(address: str, tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_text('{"reduced_motion": true}')
    async with ready(address, home=Home.load(tmp_path)) as screenful:
        assert screenful.app.animation_level == "none"
        await screenful.press("ctrl+p")
        assert screenful.app.focused is not None
        assert screenful.app.focused.cursor_blink is False  # type: ignore[attr-defined]  # the search line's
        await screenful.press(*"motion")
        await screenful.press("enter")
        assert screenful.app.animation_level == "full"
    assert json.loads((tmp_path / FILE_NAME).read_text()) == {"reduced_motion": False}


@pytest.mark.parametrize("keys", [(), ("f1",), ("ctrl+p",), ("ctrl+o",), ("ctrl+b",)])
async def test_leaving_asks_nothing_and_loses_nothing(address: str, tmp_path: Path, keys: tuple[str, ...]) -> None:
    async with ready(address, home=Home.load(tmp_path)) as screenful:
        screenful.box.insert("还没\n问完")
        await screenful.press(*keys, "ctrl+q")
        assert screenful.app._exit
    async with opened(address, home=Home.load(tmp_path)) as screenful:
        await screenful.until(lambda: screenful.box.text == "还没\n问完")
    async with ready(address, home=Home.load(tmp_path)) as screenful:
        assert screenful.box.text == ""


async def test_leaving_is_not_held_up_by_a_folder_that_cannot_be_written(address: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    async with ready(address, home=Home.load(tmp_path / "file")) as screenful:
        screenful.box.insert("还没问完")
        await screenful.press("ctrl+q")
        assert screenful.app._exit


@pytest.mark.parametrize("size", [NARROW, WIDE], ids=["narrow", "wide"])
async def test_ctrl_c_says_how_to_leave(address: str, size: tuple[int, int]) -> None:
    async with opened(address, size, notifications=True) as screenful:
        await screenful.press("escape", "ctrl+c")
        await screenful.until(lambda: "Ctrl+Q quits" in screenful.text())
