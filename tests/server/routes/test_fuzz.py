"""bench/fuzz.py in small: malformed requests of every kind, on real sockets, and what the fuzz calls a fault."""

from __future__ import annotations

import random
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from bench.fuzz import BODY_TIMEOUT_S, GOOD_EVERY, KEY, KINDS, Wrong, fuzz, good_search, send
from tests.server.conftest import make_state, serve_state
from tests.server.fakes import FakeLibrary


def address_of(client: httpx.Client) -> tuple[str, int]:
    return client.base_url.host, client.base_url.port or 80


@contextmanager
def served(library: FakeLibrary | None = None) -> Iterator[tuple[str, int]]:
    state = make_state(library, api_keys=KEY, body_timeout_s=BODY_TIMEOUT_S)
    with serve_state(state) as client:
        state.live.wait()
        yield address_of(client)


@contextmanager
def answering(said: bytes) -> Iterator[tuple[str, int]]:
    """A server that says the same to everyone."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            while True:
                try:
                    line, _ = listener.accept()
                except OSError:
                    return
                with line:
                    line.recv(65_536)
                    line.sendall(said)
                    line.shutdown(socket.SHUT_WR)
                    while line.recv(65_536):
                        pass

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        try:
            yield listener.getsockname()
        finally:
            listener.shutdown(socket.SHUT_RDWR)
    thread.join(30)


def test_malformed_requests_are_refused_and_good_ones_answered(workdir: Path) -> None:
    with served() as address:
        found = fuzz(address, 400, seed=1)
    assert found.faults == []
    assert found.good == 400 // GOOD_EVERY
    assert found.counts.total() == 400
    assert {kind for kind, _ in found.counts} >= {"bad JSON", "wrong types", "broken UTF-8", "half-closed"}
    refused = sum(count for (_, status), count in found.counts.items() if status.startswith("4"))
    assert refused > 200


@pytest.mark.parametrize("kind", list(KINDS))
def test_every_kind_is_met_without_a_defect(workdir: Path, kind: str) -> None:
    maker, _ = KINDS[kind]
    rng = random.Random(7)
    with served() as address:
        for _ in range(1 if kind == "slow body" else 6):
            assert send(address, maker(rng))[0] in "24cl", kind
        assert send(address, good_search()) == "200"


def test_a_seed_is_what_is_sent() -> None:
    for maker, _ in KINDS.values():
        assert maker(random.Random(3)) == maker(random.Random(3))
    maker, _ = KINDS["wrong types"]
    assert len({maker(random.Random(seed)) for seed in range(20)}) > 15


def test_a_defect_is_a_fault(workdir: Path) -> None:
    with answering(b"HTTP/1.1 500 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n") as address:
        found = fuzz(address, 3, seed=2, threads=1)
    assert found.good == 0
    assert any(fault.startswith("a good request behind number 3: 500") for fault in found.faults)
    assert len(found.faults) >= 2


def test_what_becomes_of_a_request_is_told(workdir: Path) -> None:
    with answering(b"") as address:
        assert send(address, good_search()) == "cut"
        assert send(address, Wrong((b"GET / HTTP/1.1\r\n",), "leave")) == "left"
    with answering(b"HTTP/1.1 505 No\r\n\r\n") as address:
        assert send(address, good_search()) == "505"
        assert fuzz(address, 1, seed=0, threads=1).faults == ["a good request behind number 1: 505"]
