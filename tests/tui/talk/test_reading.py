"""Reading: an article over the whole screen, finding within it, and where the reader is, key by key and by mouse."""

from __future__ import annotations

import pytest
from textual import events

from tests.tui.conftest import NARROW, WIDE, Screenful, ready
from tests.tui.paper import FARE, FERRY, LANTERN, LANTERNS, LONG, SPEED, PaperLibrary
from tui.screens.article import ArticleScreen
from tui.widgets.article import ArticlePane
from tui.widgets.find import FindBar
from tui.widgets.prose import Prose

BOTH = pytest.mark.parametrize("size", [NARROW, WIDE], ids=["narrow", "wide"])


def pane_of(screenful: Screenful) -> ArticlePane:
    """The article pane of the screen that is on top."""
    return screenful.app.screen.query_one(ArticlePane)


def drawn(screenful: Screenful, role: str) -> str:
    """What is drawn in the look of a role, in every line of the article, on the screen or not."""
    prose = pane_of(screenful).query_one("#article-text", Prose)
    colour = prose.get_component_rich_style(f"prose--{role}").bgcolor
    strips = [prose.render_line(row) for row in range(len(prose.rows(prose.size.width)))]
    pieces = [piece.text for strip in strips for piece in strip if piece.style and piece.style.bgcolor == colour]
    return "".join("".join(pieces).split())


def count(screenful: Screenful) -> str:
    """The counter of the find line."""
    [paragraph] = pane_of(screenful).query_one("#find-count", Prose).paragraphs
    return paragraph.text.split("↑")[0].strip()


def first_line(screenful: Screenful) -> str:
    """What the first line in view starts with."""
    region = pane_of(screenful).content_region
    strip = screenful.app.screen._compositor.render_strips()[region.y]
    return strip.crop(region.x, region.right).text.strip()


async def scroll(screenful: Screenful, *keys: str) -> str:
    """Presses keys that scroll down, and waits until all of it is done; the first line that is in view then."""
    pane = pane_of(screenful)
    before = pane.scroll_offset.y
    await screenful.press(*keys)
    await screenful.until(lambda: pane.scroll_offset.y == pane.scroll_target_y > before + len(keys) - 1)
    return first_line(screenful)


async def to_top(screenful: Screenful) -> None:
    pane_of(screenful).focus()
    await screenful.press("home")
    await screenful.until(lambda: pane_of(screenful).scroll_offset.y == 0)


async def read(screenful: Screenful, question: str) -> None:
    """Asks, and goes on to reading the first citation."""
    await screenful.ask_and_read(question)
    await screenful.press("escape", "1")
    await screenful.until(lambda: drawn(screenful, "quote"))


async def to_full_screen(screenful: Screenful) -> ArticlePane:
    await screenful.press("o")
    await screenful.until(lambda: isinstance(screenful.app.screen, ArticleScreen))
    await screenful.until(lambda: pane_of(screenful).article is not None)
    return pane_of(screenful)


async def find(screenful: Screenful, query: str) -> None:
    """Opens the find line, and types."""
    await screenful.press("f")
    await screenful.until(lambda: pane_of(screenful).query_one(FindBar).field.has_focus)
    await screenful.press(*query)


# --------------------------------------------------------------------------------------------------- the whole screen


@pytest.mark.parametrize(("size", "back"), [(NARROW, "escape"), (WIDE, "o")])
async def test_an_article_takes_the_whole_screen_and_gives_it_back(
    address: str, size: tuple[int, int], back: str
) -> None:
    async with ready(address, size) as screenful:
        await read(screenful, "渡轮")
        pane = await to_full_screen(screenful)
        assert pane.size.width > 0.9 * size[0]
        assert pane.query_one("#article-text").size.width <= 84
        assert drawn(screenful, "quote") == SPEED
        assert "Citation 1 (1 of 3)" in screenful.lines()[0]
        assert "Esc Back" in screenful.lines()[-1]
        # The frame is whole: nothing hangs over the right margin.
        assert screenful.lines()[0].rstrip().endswith("╮")
        await screenful.press(back)
        await screenful.until(lambda: screenful.app.screen is screenful.screen)
        assert drawn(screenful, "quote") == SPEED


