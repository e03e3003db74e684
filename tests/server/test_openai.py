"""The official `openai` package against a real socket: what it sends is heeded, ignored as documented, or refused."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import httpx
import openai
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from rag.cancellation import Cancellation
from rag.errors import IndexMissing, StoreError
from rag.settings import Settings
from rag.types import Filters, Turn
from server.openai.conversation import MODELS, SYSTEM_UNHEARD, UNREAD, read_conversation
from server.openai.requests import ONLY, ChatRequest, MessageIn
from server.openai.usage import count_tokens
from tests.server.conftest import make_state, serve_state
from tests.server.fakes import FakeLibrary

QUESTION = "书屋和石桥"
MESSAGES: list[Any] = [{"role": "user", "content": QUESTION}]
BESIDE = ("answered", "citations", "standalone_question", "answerer", "generation", "warnings")
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


def client_of(caller: httpx.Client, key: str = "unused") -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{caller.base_url}/v1".replace("//v1", "/v1"), api_key=key, max_retries=0)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[httpx.Client, FakeLibrary]]:
    """One server for all tests that leave it as it was."""
    library = FakeLibrary()
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("working"))
        state = make_state(library)
    with serve_state(state) as caller:
        state.live.wait()
        yield caller, library


@pytest.fixture
def library(served: tuple[httpx.Client, FakeLibrary]) -> FakeLibrary:
    library = served[1]
    library.asked.clear()
    library.composing = library.ask_error = None
    return library


@pytest.fixture
def client(served: tuple[httpx.Client, FakeLibrary], library: FakeLibrary) -> httpx.Client:
    return served[0]


@pytest.fixture
def chat(client: httpx.Client) -> Iterator[openai.OpenAI]:
    with client_of(client) as made:
        yield made


def native(client: httpx.Client, question: str = QUESTION) -> dict[str, Any]:
    reply: dict[str, Any] = client.post("/v1/ask", json={"question": question}).json()
    return reply


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


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff", b'"x"', b"null"])
def test_a_body_that_is_no_object_is_told_in_the_same_shape(client: httpx.Client, content: bytes) -> None:
    reply = client.post("/v1/chat/completions", content=content, headers={"Content-Type": "application/json"})
    assert reply.status_code in {400, 422}
    assert the_error(reply)["param"] is None


def the_error(reply: httpx.Response) -> dict[str, Any]:
    """The error of a reply in OpenAI's shape, which it checks."""
    assert reply.headers["content-type"] == "application/json"
    assert int(reply.headers["content-length"]) == len(reply.content)
    body = reply.json()
    assert body.keys() == {"error"}
    error: dict[str, Any] = body["error"]
    assert error.keys() == {"message", "type", "param", "code"}
    assert error["message"]
    return error


def test_the_models_are_listed(chat: openai.OpenAI) -> None:
    listed = list(chat.models.list())
    assert [model.id for model in listed] == list(MODELS)
    assert {(model.object, model.owned_by, model.created) for model in listed} == {("model", "wenbao", 1767323045)}
    assert [chat.models.retrieve(name).id for name in MODELS] == list(MODELS)
    with pytest.raises(openai.NotFoundError) as caught:
        chat.models.retrieve("gpt-4o")
    assert (caught.value.param, caught.value.code) == ("model", "model_not_found")


def test_an_unknown_model_is_not_found(chat: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError, match="wenbao-extractive") as caught:
        chat.chat.completions.create(model="gpt-4o", messages=MESSAGES)
    assert (caught.value.param, caught.value.code) == ("model", "model_not_found")


def test_a_key_is_asked_for_in_openais_words() -> None:
    with serve_state(make_state(api_keys=(SecretStr("paper-key"),))) as caller:
        with client_of(caller, "another-key") as chat, pytest.raises(openai.AuthenticationError) as caught:
            chat.models.list()
        assert (caught.value.code, caught.value.type) == ("invalid_api_key", "invalid_request_error")
        assert caught.value.response.headers["www-authenticate"].startswith("Bearer")
        with client_of(caller, "paper-key") as chat:
            assert chat.chat.completions.create(model="wenbao", messages=MESSAGES).choices


def test_a_body_that_is_too_large_is_told_in_openais_shape(workdir: object) -> None:
    with serve_state(make_state(max_body_bytes=1_000)) as caller, client_of(caller) as chat:
        with pytest.raises(openai.APIStatusError) as caught:
            chat.chat.completions.create(model="wenbao", messages=[{"role": "user", "content": "书" * 1_000}])
        assert (caught.value.status_code, caught.value.code) == (413, "too_large")


