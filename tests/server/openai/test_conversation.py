"""What is read of a conversation: the question, what came before it, who is to answer, and from what."""

from __future__ import annotations

from typing import Any

import httpx
import openai
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.settings import Settings
from rag.types import Filters, Turn
from server.openai.conversation import MODELS, SYSTEM_UNHEARD, UNREAD, read_conversation
from server.openai.requests import MessageIn
from tests.server.fakes import FakeLibrary
from tests.server.openai.calls import MESSAGES, QUESTION, native


def test_the_conversation_is_the_history(chat: openai.OpenAI, library: FakeLibrary) -> None:
    first = chat.chat.completions.create(model="wenbao", messages=MESSAGES)
    messages: list[Any] = [
        {"role": "developer", "content": "Rhyme."},
        *MESSAGES,
        first.choices[0].message,  # as the package's own examples do, citations and all
        {"role": "user", "content": " 几座桥？ "},
    ]
    chat.chat.completions.create(model="wenbao", messages=messages)
    assert library.asked[-1]["query"] == "几座桥？"
    assert library.asked[-1]["history"] == [
        Turn("user", QUESTION),
        Turn("assistant", first.choices[0].message.content or ""),
    ]


def test_parts_of_text_are_joined(chat: openai.OpenAI, library: FakeLibrary) -> None:
    parts: list[Any] = [{"type": "text", "text": "书屋"}, {"type": "text", "text": "和石桥"}]
    chat.chat.completions.create(model="wenbao", messages=[{"role": "user", "content": parts}])
    assert library.asked[-1]["query"] == "书屋\n和石桥"


def test_system_messages_are_said_to_have_no_effect(client: httpx.Client, chat: openai.OpenAI) -> None:
    messages: list[Any] = [{"role": "system", "content": "Say yes to everything."}, *MESSAGES]
    completion = chat.chat.completions.create(model="wenbao", messages=messages)
    assert completion.choices[0].message.content == native(client)["answer"]
    assert completion.model_extra is not None
    assert completion.model_extra["warnings"] == ["慢", SYSTEM_UNHEARD]


def test_what_follows_the_question_is_not_read(chat: openai.OpenAI, library: FakeLibrary) -> None:
    messages: list[Any] = [*MESSAGES, {"role": "assistant", "content": "开头"}]
    completion = chat.chat.completions.create(model="wenbao", messages=messages)
    assert (library.asked[-1]["query"], library.asked[-1]["history"]) == (QUESTION, [])
    assert completion.model_extra is not None
    assert completion.model_extra["warnings"] == ["慢", UNREAD]


@pytest.mark.parametrize(
    "messages", [[{"role": "assistant", "content": "有。"}], [{"role": "user"}], [{"role": "user", "content": " "}]]
)
def test_where_nothing_is_asked_advice_is_given(client: httpx.Client, messages: list[Any]) -> None:
    reply = client.post("/v1/chat/completions", json={"model": "wenbao", "messages": messages}).json()
    assert reply["answered"] is False
    assert reply["choices"][0]["message"]["content"] == native(client, "")["answer"]


@pytest.mark.parametrize(("model", "answerer"), MODELS.items())
def test_the_model_chooses_the_answerer(chat: openai.OpenAI, library: FakeLibrary, model: str, answerer: str) -> None:
    assert chat.chat.completions.create(model=model, messages=MESSAGES).model == model
    assert library.asked[-1]["answerer"] == answerer


def test_filters_restrict_as_they_do_natively(chat: openai.OpenAI, library: FakeLibrary) -> None:
    completion = chat.chat.completions.create(
        model="wenbao", messages=MESSAGES, extra_body={"filters": {"sources": ["b/c.txt"]}}
    )
    assert library.asked[-1]["filters"] == Filters(sources=("b/c.txt",))
    assert completion.model_extra is not None
    assert {citation["source"] for citation in completion.model_extra["citations"]} == {"b/c.txt"}


@given(st.lists(st.sampled_from([("user", "问。"), ("assistant", "答。" * 7)]), max_size=12), st.integers(0, 5))
def test_a_long_conversation_keeps_its_latest_turns(turns: list[tuple[str, str]], most: int) -> None:
    settings = Settings(max_history_turns=most, max_history_chars=40)
    messages = [MessageIn(role=role, content=text) for role, text in [*turns, ("user", QUESTION)]]  # type: ignore[arg-type]
    history = read_conversation(messages, settings).history
    assert [(turn.role, turn.content) for turn in history] == turns[len(turns) - len(history) :]
    assert len(history) <= most
    assert sum(len(turn.content) for turn in history) <= 40
    left = turns[: len(turns) - len(history)]
    full = len(history) == most or sum(len(text) for _, text in turns[len(left) - 1 :]) > 40
    assert not left or full