@BOTH
async def test_the_citations_are_walked_on_the_whole_screen_too(address: str, size: tuple[int, int]) -> None:
    async with ready(address, size) as screenful:
        view = await screenful.ask_and_read("渡轮")
        await screenful.press("escape", "1")
        await to_full_screen(screenful)
        for key, quote in [("n", FARE), ("n", LANTERN), ("p", FARE), ("3", LANTERN), ("1", SPEED), ("p", LANTERN)]:
            await screenful.press(key)
            await screenful.until(lambda quote=quote: drawn(screenful, "quote") == quote)
        assert "Citation 3 (3 of 3)" in screenful.text()
        await screenful.press("escape")
        await screenful.until(lambda: screenful.article.article is not None)
        await screenful.until(lambda: drawn(screenful, "quote") == LANTERN)
        assert screenful.article.article is not None
        assert screenful.article.article.article_id == LANTERNS.article_id
        assert view.turn.current == 2


@BOTH
async def test_the_place_is_kept_both_ways(address: str, size: tuple[int, int]) -> None:
    async with ready(address, size) as screenful:
        await read(screenful, "水位")
        await to_top(screenful)
        before = await scroll(screenful, "pagedown", "down")
        await to_full_screen(screenful)
        await screenful.until(lambda: first_line(screenful) == before)
        left = await scroll(screenful, "down", "down", "down")
        assert left != before
        await screenful.press("escape")
        await screenful.until(lambda: screenful.app.screen is screenful.screen and first_line(screenful) == left)


async def test_an_article_without_a_citation_is_read_from_its_top(address: str) -> None:
    async with ready(address, NARROW) as screenful:
        await screenful.click("棉田里的灯会")
        await screenful.until(lambda: screenful.article.article is not None)
        screenful.article.focus()
        await to_full_screen(screenful)
        await screenful.until(lambda: "三百盏灯" in screenful.text())
        await screenful.press("n", "1")
        assert drawn(screenful, "quote") == ""


async def test_there_is_no_whole_screen_of_nothing(address: str) -> None:
    async with ready(address) as screenful:
        await screenful.press("escape", "o", "f")
        assert screenful.app.screen is screenful.screen
        assert not screenful.article.finding


@BOTH
async def test_an_article_that_has_gone_leaves_its_quote(
    address: str, library: PaperLibrary, size: tuple[int, int]
) -> None:
    async with ready(address, size) as screenful:
        await read(screenful, "渡轮")
        library.articles_known = (FERRY,)
        await to_full_screen(screenful)
        await screenful.press("3")
        await screenful.until(lambda: "no longer in the index" in screenful.text())
        assert drawn(screenful, "quote") == LANTERN
        assert LANTERNS.title in screenful.text()
        assert LANTERNS.source in screenful.text()
        await screenful.press("1")
        await screenful.until(lambda: drawn(screenful, "quote") == SPEED)
        assert "no longer in the index" not in screenful.text()


async def test_the_language_changes_on_the_whole_screen(address: str) -> None:
    async with ready(address, NARROW) as screenful:
        await read(screenful, "水位")
        await to_full_screen(screenful)
        await screenful.until(lambda: "3,258 characters" in screenful.text())
        await find(screenful, "9")
        await screenful.press("f3")
        await screenful.until(lambda: "查找" in screenful.text() and "3,258 字" in screenful.text())
        assert "引文 1（1/1）" in screenful.text()
        assert drawn(screenful, "found-here") == "9"


# ------------------------------------------------------------------------------------------------------------ finding


