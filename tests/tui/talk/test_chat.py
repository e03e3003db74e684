"""Asking and reading, key by key, on a narrow and on a wide terminal, against the real server."""

from __future__ import annotations

import pytest

from rag.errors import StoreError
from tests.tui.conftest import NARROW, WIDE, Screenful, ready
from tests.tui.paper import FARE, FERRY, LANTERN, LANTERNS, SPEED, PaperLibrary
from tui.screens.help import HelpScreen
from tui.talk.session import Stage

BOTH = pytest.mark.parametrize("size", [NARROW, WIDE], ids=["narrow", "wide"])


def cited(screenful: Screenful) -> str:
    """The characters that the pane marks."""
    article = screenful.article.article
    assert article is not None
    return "".join(article.text[start:end] for start, end in screenful.article.ranges)


async def marks(screenful: Screenful, quote: str) -> None:
    """Waits until the pane marks a quote."""
    await screenful.until(lambda: screenful.article.article is not None and cited(screenful) == quote)


# ------------------------------------------------------------------------------------------------------ ask and read


@BOTH
async def test_an_answer_shows_its_marks_and_its_sources(address: str, size: tuple[int, int]) -> None:
    async with ready(address, size) as screenful:
        view = await screenful.ask_and_read("渡轮多久到对岸？")
        assert view.turn.stage is Stage.ANSWERED
        assert f"{SPEED}[1]" in screenful.text()
        assert "[3] 棉田里的灯会 · 青石港市沙洲镇" in screenful.text()
        assert screenful.box.text == ""
        assert screenful.box.has_focus
        assert cited(screenful) == SPEED


@BOTH
async def test_a_narrow_terminal_shows_one_pane_and_a_wide_one_both(address: str, size: tuple[int, int]) -> None:
    async with ready(address, size) as screenful:
        await screenful.ask_and_read("渡轮")
        shown = [screenful.shown(screenful.conversation), screenful.shown(screenful.article)]
        assert shown == ([True, False] if size == NARROW else [True, True])
        await screenful.press("f2")
        shown = [screenful.shown(screenful.conversation), screenful.shown(screenful.article)]
        assert shown == ([False, True] if size == NARROW else [True, True])
        assert screenful.box.has_focus if size == NARROW else screenful.article.has_focus
        await screenful.press("f2")
        assert screenful.shown(screenful.conversation)


@BOTH
async def test_n_and_p_walk_around_the_citations(address: str, size: tuple[int, int]) -> None:
    async with ready(address, size) as screenful:
        await screenful.ask_and_read("渡轮")
        await screenful.press("escape", "n")
        await marks(screenful, FARE)
        assert screenful.shown(screenful.article)
        await screenful.press("n")
        await marks(screenful, LANTERN)
        assert screenful.article.article.article_id == LANTERNS.article_id  # type: ignore[union-attr]
        await screenful.press("n")
        await marks(screenful, SPEED)
        await screenful.press("p")
        await marks(screenful, LANTERN)
        assert "Citation 3 (3 of 3)" in screenful.text()


@BOTH
async def test_a_digit_goes_to_its_mark(address: str, size: tuple[int, int]) -> None:
    async with ready(address, size) as screenful:
        await screenful.ask_and_read("渡轮")
        await screenful.press("escape", "3")
        await marks(screenful, LANTERN)
        await screenful.press("9", "0")
        assert cited(screenful) == LANTERN
        await screenful.press("1")
        await marks(screenful, SPEED)


async def test_two_digits_go_to_a_mark_of_two(address: str) -> None:
    async with ready(address) as screenful:
        await screenful.ask_and_read("读数有哪些")
        await screenful.press("escape", "1")
        await marks(screenful, "第1天，")
        await screenful.press("2")
        await marks(screenful, "第12天，")
        await screenful.press("2")
        await marks(screenful, "第2天，")
        await screenful.press("1", "n", "0")
        await marks(screenful, "第2天，")


@BOTH
async def test_a_click_on_a_mark_goes_to_it(address: str, size: tuple[int, int]) -> None:
    async with ready(address, size) as screenful:
        await screenful.ask_and_read("渡轮")
        await screenful.click("[2]", shift=1)
        await marks(screenful, FARE)
        assert screenful.shown(screenful.article)
        await screenful.press("escape")
        assert screenful.shown(screenful.conversation)
        await screenful.click("棉田里的灯会 · ")
        await marks(screenful, LANTERN)


async def test_a_click_on_a_mark_of_an_earlier_answer_goes_back_to_it(address: str) -> None:
    async with ready(address) as screenful:
        first = await screenful.ask_and_read("渡轮")
        second = await screenful.ask("水位")
        await marks(screenful, "第77天，水位99厘米")
        await screenful.click("[2]", shift=1)
        await marks(screenful, FARE)
        assert (first.turn.current, second.turn.current) == (1, None)
        await screenful.press("escape", "escape", "n")
        await marks(screenful, LANTERN)