def test_a_crowd_is_told_in_openais_shape(workdir: object) -> None:
    library, go_on, waiting = FakeLibrary(), threading.Event(), threading.Event()

    def wait(_: Cancellation) -> None:
        waiting.set()
        assert go_on.wait(30)

    library.composing = wait
    state = make_state(library, max_concurrent=1)
    with serve_state(state) as caller, client_of(caller) as chat:
        state.live.wait()
        with chat.chat.completions.create(model="wenbao", messages=MESSAGES, stream=True) as stream:
            assert waiting.wait(30)
            with pytest.raises(openai.RateLimitError) as caught:
                chat.chat.completions.create(model="wenbao", messages=MESSAGES)
            go_on.set()
            assert list(stream)[-1].choices[0].finish_reason == "stop"
        assert (caught.value.code, caught.value.type) == ("rate_limit_exceeded", "rate_limit_error")
        assert int(caught.value.response.headers["retry-after"]) > 0


def test_a_server_without_an_index_says_so_in_openais_shape(workdir: object) -> None:
    def fail(_: object) -> FakeLibrary:
        raise IndexMissing("There is no index.", hint="Run `wenbao index`.")

    with serve_state(make_state(opener=fail)) as caller, client_of(caller) as chat:
        for stream in (False, True):
            with pytest.raises(openai.InternalServerError, match="no index") as caught:
                chat.chat.completions.create(model="wenbao", messages=MESSAGES, stream=stream)
            assert (caught.value.status_code, caught.value.code) == (503, "index_missing")
        assert [model.created for model in chat.models.list()] == [0, 0, 0]


def test_what_goes_wrong_in_a_stream_is_raised_by_the_package(chat: openai.OpenAI, library: FakeLibrary) -> None:
    def fail(_: Cancellation) -> None:
        raise StoreError("The index has gone.", hint="Build it.")

    library.composing = fail
    with pytest.raises(openai.APIError, match=r"The index has gone\. Build it\.") as caught:
        list(chat.chat.completions.create(model="wenbao", messages=MESSAGES, stream=True))
    assert (caught.value.code, caught.value.type) == ("index", "server_error")
    library.composing = None
    library.ask_error = ZeroDivisionError("/secret/path")
    with pytest.raises(openai.APIError) as caught:
        list(chat.chat.completions.create(model="wenbao", messages=MESSAGES, stream=True))
    assert "secret" not in str(caught.value.body)
    with pytest.raises(openai.InternalServerError) as caught:
        chat.chat.completions.create(model="wenbao", messages=MESSAGES)
    assert "secret" not in str(caught.value.body)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/chat/completions", 405),
        ("POST", "/v1/models", 405),
        ("POST", "/v1/chat/nothing", 404),
        ("GET", "/v1/models/a/b", 404),
    ],
)
def test_every_error_on_these_paths_has_openais_shape(
    client: httpx.Client, method: str, path: str, status: int
) -> None:
    reply = client.request(method, path)
    assert reply.status_code == status
    assert the_error(reply)["type"] == "invalid_request_error"


@pytest.mark.parametrize("path", ["/v1/chats", "/v1/modelsx", "/v1/nothing"])
def test_other_paths_keep_their_problems(client: httpx.Client, path: str) -> None:
    assert client.get(path).headers["content-type"] == "application/problem+json"


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


def test_the_schema_offers_nothing_that_is_refused(client: httpx.Client) -> None:
    schemas = client.get("/openapi.json").json()["components"]["schemas"]
    fields = schemas["ChatRequest"]["properties"]
    assert {name: tuple(fields[name]["enum"]) for name in ONLY} == {name: (*idle, None) for name, idle in ONLY.items()}
    assert schemas["MessageIn"]["properties"]["role"]["enum"] == ["system", "developer", "user", "assistant"]
    assert {name for name, _ in UNSUPPORTED} == set(ONLY) - {"moderation"}


def test_every_field_of_a_request_is_one_of_the_packages_but_for_filters() -> None:
    from openai.types.chat.completion_create_params import CompletionCreateParamsBase

    assert ChatRequest.model_fields.keys() - CompletionCreateParamsBase.__annotations__ == {"filters", "stream"}


@pytest.mark.parametrize(("name", "value"), [("seed", 7.0), ("max_tokens", 1e3), ("n", 1.0)])
def test_a_whole_number_may_be_written_with_a_point(client: httpx.Client, name: str, value: float) -> None:
    body = {"model": "wenbao", "messages": MESSAGES, name: value}
    assert client.post("/v1/chat/completions", json=body).status_code == 200
    assert client.post("/v1/chat/completions", json=body | {name: 1.5}).status_code == 422
    assert client.post("/v1/search", json={"query": "桥", "top_k": 2.0}).status_code == 200
    assert client.post("/v1/search", json={"query": "桥", "top_k": True}).status_code == 422