@pytest.mark.parametrize(("size", "full"), [(NARROW, False), (WIDE, False), (NARROW, True)])
async def test_words_are_found_as_they_are_typed(address: str, size: tuple[int, int], full: bool) -> None:
    async with ready(address, size) as screenful:
        await read(screenful, "渡轮")
        if full:
            await to_full_screen(screenful)
        await find(screenful, "渡")
        total = FERRY.text.count("渡")
        await screenful.until(lambda: count(screenful) == f"1/{total}")
        assert drawn(screenful, "found-here") + drawn(screenful, "found") == "渡" * total
        await screenful.press("轮", "长")
        await screenful.until(lambda: count(screenful) == "1/1")
        assert drawn(screenful, "found-here") == "渡轮长"
        # The quote keeps its look beside what is found.
        assert drawn(screenful, "quote") == SPEED
        await screenful.press("呀")
        await screenful.until(lambda: "not found" in screenful.text())
        assert drawn(screenful, "found-here") == ""
        await screenful.press("escape")
        await screenful.until(lambda: not pane_of(screenful).finding)
        assert pane_of(screenful).has_focus
        assert isinstance(screenful.app.screen, ArticleScreen) is full
        assert drawn(screenful, "found") == ""


@BOTH
async def test_what_is_found_in_the_quote_leaves_the_quote_its_colour(address: str, size: tuple[int, int]) -> None:
    async with ready(address, size) as screenful:
        await read(screenful, "渡轮")
        await find(screenful, "１５")
        await screenful.until(lambda: count(screenful) == "not found")
        await screenful.press("backspace", "backspace", "分", "钟")
        await screenful.until(lambda: count(screenful) == "1/1")
        assert drawn(screenful, "found-here") == "分钟"
        assert drawn(screenful, "quote") == SPEED.replace("分钟", "")
        await screenful.press("backspace", "backspace", "的")
        await screenful.until(lambda: count(screenful).startswith("1/"))
        assert drawn(screenful, "quote") == SPEED  # a match inside the quote that is not the current one
        await screenful.press("escape")
        await screenful.until(lambda: drawn(screenful, "quote") == SPEED)


@pytest.mark.parametrize(("size", "on", "back"), [(NARROW, "enter", "shift+enter"), (WIDE, "down", "up")])
async def test_matches_are_walked_around(address: str, size: tuple[int, int], on: str, back: str) -> None:
    async with ready(address, size) as screenful:
        await read(screenful, "水位")
        quote_line = first_line(screenful)
        await find(screenful, "17厘米")
        total = LONG.text.count("17厘米")
        assert total > 1
        await screenful.until(lambda: count(screenful).endswith(f"/{total}"))
        first = count(screenful)
        await screenful.press(on)
        await screenful.until(lambda: count(screenful) != first)
        await screenful.press(back)
        await screenful.until(lambda: count(screenful) == first)
        await screenful.press(*[on] * total)
        await screenful.until(lambda: count(screenful) == first)
        assert "17厘米，站里的人" in screenful.text()
        await screenful.press("escape")
        await screenful.until(lambda: first_line(screenful) == quote_line)


@BOTH
async def test_outside_the_field_n_and_p_walk_the_matches(address: str, size: tuple[int, int]) -> None:
    async with ready(address, size) as screenful:
        await read(screenful, "渡轮")
        await find(screenful, "渡轮")
        total = FERRY.text.count("渡轮")
        await screenful.until(lambda: count(screenful).endswith(f"/{total}"))
        await screenful.press("tab")
        await screenful.until(lambda: screenful.article.has_focus)
        await screenful.press("n")
        await screenful.until(lambda: count(screenful) == f"2/{total}")
        await screenful.press("p", "p")
        await screenful.until(lambda: count(screenful) == f"{total}/{total}")
        await screenful.press("escape", "n")
        await screenful.until(lambda: drawn(screenful, "quote") == FARE)


