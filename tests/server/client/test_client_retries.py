"""When the client calls again, and when it does not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx
import pytest

from server.client import (
    ProblemError,
    Retries,
    TooManyRequests,
    Unavailable,
)
from tests.server.client.clients import Make, got, make, scripted

__all__ = ["make"]  # the fixture


def body(generation: str = "g") -> httpx.Response:
    return httpx.Response(200, json={"generation": generation})


async def test_a_busy_server_is_asked_again_more_and_more_slowly(make: Make) -> None:
    waits: list[float] = []
    told: list[float] = []
    paper = scripted(make, [httpx.Response(429)] * 3 + [body()], waits=waits, on_wait=told.append)
    assert (await got(paper.ready())).generation == "g"
    assert waits == told
    assert [round(wait / first) for wait, first in zip(waits, (0.5, 1.0, 2.0), strict=True)] == [1, 1, 1]


async def test_a_server_says_how_long_to_wait(make: Make) -> None:
    waits: list[float] = []
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=20), usegmt=True)
    asked = [httpx.Response(503, headers={"Retry-After": when}) for when in ("2", soon)]
    paper = scripted(make, [*asked, body()], waits=waits)
    assert (await got(paper.ready())).generation == "g"
    assert waits[0] == 2
    assert 5 < waits[1] <= 20


@pytest.mark.parametrize(
    ("status", "header"),
    [(503, None), (503, "31"), (503, "soon"), (429, "600"), (500, "1"), (404, "1")],
)
async def test_what_does_not_pass_soon_is_final(status: int, header: str | None, make: Make) -> None:
    waits: list[float] = []
    headers = {"Retry-After": header} if header else {}
    with pytest.raises(ProblemError):
        await got(scripted(make, [httpx.Response(status, headers=headers), body()], waits=waits).ready())
    assert waits == []


async def test_tries_are_bounded(make: Make) -> None:
    sent: list[str] = []

    def busy(request: httpx.Request) -> httpx.Response:
        sent.append(request.url.path)
        return httpx.Response(429, headers={"Retry-After": "1"})

    with pytest.raises(TooManyRequests) as caught:
        await got(scripted(make, busy, retries=Retries(tries=3)).ask("桥"))
    assert sent == ["/v1/ask"] * 3
    assert caught.value.retry_after == 1


@pytest.mark.parametrize("call", ["start_refresh", "upload", "delete"])
async def test_what_changes_something_is_sent_once(call: str, make: Make) -> None:
    sent: list[str] = []

    def busy(request: httpx.Request) -> httpx.Response:
        sent.append(request.method)
        return httpx.Response(503, headers={"Retry-After": "1"})

    paper = scripted(make, busy)
    given: dict[str, tuple[Any, ...]] = {"upload": ("a.txt", b"x"), "delete": ("a.txt",)}
    with pytest.raises(Unavailable):
        await got(getattr(paper, call)(*given.get(call, ())))
    assert len(sent) == 1
