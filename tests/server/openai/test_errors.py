"""Every error on the paths of OpenAI's protocol has its shape, so that the package raises what its users expect."""

from __future__ import annotations

import threading

import httpx
import openai
import pytest
from pydantic import SecretStr

from rag.cancellation import Cancellation
from rag.errors import IndexMissing, StoreError
from tests.server.conftest import make_state, serve_state
from tests.server.fakes import FakeLibrary
from tests.server.openai.calls import MESSAGES, client_of, the_error


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff", b'"x"', b"null"])
def test_a_body_that_is_no_object_is_told_in_the_same_shape(client: httpx.Client, content: bytes) -> None:
    reply = client.post("/v1/chat/completions", content=content, headers={"Content-Type": "application/json"})
    assert reply.status_code in {400, 422}
    assert the_error(reply)["param"] is None


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