@BOTH
async def test_a_refusal_looks_different_and_its_hits_can_be_read(address: str, size: tuple[int, int]) -> None:
    async with ready(address, size) as screenful:
        view = await screenful.ask("船厂的预算是多少")
        assert view.turn.stage is Stage.REFUSED
        assert view.has_class("-refused")
        assert "∅ Not in this corpus" in screenful.text()
        assert "[2] 棉田里的灯会 · 青石港市沙洲镇" in screenful.text()
        assert screenful.article.article is None
        await screenful.press("escape", "2")
        await marks(screenful, "沙洲镇的灯会")
        assert "Passage 2 (2 of 3)" in screenful.text()
        await screenful.press("p")
        await marks(screenful, "渡轮下月起每天往返十二班")


async def test_a_refusal_with_nothing_near_says_so(address: str) -> None:
    async with ready(address) as screenful:
        await screenful.ask("空空如也")
        assert "Nothing came near either." in screenful.text()
        await screenful.press("escape", "n", "1")
        assert screenful.article.article is None


async def test_warnings_are_shown(address: str) -> None:
    async with ready(address) as screenful:
        await screenful.ask("水位")
        assert "⚠ note: the support is thin" in screenful.text()


async def test_a_follow_up_takes_the_conversation_along(address: str, library: PaperLibrary) -> None:
    async with ready(address) as screenful:
        await screenful.ask_and_read("渡轮多久到？")
        await screenful.ask("那票价呢？")
        assert [turn.role for turn in library.asked[1][1]] == ["user", "assistant"]
        assert library.asked[1][1][0].content == "渡轮多久到？"
        assert "looked up as: 渡轮多久到？那票价呢？" in screenful.text()


@BOTH
async def test_a_new_conversation_forgets_and_keeps_what_is_typed(
    address: str, library: PaperLibrary, size: tuple[int, int]
) -> None:
    async with ready(address, size) as screenful:
        await screenful.ask_and_read("渡轮")
        screenful.box.insert("还没问完")
        await screenful.press("ctrl+l")
        await screenful.until(lambda: not screenful.turns)
        assert "Ask the paper" in screenful.text()
        assert screenful.article.article is None
        assert screenful.box.text == "还没问完"
        await screenful.press("enter")
        await screenful.until(lambda: len(library.asked) == 2)
        assert library.asked[1][1] == ()


async def test_a_question_of_a_forgotten_conversation_is_not_answered_into_the_new_one(
    address: str, library: PaperLibrary
) -> None:
    async with ready(address) as screenful:
        library.gate.clear()
        screenful.box.insert("渡轮")
        await screenful.press("enter")
        await screenful.until(lambda: library.asked)
        await screenful.press("ctrl+l")
        # The very same question, too, is another one.
        screenful.box.insert("渡轮")
        await screenful.press("enter")
        library.gate.set()
        await screenful.until(lambda: len(screenful.turns) == 1 and screenful.turns[0].turn.reply)
        assert len(library.asked) == 2
        assert library.asked[1][1] == ()


async def test_questions_are_answered_one_after_the_other(address: str, library: PaperLibrary) -> None:
    async with ready(address) as screenful:
        library.gate.clear()
        for question in ("渡轮", "那票价呢"):
            screenful.box.insert(question)
            await screenful.press("enter")
        await screenful.until(lambda: library.asked)
        assert "looking it up" in screenful.text()
        library.gate.set()
        await screenful.until(lambda: len(library.asked) == 2 and screenful.turns[1].turn.reply)
        assert library.asked[1][1][0].content == "渡轮"


# --------------------------------------------------------------------------------------------------------- failures


@BOTH
async def test_a_failure_is_told_with_its_hint_and_keeps_the_question(
    address: str, library: PaperLibrary, size: tuple[int, int]
) -> None:
    async with ready(address, size) as screenful:
        library.failure = StoreError("the disk is gone", hint="Plug it in again.")
        view = await screenful.ask("渡轮")
        assert view.turn.stage is Stage.FAILED
        assert "the disk is gone" in screenful.text()
        assert "→ Plug it in again." in screenful.text()
        assert screenful.box.text == "渡轮"
        library.failure = None
        await screenful.press("enter")
        await screenful.until(lambda: len(screenful.turns) == 2 and screenful.turns[1].turn.reply)
        # The failed turn is no part of the conversation.
        assert library.asked[-1][1] == ()


