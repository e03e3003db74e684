"""Why an answer is what it is: asked of the real sample, laid out in words, and read from."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import rag
from rag.settings import Settings
from server.state import build_state
from tests.tui.conftest import NARROW, WIDE, Screenful, ready
from tests.tui.paper import PaperLibrary, serving_state
from tui.screens.explanation import ExplanationScreen
from tui.talk.session import Stage

QUESTIONS = Path(rag.__file__).parent / "sample" / "questions.jsonl"
BOTH = pytest.mark.parametrize("size", [NARROW, WIDE], ids=["narrow", "wide"])


@pytest.fixture(scope="module")
def sample_address(sample_index: Settings) -> Iterator[str]:
    state = build_state(sample_index)
    with serving_state(state) as url:
        state.live.wait()
        yield url


def question(kind: str) -> str:
    records = [json.loads(line) for line in QUESTIONS.read_text(encoding="utf-8").splitlines()]
    return next(str(record["question"]) for record in records if record["type"] == kind)


def explanation(screenful: Screenful) -> str:
    """All that the explanation says, scrolled to or not."""
    screen = screenful.app.screen
    assert isinstance(screen, ExplanationScreen)
    return "\n".join(paragraph.text for paragraph in screen.query_one("#explanation-text").paragraphs)  # type: ignore[attr-defined]


async def explain(screenful: Screenful) -> str:
    """Opens the explanation of the turn that is read, and waits for it."""
    await screenful.press("escape", "e")
    await screenful.until(
        lambda: isinstance(screenful.app.screen, ExplanationScreen) and screenful.app.screen._reply is not None
    )
    return explanation(screenful)


@BOTH
async def test_an_answer_is_explained(sample_address: str, size: tuple[int, int]) -> None:
    async with ready(sample_address, size) as screenful:
        view = await screenful.ask(question("number"))
        assert view.turn.stage is Stage.ANSWERED
        told = await explain(screenful)
        assert "✓ Answered" in told
        assert re.search(r"probability of \d+%; the threshold is \d+%", told)
        assert "looking for a number" in told
        # The figures add up to what they are said to.
        figures = told[told.index("What the probability") :].split("\n")[1:]
        adding = [float(match[0]) for line in figures if (match := re.match(r"[+-]\d+\.\d\d", line))]
        assert abs(sum(adding[:-1]) - adding[-1]) < 0.02 * len(adding)
        assert re.search(r"score 0\.\d{3} = meaning 0\.\d{3} \(no\. \d+, 0\.\d{3}\) \+ words", told)
        assert "✓ Answered" in screenful.text()
        await screenful.press("escape")
        assert screenful.app.screen is screenful.screen


@BOTH
async def test_a_refusal_is_explained_in_chinese(sample_address: str, size: tuple[int, int]) -> None:
    async with ready(sample_address, size, language="zh") as screenful:
        view = await screenful.ask("青石港的渡轮“白鹭号”能载多少人？")
        assert view.turn.stage is Stage.REFUSED
        told = await explain(screenful)
        assert "∅ 没有回答" in told
        assert "低于门槛" in told
        assert "白鹭" in told[told.index("问题里有、依据里没有的") : told.index("\n最好的一句\n")]
        titles = [hit.title for hit in view.turn.reply.hits]  # type: ignore[union-attr]
        said = "\n".join(line for line in told.split("\n") if not any(title and title in line for title in titles))
        assert not re.search(r"[a-z]{4,}", re.sub(r"[\w-]+\.(txt|jsonl)", "", said))


@BOTH
async def test_what_was_found_can_be_read_from_there(sample_address: str, size: tuple[int, int]) -> None:
    async with ready(sample_address, size) as screenful:
        view = await screenful.ask(question("number"))
        assert view.turn.reply is not None
        await explain(screenful)
        await screenful.press("2")
        await screenful.until(lambda: screenful.app.screen is screenful.screen)
        second = view.turn.reply.hits[1]
        await screenful.until(
            lambda: (
                screenful.article.article is not None
                and screenful.article.article.article_id == second.article_id
                and screenful.article.ranges
            )
        )


async def test_what_was_found_can_be_clicked(sample_address: str) -> None:
    async with ready(sample_address) as screenful:
        view = await screenful.ask(question("number"))
        assert view.turn.reply is not None
        await explain(screenful)
        frame = screenful.app.screen.query_one("#explanation")
        frame.scroll_end(animate=False)
        await screenful.until(lambda: "[10]" in screenful.text())
        await screenful.click("[10]")
        tenth = view.turn.reply.hits[9]
        await screenful.until(
            lambda: screenful.article.article is not None and screenful.article.article.article_id == tenth.article_id
        )


async def test_a_follow_up_is_explained_as_it_was_asked(address: str, library: PaperLibrary) -> None:
    async with ready(address) as screenful:
        await screenful.ask_and_read("渡轮多久到？")
        await screenful.ask("那票价呢？")
        await screenful.press("escape", "e")
        await screenful.until(lambda: len(library.asked) == 3 and "sent no explanation" in screenful.text())
        assert library.asked[2] == library.asked[1]
        await screenful.press("f3")
        assert "服务没有给出说明" in screenful.text()


async def test_an_explanation_that_fails_is_told(address: str, library: PaperLibrary) -> None:
    from rag.errors import StoreError

    async with ready(address) as screenful:
        await screenful.ask_and_read("渡轮")
        library.failure = StoreError("the disk is gone", hint="Plug it in again.")
        await screenful.press("escape", "e")
        await screenful.until(lambda: "the disk is gone" in screenful.text())
        assert "→ Plug it in again." in screenful.text()
        await screenful.press("q")
        assert screenful.app.screen is screenful.screen


async def test_there_is_nothing_to_explain_before_a_question(address: str) -> None:
    async with ready(address) as screenful:
        await screenful.press("escape", "e")
        assert screenful.app.screen is screenful.screen
