"""The tour's pictures: all there, all named, all drawn by the command."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from rag.settings import Settings
from server.state import build_state
from tests.tui.paper import serving_state
from tests.tui.tour import BROWSER, FOLDER, PICTURES, draw, main, set_wide

PAGE = FOLDER.parent / "terminal.md"
MOST_BYTES = 200_000


@pytest.fixture(scope="module")
def sample_address(sample_index: Settings) -> Iterator[str]:
    state = build_state(sample_index)
    with serving_state(state) as url:
        state.live.wait()
        yield url


def test_the_page_names_every_picture_and_the_command_draws_it() -> None:
    named = re.findall(r"!\[[^\]]+\]\(terminal/([^)]+)\)", PAGE.read_text(encoding="utf-8"))
    drawn = {f"{name}.svg" for name in PICTURES} | {BROWSER}
    assert sorted(named) == sorted(drawn)
    assert {path.name for path in FOLDER.iterdir()} == drawn


@pytest.mark.parametrize("path", sorted(FOLDER.iterdir()), ids=lambda path: path.name)
def test_a_picture_is_light_and_fetches_nothing(path: Path) -> None:
    content = path.read_bytes()
    assert len(content) < MOST_BYTES
    if path.suffix == ".svg":
        assert b"url(http" not in content
        assert b"<text" in content
    else:
        assert content.startswith(b"\x89PNG\r\n\x1a\n")


@pytest.mark.parametrize("name", ["answer", "refusal", "corpus"])
async def test_the_command_draws_what_the_program_shows(sample_address: str, tmp_path: Path, name: str) -> None:
    drawn = await draw(PICTURES[name], sample_address, "", tmp_path / "history.sqlite")
    words = {"answer": "流动驿站", "refusal": "没有找到依据", "corpus": "全部地点"}[name]
    assert words in drawn
    assert "@font-face" not in drawn


def test_every_character_stands_in_its_cell() -> None:
    text = '<text class="t-r1" x="12.2" y="20" textLength="61" clip-path="url(#t)">a&amp;海&#160;b</text>'
    assert set_wide(text) == (
        '<text class="t-r1" x="12.2" y="20" textLength="24.4">a&amp;</text>'
        '<text class="t-r1" x="36.6" y="20" textLength="24.4">海</text>'
        '<text class="t-r1" x="61" y="20" textLength="24.4">\xa0b</text>'
    )


def test_a_picture_that_is_not_there_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["nowhere"]) == 2
    assert "there are answer" in capsys.readouterr().err