async def test_a_failure_does_not_overwrite_what_is_being_typed(address: str, library: PaperLibrary) -> None:
    async with ready(address) as screenful:
        library.failure = StoreError("the disk is gone")
        library.gate.clear()
        screenful.box.insert("渡轮")
        await screenful.press("enter")
        screenful.box.insert("下一个")
        library.gate.set()
        await screenful.until(lambda: screenful.turns[0].turn.stage is Stage.FAILED)
        assert screenful.box.text == "下一个"
        await screenful.press("up")
        assert screenful.box.text == "渡轮"


async def test_an_article_that_is_gone_is_told(address: str, library: PaperLibrary) -> None:
    async with ready(address) as screenful:
        library.articles_known = (FERRY,)
        await screenful.ask_and_read("渡轮")
        await screenful.press("escape", "3")
        await screenful.until(lambda: "no longer in the index" in screenful.text())
        assert LANTERN in screenful.text()
        assert LANTERNS.source in screenful.text()
        await screenful.press("1")
        await marks(screenful, SPEED)


# ------------------------------------------------------------------------------------------------- guidance and help


@BOTH
async def test_the_guidance_names_articles_that_can_be_read(address: str, size: tuple[int, int]) -> None:
    async with ready(address, size) as screenful:
        assert "Some of what is here to read" in screenful.text()
        await screenful.click("棉田里的灯会")
        await screenful.until(lambda: screenful.article.article is not None)
        assert "三百盏灯" in screenful.text()
        assert screenful.article.ranges == ()


async def test_the_sample_is_called_a_sample(address: str, library: PaperLibrary) -> None:
    library.is_sample = True
    async with ready(address) as screenful:
        assert "This is the built-in sample" in screenful.text()
        assert "built-in sample · 4 articles" in screenful.lines()[0]


async def test_a_corpus_of_the_readers_own_is_named(address: str) -> None:
    async with ready(address) as screenful:
        assert "built-in sample" not in screenful.text()
        assert "港口日报 · 4 articles" in screenful.lines()[0]


@BOTH
@pytest.mark.parametrize("keys", [("f1",), ("question_mark",), ("escape", "question_mark")])
async def test_help_opens_and_closes(address: str, size: tuple[int, int], keys: tuple[str, ...]) -> None:
    async with ready(address, size) as screenful:
        await screenful.press(*keys)
        assert isinstance(screenful.app.screen, HelpScreen)
        assert "─ Keys ─" in screenful.text()
        await screenful.press("escape")
        assert screenful.app.screen is screenful.screen
        assert screenful.box.text == ""


async def test_a_question_mark_within_a_question_is_typed(address: str) -> None:
    async with ready(address) as screenful:
        await screenful.press("a", "question_mark")
        assert screenful.box.text == "a?"


# -------------------------------------------------------------------------------------------------- keys and language


@BOTH
async def test_tab_goes_around_the_panes(address: str, size: tuple[int, int]) -> None:
    async with ready(address, size) as screenful:
        parts = [screenful.conversation, screenful.article, screenful.box]
        for part in parts:
            await screenful.press("tab")
            assert part.has_focus
            assert screenful.shown(part)
        for part in (screenful.article, screenful.conversation, screenful.box):
            await screenful.press("shift+tab")
            assert part.has_focus
            assert screenful.shown(part)


@BOTH
async def test_escape_goes_to_reading_and_back(address: str, size: tuple[int, int]) -> None:
    async with ready(address, size) as screenful:
        await screenful.ask_and_read("渡轮")
        await screenful.press("escape")
        assert screenful.conversation.has_focus if size == NARROW else screenful.article.has_focus
        assert "n Next" in screenful.lines()[-1]
        await screenful.press("escape")
        assert screenful.box.has_focus
        assert "Enter Send" in screenful.lines()[-1]


async def test_ideographs_typed_while_reading_begin_a_question(address: str) -> None:
    async with ready(address) as screenful:
        await screenful.press("escape", "灯", "会")
        assert screenful.box.has_focus
        assert screenful.box.text == "灯会"


@BOTH
async def test_the_language_changes_everywhere(address: str, size: tuple[int, int]) -> None:
    async with ready(address, size) as screenful:
        await screenful.ask_and_read("渡轮")
        await screenful.press("f3")
        text = screenful.text()
        assert "出处" in text
        assert "Sources" not in text
        assert "就绪" in screenful.lines()[0]
        assert "发送" in screenful.lines()[-1]
        await screenful.press("f3")
        assert "Sources" in screenful.text()


@BOTH
async def test_the_keys_at_the_bottom_can_be_clicked(address: str, size: tuple[int, int]) -> None:
    async with ready(address, size) as screenful:
        screenful.box.insert("渡轮")
        await screenful.click("Enter Send")
        await screenful.until(lambda: screenful.article.article is not None)
        await screenful.click("↑↓ History")
        assert screenful.box.text == "渡轮"
        await screenful.click("Esc Read")
        assert not screenful.box.has_focus
        await screenful.click("n Next")
        await marks(screenful, FARE)
        await screenful.click("p Previous")
        await marks(screenful, SPEED)
        await screenful.click("1-9")
        assert cited(screenful) == SPEED


