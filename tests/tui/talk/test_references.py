"""The line of a place to read: what the article is, and how many others print the same."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rag.types import Answer
from server.schemas import AskResponse
from tests.tui.paper import FERRY, HITS, LANTERNS, LONG, SPEED, cite
from tui.i18n import Language, Words
from tui.talk.session import Stage, Turn
from tui.widgets.turn import reference_line


def settled(answered: bool) -> Turn:
    """A turn whose first hit two other articles print too."""
    answer = Answer(
        question="渡轮多快？",
        answered=answered,
        answer=f"{SPEED}[1]。" if answered else "没有提到。",
        citations=(cite(1, FERRY, SPEED),) if answered else (),
        hits=(replace(HITS[0], others=(LANTERNS, LONG)), *HITS[1:]),
        standalone_question="渡轮多快？",
        answerer="extractive",
        generation="g1",
        took_ms=1.0,
    )
    turn = Turn("渡轮多快？")
    turn.settle(AskResponse.model_validate_json(AskResponse.from_answer(answer).model_dump_json()))
    return turn


@pytest.mark.parametrize("answered", [True, False])
@pytest.mark.parametrize(
    ("language", "words"), [(Language.ZH, "另见 2 篇相同报道"), (Language.EN, "the same report elsewhere: 2")]
)
def test_others_that_print_the_same_are_counted(answered: bool, language: Language, words: str) -> None:
    turn = settled(answered)
    assert turn.stage is (Stage.ANSWERED if answered else Stage.REFUSED)
    lines = [reference_line(reference, Words(language)) for reference in turn.references]
    assert lines[0].startswith(FERRY.title)
    assert lines[0].endswith(f" · {words}")
    assert not any(words in line for line in lines[1:])
