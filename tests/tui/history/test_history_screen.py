"""The list of conversations on the screen: kept, searched, resumed, renamed, deleted, with the real server."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from textual.widgets import Input

from rag.cli.analysis import load_analysis
from tests.tui.conftest import NARROW, WIDE, Screenful, ready
from tests.tui.paper import ARTICLES, FARE, FERRY, FERRY_PAGE, LANTERN, LANTERNS, SPEED, PaperLibrary, make_article
from tui.history.keeper import Keeper
from tui.history.store import Store
from tui.history.wording import when
from tui.remote.client import Client
from tui.screens.chat import ChatScreen
from tui.screens.conversations import ConversationsScreen
from tui.talk.session import Fate, Stage
from tui.widgets.entries import EntryList, fitted
from tui.widgets.prose import Prose

BOTH = pytest.mark.parametrize("size", [NARROW, WIDE], ids=["narrow", "wide"])


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "conversations.sqlite3"


@dataclass
class Keepers:
    """Makes keepers of one file, as one session after the other does."""

    path: Path
    made: list[Keeper] = field(default_factory=list)

    def __call__(self) -> Keeper:
        self.made.append(Keeper(self.path, load_analysis))
        return self.made[-1]


@pytest.fixture
def new_keeper(path: Path) -> Iterator[Keepers]:
    keepers = Keepers(path)
    yield keepers
    for keeper in keepers.made:
        keeper.close()


@asynccontextmanager
async def session(
    address: str, keeper: Keeper, size: tuple[int, int] = WIDE, language: str = "en"
) -> AsyncIterator[Screenful]:
    async with ready(address, size, language, keeper=keeper, notifications=True) as screenful:
        yield screenful


async def kept(address: str, keepers: Keepers, *conversations: tuple[str, ...]) -> None:
    """Keeps what the server answers to questions, as a session before this one would."""
    now = time.time()
    async with Client(address) as client:
        with Store(keepers.path) as store:
            for questions in conversations:
                conversation: int | None = None
                for question in questions:
                    now += 0.001
                    reply = await client.ask(question)
                    conversation, turn = store.ask(conversation, question, now)
                    quotes = [citation.quote for citation in reply.citations]
                    store.settle(turn, reply.model_dump_json(), reply.answer, quotes, now)


async def open_list(screenful: Screenful) -> ConversationsScreen:
    await screenful.press("ctrl+o")
    screen = screenful.app.screen
    assert isinstance(screen, ConversationsScreen)
    await screenful.until(lambda: not screen._loading)
    return screen


async def back_in_chat(screenful: Screenful) -> None:
    await screenful.until(lambda: isinstance(screenful.app.screen, ChatScreen))


def titles(screen: ConversationsScreen) -> list[str]:
    return [entry[0].text for entry in screen.query_one(EntryList).entries]


def said(screenful: Screenful) -> str:
    """The short messages on the screen."""
    return " ".join(str(toast.message) for toast in screenful.app._notifications)


def cited(screenful: Screenful) -> str:
    article = screenful.article.article
    return "" if article is None else "".join(article.text[low:high] for low, high in screenful.article.ranges)


# ------------------------------------------------------------------------------------------------------ list and resume


@BOTH
async def test_conversations_are_listed_newest_first(address: str, new_keeper: Keepers, size: tuple[int, int]) -> None:
    await kept(address, new_keeper, ("渡轮多久到对岸？", "那票价呢？"), ("预算是多少？",))
    async with session(address, new_keeper(), size) as screenful:
        screen = await open_list(screenful)
        assert titles(screen) == ["预算是多少？", "渡轮多久到对岸？"]
        text = screenful.text()
        assert "2 kept" in text
        assert "1 question · " in text
        assert "2 questions · " in text
        await screenful.press("escape")
        assert isinstance(screenful.app.screen, ChatScreen)
        assert screenful.turns == []


@BOTH
async def test_a_resumed_conversation_has_its_answers_citations_and_history(
    address: str, library: PaperLibrary, new_keeper: Keepers, size: tuple[int, int]
) -> None:
    await kept(address, new_keeper, ("渡轮多久到对岸？", "预算是多少？"))
    async with session(address, new_keeper(), size) as screenful:
        await open_list(screenful)
        await screenful.press("enter")
        await back_in_chat(screenful)
        await screenful.until(lambda: len(screenful.turns) == 2)
        assert [view.turn.stage for view in screenful.turns] == [Stage.ANSWERED, Stage.REFUSED]
        assert [reference.quote for reference in screenful.turns[0].turn.references] == [SPEED, FARE, LANTERN]
        await screenful.ask("那票价呢？")
        question, history = library.asked[-1]
        assert question == "那票价呢？"
        assert [turn.content for turn in history][:3:2] == ["渡轮多久到对岸？", "预算是多少？"]
        # It is the same conversation that goes on.
        screen = await open_list(screenful)
        assert titles(screen) == ["渡轮多久到对岸？"]
        assert "3 questions" in screenful.text()
        assert "open · " in screenful.text()


async def test_marks_of_a_resumed_answer_lead_to_their_places(address: str, new_keeper: Keepers) -> None:
    await kept(address, new_keeper, ("渡轮多久到对岸？",))
    async with session(address, new_keeper()) as screenful:
        await open_list(screenful)
        await screenful.press("enter")
        await screenful.until(lambda: cited(screenful) == SPEED)
        await screenful.press("escape", "2")
        await screenful.until(lambda: cited(screenful) == FARE)


async def test_a_new_conversation_leaves_the_old_one_kept(address: str, new_keeper: Keepers) -> None:
    async with session(address, new_keeper()) as screenful:
        await screenful.ask("渡轮多久到对岸？")
        await screenful.press("ctrl+l")
        await screenful.until(lambda: not screenful.turns)
        await screenful.ask("预算是多少？")
        assert titles(await open_list(screenful)) == ["预算是多少？", "渡轮多久到对岸？"]


async def test_a_question_without_an_answer_at_the_end_is_in_the_box_again(
    address: str, library: PaperLibrary, path: Path, new_keeper: Keepers
) -> None:
    async with session(address, new_keeper()) as screenful:
        await screenful.ask("渡轮多久到对岸？")
        library.gate.clear()
        screenful.box.insert("那票价呢？")
        await screenful.press("enter")
        await screenful.until(lambda: len(screenful.turns) == 2)
    library.gate.set()
    async with session(address, new_keeper()) as screenful:
        await open_list(screenful)
        await screenful.press("enter")
        await screenful.until(lambda: screenful.box.text == "那票价呢？")
        assert [view.turn.stage for view in screenful.turns] == [Stage.ANSWERED, Stage.UNANSWERED]
        assert "It got no answer at the time." in screenful.text()
        screenful.box.focus()
        await screenful.press("enter")
        await screenful.until(lambda: screenful.turns[-1].turn.reply is not None)
    with Store(path) as store:  # asked again, it is one question
        (conversation,) = store.conversations()
        assert [(turn.question, turn.reply is None) for turn in store.turns(conversation.id)] == [
            ("渡轮多久到对岸？", False),
            ("那票价呢？", False),
        ]


async def test_questions_of_before_come_back_with_the_arrow(address: str, new_keeper: Keepers) -> None:
    await kept(address, new_keeper, ("渡轮多久到对岸？",))
    async with session(address, new_keeper()) as screenful:
        await screenful.until(lambda: screenful.box._asked)
        await screenful.press("up")
        assert screenful.box.text == "渡轮多久到对岸？"


# --------------------------------------------------------------------------------------------------------------- search


@BOTH
@pytest.mark.parametrize(
    ("typed", "words"), [("多久", "多久"), ("渡輪", "渡轮"), ("两百", ""), ("老人和学生免费", "老人和学生免费")]
)
async def test_results_come_as_one_types(
    address: str, new_keeper: Keepers, size: tuple[int, int], typed: str, words: str
) -> None:
    await kept(address, new_keeper, ("渡轮多久到对岸？",), ("预算是多少？",))
    async with session(address, new_keeper(), size) as screenful:
        screen = await open_list(screenful)
        await screenful.press("slash")
        query = screen.query_one("#conversations-query", Input)
        assert query.has_focus
        query.insert_text_at_cursor(typed)
        await screenful.until(lambda: screen._findings is not None and screen._findings.query == typed)
        entries = screen.query_one(EntryList).entries
        if words:
            assert [entry[1].text[slice(*entry[1].ranges[0])] for entry in entries] == [words]
            assert "1 found" in screenful.text()
        else:
            assert entries == ()
            assert f"No conversation holds “{typed}”" in screenful.text()
        await screenful.press("escape")
        await screenful.until(lambda: len(titles(screen)) == 2)
        assert screen.query_one(EntryList).has_focus


async def test_a_found_quote_is_opened_where_it_stands(address: str, new_keeper: Keepers) -> None:
    await kept(address, new_keeper, ("渡轮多久到对岸？", "预算是多少？", "水位"))
    async with session(address, new_keeper()) as screenful:
        screen = await open_list(screenful)
        # An answer that quotes holds the words as well; the quote alone has none of its marks.
        await screenful.press("slash", *"水位99厘米")
        await screenful.until(lambda: screen._findings is not None and screen._findings.found)
        await screenful.press("enter")
        await back_in_chat(screenful)
        await screenful.until(lambda: cited(screenful) == "第77天，水位99厘米")
        assert screenful.screen._reading.turn is screenful.turns[2].turn


async def test_an_early_turn_that_was_found_is_scrolled_to(address: str, new_keeper: Keepers) -> None:
    await kept(address, new_keeper, ("渡轮多久到对岸？", *["预算是多少？"] * 5))
    async with session(address, new_keeper(), NARROW) as screenful:
        screen = await open_list(screenful)
        await screenful.press("slash", *"渡轮多久")
        await screenful.until(lambda: screen._findings is not None and screen._findings.query == "渡轮多久")
        await screenful.press("enter")
        await back_in_chat(screenful)
        await screenful.until(lambda: "渡轮多久到对岸？" in screenful.text())
        assert screenful.screen._reading.turn is screenful.turns[0].turn


async def test_ideographs_typed_in_the_list_are_a_search(address: str, new_keeper: Keepers) -> None:
    await kept(address, new_keeper, ("渡轮多久到对岸？",), ("预算是多少？",))
    async with session(address, new_keeper(), language="zh") as screenful:
        screen = await open_list(screenful)
        await screenful.press("预", "算")
        await screenful.until(lambda: screen._findings is not None and screen._findings.query == "预算")
        assert screen.query_one("#conversations-query", Input).has_focus
        assert titles(screen) == ["预算是多少？"]
        assert "1 处" in screenful.text()


async def test_the_newest_query_wins(address: str, new_keeper: Keepers) -> None:
    await kept(address, new_keeper, ("渡轮多久到对岸？",))
    keeper = new_keeper()
    found = await asyncio.gather(*(keeper.search("渡轮多久"[:end]) for end in range(1, 5)))
    assert found[-1] is not None
    assert found[-1].query == "渡轮多久"
    assert any(one is None for one in found[:-1])


# ------------------------------------------------------------------------------------------------------------- changing


@BOTH
async def test_a_conversation_is_renamed_where_it_stands(
    address: str, new_keeper: Keepers, size: tuple[int, int]
) -> None:
    await kept(address, new_keeper, ("渡轮多久到对岸？",), ("预算是多少？",))
    async with session(address, new_keeper(), size) as screenful:
        screen = await open_list(screenful)
        await screenful.press("down", "r")
        name = screen.query_one("#conversations-name", Input)
        assert name.has_focus
        assert name.value == "渡轮多久到对岸？"
        assert name.region.y == screen.query_one(EntryList).region.y + 1
        name.value = ""
        await screenful.press(*"Ferry", "enter")
        await screenful.until(lambda: titles(screen) == ["预算是多少？", "Ferry"])
        assert screen.query_one(EntryList).chosen == 1
        await screenful.press("r", "x", "escape")
        assert titles(screen) == ["预算是多少？", "Ferry"]
        assert isinstance(screenful.app.screen, ConversationsScreen)


@BOTH
async def test_deletions_are_taken_back_one_by_one(address: str, new_keeper: Keepers, size: tuple[int, int]) -> None:
    await kept(address, new_keeper, ("渡轮一",), ("渡轮二",), ("渡轮三",))
    async with session(address, new_keeper(), size) as screenful:
        screen = await open_list(screenful)
        await screenful.press("d")
        await screenful.until(lambda: titles(screen) == ["渡轮二", "渡轮一"])
        await screenful.until(lambda: "Deleted “渡轮三”. Press u to undo." in said(screenful))
        await screenful.press("d")
        await screenful.until(lambda: titles(screen) == ["渡轮一"])
        await screenful.press("u")
        await screenful.until(lambda: titles(screen) == ["渡轮二", "渡轮一"])
        await screenful.press("u")
        await screenful.until(lambda: titles(screen) == ["渡轮三", "渡轮二", "渡轮一"])
        await screenful.press("u")
        await screenful.until(lambda: "There is no deletion to undo." in said(screenful))


async def test_what_is_deleted_is_gone_from_the_file_when_the_session_ends(
    address: str, path: Path, new_keeper: Keepers
) -> None:
    await kept(address, new_keeper, ("渡轮多久到对岸？",), ("预算是多少？",))
    async with session(address, new_keeper()) as screenful:
        screen = await open_list(screenful)
        await screenful.press("d")
        await screenful.until(lambda: titles(screen) == ["渡轮多久到对岸？"])
    with Store(path) as store:
        assert store.connection.execute("SELECT count(*) FROM conversations").fetchone() == (1,)
        assert store.connection.execute("SELECT count(*) FROM turns").fetchone() == (1,)


async def test_a_found_place_can_be_deleted_and_comes_back(address: str, new_keeper: Keepers) -> None:
    await kept(address, new_keeper, ("渡轮多久到对岸？",), ("预算是多少？",))
    async with session(address, new_keeper()) as screenful:
        screen = await open_list(screenful)
        await screenful.press("slash", *"预算")
        await screenful.until(lambda: screen._findings is not None and screen._findings.query == "预算")
        screen.query_one(EntryList).focus()
        await screenful.press("d")
        await screenful.until(lambda: screen._findings is not None and not screen._findings.found)
        await screenful.press("u")
        await screenful.until(lambda: screen._findings is not None and len(screen._findings.found) == 1)


@BOTH
async def test_everything_can_be_done_with_the_mouse(address: str, new_keeper: Keepers, size: tuple[int, int]) -> None:
    await kept(address, new_keeper, ("渡轮一",), ("渡轮二",))
    async with session(address, new_keeper(), size) as screenful:
        screen = await open_list(screenful)
        await screenful.click("渡轮一")
        assert screen.query_one(EntryList).chosen == 1
        await screenful.click("d Delete")
        await screenful.until(lambda: titles(screen) == ["渡轮二"])
        await screenful.click("u Undo")
        await screenful.until(lambda: titles(screen) == ["渡轮二", "渡轮一"])
        await screenful.click("r Rename")
        assert screen.query_one("#conversations-name", Input).has_focus
        await screenful.click("渡轮二")
        assert not screen.query_one("#conversations-name", Input).display
        screenful.app.clear_notifications()  # they name conversations, too
        await screenful.pilot.pause()
        await screenful.click("Search questions")
        assert screen.query_one("#conversations-query", Input).has_focus
        await screenful.click("渡轮一")
        await screenful.click("渡轮一")
        await back_in_chat(screenful)
        await screenful.until(lambda: len(screenful.turns) == 1)
        assert screenful.turns[0].turn.question == "渡轮一"


@BOTH
@pytest.mark.parametrize("language", ["zh", "en"])
async def test_a_long_list_is_walked_and_drawn_within_its_lines(
    address: str, path: Path, new_keeper: Keepers, size: tuple[int, int], language: str
) -> None:
    with Store(path) as store:
        for number in range(1000):
            store.ask(None, f"第{number}段\x1b[2J[bold]渡轮[/]\n" + "很长的问题" * 30, float(number))
    async with session(address, new_keeper(), size, language) as screenful:
        screen = await open_list(screenful)
        entries = screen.query_one(EntryList)
        assert len(entries.entries) == 1000
        await screenful.press("end")
        assert entries.chosen == 999
        assert "第0段␛[2J[bold]渡轮[/] 很长" in screenful.text()
        assert "第999段" not in screenful.text()
        await screenful.press("pageup", "up", "home", "pagedown", "down")
        assert entries.chosen == entries.scrollable_content_region.height
        from rich.cells import cell_len

        assert {cell_len(line) for line in screenful.lines()} == {size[0]}


async def test_an_empty_list_says_what_will_be_in_it_and_in_the_language_of_the_moment(
    address: str, new_keeper: Keepers
) -> None:
    async with session(address, new_keeper(), NARROW) as screenful:
        screen = await open_list(screenful)
        assert "No conversations yet." in screenful.text()
        await screenful.press("enter", "r", "d", "down")
        assert screenful.app.screen is screen
        await screenful.press("f3")
        assert "还没有对话。" in screenful.text()


# --------------------------------------------------------------------------------------------- articles that have gone


async def test_what_has_become_of_the_cited_articles_is_said(
    address: str, library: PaperLibrary, new_keeper: Keepers
) -> None:
    await kept(address, new_keeper, ("渡轮多久到对岸？",))
    # The fare was struck out of the ferry's article, and the lanterns' has gone.
    page = "号外" + FERRY_PAGE.replace(FARE, "票价未定")
    ferry = make_article("ferry", FERRY.source, page, [(0, len(page))], title=FERRY.title)
    library.articles_known = (ferry, *(one for one in ARTICLES if one not in {FERRY, LANTERNS}))
    library.generation = "g2"
    async with session(address, new_keeper()) as screenful:
        await open_list(screenful)
        await screenful.press("enter")
        await back_in_chat(screenful)
        await screenful.until(lambda: screenful.turns and screenful.turns[0].turn.fates)
        assert screenful.turns[0].turn.fates == {0: Fate.LOST, 1: Fate.LOST, 2: Fate.GONE}
        told = [paragraph.text.rsplit(" · ", 1)[-1] for paragraph in screenful.turns[0].paragraphs]
        assert told[-3:] == ["quote no longer in it", "quote no longer in it", "article no longer indexed"]
        await screenful.press("escape", "3")
        await screenful.until(lambda: LANTERN in screenful.text().replace("\n", ""))


async def test_nothing_is_asked_for_where_the_index_is_the_same(address: str, new_keeper: Keepers) -> None:
    await kept(address, new_keeper, ("渡轮多久到对岸？",))
    async with session(address, new_keeper()) as screenful:
        await open_list(screenful)
        await screenful.press("enter")
        await screenful.until(lambda: cited(screenful) == SPEED)
        assert screenful.turns[0].turn.fates == {}


# ------------------------------------------------------------------------------------------------------ what goes wrong


@pytest.mark.parametrize("content", [b"no database", b"SQLite format 3\0" + b"\xff" * 5000])
async def test_a_broken_file_is_told_and_asking_goes_on(
    address: str, path: Path, new_keeper: Keepers, content: bytes
) -> None:
    path.write_bytes(content)
    async with session(address, new_keeper(), NARROW) as screenful:
        view = await screenful.ask("渡轮多久到对岸？")
        assert view.turn.stage is Stage.ANSWERED
        await screenful.until(lambda: "nothing is kept" in said(screenful))
        screen = await open_list(screenful)
        (note,) = screen.query_one("#conversations-note", Prose).paragraphs
        assert "Move it away" in note.text
    assert path.read_bytes() == content


async def test_a_full_disk_is_told_once_and_asking_goes_on(address: str, new_keeper: Keepers) -> None:
    keeper = new_keeper()
    async with session(address, keeper) as screenful:
        await screenful.ask("渡轮多久到对岸？")
        await keeper.conversations()
        told: list[object] = []
        keeper.on_trouble = told.append
        assert keeper._store is not None
        pages = await keeper._ask(lambda s: s.connection.execute("PRAGMA page_count").fetchone()[0], 0)
        await keeper._ask(lambda s: s.connection.execute(f"PRAGMA max_page_count = {pages}"), None)
        for question in ("水位" * 900, "渡轮" * 900):
            screenful.box.focus()
            screenful.box.load_text(question)
            await screenful.press("enter")
        await screenful.until(lambda: len(screenful.turns) == 3 and screenful.turns[-1].turn.stage.settled)
        await screenful.until(lambda: told)
        await keeper.conversations()
        assert len(told) == 1


async def test_without_a_file_nothing_is_kept_and_that_is_said(address: str) -> None:
    async with ready(address, NARROW) as screenful:
        await screenful.ask("渡轮")
        await open_list(screenful)
        assert "Conversations are not kept" in screenful.text()


# ------------------------------------------------------------------------------------------------------------ the lines


@pytest.mark.parametrize(
    ("text", "ranges", "room", "drawn"),
    [
        ("渡轮", (), 10, "渡轮"),
        ("渡轮票价", (), 6, "渡轮…"),
        ("一二三四五六七八九十渡轮", ((10, 12),), 12, "…十渡轮"),
        ("一二三四五六七八九十渡轮一二三四五", ((10, 12),), 12, "…十渡轮一二…"),
        ("ab\ncd", (), 10, "ab cd"),
        ("渡轮", (), 0, ""),
    ],
)
def test_a_line_keeps_its_mark_in_view(text: str, ranges: tuple[tuple[int, int], ...], room: int, drawn: str) -> None:
    pieces = fitted(text, ranges, room)
    assert "".join(piece for piece, _ in pieces) == drawn
    if ranges:
        assert "".join(piece for piece, is_marked in pieces if is_marked) == "渡轮"


def test_times_are_as_short_as_can_be() -> None:
    now = time.mktime((2024, 5, 4, 12, 0, 0, 0, 0, -1))
    assert when(now - 3600, now) == "11:00"
    assert when(now - 86400 * 3, now) == "05-01"
    assert when(now - 86400 * 300, now) == "2023-07-09"
