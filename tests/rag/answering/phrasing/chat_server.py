"""A language model's server for tests: real HTTP, OpenAI's protocol, and misbehaviour on demand."""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Behaviour = Callable[["Handler"], None]


class Handler(BaseHTTPRequestHandler):
    """Answers each POST by the next behaviour in line; the last one stays."""

    server: Server

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append(Asked(self.path, self.headers.get("Authorization"), body))
        behaviours = self.server.behaviours
        behaviour = behaviours.popleft() if len(behaviours) > 1 else behaviours[0]
        try:
            behaviour(self)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True  # the client lost patience, as it should

    def begin(self, status: int, kind: str, **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def event(self, data: object) -> None:
        text = data if isinstance(data, str) else json.dumps(data, ensure_ascii=False)
        self.wfile.write(f"data: {text}\n\n".encode())
        self.wfile.flush()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class's name
        """Says nothing."""


@dataclass(frozen=True)
class Asked:
    """A request that the server got."""

    path: str
    authorization: str | None
    body: dict[str, Any]

    @property
    def prompt(self) -> str:
        return "\n".join(message["content"] for message in self.body["messages"])


class Server(ThreadingHTTPServer):
    """Serves on a free port of the loopback."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.behaviours: deque[Behaviour] = deque()
        self.asked: list[Asked] = []
        self.released = threading.Event()
        """Set when the test is over: lets go of handlers that are silent on purpose."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"

    def will(self, *behaviours: Behaviour) -> None:
        """What to do with the next requests, in order; the last one with all that follow."""
        self.behaviours = deque(behaviours)
        self.asked.clear()


@contextmanager
def serving() -> Iterator[Server]:
    """A server in a thread."""
    server = Server()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.released.set()
        server.shutdown()
        thread.join()
        server.server_close()


def chunk(text: str = "", finish: str | None = None) -> dict[str, Any]:
    return {
        "object": "chat.completion.chunk",
        "choices": [{"index": 0, "delta": {"content": text}, "finish_reason": finish}],
    }


@dataclass(frozen=True)
class Says:
    """A reply, streamed in pieces as models write it."""

    text: str
    finish: str | None = "stop"
    done: bool = True
    size: int = 3

    def __call__(self, handler: Handler) -> None:
        handler.begin(200, "text/event-stream; charset=utf-8")
        handler.wfile.write(b": a comment\n\n")
        handler.event({"choices": [{"index": 0, "delta": {"role": "assistant"}, "finish_reason": None}]})
        for at in range(0, len(self.text), self.size):
            handler.event(chunk(self.text[at : at + self.size]))
        if self.finish:
            handler.event(chunk(finish=self.finish))
        if self.done:
            handler.event("[DONE]")


@dataclass(frozen=True)
class Whole:
    """A reply in one piece, by a server that does not stream."""

    text: str | None

    def __call__(self, handler: Handler) -> None:
        handler.begin(200, "application/json")
        message = {"role": "assistant", "content": self.text}
        body = {"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}
        handler.wfile.write(json.dumps(body).encode())


@dataclass(frozen=True)
class Replies:
    """A status with a body of some kind."""

    status: int
    body: str
    kind: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)

    def __call__(self, handler: Handler) -> None:
        handler.begin(self.status, self.kind, **self.headers)
        handler.wfile.write(self.body.encode())


def refuses(status: int, message: str) -> Replies:
    """An error as OpenAI words it."""
    return Replies(status, json.dumps({"error": {"message": message, "type": "invalid_request_error"}}))


def falls_silent(handler: Handler) -> None:
    """Starts a reply and says no more."""
    handler.begin(200, "text/event-stream")
    handler.event(chunk("船队"))
    handler.server.released.wait()


def never_answers(handler: Handler) -> None:
    """Takes the request and says nothing."""
    handler.server.released.wait()
    handler.close_connection = True


def trickles(handler: Handler) -> None:
    """Writes on and on, a sign of life at a time."""
    handler.begin(200, "text/event-stream")
    while not handler.server.released.wait(0.02):
        handler.event(chunk("船"))


def never_stops(handler: Handler) -> None:
    """Writes as fast as it can, without end."""
    handler.begin(200, "text/event-stream")
    while not handler.server.released.is_set():
        handler.event(chunk("船队出海捕鱼。" * 200))


def breaks_off(handler: Handler) -> None:
    """Promises more than it sends."""
    handler.begin(200, "text/event-stream", **{"Content-Length": "100000"})
    handler.event(chunk("渔港有冰库"))
    handler.close_connection = True


def reports_an_error(handler: Handler) -> None:
    """Fails in mid-reply, and says so in the stream."""
    handler.begin(200, "text/event-stream")
    handler.event(chunk("渔港"))
    handler.event({"error": {"message": "CUDA out of memory", "code": 500}})


def talks_nonsense(handler: Handler) -> None:
    """Sends events that hold no JSON."""
    handler.begin(200, "text/event-stream")
    handler.event("{渔港")


def hangs_up(handler: Handler) -> None:
    """Closes without a word."""
    handler.close_connection = True
