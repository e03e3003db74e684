"""What the official `openai` package sends is heeded, without effect as documented, or refused by name."""

from __future__ import annotations

from typing import Any

import httpx
import openai
import pytest

from server.openai.requests import ONLY, ChatRequest
from tests.server.openai.calls import MESSAGES, the_error

UNSUPPORTED: list[tuple[str, Any]] = [
    ("n", 2),
    ("tools", [{"type": "function", "function": {"name": "look_up"}}]),
    ("tool_choice", "required"),
    ("functions", [{"name": "look_up"}]),
    ("function_call", {"name": "look_up"}),
    ("response_format", {"type": "json_object"}),
    ("response_format", {"type": "json_schema", "json_schema": {"name": "answer", "schema": {}}}),
    ("logprobs", True),
    ("top_logprobs", 3),
    ("modalities", ["text", "audio"]),
    ("audio", {"voice": "alloy", "format": "wav"}),
    ("web_search_options", {}),
]
WITHOUT_EFFECT: list[tuple[str, Any]] = [
    ("temperature", 0),
    ("temperature", 1.7),
    ("top_p", 0.1),
    ("seed", 7),
    ("max_tokens", 1),
    ("max_completion_tokens", 1),
    ("frequency_penalty", 2),
    ("presence_penalty", -2.0),
    ("logit_bias", {"50256": -100}),
    ("stop", "。"),
    ("stop", ["。", "屋"]),
    ("reasoning_effort", "high"),
    ("verbosity", "low"),
    ("parallel_tool_calls", False),
    ("user", "reader-7"),
    ("safety_identifier", "reader-7"),
    ("metadata", {"shelf": "3"}),
    ("store", True),
    ("service_tier", "auto"),
    ("prompt_cache_key", "k"),
    ("n", 1),
    ("tools", []),
    ("tool_choice", "none"),
    ("response_format", {"type": "text"}),
    ("logprobs", False),
    ("modalities", ["text"]),
    ("stream_options", {"include_usage": True}),
]


@pytest.mark.parametrize(("name", "value"), WITHOUT_EFFECT)
def test_what_clients_send_by_habit_changes_nothing(chat: openai.OpenAI, name: str, value: object) -> None:
    plain = chat.chat.completions.create(model="wenbao", messages=MESSAGES)
    habit = chat.chat.completions.create(model="wenbao", messages=MESSAGES, extra_body={name: value})
    assert (habit.choices, habit.model_extra) == (plain.choices, plain.model_extra)


@pytest.mark.parametrize(("name", "value"), UNSUPPORTED)
@pytest.mark.parametrize("stream", [False, True])
def test_what_wenbao_does_not_do_is_refused_by_name(
    chat: openai.OpenAI, name: str, value: object, stream: bool
) -> None:
    body = {name: value, "stream": stream}
    with pytest.raises(openai.BadRequestError) as caught:
        chat.chat.completions.create(model="wenbao", messages=MESSAGES, extra_body=body)
    assert (caught.value.param, caught.value.type) == (name, "invalid_request_error")
    assert caught.value.code == "unsupported_value"
    assert name in caught.value.message


@pytest.mark.parametrize(
    ("messages", "param", "said"),
    [
        ([{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}], "content.0", "image_url"),
        ([{"role": "user", "content": [{"type": "text"}]}], "content.0", "must have a text"),
        ([{"role": "tool", "content": "7", "tool_call_id": "c"}], "messages.0.role", "calls no tools"),
        ([{"role": "user", "content": "书" * 2_001}], "messages.0.content", "2,001 characters"),
    ],
)
def test_messages_that_cannot_be_heeded_are_refused(
    chat: openai.OpenAI, messages: list[Any], param: str, said: str
) -> None:
    with pytest.raises(openai.BadRequestError, match=said) as caught:
        chat.chat.completions.create(model="wenbao", messages=messages)
    assert (caught.value.param or "").endswith(param)


@pytest.mark.parametrize(
    ("body", "param", "code"),
    [
        ({"messages": []}, "messages", "array_below_min_length"),
        ({"messages": [{"role": "user", "content": 5}]}, "messages.0.content", "invalid_value"),
        ({"messages": [{"role": "oracle", "content": "x"}]}, "messages.0.role", "invalid_value"),
        ({"messages": [{"role": "user", "content": "x" * 20_001}]}, "messages.0.content", "string_above_max_length"),
        ({"model": 5}, "model", "invalid_value"),
        ({"temperature": "hot"}, "temperature", "invalid_value"),
        ({"stop": 5}, "stop", "invalid_value"),
        ({"top_k": 3}, "top_k", "unknown_parameter"),
        ({"filters": {"date_from": "soon"}}, "filters.date_from", "invalid_value"),
    ],
)
def test_a_field_that_cannot_be_read_is_named(
    client: httpx.Client, body: dict[str, Any], param: str, code: str
) -> None:
    reply = client.post("/v1/chat/completions", json={"model": "wenbao", "messages": MESSAGES} | body)
    assert reply.status_code == 422
    error = the_error(reply)
    assert (error["param"], error["code"], error["type"]) == (param, code, "invalid_request_error")
    assert error["message"].startswith(param)


@pytest.mark.parametrize(("name", "value"), [("seed", 7.0), ("max_tokens", 1e3), ("n", 1.0)])
def test_a_whole_number_may_be_written_with_a_point(client: httpx.Client, name: str, value: float) -> None:
    body = {"model": "wenbao", "messages": MESSAGES, name: value}
    assert client.post("/v1/chat/completions", json=body).status_code == 200
    assert client.post("/v1/chat/completions", json=body | {name: 1.5}).status_code == 422
    assert client.post("/v1/search", json={"query": "桥", "top_k": 2.0}).status_code == 200
    assert client.post("/v1/search", json={"query": "桥", "top_k": True}).status_code == 422


def test_the_schema_offers_nothing_that_is_refused(client: httpx.Client) -> None:
    schemas = client.get("/openapi.json").json()["components"]["schemas"]
    fields = schemas["ChatRequest"]["properties"]
    assert {name: tuple(fields[name]["enum"]) for name in ONLY} == {name: (*idle, None) for name, idle in ONLY.items()}
    assert schemas["MessageIn"]["properties"]["role"]["enum"] == ["system", "developer", "user", "assistant"]
    assert {name for name, _ in UNSUPPORTED} == set(ONLY) - {"moderation"}


def test_every_field_of_a_request_is_one_of_the_packages_but_for_filters() -> None:
    from openai.types.chat.completion_create_params import CompletionCreateParamsBase

    assert ChatRequest.model_fields.keys() - CompletionCreateParamsBase.__annotations__ == {"filters", "stream"}
