"""Asking a model over real HTTP: what it writes is read whole, and every failure is told in words without the key."""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable

import pytest
from pydantic import SecretStr

from rag.answering.phrasing.client import ChatClient, ContextTooLong, ModelFailed, Patience
from tests.rag.answering.phrasing import chat_server as does
from tests.rag.answering.phrasing.chat_server import Behaviour, Replies, Says, Server, Whole, refuses

KEY = "sk-lighthouse-4711"
MESSAGES = [{"role": "user", "content": "渔港有几座冰库？"}]
SHORT = Patience(connect=2.0, silence=0.4, whole=0.8)

Client = Callable[..., ChatClient]


@pytest.fixture
def client(chat: Server) -> Client:
    def made(patience: Patience = SHORT, model: str | None = "tiny") -> ChatClient:
        return ChatClient(chat.url, model, SecretStr(KEY), patience)

    return made


@pytest.mark.parametrize("size", [1, 2, 5, 100])
def test_a_streamed_reply_is_joined(chat: Server, client: Client, size: int) -> None:
    text = "渔港有3座冰库。[1]\u2028下一行\u0085完"
    chat.will(Says(text, size=size))
    completion = client().complete(MESSAGES)
    assert (completion.text, completion.cut) == (text, False)


def test_the_request_is_the_protocols(chat: Server, client: Client) -> None:
    chat.will(Says("好。"))
    client().complete(MESSAGES)
    (asked,) = chat.asked
    assert asked.path == "/v1/chat/completions"
    assert asked.authorization == f"Bearer {KEY}"
    assert asked.body["messages"] == MESSAGES
    assert (asked.body["model"], asked.body["stream"], asked.body["temperature"]) == ("tiny", True, 0)


@pytest.mark.parametrize("ending", ["", "/v1", "/v1/", "/v1/chat/completions"])
def test_an_address_is_taken_as_people_write_it(chat: Server, ending: str) -> None:
    chat.will(Says("好。"))
    ChatClient(chat.url.removesuffix("/v1") + ending, None, None).complete(MESSAGES)
    assert chat.asked[0].path == "/v1/chat/completions"
    assert chat.asked[0].authorization is None


def test_a_server_that_does_not_stream_is_read_too(chat: Server, client: Client) -> None:
    chat.will(Whole("渔港有3座冰库[1]。"))
    assert client().complete(MESSAGES).text == "渔港有3座冰库[1]。"


def test_thinking_aloud_is_left_out(chat: Server, client: Client) -> None:
    chat.will(Says("<think>也许有9座？</think>\n\n渔港有3座冰库[1]。"))
    assert client().complete(MESSAGES).text == "渔港有3座冰库[1]。"


def test_a_reply_that_ran_out_of_tokens_is_marked_so(chat: Server, client: Client) -> None:
    chat.will(Says("渔港有3座冰库[1]。另有", finish="length"))
    assert client().complete(MESSAGES).cut


def test_a_server_that_ends_without_done_but_with_a_reason_is_believed(chat: Server, client: Client) -> None:
    chat.will(Says("渔港有3座冰库。", finish="stop", done=False))
    assert client().complete(MESSAGES).text == "渔港有3座冰库。"


FAILURES: dict[str, tuple[Behaviour, str]] = {
    "wrong key": (refuses(401, f"Incorrect API key provided: {KEY}"), "refused the key (401)"),
    "forbidden": (refuses(403, KEY), "refused the key (403)"),
    "unknown model": (refuses(404, "model not found"), "no such address or model"),
    "rate limit": (refuses(429, "slow down"), "asked too often"),
    "bad request": (refuses(400, "unknown field"), "status 400"),
    "server error": (Replies(500, "oops", "text/plain"), "status 500"),
    "bad gateway": (Replies(502, "<html>bad gateway</html>", "text/html"), "status 502"),
    "redirect": (Replies(302, "", "text/html", {"Location": "http://127.0.0.1:1/"}), "status 302"),
    "a web page": (Replies(200, "<html>welcome</html>", "text/html"), "text/html"),
    "no kind": (Replies(200, "hello", ""), "no stated kind"),
    "broken JSON": (Replies(200, "{", "application/json"), "cannot be read"),
    "a list": (Replies(200, "[1]", "application/json"), "cannot be read"),
    "no choices": (Replies(200, "{}", "application/json"), "empty reply"),
    "null": (Whole(None), "empty reply"),
    "empty": (Says(""), "empty reply"),
    "blank": (Says(" \n "), "empty reply"),
    "thoughts alone": (Says("<think>嗯"), "empty reply"),
    "withheld": (Says("", finish="content_filter"), "withheld"),
    "cut off": (Says("渔港有3座", finish=None, done=False), "broke off"),
    "fewer bytes than promised": (does.breaks_off, "broke off"),
    "hangs up": (does.hangs_up, "broke off"),
    "an error in mid-reply": (does.reports_an_error, "reported an error"),
    "nonsense events": (does.talks_nonsense, "cannot be read"),
    "silence": (does.never_answers, "was silent"),
    "silence in mid-reply": (does.falls_silent, "was silent"),
    "a trickle": (does.trickles, "took longer"),
    "without end": (does.never_stops, "did not stop"),
}


@pytest.mark.parametrize("name", FAILURES)
def test_a_failure_is_told_in_words(name: str, chat: Server, client: Client, caplog: pytest.LogCaptureFixture) -> None:
    behaviour, words = FAILURES[name]
    chat.will(behaviour)
    with caplog.at_level(logging.DEBUG), pytest.raises(ModelFailed) as caught:
        client(Patience(connect=2.0, silence=0.4, whole=0.8, characters=5_000)).complete(MESSAGES)
    told = caught.value
    assert words in told.message
    assert told.hint
    assert told.__cause__ is None
    assert KEY not in f"{told.message} {told.hint} {told!r} {caplog.text}"


@pytest.mark.parametrize(
    "behaviour",
    [
        refuses(400, "This model's maximum context length is 2048 tokens"),
        refuses(413, "payload"),
        refuses(400, "the request exceeds the available context size"),
        Replies(200, 'data: {"error": {"message": "prompt is too long"}}\n\n', "text/event-stream"),
    ],
)
def test_too_long_a_prompt_is_told_apart(chat: Server, client: Client, behaviour: Behaviour) -> None:
    chat.will(behaviour)
    with pytest.raises(ContextTooLong):
        client().complete(MESSAGES)


def test_a_server_that_is_down_cannot_be_reached() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    with pytest.raises(ModelFailed, match=f"127.0.0.1:{port} cannot be reached"):
        ChatClient(f"http://127.0.0.1:{port}/v1", None, SecretStr(KEY)).complete(MESSAGES)


@pytest.mark.parametrize("key", ["sk-灯塔", "sk-two\r\nlines"])
def test_a_key_that_no_header_can_hold_is_not_shown(key: str, chat: Server, caplog: pytest.LogCaptureFixture) -> None:
    chat.will(Says("好。"))
    with caplog.at_level(logging.DEBUG), pytest.raises(ModelFailed, match="could not be asked") as caught:
        ChatClient(chat.url, None, SecretStr(key)).complete(MESSAGES)
    assert "sk-" not in f"{caught.value!r} {caplog.text}"
    assert chat.asked == []
