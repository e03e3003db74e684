"""The whole product: the built-in sample indexed, served and asked through the screen."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

import rag
from rag.settings import Settings
from server.state import build_state
from tests.tui.conftest import NARROW, WIDE, ready
from tests.tui.paper import serving_state
from tests.tui.text.test_highlight import bare, marked_cells
from tui.talk.session import Stage

QUESTIONS = Path(rag.__file__).parent / "sample" / "questions.jsonl"


@pytest.fixture(scope="module")
def sample_address(sample_index: Settings) -> Iterator[str]:
    state = build_state(sample_index)
    with serving_state(state) as url:
        state.live.wait()
        yield url


@pytest.mark.parametrize("size", [NARROW, WIDE], ids=["narrow", "wide"])
async def test_every_citation_of_the_sample_is_marked_exactly(sample_address: str, size: tuple[int, int]) -> None:
    records = [json.loads(line) for line in QUESTIONS.read_text(encoding="utf-8").splitlines()]
    questions = [record["question"] for record in records if record["type"] in {"number", "list"}][:3]
    seen = 0
    async with ready(sample_address, size) as screenful:
        for question in questions:
            await screenful.press("ctrl+l")
            view = await screenful.ask(question)
            if view.turn.stage is not Stage.ANSWERED:
                continue
            screenful.screen._panes.turn_to(article=True)
            for index, reference in enumerate(view.turn.references):
                screenful.screen._choose(view.turn, index)
                await screenful.until(lambda quote=reference.quote: bare(marked_cells(screenful)) == bare(quote))
                seen += 1
            assert screenful.article.article is not None
    assert seen >= 2


async def test_the_sample_says_what_it_is(sample_address: str) -> None:
    async with ready(sample_address, language="zh") as screenful:
        assert "内置样本" in screenful.lines()[0]
        assert "现在用的是内置样本" in screenful.text()
