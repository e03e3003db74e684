"""The official `openai` package reads our replies: the native ones in another shape, whole and in chunks."""

from __future__ import annotations

from typing import Any

import httpx
import openai
import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.openai.conversation import MODELS
from server.openai.usage import count_tokens
from tests.server.openai.calls import MESSAGES, native

BESIDE = ("answered", "citations", "standalone_question", "answerer", "generation", "warnings")


def test_a_completion_is_the_native_reply_in_another_shape(client: httpx.Client, chat: openai.OpenAI) -> None:
    completion, reply = chat.chat.completions.create(model="wenbao", messages=MESSAGES), native(client)
    [choice] = completion.choices
    assert (completion.object, completion.model) == ("chat.completion", "wenbao")
    assert (choice.index, choice.finish_reason, choice.message.role) == (0, "stop", "assistant")
    assert choice.message.content == reply["answer"]
    assert choice.message.refusal is None
    assert choice.message.model_extra == {"citations": reply["citations"]}
    assert completion.model_extra == {name: reply[name] for name in BESIDE}
    assert all(f"[{citation['n']}]" in reply["answer"] for citation in reply["citations"])


def test_a_stream_joined_is_the_completion(client: httpx.Client, chat: openai.OpenAI) -> None:
    whole = chat.chat.completions.create(model="wenbao", messages=MESSAGES)
    chunks = list(chat.chat.completions.create(model="wenbao", messages=MESSAGES, stream=True))
    assert len({chunk.id for chunk in chunks}) == 1
    assert chunks[0].id != whole.id
    assert {chunk.object for chunk in chunks} == {"chat.completion.chunk"}
    assert all(len(chunk.choices) == 1 and "usage" not in chunk.model_fields_set for chunk in chunks)
    assert chunks[0].choices[0].delta.role == "assistant"
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == whole.choices[0].message.content
    assert len([chunk for chunk in chunks if chunk.choices[0].delta.content]) > 1
    *before, last = chunks
    assert [chunk.choices[0].finish_reason for chunk in before] == [None] * len(before)
    assert not any(chunk.model_extra for chunk in before)
    assert last.choices[0].finish_reason == "stop"
    assert last.choices[0].delta.model_extra == whole.choices[0].message.model_extra
    assert last.model_extra == whole.model_extra


def test_the_usage_of_a_stream_is_told_where_asked_for(chat: openai.OpenAI) -> None:
    whole = chat.chat.completions.create(model="wenbao", messages=MESSAGES)
    *before, last = chat.chat.completions.create(
        model="wenbao", messages=MESSAGES, stream=True, stream_options={"include_usage": True}
    )
    assert last.choices == []
    assert last.usage == whole.usage
    assert last.model_extra == whole.model_extra
    assert all("usage" in chunk.model_fields_set and chunk.usage is None for chunk in before)


def test_usage_counts_every_message(chat: openai.OpenAI) -> None:
    messages: list[Any] = [
        {"role": "system", "content": "简短"},
        {"role": "user", "content": [{"type": "text", "text": "书屋"}, {"type": "text", "text": "pH 7"}]},
        {"role": "assistant", "content": "有。"},
        {"role": "user", "content": "八座桥？"},
    ]
    completion = chat.chat.completions.create(model="wenbao", messages=messages)
    assert completion.usage is not None
    assert completion.usage.prompt_tokens == 2 + 2 + 1 + 1 + 2 + 4
    assert completion.usage.completion_tokens == count_tokens(completion.choices[0].message.content or "") > 0
    assert completion.usage.total_tokens == completion.usage.prompt_tokens + completion.usage.completion_tokens


@given(st.text(), st.text())
def test_tokens_add_up_where_blanks_part_them(one: str, other: str) -> None:
    assert count_tokens(f"{one}\n{other}") == count_tokens(one) + count_tokens(other)
    assert count_tokens(one) <= len(one)


def test_a_refusal_is_an_answer(chat: openai.OpenAI) -> None:
    completion = chat.chat.completions.create(model="wenbao", messages=[{"role": "user", "content": "XYZ"}])
    assert completion.model_extra is not None
    assert (completion.model_extra["answered"], completion.model_extra["citations"]) == (False, [])
    assert completion.choices[0].message.content == "报上没有提到。"
    chunks = list(
        chat.chat.completions.create(model="wenbao", messages=[{"role": "user", "content": "XYZ"}], stream=True)
    )
    assert chunks[-1].model_extra == completion.model_extra


async def test_the_async_client_works_too(client: httpx.Client) -> None:
    url = f"{client.base_url}/v1".replace("//v1", "/v1")
    async with openai.AsyncOpenAI(base_url=url, api_key="unused", max_retries=0) as chat:
        completion = await chat.chat.completions.create(model="wenbao", messages=MESSAGES)
        stream = await chat.chat.completions.create(model="wenbao", messages=MESSAGES, stream=True)
        chunks = [chunk async for chunk in stream]
        assert [model.id async for model in chat.models.list()] == list(MODELS)
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == completion.choices[0].message.content
    assert chunks[-1].model_extra == completion.model_extra


def test_the_packages_own_helper_gathers_a_stream(client: httpx.Client, chat: openai.OpenAI) -> None:
    with chat.chat.completions.stream(model="wenbao", messages=MESSAGES) as stream:
        stream.until_done()
    assert stream.get_final_completion().choices[0].message.content == native(client)["answer"]


def test_the_models_are_listed(chat: openai.OpenAI) -> None:
    listed = list(chat.models.list())
    assert [model.id for model in listed] == list(MODELS)
    assert {(model.object, model.owned_by, model.created) for model in listed} == {("model", "wenbao", 1767323045)}
    assert [chat.models.retrieve(name).id for name in MODELS] == list(MODELS)
    with pytest.raises(openai.NotFoundError) as caught:
        chat.models.retrieve("gpt-4o")
    assert (caught.value.param, caught.value.code) == ("model", "model_not_found")
