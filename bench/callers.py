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
from itertools import cycle, islice, takewhile

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


def call_for(
    address: tuple[str, int], calls: Sequence[Call], clients: int, seconds: float = 0.0, count: int = 0
) -> Calls:
    """Has connections make the calls over and over, each the next once it has its reply.

    A connection that fails is opened anew, and counted as an error.

    Args:
        address: of the server.
        calls: made in this order.
        clients: connections.
        seconds: no call is begun later; those under way are waited for.
        count: so many calls are made, however long they take, instead of those of some seconds.
    """
    told, began = Calls(), time.perf_counter()
    waiting = iter(
        islice(cycle(calls), count) if count else takewhile(lambda _: not _past(began + seconds), cycle(calls))
    )
    with selectors.DefaultSelector() as selector:
        for call in islice(waiting, clients):
            _open(selector, address).send(call)
        while selector.get_map():
            ready = selector.select(_PATIENCE_S)
            if not ready:
                told.errors += [f"not answered within {_PATIENCE_S:g} s"] * len(selector.get_map())
                break
            for key, _ in ready:
                is_usable = _take(key.data, told)
                if is_usable is not None:
                    _go_on(selector, key.data, is_usable, next(waiting, None), address)
        for key in list(selector.get_map().values()):
            _close(selector, key.data)
    told.elapsed = time.perf_counter() - began
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


def _go_on(
    selector: selectors.BaseSelector, line: _Line, is_usable: bool, call: Call | None, address: tuple[str, int]
) -> None:
    """Has a connection make its next call, another one in its place if it must, none at the end."""
    if call is None or not is_usable:
        _close(selector, line)
    if call is not None:
        (line if is_usable else _open(selector, address)).send(call)


def _past(moment: float) -> bool:
    return time.perf_counter() >= moment


def _length(head: bytes) -> int:
    for header in head.split(b"\r\n")[1:]:
        name, _, value = header.partition(b":")
        if name.strip().lower() == b"content-length":
            return int(value)
    raise ValueError(f"a reply without a length: {head[:100].decode(errors='replace')}")
