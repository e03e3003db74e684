"""Malformed requests over raw sockets, against a `wenbao serve` of its own: what comes back, and what to a good one?

Every kind is a way in which a request can be wrong, drawn from a seed. A status of 5xx is a fault but for those that
are meant: 501 and 505 for what HTTP has and the server does not. So are a line without an end and a good request in
between that is not answered.

    python -m bench.fuzz [--requests 10000] [--seed 0]
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bench.common import at_least_one, print_table, run
from rag.errors import ServerError

KEY = "key-of-the-fuzz"
BODY_TIMEOUT_S = 0.5
"""Of the server that is measured: a slow body costs that long."""
MEANT = frozenset({"501", "505"})
GOOD_EVERY = 20
"""Malformed requests between two good ones."""
_POSTS = ("/v1/search", "/v1/ask", "/v1/chat/completions", "/v1/index")
_GETS = ("/v1/articles", "/v1/articles/a", "/v1/index", "/v1/models", "/v1/models/wenbao", "/healthz", "/readyz")
_VALUES: tuple[object, ...] = (
    None, True, -1, 0, 1e400, 2**70, 1.5, "", "问", "\x00", "\ud800", [], {}, [[]], [None], {"a": {}}, "x" * 3000, "１",
)  # fmt: skip
_BODIES: dict[str, dict[str, object]] = {
    "/v1/search": {"query": "桥", "top_k": 2, "mode": "lexical", "filters": {}, "explain": False},
    "/v1/ask": {"question": "桥", "history": [], "top_k": 2, "filters": {}, "stream": False, "answerer": "auto"},
    "/v1/chat/completions": {
        "model": "wenbao",
        "messages": [{"role": "user", "content": "桥"}],
        "stream": False,
        "n": 1,
    },
}
"""Good ones, of which a wrong one has a field or two that are not."""
_NAMES = ("date_from", "date_to", "places", "sources", "article_ids", "role", "content", "type", "text", "colour")
_STATUS = re.compile(rb"HTTP/1\.[01] (\d{3})")


@dataclass(frozen=True, slots=True)
class Wrong:
    """One malformed request: its pieces, and how the line is left behind them."""

    pieces: tuple[bytes, ...]
    then: str = "wait"
    """`wait` for a reply; `shut` the sending half first; `leave` without a look; `pause` between the pieces."""


Maker = Callable[[random.Random], Wrong]


@dataclass
class Found:
    """What came of it."""

    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    """By kind and status; `cut` where the line ended without a status, `left` where nobody waited."""
    faults: list[str] = field(default_factory=list)
    """In words, with the request that shows each."""
    good: int = 0
    """Good requests in between that were answered."""


def post(body: bytes, rng: random.Random, *, length: object = None, path: str = "") -> bytes:
    """A POST with a key, to one of the paths that take one."""
    head = (
        f"POST {path or rng.choice(tuple(_BODIES))} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {KEY}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body) if length is None else length}\r\n\r\n"
    )
    return head.encode() + body


def get(path: str, method: str = "GET", extra: str = "") -> bytes:
    return f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {KEY}\r\n{extra}\r\n".encode()


def good_body(rng: random.Random) -> bytes:
    return json.dumps({rng.choice(("query", "question")): "桥", "top_k": rng.randint(1, 5)}).encode()


def bad_json(rng: random.Random) -> Wrong:
    body = bytearray(good_body(rng))
    for _ in range(rng.randint(1, 4)):
        place = rng.randrange(len(body))
        body[place : place + rng.randint(0, 3)] = rng.choice([b"{", b"]", b",", b'"', b"\\", b"NaN", b"//", b"'"])
    return Wrong((post(bytes(body), rng),))


def wrong_types(rng: random.Random) -> Wrong:
    path, good = rng.choice(tuple(_BODIES.items()))
    body = good | {name: rng.choice(_VALUES) for name in rng.sample(tuple(good), rng.randint(1, 2))}
    if rng.random() < 0.4:
        inner = {name: rng.choice(_VALUES) for name in rng.sample(_NAMES, 2)}
        body[rng.choice(("filters", "history", "messages"))] = rng.choice([inner, [inner], [inner] * 300])
    return Wrong((post(json.dumps(body).encode(), rng, path=path),))


def deep(rng: random.Random) -> Wrong:
    depth = rng.randint(100, 60_000)
    opening, closing = rng.choice([(b"[", b"]"), (b'{"filters":', b"}"), (b'{"a":[', b"]}")])
    return Wrong((post(opening * depth + closing * rng.choice([0, depth]), rng),))


def huge(rng: random.Random) -> Wrong:
    size = rng.choice([500_000, 1_000_001, 1_500_000])
    body = b'{"query": "' + b"\xe6\xa1\xa5" * (size // 3) + b'"}'
    if rng.random() < 0.5:
        return Wrong((post(b"", rng, length=rng.choice([len(body), 2**31, 2**63, 10**40])),), "shut")
    return Wrong((post(body, rng),))


def null_bytes(rng: random.Random) -> Wrong:
    if rng.random() < 0.5:
        body = rng.choice([b"\x00" * 9, b'{"query": "\x00"}', b'{"query": "\\u0000\\u0000"}', b'{"\\u0000": 1}'])
        return Wrong((post(body, rng),))
    return Wrong((get(rng.choice(["/v1/articles/%00", "/v1/articles?q=%00", "/v1/models/%00a", "/\x00", "/%00"])),))


def broken_utf8(rng: random.Random) -> Wrong:
    junk = rng.randbytes(rng.randint(1, 40)) if rng.random() < 0.5 else rng.choice([b"\xff", b"\xed\xa0\x80", b"\xc0"])
    if rng.random() < 0.3:
        quoted = "".join(f"%{byte:02X}" for byte in junk)
        return Wrong((get(rng.choice(["/v1/articles/", "/v1/articles?q=", "/v1/models/", "/"]) + quoted),))
    return Wrong((post(rng.choice([junk, b'{"query": "' + junk + b'"}', b'{"question": "\\ud800"}']), rng),))


def methods(rng: random.Random) -> Wrong:
    method = rng.choice(["PATCH", "TRACE", "CONNECT", "OPTIONS", "HEAD", "PURGE", "问", "get", "", "A" * 500, "DELETE"])
    path = rng.choice(
        [*_POSTS, *_GETS, "*", "http://a/b", "//", "/../../etc/passwd", "/v1/corpus/../a", "/" + "a" * 9000]
    )
    return Wrong((get(path, method),))


def broken_head(rng: random.Random) -> Wrong:
    lines = [
        b"GET /healthz", b"GET  /healthz HTTP/1.1", b"GET /healthz HTTP/9.9", b"HTTP/1.1 200 OK", rng.randbytes(60),
        b"GET /healthz HTTP/1.1\r\nHost", b"GET /healthz HTTP/1.1\r\n: a",
        b"GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b",
        b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * rng.choice([9_000, 90_000]),
        b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: \x00\xff", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nAuthorization: \xff\xfe", b"PRI * HTTP/2.0",
        b"GET /v1/index HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer \xe9",
    ]  # fmt: skip
    return Wrong((rng.choice(lines) + b"\r\n\r\n",), "shut")


def lies(rng: random.Random) -> Wrong:
    body = good_body(rng)
    lie = rng.choice([len(body) + 5, len(body) - 5, -1, "abc", "1e3", "+9", "0x10", "", f"{len(body)}, 3", " 1 2"])
    return Wrong((post(body, rng, length=lie),), "shut")


def chunks(rng: random.Random) -> Wrong:
    head = post(b"", rng, length=0).replace(b"Content-Length: 0", b"Transfer-Encoding: chunked")
    size = rng.choice([b"zz", b"-1", b"ffffffffffffffffff", b"5;a=" + b"b" * 99, b"", b"3", b"0"])
    both = head.replace(b"Transfer", b"Content-Length: 3\r\nTransfer") if rng.random() < 0.3 else head
    return Wrong((both, size + b"\r\n" + good_body(rng) + rng.choice([b"", b"\r\n", b"\r\n0\r\n\r\n"])), "shut")


def half_closed(rng: random.Random) -> Wrong:
    whole = post(good_body(rng), rng)
    return Wrong((whole[: rng.randrange(1, len(whole))],), "shut")


def gone(rng: random.Random) -> Wrong:
    whole = post(good_body(rng), rng)
    return Wrong((whole[: rng.randrange(1, len(whole) + 1)],), "leave")


def slow(rng: random.Random) -> Wrong:
    body = good_body(rng)
    whole = post(body, rng)
    cut = len(whole) - rng.randrange(1, len(body))
    return Wrong((whole[:cut],) if rng.random() < 0.5 else (whole[:cut], whole[cut:-1]), "pause")


def queries(rng: random.Random) -> Wrong:
    name = rng.choice(["limit", "cursor", "source", "place", "q", "colour", "", "limit=1&limit"])
    value = rng.choice(["-1", "0", "999", "abc", "%", "%zz", "a" * 5000, "1e400", "%F0%9F%98%80", "&&&", "=", "١٢"])
    return Wrong((get(f"/v1/articles?{name}={value}"),))


KINDS: dict[str, tuple[Maker, int]] = {
    "bad JSON": (bad_json, 14),
    "wrong types": (wrong_types, 20),
    "nested deep": (deep, 3),
    "huge": (huge, 2),
    "null bytes": (null_bytes, 8),
    "broken UTF-8": (broken_utf8, 10),
    "unknown methods and paths": (methods, 9),
    "broken head": (broken_head, 9),
    "lies in Content-Length": (lies, 7),
    "broken chunks": (chunks, 5),
    "half-closed": (half_closed, 6),
    "gone": (gone, 4),
    "slow body": (slow, 1),
    "query": (queries, 6),
}
"""Each kind, and its share in a hundred or so."""


def fuzz(address: tuple[str, int], requests: int, seed: int, threads: int = 4) -> Found:
    """Sends malformed requests, and a good one behind every `GOOD_EVERY` of them and at the end.

    Args:
        address: of a server whose key is `KEY` and whose `body_timeout_s` is a second or less.
        requests: how many malformed ones.
        seed: of what they are; the same seed sends the same requests.
        threads: how many are under way at once.
    """
    rng = random.Random(seed)  # noqa: S311  # a draw, no secret
    makers = [(name, maker) for name, (maker, _) in KINDS.items()]
    drawn = rng.choices(makers, [weight for _, weight in KINDS.values()], k=requests)
    wrongs = [(name, maker(random.Random(rng.random()))) for name, maker in drawn]  # noqa: S311
    found = Found()
    with ThreadPoolExecutor(threads) as pool:
        for start in range(0, requests, GOOD_EVERY):
            some = wrongs[start : start + GOOD_EVERY]
            for (name, wrong), status in zip(some, pool.map(lambda one: send(address, one[1]), some), strict=True):
                found.counts[name, status] += 1
                if status == "silent" or (status.startswith("5") and status not in MEANT):
                    found.faults.append(f"{name}: {status} to {b''.join(wrong.pieces)[:400]!r}")
            status = send(address, good_search())
            if status == "200":
                found.good += 1
            else:
                found.faults.append(f"a good request behind number {start + len(some)}: {status}")
    return found


def good_search() -> Wrong:
    """A request that nothing is wrong with."""
    body = '{"query": "桥", "top_k": 2}'.encode()
    head = get("/v1/search", "POST", f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n")
    return Wrong((head + body,))


def send(address: tuple[str, int], wrong: Wrong) -> str:
    """The status of the first reply; `cut` where the line ended without one, `left` where nobody waited, `silent` where
    none came in time."""
    try:
        with socket.create_connection(address, timeout=30) as line:
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for number, piece in enumerate(wrong.pieces):
                if number and wrong.then == "pause":
                    time.sleep(BODY_TIMEOUT_S / 4)
                line.sendall(piece)
            if wrong.then == "leave":
                return "left"
            if wrong.then == "shut":
                line.shutdown(socket.SHUT_WR)
            return _status(line)
    except TimeoutError:
        return "silent"
    except OSError:  # the server cut the line while we were writing: that is its right
        return "cut"


def _status(line: socket.socket) -> str:
    read = b""
    while not (status := _STATUS.match(read)):
        piece = line.recv(4096)
        if not piece:
            return "cut"
        read += piece
    return status[1].decode()


@contextmanager
def serving(**settings: str) -> Iterator[tuple[str, int]]:
    """`wenbao serve` over the built-in sample in a folder of its own, on a free port.

    Args:
        settings: what else is set.

    Raises:
        ServerError: it does not start.
    """
    with tempfile.TemporaryDirectory() as folder:
        ours = {"api_keys": KEY, "body_timeout_s": str(BODY_TIMEOUT_S), "port": "0", "watch": "false", **settings}
        root = str(Path(__file__).parents[1])
        environment = {
            **os.environ,
            **{f"WENBAO_{name.upper()}": value for name, value in ours.items()},
            "PYTHONPATH": root,
        }
        command = [sys.executable, "-m", "rag"]
        subprocess.run([*command, "index"], cwd=folder, env=environment, check=True, stderr=subprocess.DEVNULL)
        log = Path(folder) / "log"
        with log.open("wb") as errors:
            server = subprocess.Popen([*command, "serve"], cwd=folder, env=environment, stderr=errors)
        try:
            yield _address(server, log)
        finally:
            server.terminate()
            server.wait(30)


def _address(server: subprocess.Popen[bytes], log: Path) -> tuple[str, int]:
    """Where a server answers, once it has an index."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and server.poll() is None:
        told = re.search(r"http://([\d.]+):(\d+)", log.read_text(encoding="utf-8"))
        if told and send((told[1], int(told[2])), good_search()) == "200":
            return told[1], int(told[2])
        time.sleep(0.1)
    raise ServerError(
        f"wenbao serve did not start: {log.read_text(encoding='utf-8')[-300:]}", hint="Run `wenbao doctor`."
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=at_least_one, default=10_000, help="malformed requests (10000)")
    parser.add_argument("--seed", type=int, default=0, help="of what they are (0)")
    options = parser.parse_args()
    found = Found()

    def measure() -> None:
        nonlocal found
        with serving() as address:
            found = fuzz(address, options.requests, options.seed)
        show(found)

    return run(measure) or bool(found.faults)


def show(found: Found) -> None:
    """Counts by kind and status, and every fault."""
    rows = []
    for name in KINDS:
        by_status = {status: count for (kind, status), count in sorted(found.counts.items()) if kind == name}
        told = ", ".join(f"{status}: {count:,}" for status, count in by_status.items())
        rows.append([name, f"{sum(by_status.values()):,}", told])
    print_table(("kind", "requests", "replies"), rows)
    print(f"\n{found.counts.total():,} malformed requests; {found.good:,} good ones in between answered")
    for fault in found.faults:
        print(f"fault: {fault}")
    print(f"{len(found.faults)} faults")


if __name__ == "__main__":
    sys.exit(main())
