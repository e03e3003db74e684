"""The looks: every text can be read in every theme, and the theme is chosen, remembered and right without colours."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from rich.style import Style
from textual.color import Color

from tests.tui.conftest import NARROW, WIDE, Screenful, opened, ready
from tui.home.home import Home
from tui.home.themes import CONTRAST, DARK, LIGHT, THEMES, default_theme, next_theme
from tui.widgets.prose import ROLES, TOUCHES, Prose

ENOUGH = {DARK: 4.5, LIGHT: 4.5, CONTRAST: 7.0}
"""The least contrast of text in a theme, by WCAG 2.2."""
LINES = {"rule"}
"""Looks that draw no text."""


def contrast(first: Color, second: Color) -> float:
    """The ratio of WCAG 2.2: 1 for the same colour, 21 for black and white."""
    light, dark = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(color: Color) -> float:
    parts = [part / 255 for part in (color.r, color.g, color.b)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_the_measure_is_the_known_one() -> None:
    assert contrast(Color.parse("#ffffff"), Color.parse("#000000")) == pytest.approx(21)
    assert contrast(Color.parse("#777777"), Color.parse("#ffffff")) == pytest.approx(4.48, abs=0.01)


def _colors(style: Style) -> tuple[Color, Color]:
    assert style.color is not None
    assert style.bgcolor is not None
    return Color.from_rich_color(style.color), Color.from_rich_color(style.bgcolor)


@pytest.mark.parametrize("theme", THEMES)
async def test_every_look_of_text_can_be_read(address: str, theme: str) -> None:
    async with ready(address) as screenful:
        await screenful.ask_and_read("渡轮")
        screenful.app.theme = theme
        await screenful.pilot.pause()
        weak = []
        for prose in screenful.screen.query(Prose):
            for role in set(ROLES) - LINES:
                base = prose.get_component_rich_style(f"prose--{role}")
                looks = {role: base}
                for touch in TOUCHES:
                    looks[f"{role}+{touch}"] = base + prose.get_component_rich_style(f"prose--{touch}", partial=True)
                for name, style in looks.items():
                    ratio = contrast(*_colors(style))
                    if ratio < ENOUGH[theme]:
                        weak.append((prose.id, name, round(ratio, 2)))
        assert weak == []


SCREENS = {"chat": (), "help": ("f1",), "palette": ("ctrl+p",), "corpus": ("ctrl+b",), "conversations": ("ctrl+o",)}


@pytest.mark.parametrize("size", [NARROW, WIDE], ids=["narrow", "wide"])
@pytest.mark.parametrize("theme", THEMES)
async def test_every_character_on_the_screens_can_be_read(address: str, size: tuple[int, int], theme: str) -> None:
    """What is painted in the end, whichever widget painted it."""
    async with ready(address, size) as screenful:
        screenful.app.theme = theme
        await screenful.ask_and_read("渡轮")
        await screenful.ask("预算是多少")
        await screenful.press("escape")
        for keys in SCREENS.values():
            await screenful.press(*keys)
            weak = {found for found in _painted(screenful) if found[1] < ENOUGH[theme]}
            assert weak == set()
            if keys:
                await screenful.press("escape")


def _painted(screenful: Screenful) -> set[tuple[str, float]]:
    """Words on the screen, and their contrast; what lies behind a dialog is dimmed on purpose and left out."""
    top = screenful.app.screen
    behind = top.is_modal
    found: set[tuple[str, float]] = set()
    for y, strip in enumerate(top._compositor.render_strips()):
        x = 0
        for segment in strip:
            if any(char.isalnum() for char in segment.text) and segment.style is not None:
                widget, _ = top.get_widget_at(x, y)
                if not (behind and widget is top):
                    found.add((segment.text.strip(), round(contrast(*_colors(segment.style)), 2)))
            x += segment.cell_length
    return found


@pytest.mark.parametrize("theme", THEMES)
async def test_the_quoted_characters_stand_out(address: str, theme: str) -> None:
    async with ready(address) as screenful:
        await screenful.ask_and_read("渡轮")
        screenful.app.theme = theme
        await screenful.pilot.pause()
        prose = screenful.article.query_one("#article-text", Prose)
        body = prose.get_component_rich_style("prose--body")
        quote = body + prose.get_component_rich_style("prose--quote", partial=True)
        # The field of colour behind the quote is told from the paper as a control is from its surroundings.
        assert contrast(_colors(quote)[1], _colors(body)[1]) >= (1.25 if theme == LIGHT else 3)
        if theme == CONTRAST:
            assert quote.bold
            assert quote.underline
            assert not body.bold


@pytest.mark.parametrize("size", [NARROW, WIDE], ids=["narrow", "wide"])
async def test_f4_goes_through_the_themes_and_the_choice_is_remembered(
    address: str, tmp_path: Path, size: tuple[int, int]
) -> None:
    async with opened(address, size, notifications=True, home=Home.load(tmp_path)) as screenful:
        seen = [screenful.app.theme]
        for _ in THEMES:
            await screenful.press("f4")
            seen.append(screenful.app.theme)
        assert seen == [DARK, LIGHT, CONTRAST, DARK]
        await screenful.until(lambda: "Theme: dark" in screenful.text())
        await screenful.press("f4")
    assert json.loads((tmp_path / "preferences.json").read_text())["theme"] == LIGHT
    async with opened(address, size, home=Home.load(tmp_path)) as screenful:
        assert screenful.app.theme == LIGHT
        assert screenful.app.screen.styles.background == Color.parse(THEMES[LIGHT].background or "")


async def test_a_theme_that_is_not_known_any_more_is_none(address: str, tmp_path: Path) -> None:
    (tmp_path / "preferences.json").write_text('{"theme": "mauve"}')
    async with opened(address, home=Home.load(tmp_path)) as screenful:
        assert screenful.app.theme == DARK


async def test_without_colours_high_contrast_is_the_beginning(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with ready(address) as screenful:
        assert screenful.app.theme == CONTRAST
        await screenful.ask_and_read("渡轮")
        prose = screenful.article.query_one("#article-text", Prose)
        assert prose.get_component_rich_style("prose--quote", partial=True).reverse
        await screenful.press("f4")
        assert screenful.app.theme == DARK


def test_the_themes_follow_each_other() -> None:
    assert next_theme("no such") == DARK
    assert default_theme(no_color=False) == DARK
    assert [THEMES[name].dark for name in (DARK, LIGHT, CONTRAST)] == [True, False, True]
