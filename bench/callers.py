"""Callers that cost little: many kept connections on one thread, so that they leave the cores to the server.

A reply is timed from the first byte sent to the last one received, the wait for this thread to look included. Every
reply's status and length are checked, and of one in `CHECKED_EVERY` the content, too.
"""

from __future__ import annotations

import json
import selectors
import socket
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import cycle

CHECKED_EVERY = 20
_PATIENCE_S = 60.0
"""Without a reply for that long, on any connection, the callers give up."""
_HEAD_END = b"\r\n\r\n"
_CHUNK = 1 << 18


@dataclass(slots=True)
class Calls:
    """What became of the calls."""

    ended: list[float] = field(default_factory=list)
    """When each good reply was complete, on `time.perf_counter`'s clock."""
    seconds: list[float] = field(default_factory=list)
    """How long each of those took."""
    errors: list[str] = field(default_factory=list)
    """What went wrong with the others, in words."""
    checked: int = 0
    """Replies whose content was looked at."""
    elapsed: float = 0.0
    """From the first call to the last reply."""
    client_cpu: float = 0.0
    """Seconds of processor time that the callers took, which the server did not have."""

    @property
    def per_second(self) -> float:
        """Good replies a second."""
        return len(self.seconds) / self.elapsed if self.elapsed else 0.0


@dataclass(frozen=True, slots=True)
class Call:
    """A search as bytes, made before anything is timed."""

    query: str
    request: bytes


def search_calls(host: str, port: int, queries: Sequence[str]) -> list[Call]:
    """A `POST /v1/search` for each query."""
    calls = []
    for query in queries:
        body = json.dumps({"query": query}, ensure_ascii=False).encode()
        head = (
            f"POST /v1/search HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        calls.append(Call(query, head.encode() + body))
    return calls


class _Line:
    """One kept connection with at most one call on it."""

    def __init__(self, address: tuple[str, int]) -> None:
        self.socket = socket.create_connection(address, timeout=_PATIENCE_S)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.settimeout(_PATIENCE_S)
        self.call: Call | None = None
        self._began = 0.0
        self._got = bytearray()
        self._size = 0

    def send(self, call: Call) -> None:
        self.call, self._size = call, 0
        self._got.clear()
        self._began = time.perf_counter()
        self.socket.sendall(call.request)

    def receive(self) -> float | None:
        """Takes what has come; seconds that the reply took once it is whole.

        Raises:
            ConnectionError: the server closed the connection within a reply.
            ValueError: what came is no reply with a length.
        """
        piece = self.socket.recv(_CHUNK)
        if not piece:
            raise ConnectionError("closed by the server")
        self._got += piece
        if not self._size:
            end = self._got.find(_HEAD_END)
            if end < 0:
                return None
            self._size = end + len(_HEAD_END) + _length(bytes(self._got[:end]))
        return time.perf_counter() - self._began if len(self._got) >= self._size else None

    def problem(self, looks_inside: bool) -> str | None:
        """What is wrong with the reply that has come; None where nothing is."""
        if not self._got.startswith(b"HTTP/1.1 200 "):
            return bytes(self._got[:300]).decode(errors="replace")
        if not looks_inside or self.call is None:
            return None
        reply = json.loads(self._got[self._got.index(_HEAD_END) + len(_HEAD_END) :])
        if reply["query"] != self.call.query.strip():
            return f"asked {self.call.query!r}, answered {reply['query']!r}"
        return None if reply["hits"] else f"no hits for {self.call.query!r}"


def call_for(address: tuple[str, int], calls: Sequence[Call], clients: int, seconds: float) -> Calls:
    """Has `clients` connections make the calls over and over for some seconds, each the next once it has its reply.

    Calls under way at the end are waited for. A connection that fails is opened anew, and counted as an error.
    """
    told, waiting = Calls(), cycle(calls)
    cpu, began = time.process_time(), time.perf_counter()
    with selectors.DefaultSelector() as selector:
        for _ in range(clients):
            _open(selector, address).send(next(waiting))
        while selector.get_map():
            ready = [key.data for key, _ in selector.select(_PATIENCE_S)]
            if not ready:
                told.errors.append(f"{len(selector.get_map())} calls were not answered within {_PATIENCE_S:g} s")
                ready = []
                _close_all(selector)
            for line in ready:
                fresh = _take(line, told)
                if fresh is None:
                    continue
                if not fresh:
                    _close(selector, line)
                if time.perf_counter() - began >= seconds:
                    if fresh:
                        _close(selector, line)
                else:
                    (line if fresh else _open(selector, address)).send(next(waiting))
    told.elapsed = time.perf_counter() - began
    told.client_cpu = time.process_time() - cpu
    return told


def call_each(address: tuple[str, int], calls: Sequence[Call]) -> Iterator[float]:
    """Makes the calls on one connection, one at a time, and tells how long each took.

    Raises:
        ConnectionError: one was not answered, or not with hits.
    """
    line = _Line(address)
    try:
        for call in calls:
            line.send(call)
            took = None
            while took is None:
                took = line.receive()
            if problem := line.problem(looks_inside=True):
                raise ConnectionError(problem)
            yield took
    finally:
        line.socket.close()


def _take(line: _Line, told: Calls) -> bool | None:
    """Reads from a connection: True once a reply is whole, False when the connection is of no use, None before."""
    try:
        took = line.receive()
    except (OSError, ValueError) as error:
        told.errors.append(f"{type(error).__name__}: {error}")
        return False
    if took is None:
        return None
    looks_inside = len(told.seconds) % CHECKED_EVERY == 0
    problem = line.problem(looks_inside)
    if problem:
        told.errors.append(problem)
    else:
        told.checked += looks_inside
        told.seconds.append(took)
        told.ended.append(time.perf_counter())
    return True


def _open(selector: selectors.BaseSelector, address: tuple[str, int]) -> _Line:
    line = _Line(address)
    selector.register(line.socket, selectors.EVENT_READ, line)
    return line


def _close(selector: selectors.BaseSelector, line: _Line) -> None:
    selector.unregister(line.socket)
    line.socket.close()


def _close_all(selector: selectors.BaseSelector) -> None:
    for key in list(selector.get_map().values()):
        _close(selector, key.data)


def _length(head: bytes) -> int:
    for header in head.split(b"\r\n")[1:]:
        name, _, value = header.partition(b":")
        if name.strip().lower() == b"content-length":
            return int(value)
    raise ValueError(f"a reply without a length: {head[:100].decode(errors='replace')}")
