"""The look, held still: few pictures, each of the real server's answer."""

from __future__ import annotations

from typing import Any

import pytest
from textual.pilot import Pilot

from tests.tui.conftest import NARROW, WIDE, Screenful
from tui.app import WenbaoApp
from tui.link import Link


async def _asked(pilot: Pilot[None], question: str, *keys: str) -> None:
    app = pilot.app
    assert isinstance(app, WenbaoApp)
    screenful = Screenful(app, pilot)
    await screenful.until(lambda: len(app.screen_stack) > 1 and screenful.conversation._samples)
    if question:
        await screenful.ask(question)
        if screenful.turns[-1].turn.reply.answered:  # type: ignore[union-attr]  # asking waits for the reply
            await screenful.until(lambda: screenful.article.article is not None)
    await screenful.press(*keys)


@pytest.mark.parametrize(
    ("size", "language", "question", "keys"),
    [
        pytest.param(NARROW, "zh", "", (), id="guidance-narrow"),
        pytest.param(WIDE, "zh", "渡轮多久到对岸？", ("escape", "2"), id="answer-wide"),
        pytest.param(NARROW, "en", "渡轮多久到对岸？", (), id="answer-narrow-english"),
        pytest.param(NARROW, "zh", "渡轮多久到对岸？", ("escape", "2"), id="article-narrow"),
        pytest.param(NARROW, "zh", "船厂的预算是多少？", (), id="refusal-narrow"),
    ],
)
def test_look(
    snap_compare: Any,
    address: str,
    size: tuple[int, int],
    language: str,
    question: str,
    keys: tuple[str, ...],
) -> None:
    app = WenbaoApp(Link(lambda: (address, None)), language)
    assert snap_compare(app, terminal_size=size, run_before=lambda pilot: _asked(pilot, question, *keys))
