"""The corpus browser: finding, reading, marking and asking within, by keyboard and by mouse."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from rag.errors import StoreError
from rag.types import Filters, Skipped
from tests.tui.conftest import NARROW, WIDE, Screenful, opened, ready
from tests.tui.paper import ARTICLES, FERRY, PaperLibrary, make_article, serving
from tui.i18n import Language, Words
from tui.remote.browsing import PAGE, Browsing, Query, TooMany, day_of
from tui.remote.link import Link
from tui.screens.article import ArticleScreen
from tui.screens.corpus import CorpusScreen
from tui.screens.index import IndexScreen
from tui.widgets.article import ArticlePane
from tui.widgets.corpus.filters import FilterField
from tui.widgets.corpus.listing import ArticleRows
from tui.widgets.corpus.tree import CorpusTree

BOTH = pytest.mark.parametrize("size", [NARROW, WIDE], ids=["narrow", "wide"])


@asynccontextmanager
async def browsing(
    server: str, size: tuple[int, int] = WIDE, language: str = "en", *, notifications: bool = False
) -> AsyncIterator[Screenful]:
    """The app with the browser open, and everything in it fetched."""
    async with ready(server, size, language, notifications=notifications) as screenful:
        await screenful.press("ctrl+b")
        await screenful.until(lambda: isinstance(screenful.app.screen, CorpusScreen))
        await screenful.until(lambda: rows(screenful).current is not None)
        await screenful.until(lambda: len(labels(screenful)) > 3)
        yield screenful


def said(screenful: Screenful) -> str:
    """The short messages on the screen."""
    return " ".join(message.message for message in screenful.app._notifications)


def browser(screenful: Screenful) -> CorpusScreen:
    screen = screenful.app.screen
    assert isinstance(screen, CorpusScreen)
    return screen


def rows(screenful: Screenful) -> ArticleRows:
    return browser(screenful).query_one(ArticleRows)


def tree(screenful: Screenful) -> CorpusTree:
    return browser(screenful).query_one(CorpusTree)


def found(screenful: Screenful) -> list[str]:
    """Ids of the articles that are listed."""
    return [article.article_id for article in rows(screenful)._articles]


def labels(screenful: Screenful) -> list[str]:
    """The lines of the tree."""
    widget = tree(screenful)
    lines = []
    for number in range(widget.last_line + 1):
        node = widget.get_node_at_line(number)
        assert node is not None
        lines.append(widget.render_label(node, widget.rich_style, widget.rich_style).plain.strip("▾▸ "))
    return lines


def field(screenful: Screenful, name: str) -> FilterField:
    return browser(screenful).query_one(f"#filter-{name}", FilterField)


async def go_to(screenful: Screenful, label: str) -> None:
    """Puts the cursor of the tree on a line."""
    tree(screenful).focus()
    tree(screenful).cursor_line = labels(screenful).index(label)
    await screenful.pilot.pause()


@BOTH
@pytest.mark.parametrize("language", ["en", "zh"])
async def test_the_browser_shows_what_there_is(address: str, size: tuple[int, int], language: str) -> None:
    async with browsing(address, size, language) as screenful:
        assert found(screenful) == [article.article_id for article in ARTICLES]
        text = screenful.text()
        assert "水文站的一年" in text
        assert "2019-05-04" in text
        assert "青石港市" in text
        assert "page-1.txt" in text or "港口/ 2" in text
        assert ("4 篇文章" if language == "zh" else "4 articles") in text
        assert "港口日报" in screenful.lines()[0]
        assert [line for line in labels(screenful) if line[0] == "港"] == ["港口/ 2"]
        assert labels(screenful)[-1] == "浙江省 2"


@BOTH
async def test_words_narrow_the_list_as_they_are_typed(address: str, size: tuple[int, int]) -> None:
    async with browsing(address, size) as screenful:
        await screenful.press("slash")
        assert browser(screenful).focused is field(screenful, "words")
        for typed, expected in (("灯", ["lanterns"]), ("火", []), ("", [a.article_id for a in ARTICLES])):
            field(screenful, "words").value = typed
            await screenful.until(lambda expected=expected: found(screenful) == expected)
            if not expected:
                assert "No article fits" in screenful.text()
        await screenful.press("escape")
        assert browser(screenful).focused is rows(screenful)


async def test_a_place_is_completed_and_stands_for_all_within(address: str) -> None:
    async with browsing(address) as screenful:
        field(screenful, "place").focus()
        await screenful.press("浙")
        await screenful.until(lambda: found(screenful) == ["ferry", "lanterns"])
        await screenful.until(lambda: field(screenful, "place")._suggestion == "浙江省")
        await screenful.press("right")
        assert field(screenful, "place").value == "浙江省"
        field(screenful, "place").value = "沙洲"
        await screenful.until(lambda: found(screenful) == ["lanterns"])
        field(screenful, "place").value = "没有这里"
        await screenful.until(lambda: found(screenful) == [])


async def test_days_narrow_the_list_and_wrong_ones_are_shown(address: str) -> None:
    async with browsing(address) as screenful:
        first, last = field(screenful, "from"), field(screenful, "to")
        first.value = "2019-5"
        await screenful.until(lambda: found(screenful) == ["ferry"])
        assert "from 2019-05-01" in screenful.text()
        last.value = "2018"
        await screenful.until(lambda: last.has_class("-wrong"))
        assert found(screenful) == ["ferry"]  # nothing is asked that cannot be
        last.value = "2019"
        await screenful.until(lambda: not last.has_class("-wrong"))
        first.value = "昨天"
        await screenful.until(lambda: first.has_class("-wrong"))
        first.value = "2019-05-05"
        await screenful.until(lambda: found(screenful) == [])


@pytest.mark.parametrize(
    ("typed", "first", "last"),
    [
        ("2024", "2024-01-01", "2024-12-31"),
        ("2024-2", "2024-02-01", "2024-02-29"),
        (" 2024年5月 ", "2024-05-01", "2024-05-31"),
        ("2024/5/9", "2024-05-09", "2024-05-09"),
        ("2024年5月9日", "2024-05-09", "2024-05-09"),
        ("", "", ""),
    ],
)
def test_days_are_read_as_they_are_written(typed: str, first: str, last: str) -> None:
    assert (day_of(typed, last=False), day_of(typed, last=True)) == (first, last)


@pytest.mark.parametrize("typed", ["5月", "2024-13", "2024-02-30", "24", "2024-05-31-1", "\x1b[2J"])
def test_what_is_no_day_is_refused(typed: str) -> None:
    with pytest.raises(ValueError, match=r"^"):
        day_of(typed, last=False)


async def test_a_source_of_the_tree_narrows_the_list_and_widens_it_again(address: str) -> None:
    async with browsing(address) as screenful:
        await go_to(screenful, "港口/ 2")
        await screenful.press("enter")
        await screenful.until(lambda: found(screenful) == ["ferry", "lanterns"])
        await screenful.press("right")
        await screenful.until(lambda: "page-1.txt 2" in labels(screenful))
        await screenful.press("right", "enter")
        await screenful.until(lambda: "港口/page-1.txt" in screenful.text())
        await screenful.press("left", "left")
        await screenful.until(lambda: "page-1.txt 2" not in labels(screenful))
        await go_to(screenful, "All sources")
        await screenful.press("enter")
        await screenful.until(lambda: len(found(screenful)) == 4)


async def test_a_place_of_the_tree_goes_into_its_field(address: str) -> None:
    async with browsing(address) as screenful:
        await go_to(screenful, "浙江省 2")
        await screenful.press("right")
        await screenful.until(lambda: "青石港市 2" in labels(screenful))
        await screenful.press("right", "enter")
        await screenful.until(lambda: found(screenful) == ["ferry", "lanterns"])
        assert field(screenful, "place").value == "青石港市"
        await screenful.press("enter")  # once more takes it away
        await screenful.until(lambda: len(found(screenful)) == 4)
        assert field(screenful, "place").value == ""


async def test_a_tree_is_worked_by_mouse(address: str) -> None:
    async with browsing(address) as screenful:
        await screenful.click("▸ 港口/")
        await screenful.until(lambda: "page-1.txt 2" in labels(screenful))
        assert len(found(screenful)) == 4  # the sign only opens
        await screenful.click("page-1.txt 2")
        await screenful.until(lambda: found(screenful) == ["ferry", "lanterns"])


@BOTH
async def test_an_article_is_read_and_left_again(address: str, size: tuple[int, int]) -> None:
    async with browsing(address, size) as screenful:
        await screenful.press("down", "enter")
        await screenful.until(lambda: isinstance(screenful.app.screen, ArticleScreen))
        pane = screenful.app.screen.query_one(ArticlePane)
        await screenful.until(lambda: pane.article is not None)
        assert "三百盏灯" in screenful.text()
        await screenful.press("escape")
        assert rows(screenful).cursor == 1
        await screenful.click("水文站的一年")
        await screenful.until(lambda: isinstance(screenful.app.screen, ArticleScreen))


@BOTH
async def test_questions_are_put_to_what_the_filters_leave(
    address: str, library: PaperLibrary, size: tuple[int, int]
) -> None:
    async with browsing(address, size) as screenful:
        field(screenful, "place").value = "浙江"
        field(screenful, "from").value = "2019"
        await screenful.until(lambda: found(screenful) == ["ferry"])
        rows(screenful).focus()
        await screenful.press("a")
        await screenful.until(lambda: screenful.app.screen is screenful.screen)
        assert screenful.app.focused is screenful.box
        assert "浙江省 · from 2019-01-01" in screenful.text()
        await screenful.ask("渡轮")
        assert library.within == [Filters((), ("浙江省",), "2019-01-01")]


async def test_words_make_a_selection_of_the_articles_that_hold_them(address: str, library: PaperLibrary) -> None:
    async with browsing(address) as screenful:
        field(screenful, "words").value = "沙洲镇"
        await screenful.until(lambda: found(screenful) == ["ferry", "lanterns"])
        await screenful.press("a")
        await screenful.until(lambda: screenful.app.screen is screenful.screen)
        await screenful.ask("渡轮")
        assert library.within == [Filters(article_ids=("ferry", "lanterns"))]


async def test_marked_articles_are_asked_alone(address: str, library: PaperLibrary) -> None:
    async with browsing(address) as screenful:
        await screenful.press("space", "down", "space", "space", "up", "space")
        assert "marked: 2 articles" in screenful.text()
        await screenful.press("a")
        await screenful.until(lambda: screenful.app.screen is screenful.screen)
        assert "2 articles" in screenful.text()
        await screenful.ask("渡轮")
        assert library.within == [Filters(article_ids=("ferry", "hostile"))]


async def test_marked_sources_and_places_go_together_and_not_with_articles(address: str, library: PaperLibrary) -> None:
    async with browsing(address) as screenful:
        await screenful.press("space")
        assert "marked: 1 articles" in screenful.text()
        for label in ("港口/ 2", "long.txt 1", "浙江省 2"):
            await go_to(screenful, label)
            await screenful.press("space")
        assert "marked: 港口/ · long.txt · 浙江省" in screenful.text()
        assert "● 港口/ 2" in labels(screenful)
        await screenful.press("a")
        await screenful.until(lambda: screenful.app.screen is screenful.screen)
        await screenful.ask("渡轮")
        assert library.within == [Filters(("港口/", "long.txt"), ("浙江省",))]


async def test_without_filters_the_article_under_the_cursor_is_asked(address: str, library: PaperLibrary) -> None:
    async with browsing(address) as screenful:
        await screenful.press("down", "down", "a")
        await screenful.until(lambda: screenful.app.screen is screenful.screen)
        assert "水文站的一年" in screenful.text()
        await screenful.ask("水位")
        assert library.within == [Filters(article_ids=("long/gauge",))]


async def test_clearing_takes_marks_first_and_then_the_filters(address: str) -> None:
    async with browsing(address) as screenful:
        field(screenful, "words").value = "渡轮"
        await screenful.until(lambda: found(screenful) == ["ferry"])
        await screenful.press("space", "c")
        assert "marked" not in screenful.text()
        assert field(screenful, "words").value == "渡轮"
        await screenful.press("c")
        await screenful.until(lambda: len(found(screenful)) == 4)
        assert field(screenful, "words").value == ""


async def test_marks_are_set_by_mouse_and_the_bottom_line_can_be_clicked(address: str, library: PaperLibrary) -> None:
    async with browsing(address) as screenful:
        await screenful.click("棉田里的灯会", shift=-2)
        assert "marked: 1 articles" in screenful.text()
        await screenful.click("Ask here")
        await screenful.until(lambda: screenful.app.screen is screenful.screen)
        await screenful.ask("渡轮")
        assert library.within == [Filters(article_ids=("lanterns",))]


@BOTH
async def test_the_browser_is_left_as_it_was_entered(address: str, size: tuple[int, int]) -> None:
    async with browsing(address, size) as screenful:
        await screenful.press("escape")
        assert screenful.app.screen is screenful.screen
        assert "only within" not in screenful.text()
        await screenful.press("ctrl+b")
        await screenful.until(lambda: isinstance(screenful.app.screen, CorpusScreen))
        await screenful.press("ctrl+b")
        assert screenful.app.screen is screenful.screen


async def test_the_language_changes_while_browsing(address: str) -> None:
    async with browsing(address) as screenful:
        await screenful.press("f3")
        text = screenful.text()
        assert "全部来源" in text
        assert "4 篇文章" in text
        assert "标题或正文里的字" in text
        assert "All sources" not in text


@BOTH
async def test_the_state_of_the_index_is_told_with_what_was_left_out(
    address: str, library: PaperLibrary, size: tuple[int, int]
) -> None:
    library.skipped = (Skipped("坏页.bin", "is no text\x1b[2J"), Skipped("news.jsonl:7", "has no id"))
    async with browsing(address, size) as screenful:
        if size == WIDE:
            assert "2 left out" in screenful.lines()[0]
        await screenful.press("i")
        assert isinstance(screenful.app.screen, IndexScreen)
        text = screenful.text()
        for told in ("坏页.bin", "is no text␛[2J", "news.jsonl:7", "has no id", "g1", "tiny", "9 passages"):
            assert told in text
        await screenful.press("escape")
        assert isinstance(screenful.app.screen, CorpusScreen)


@pytest.fixture
def many() -> PaperLibrary:
    """A library of more articles than a few pages hold."""
    page = FERRY.text[:60]
    made = [make_article(f"a{n:04}", f"p{n % 130:03}.txt", page, [(0, 60)], title=f"第{n}号") for n in range(1_100)]
    return PaperLibrary(articles_known=tuple(replace(one, place=("浙江省",)) for one in made))


@pytest.fixture
def many_served(many: PaperLibrary, workdir: Path) -> Iterator[str]:
    with serving(many) as url:
        yield url


async def test_no_more_is_fetched_than_is_looked_at(many_served: str) -> None:
    async with browsing(many_served, NARROW) as screenful:
        assert "1,100 articles" in screenful.text()
        assert len(found(screenful)) == PAGE
        await screenful.press("end")
        await screenful.until(lambda: len(found(screenful)) == 2 * PAGE)
        assert rows(screenful).cursor == PAGE - 1
        await screenful.press("pagedown", "pagedown")
        rows(screenful).scroll_end(animate=False)
        await screenful.until(lambda: len(found(screenful)) == 3 * PAGE)
        assert found(screenful) == [f"a{n:04}" for n in range(3 * PAGE)]


async def test_a_level_of_many_files_is_fetched_page_by_page(many_served: str) -> None:
    async with browsing(many_served) as screenful:
        assert sum(line.startswith("p") for line in labels(screenful)) == 100
        await go_to(screenful, "more…")
        await screenful.press("enter")
        await screenful.until(lambda: "more…" not in labels(screenful))
        assert sum(line.startswith("p") for line in labels(screenful)) == 130


async def test_too_many_articles_for_a_selection_by_words_are_refused_with_advice(many_served: str) -> None:
    async with browsing(many_served, notifications=True) as screenful:
        field(screenful, "words").value = FERRY.text[:4]
        await screenful.until(lambda: "with “" in screenful.text())
        await screenful.press("a")
        await screenful.until(lambda: "1,100 articles fit, and at most 1,000" in said(screenful))
        assert isinstance(screenful.app.screen, CorpusScreen)


async def test_a_selection_by_words_names_every_article(many_served: str) -> None:
    link = Link(lambda: (many_served, None))
    await link.establish()
    try:
        found = Browsing(link)
        await found.find(Query(q=FERRY.text[:4], source="p007.txt"))
        selection = await found.selection(Words(Language.EN), None)
        assert selection is not None
        assert selection.filters.article_ids == [f"a{n:04}" for n in range(7, 1_100, 130)]
        await found.find(Query(q=FERRY.text[:4]))
        with pytest.raises(TooMany):
            await found.selection(Words(Language.EN), None)
        await found.find(Query(q="没有这样的话"))
        nothing = await found.selection(Words(Language.EN), None)
        assert nothing is not None
        assert nothing.filters.article_ids not in ([], None)  # nothing is not everything
    finally:
        await link.close()


class Broken(PaperLibrary):
    """A library whose listing fails as long as it is told to."""

    fails = False

    def articles(self, **asked: object) -> object:  # type: ignore[override]
        if self.fails:
            raise StoreError("The listing is \x1b[31mtorn.", hint="Mend it.")
        return super().articles(**asked)  # type: ignore[arg-type]


async def test_trouble_is_told_and_goes_away(workdir: Path) -> None:
    library = Broken()
    with serving(library) as url:
        async with browsing(url) as screenful:
            library.fails = True
            field(screenful, "words").value = "渡轮"
            await screenful.until(lambda: "torn" in screenful.text())
            assert "Mend it." in screenful.text()
            assert len(found(screenful)) == 4
            library.fails = False
            field(screenful, "words").value = "渡"
            await screenful.until(lambda: found(screenful) == ["ferry"])
            assert "torn" not in screenful.text()


async def test_an_article_without_a_headline_is_known_by_its_first_words(address: str, library: PaperLibrary) -> None:
    library.articles_known = (replace(FERRY, title=""),)
    async with opened(address) as screenful:  # no headline, no invitation to wait for
        await screenful.press("ctrl+b")
        await screenful.until(lambda: isinstance(screenful.app.screen, CorpusScreen) and rows(screenful).current)
        assert "青石港告别手摇船新渡轮" in screenful.text()
        await screenful.press("a")
        await screenful.until(lambda: screenful.app.screen is screenful.screen)
        assert "only within: 青石港告别手摇船" in screenful.text()
