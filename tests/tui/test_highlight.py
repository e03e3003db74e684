"""The law of the citation pane: the marked cells are the citation's characters, no more and no fewer."""

from __future__ import annotations

from dataclasses import replace

import pytest
from rich.cells import cell_len
from rich.color import Color
from rich.segment import Segment

from server.schemas import ArticleDetail, CitationOut
from tests.tui.conftest import Screenful, opened, ready
from tests.tui.paper import FARE, FERRY, FERRY_PAGE, HOSTILE, HOSTILE_PAGE, LONG, SPEED, PaperLibrary, cite
from tui.glyphs import shown
from tui.session import Reference
from tui.widgets.prose import Prose

WIDTHS = [40, 61, 80, 109, 110, 131, 160, 200]


def marked_cells(screenful: Screenful) -> str:
    """What is drawn on the colour of a quote, in every line of the article, on the screen or not."""
    prose = screenful.article.query_one(Prose)
    colour = prose.get_component_rich_style("prose--quote").bgcolor
    marked: list[str] = []
    for row in range(len(prose.rows(prose.size.width))):
        strip = prose.render_line(row)
        assert strip.cell_length == prose.size.width
        assert sum(cell_len(segment.text) for segment in strip) == prose.size.width
        marked += [segment.text for segment in strip if _background(segment) == colour]
    return "".join(marked)


def _background(segment: Segment) -> Color | None:
    return segment.style.bgcolor if segment.style is not None else None


def bare(text: str) -> str:
    return "".join(shown(text).split())


QUOTES = [
    (FERRY, SPEED),
    (FERRY, FARE),
    (FERRY, "十五分钟。两年造一艘船船厂厂长"),
    (FERRY, "新渡轮“白鹭号”昨日下水"),
    (FERRY, FERRY.text),
    (LONG, "第77天，水位99厘米"),
    (LONG, "。第60天"),
    (HOSTILE, HOSTILE_PAGE[3:40]),
    (HOSTILE, "👩\u200d🚀与e\u0301"),
]


@pytest.mark.parametrize("width", WIDTHS)
async def test_marked_cells_are_the_quote(address: str, width: int) -> None:
    async with opened(address, (width, 30)) as screenful:
        screenful.screen._panes.turn_to(article=True)
        for article, quote in QUOTES:
            citation = CitationOut.from_citation(cite(1, article, quote))
            reference = Reference.from_citation(citation, ())
            screenful.article.show_article(ArticleDetail.from_article(article), reference)
            await screenful.pilot.pause()
            assert bare(marked_cells(screenful)) == bare(quote)


@pytest.mark.parametrize("size", [(80, 24), (160, 48)])
async def test_the_quote_is_scrolled_to_and_on_the_screen(address: str, size: tuple[int, int]) -> None:
    async with ready(address, size) as screenful:
        await screenful.ask_and_read("今年的水位呢")
        await screenful.press("escape", "n")
        await screenful.until(
            lambda: "第77天，水位99厘米" in screenful.text() and screenful.article.scroll_offset.y > 0
        )
        _, row = screenful.find("第77天，水位99厘米，站里")
        assert 3 < row < size[1] - 6


async def test_the_quote_is_still_in_view_after_a_resize(address: str) -> None:
    async with ready(address, (160, 30)) as screenful:
        await screenful.ask_and_read("今年的水位呢")
        await screenful.pilot.resize_terminal(120, 24)
        await screenful.until(lambda: "第77天，水位99厘米，站里" in screenful.text())
        assert bare(marked_cells(screenful)) == "第77天，水位99厘米"


async def test_an_article_changed_since_says_so(address: str, library: PaperLibrary) -> None:
    async with ready(address) as screenful:
        await screenful.ask_and_read("渡轮")
        # The same article, some words longer before the quote: every later offset moves.
        moved_page = "号外 " + FERRY_PAGE
        runs = tuple((start + 3, end + 3) for start, end in FERRY.runs)
        library.articles_known = (replace(FERRY, runs=((0, 2), *runs), text="号外" + FERRY.text, blocks=()),)
        assert moved_page[runs[0][0] : runs[0][1]] == FERRY_PAGE[FERRY.runs[0][0] : FERRY.runs[0][1]]
        library.generation = "g2"
        await screenful.ask("渡轮")
        await screenful.until(lambda: "has changed since the answer" in screenful.text())
        assert bare(marked_cells(screenful)) == bare(SPEED)
        library.articles_known = (replace(FERRY, runs=((0, 2),), text="号外", blocks=()),)
        library.generation = "g3"
        await screenful.ask("渡轮")
        await screenful.until(lambda: "holds the quote no more" in screenful.text())
        assert marked_cells(screenful) == ""
