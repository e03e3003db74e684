"""Markdown of answers: what is set how, that no text is lost or obeyed, and that what grows does not flicker."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from server.schemas import AskResponse
from tests.tui.conftest import NARROW, WIDE, ready
from tests.tui.talk.test_references import settled
from tui.i18n import Language, Words
from tui.talk.session import Turn
from tui.text.markdown import Document
from tui.text.mending import mended
from tui.text.typesetting import Paragraph
from tui.widgets.prose import Prose
from tui.widgets.turn import TurnView

REPORT = """# 新渡轮

“白鹭号”**“昨天上午”**滑入水中[1]，票价*三元*。
老人和学生~~半价~~免费[2]。

要点如下：
- 长42米，`载客220人`[1]
- **两年**造成
  图纸改了九遍
  1. 钢板从三家厂里凑齐
  2. 焊缝都是自己的

> 造得慢，
> 但每一条焊缝都是我们自己的。

| 项目 | 数 |
|------|---:|
| 车 | **18**[2] |
| 人 | 220 |

```text
# 不是标题
- 也不是列表
```

---

详见[船厂](https://port.test/厂?a=1)，<https://port.test>，![图](a.png)，<b>粗</b>，2 * 3 * 4。
"""


def shown(source: str, *, growing: bool = False) -> list[Paragraph]:
    return Document().paragraphs(source, growing=growing)


def text(paragraphs: list[Paragraph]) -> str:
    return "\n".join(paragraph.text for paragraph in paragraphs)


def looks(paragraph: Paragraph) -> list[tuple[str, str]]:
    return [(touch.role, paragraph.text[touch.start : touch.end]) for touch in paragraph.touches]


# ------------------------------------------------------------------------------------------------------ what is set


def test_a_report_is_set_block_by_block() -> None:
    lines = [(one.role, one.first, one.rest, one.gap, one.text) for one in shown(REPORT)]
    assert lines == [
        ("subhead", 0, 0, 0, "新渡轮"),
        ("answer", 0, 0, 1, "“白鹭号”“昨天上午”滑入水中[1]，票价三元。"),
        ("answer", 0, 0, 0, "老人和学生半价免费[2]。"),
        ("answer", 0, 0, 1, "要点如下："),
        ("answer", 0, 2, 0, "• 长42米，载客220人[1]"),
        ("answer", 0, 2, 0, "• 两年造成"),
        ("answer", 2, 2, 0, "图纸改了九遍"),
        ("answer", 2, 5, 0, "1. 钢板从三家厂里凑齐"),
        ("answer", 2, 5, 0, "2. 焊缝都是自己的"),
        ("quoted", 2, 2, 1, "造得慢，"),
        ("quoted", 2, 2, 0, "但每一条焊缝都是我们自己的。"),
        ("answer", 0, 0, 1, "项目 │ 数"),
        ("answer", 0, 0, 0, "车 │ 18[2]"),
        ("answer", 0, 0, 0, "人 │ 220"),
        ("code", 2, 2, 1, "# 不是标题"),
        ("code", 2, 2, 0, "- 也不是列表"),
        ("rule", 0, 0, 1, ""),
        (
            *("answer", 0, 0, 1),
            "详见船厂 (https://port.test/厂?a=1)，https://port.test，![图](a.png)，<b>粗</b>，2 * 3 * 4。",
        ),
    ]


def test_parts_of_a_line_have_looks() -> None:
    by_text = {one.text: looks(one) for one in shown(REPORT)}
    assert by_text["“白鹭号”“昨天上午”滑入水中[1]，票价三元。"] == [("strong", "“昨天上午”"), ("emphasis", "三元")]
    assert by_text["老人和学生半价免费[2]。"] == [("struck", "半价")]
    assert by_text["• 长42米，载客220人[1]"] == [("code", "载客220人")]
    assert by_text["项目 │ 数"] == [("strong", "项目 │ 数")]
    assert by_text["车 │ 18[2]"] == [("strong", "18")]


@pytest.mark.parametrize(
    "source",
    ["叫**“白鹭号”**的船", "**渡轮。**下水", "**“甲”**、**“乙”**", "（**甲**）", "说**《灯会》**好", "a **b** c"],
)
def test_chinese_needs_no_blanks_around_emphasis(source: str) -> None:
    paragraph = shown(source)[0]
    assert "*" not in paragraph.text
    assert {role for role, _ in looks(paragraph)} == {"strong"}


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("[1]: https://port.test", "[1]: https://port.test"),
        ("船[1](https://port.test)下水", "船[1] (https://port.test)下水"),
        ("<script>x</script>", "<script>x</script>"),
        ("<!-- 藏起来 -->", "<!-- 藏起来 -->"),
        ("[点我](javascript:alert)", "[点我](javascript:alert)"),
        ("a &amp; b &#27;[2J", "a & b \ufffd[2J"),
        ("    缩进的一行", "缩进的一行"),
        ("渡轮\n---", "渡轮\n"),
        ("[bold]不是标记[/]", "[bold]不是标记[/]"),
        ("3 * 4 = 12，5 * 6 = 30", "3 * 4 = 12，5 * 6 = 30"),
        ("", ""),
    ],
)
def test_nothing_hides_and_nothing_is_obeyed(source: str, expected: str) -> None:
    assert text(shown(source)) == expected


@pytest.mark.parametrize("size", [NARROW, WIDE], ids=["narrow", "wide"])
async def test_marks_can_be_clicked_wherever_they_stand(address: str, size: tuple[int, int]) -> None:
    sources = ["# 头[1]", "- 项[1]", "> 引[1]", "**粗[1]**", "`码[1]`", "| 格[1] |\n|---|", "[1](x)", "```\n块[1]\n```"]
    async with ready(address, size) as screenful:
        for source in sources:
            turn = phrased(source)
            screenful.screen._panes.turn_to(article=False)
            await screenful.conversation.clear()
            await screenful.conversation.add(turn)
            turn.current = None
            await screenful.until(lambda: "[1]" in screenful.text())
            await screenful.click("[1]", shift=1)
            await screenful.until(lambda turn=turn: turn.current == 0)


def phrased(answer: str) -> Turn:
    """A turn that a language model has answered so."""
    reply = settled(answered=True).reply
    assert isinstance(reply, AskResponse)
    turn = Turn("渡轮多快？")
    turn.settle(reply.model_copy(update={"answer": answer, "answerer": "llm"}))
    return turn


def drawn(turn: Turn) -> list[Paragraph]:
    view = TurnView(turn, Words(Language.EN), Prose())
    return [one for one in view._outcome() if one.role == "answer"]


def test_what_a_model_says_is_markdown_and_what_a_page_says_is_not() -> None:
    turn = phrased("**“甲”**[1]")
    assert [one.text for one in drawn(turn)] == ["“甲”[1]"]
    assert turn.reply is not None
    turn.reply = turn.reply.model_copy(update={"answerer": "extractive"})
    assert [one.text for one in drawn(turn)] == ["**“甲”**[1]"]
    assert [touch.role for touch in drawn(turn)[0].touches] == ["mark"]


# ----------------------------------------------------------------------------------------------------- while it grows


def test_what_is_on_the_screen_stays_there_while_a_report_grows() -> None:
    whole, document = text(shown(REPORT)), Document()
    before = ""
    for length in range(len(REPORT) + 1):
        now = text(document.paragraphs(REPORT[:length], growing=True))
        assert whole.startswith(now), REPORT[:length][-20:]
        assert len(now.rstrip("\n")) >= len(before.rstrip("\n")) - 1
        before = now
    assert text(document.paragraphs(REPORT)) == whole


BLOCKS = ("\n", "\n\n", "- ", "1. ", "> ", "# ", "```\n", "|", "|---|\n", "---\n", "    ", "\t", "\r\n", "\u2028")
INLINES = ("渡轮", "下水[1]", "。", " ", "**", "*", "`", "~~", "[船](", ")", "[", "]", "<b>", "&amp;", "\\", "\x1b[2J")
PIECES = st.lists(st.sampled_from((*BLOCKS, *INLINES)), max_size=40)


@settings(max_examples=200, deadline=None)
@example(["- 渡轮\n", "*", "下水"])  # a list begins, and then it was the item's next line
@given(PIECES)
def test_any_text_is_set_and_piece_by_piece_as_at_once(pieces: list[str]) -> None:
    document, source = Document(), ""
    for piece in pieces:
        source += piece
        document.paragraphs(source, growing=True)
    at_once = shown(source)
    assert [replace(one, gap=0) for one in document.paragraphs(source)] == [replace(one, gap=0) for one in at_once]
    for paragraph in at_once:
        assert all(0 <= touch.start < touch.end <= len(paragraph.text) for touch in paragraph.touches)
        assert "\n" not in paragraph.text


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet="渡轮下水，。123（）“” abc", max_size=60))
def test_text_without_markup_is_shown_as_it_is(plain: str) -> None:
    expected = "" if plain.strip()[:1].isdigit() else plain.strip()
    if expected:
        assert text(shown(plain)) == expected


@pytest.mark.parametrize("hostile", ["[" * 5_000, "*a " * 3_000, "`" * 5_000, ">" * 5_000, "- " * 1_500, "<a" * 3_000])
def test_hostile_markup_ends(hostile: str) -> None:
    shown(hostile)
    assert len(mended(hostile)) <= 2 * len(hostile)
