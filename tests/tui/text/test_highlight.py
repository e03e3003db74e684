"""The law of the citation pane: the marked cells are the citation's characters, no more and no fewer."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.color import Color
from rich.segment import Segment

from rag.offsets import OffsetMap
from rag.types import Article, ArticleKind, Block, BlockRole
from server.schemas import ArticleDetail, CitationOut
from tests.tui.conftest import Screenful, opened, ready
from tests.tui.paper import FARE, FERRY, FERRY_PAGE, HOSTILE, HOSTILE_PAGE, LONG, SPEED, PaperLibrary, cite
from tui.talk.session import Reference
from tui.text.glyphs import glyph, shown
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


# What makes cells and characters differ: both widths, none at all, pictures instead of characters, blanks of all kinds.
ALPHABET = "渡轮下水，。“”（）《》…—ａ１Ｚab 12.%-\u3000\t\x1b\x9b\u200b\u200d\u202e\ufe0f\u0301\u20dd👩🚀🏽🇨한ｶﾞﷺ𠮷"


@st.composite
def cited_articles(draw: st.DrawFn) -> tuple[Article, int, int]:
    """An article of one to four pieces of a page, in blocks that end anywhere, and a range of its text."""
    pieces = draw(st.lists(st.text(alphabet=ALPHABET, min_size=1, max_size=60), min_size=1, max_size=4))
    text, runs, offset = "".join(pieces), [], draw(st.integers(0, 5))
    for piece in pieces:
        runs.append((offset, offset + len(piece)))
        offset += len(piece) + draw(st.integers(1, 9))
    edges = sorted({0, len(text), *(cut for cut in draw(st.lists(st.integers(1, 240), max_size=5)) if cut < len(text))})
    blocks = tuple(Block(draw(st.sampled_from(list(BlockRole))), low, high) for low, high in pairwise(edges))
    kind = draw(st.sampled_from([ArticleKind.NEWS, ArticleKind.RECORD]))
    article = Article("random", "random.txt", tuple(runs), tuple(runs), text, blocks, kind=kind)
    start = draw(st.integers(0, len(text)))
    return article, start, draw(st.integers(start, len(text)))


def cells_of(text: str) -> list[str]:
    """The characters of a text that fill cells, each as often as it fills one."""
    return [char for char in shown(text) for _ in range(glyph(char)[1]) if not char.isspace()]


@pytest.mark.parametrize("width", [24, 37, 80, 111, 160])
async def test_marked_cells_are_the_quote_whatever_the_text(address: str, width: int) -> None:
    """The law: in cells, of both widths, for any article and any citation of it."""
    async with opened(address, (width, 30)) as screenful:
        screenful.screen._panes.turn_to(article=True)
        await screenful.until(lambda: screenful.shown(screenful.article))

        @settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
        @given(cited_articles())
        def law(drawn: tuple[Article, int, int]) -> None:
            article, start, end = drawn
            quote = article.text[start:end]
            spans = OffsetMap(article.runs, article.spans).spans(start, end) if quote else ()
            reference = Reference(1, "random", "", (), None, "random.txt", spans, quote)
            screenful.article.show_article(ArticleDetail.from_article(article), reference)
            assert cells_of(marked_cells(screenful)) == cells_of(quote)

        law()


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