async def test_history_brings_questions_back_and_the_draft_waits(address: str) -> None:
    async with ready(address) as screenful:
        for question in ("渡轮", "渡轮", "水位"):
            await screenful.ask(question)
        screenful.box.insert("草稿")
        seen = []
        for key in ("up", "up", "up", "down", "down", "down"):
            await screenful.press(key)
            seen.append(screenful.box.text)
        assert seen == ["水位", "渡轮", "渡轮", "水位", "草稿", "草稿"]


async def test_arrows_move_within_a_question_of_several_lines(address: str) -> None:
    async with ready(address) as screenful:
        await screenful.ask("渡轮")
        await screenful.press("a", "ctrl+j", "b", "shift+enter", "c")
        assert screenful.box.text == "a\nb\nc"
        await screenful.press("up")
        assert (screenful.box.text, screenful.box.cursor_location[0]) == ("a\nb\nc", 1)
        await screenful.press("up", "up")
        assert screenful.box.text == "渡轮"
        await screenful.press("down")
        assert screenful.box.text == "a\nb\nc"


async def test_blank_questions_are_not_sent(address: str, library: PaperLibrary) -> None:
    async with ready(address) as screenful:
        await screenful.press("space", "enter")
        assert not screenful.turns
        assert library.asked == []


async def test_ctrl_q_leaves(address: str) -> None:
    async with ready(address) as screenful:
        await screenful.press("ctrl+q")
        await screenful.until(lambda: screenful.app._exit)


async def test_a_click_on_ctrl_q_leaves(address: str) -> None:
    async with ready(address) as screenful:
        await screenful.click("^Q Quit")
        await screenful.until(lambda: screenful.app._exit)


@BOTH
async def test_a_long_article_scrolls(address: str, size: tuple[int, int]) -> None:
    async with ready(address, size) as screenful:
        await screenful.ask_and_read("水位")
        await screenful.press("escape", "n")
        await screenful.until(lambda: screenful.article.scroll_offset.y > 0)
        screenful.article.focus()
        before = screenful.article.scroll_offset.y
        await screenful.press("home")
        await screenful.until(lambda: screenful.article.scroll_offset.y == 0)
        await screenful.press("down", "pagedown")
        await screenful.until(lambda: screenful.article.scroll_offset.y > 0)
        assert before > 0


# ---------------------------------------------------------------------------------------------------- hostile content


@BOTH
async def test_nothing_in_an_article_or_an_answer_drives_the_terminal(address: str, size: tuple[int, int]) -> None:
    async with ready(address, size) as screenful:
        await screenful.ask_and_read("来稿")
        screens = screenful.text()
        await screenful.press("f2")
        screens += screenful.text()
        assert "[bold]␛[31m不是标记[/]␇，[1]，[9]" in screens
        assert "机房来稿␛[2J[bold red]不是标记[/]␇，倒过来" in screens
        assert not {char for char in screens if char != "\n" and (ord(char) < 32 or 0x7F <= ord(char) < 0xA0)}
        assert not set("\u202e\u202c\u200d") & set(screens)


async def test_pasted_text_is_cleaned(address: str) -> None:
    from textual import events

    async with ready(address) as screenful:
        screenful.box.post_message(events.Paste("一\r\n二\x1b[2J\u202e三\t四"))
        await screenful.until(lambda: screenful.box.text)
        assert screenful.box.text == "一\n二␛[2J三 四"


async def test_only_marks_with_a_citation_can_be_clicked(address: str) -> None:
    async with ready(address) as screenful:
        view = await screenful.ask_and_read("来稿")
        marks_drawn = [touch for part in view.paragraphs if part.role == "answer" for touch in part.touches]
        assert [(touch.role, touch.target) for touch in marks_drawn] == [("current-mark", 0)]


async def test_selected_lines_of_a_paragraph_are_copied_as_one(address: str) -> None:
    async with ready(address, NARROW) as screenful:
        await screenful.ask_and_read("渡轮")
        await screenful.press("f2")
        start, end = screenful.find("昨天上午"), screenful.find("的居民。")
        assert start[1] < end[1]
        await screenful.pilot.mouse_down(offset=start)
        await screenful.pilot.hover(offset=(end[0] + 7, end[1]))
        await screenful.pilot.mouse_up(offset=(end[0] + 7, end[1]))
        await screenful.pilot.pause()
        selected = screenful.app.screen.get_selected_text()
        assert selected
        assert len(selected) > 40
        assert FERRY.text[FERRY.text.index("昨天上午") :].startswith(selected)