@BOTH
async def test_finding_by_mouse(address: str, size: tuple[int, int]) -> None:
    async with ready(address, size) as screenful:
        await read(screenful, "渡轮")
        await find(screenful, "渡轮")
        total = FERRY.text.count("渡轮")
        await screenful.until(lambda: count(screenful).endswith(f"/{total}"))
        row = screenful.article.query_one(FindBar).region.y
        column, _ = screenful.find(f"/{total}")
        for shift, expected in [(8, f"2/{total}"), (5, f"1/{total}")]:
            await screenful.pilot.click(offset=(column + shift, row))
            await screenful.until(lambda expected=expected: count(screenful) == expected)
        await screenful.pilot.click(offset=(column + 11, row))
        await screenful.until(lambda: not screenful.article.finding)


async def test_the_words_stay_for_the_next_citation_and_the_next_time(address: str) -> None:
    async with ready(address) as screenful:
        await read(screenful, "渡轮")
        await find(screenful, "沙洲镇")
        await screenful.until(lambda: count(screenful) == "1/1")
        await screenful.press("tab", "3")
        await screenful.until(lambda: drawn(screenful, "quote") == LANTERN)
        await screenful.until(lambda: drawn(screenful, "found-here") == "沙洲镇")
        await screenful.press("escape")
        await screenful.until(lambda: not screenful.article.finding)
        await screenful.press("f")
        await screenful.until(lambda: drawn(screenful, "found-here") == "沙洲镇")
        await screenful.press("灯", "会")
        await screenful.until(lambda: drawn(screenful, "found-here") == "灯会")


async def test_nothing_that_is_pasted_drives_the_terminal(address: str) -> None:
    async with ready(address) as screenful:
        await read(screenful, "渡轮")
        await screenful.press("f")
        field = screenful.article.query_one(FindBar).field
        field.post_message(events.Paste("渡\x1b[2J\n轮\u202e"))
        await screenful.until(lambda: field.value)
        assert field.value == "渡␛[2J 轮"
        assert "\x1b" not in screenful.text()


# ------------------------------------------------------------------------------------------------ where the reader is


@BOTH
async def test_a_long_article_says_how_far_one_is(address: str, size: tuple[int, int]) -> None:
    async with ready(address, size) as screenful:
        await read(screenful, "水位")
        screenful.article.focus()
        await screenful.press("home")
        await screenful.until(lambda: "3,258 characters · 0%" in screenful.text())
        await screenful.press("end")
        await screenful.until(lambda: "3,258 characters · 100%" in screenful.text())


async def test_a_short_article_needs_no_such_word(address: str) -> None:
    async with ready(address) as screenful:
        await read(screenful, "渡轮")
        assert "%" not in str(screenful.article.border_subtitle)


@BOTH
async def test_a_resize_keeps_what_was_at_the_top(address: str, size: tuple[int, int]) -> None:
    async with ready(address, size) as screenful:
        await read(screenful, "水位")
        await to_top(screenful)
        before = await scroll(screenful, *["down"] * 5)
        await screenful.pilot.resize_terminal(size[0] - 30, size[1] - 4)
        await screenful.press("f2" if size == WIDE else "shift")
        screenful.screen._panes.turn_to(article=True)
        await screenful.until(lambda: first_line(screenful)[:5] == before[:5])


async def test_nothing_is_set_again_for_another_highlight_or_another_find(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tui.text import typesetting

    async with ready(address) as screenful:
        await screenful.ask_and_read("读数")
        await screenful.press("escape", "1")
        await screenful.until(lambda: drawn(screenful, "quote") == "第1天，")
        article = {paragraph.text for paragraph in screenful.article.query_one("#article-text", Prose).paragraphs}
        again: list[str] = []
        wrap = typesetting.wrap

        def counted(text: str, width: int, **indents: int) -> list[typesetting.Line]:
            again.append(text)
            return wrap(text, width, **indents)

        monkeypatch.setattr(typesetting, "wrap", counted)
        await screenful.press("n", "n")
        await screenful.until(lambda: drawn(screenful, "quote") == "第3天，")
        await find(screenful, "读数")
        await screenful.press("enter")
        await screenful.until(lambda: count(screenful).startswith("2/"))
        assert article.isdisjoint(again)
