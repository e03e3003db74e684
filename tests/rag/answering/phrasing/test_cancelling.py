"""A call to a language model that is called off ends at once, whatever the model's server is at, and hangs up."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from rag.answering.phrasing.client import ChatClient, Patience
from rag.cancellation import Cancellation
from rag.errors import Cancelled
from tests.rag.answering.phrasing import chat_server as does
from tests.rag.answering.phrasing.chat_server import Handler, Says, Server, chunk

MESSAGES = [{"role": "user", "content": "渔港有几座冰库？"}]
PATIENT = Patience(connect=30.0, silence=300.0, whole=300.0)
"""Longer than a test may take: what ends the call is that it was called off."""


class Watched:
    """A behaviour that says when it is at its point, and when the client has hung up."""

    def __init__(self, begin: Callable[[Handler], None]) -> None:
        self._begin = begin
        self.reached, self.hung_up = threading.Event(), threading.Event()

    def __call__(self, handler: Handler) -> None:
        self._begin(handler)
        self.reached.set()
        try:
            if not handler.rfile.read(1):
                self.hung_up.set()
        except ConnectionResetError:
            self.hung_up.set()
        handler.close_connection = True


def says_nothing(_: Handler) -> None:
    """Has taken the request."""


def says_that_it_will(handler: Handler) -> None:
    handler.begin(200, "text/event-stream")


def says_a_word(handler: Handler) -> None:
    handler.begin(200, "text/event-stream")
    handler.event(chunk("船队"))


def says_half_an_object(handler: Handler) -> None:
    handler.begin(200, "application/json", **{"Content-Length": "1000"})
    handler.wfile.write(b'{"choices": [')
    handler.wfile.flush()


@pytest.mark.parametrize("begin", [says_nothing, says_that_it_will, says_a_word, says_half_an_object])
def test_a_call_is_cut_wherever_it_waits(chat: Server, begin: Callable[[Handler], None]) -> None:
    watched, cancellation, raised = Watched(begin), Cancellation(), []
    chat.will(watched)

    def call() -> None:
        with pytest.raises(Cancelled) as caught:
            ChatClient(chat.url, None, None, PATIENT).complete(MESSAGES, cancellation)
        raised.append(caught.value)

    caller = threading.Thread(target=call)
    caller.start()
    assert watched.reached.wait(30)
    cancellation.cancel()
    caller.join(30)
    assert raised
    assert watched.hung_up.wait(30)


def test_a_call_that_is_called_off_before_it_begins_asks_nothing(chat: Server) -> None:
    chat.will(Says("好。"))
    cancellation = Cancellation()
    cancellation.cancel()
    with pytest.raises(Cancelled):
        ChatClient(chat.url, None, None, PATIENT).complete(MESSAGES, cancellation)
    assert not chat.asked


def test_a_model_that_writes_on_and_on_is_cut(chat: Server) -> None:
    chat.will(does.trickles)
    cancellation = Cancellation()
    canceller = threading.Thread(target=lambda: (_until(lambda: bool(chat.asked)), cancellation.cancel()))
    canceller.start()
    with pytest.raises(Cancelled):
        ChatClient(chat.url, None, None, PATIENT).complete(MESSAGES, cancellation)
    canceller.join(30)


def test_a_call_that_nobody_calls_off_is_answered(chat: Server) -> None:
    chat.will(Says("渔港有3座冰库。"))
    cancellation = Cancellation()
    assert ChatClient(chat.url, None, None, PATIENT).complete(MESSAGES, cancellation).text == "渔港有3座冰库。"
    cancellation.cancel()  # nothing of the call is left to be called


def _until(is_so: Callable[[], bool]) -> None:
    while not is_so():
        threading.Event().wait(0.01)
