"""What the tests of uploads put into a corpus, and how."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.server.conftest import make_state, serve_state

PAGE = "临溪镇开了夜校\n本报记者 周渡\n每周三晚上教人修农具。\n".encode()

OTHER = "临溪镇夜校搬家\n本报记者 周渡\n夜校搬到了旧粮站。\n".encode()

KEYS = "write:the-writer,read:the-reader"


def anyway(_: str | None) -> bool:
    return True


@contextmanager
def uploading(corpus: Path | None, **settings: object) -> Iterator[httpx.Client]:
    """A server that takes uploads into a corpus, and a client that may write."""
    given_settings = {"corpus": corpus, "allow_upload": True, "api_keys": KEYS} | settings
    state = make_state(**{name: value for name, value in given_settings.items() if value is not None})
    with serve_state(state, headers={"Authorization": "Bearer the-writer"}) as client:
        state.live.wait()
        yield client


def in_corpus(corpus: Path) -> dict[str, bytes]:
    """Every file and folder below, hidden ones included."""
    return {str(path.relative_to(corpus)): path.read_bytes() if path.is_file() else b"/" for path in corpus.rglob("*")}


def raw(client: httpx.Client, method: str, path: str, body: bytes = PAGE) -> httpx.Response:
    """A call whose path goes over the line as it stands; clients tidy paths up."""
    return client.request(
        method, "/v1/corpus/x", content=body, extensions={"target": f"/v1/corpus/{path}".encode("ascii")}
    )


def wait_for(holds: object) -> None:
    """Returns once it holds; the test's own time limit is the server's."""
    for _ in range(3_000):
        if holds():  # type: ignore[operator]
            return
        threading.Event().wait(0.01)
    raise AssertionError("it never came to hold")
