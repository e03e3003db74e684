"""Clients of both kinds under one set of tests: `make` builds one, `got` and `every` take what it gives."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest

from server.client import AsyncWenbao, Wenbao

__all__ = ["Make", "every", "got", "make", "scripted"]

Paper = Wenbao | AsyncWenbao
Make = Callable[..., Paper]
Handler = Callable[[httpx.Request], httpx.Response]


async def got(value: Any) -> Any:
    """What a call of either client gives."""
    return await value if inspect.isawaitable(value) else value


async def every(items: Any) -> list[Any]:
    """What an iterator of either client gives."""
    if hasattr(items, "__aiter__"):
        return [item async for item in items]
    return list(items)


@pytest.fixture(params=[Wenbao, AsyncWenbao])
async def make(request: pytest.FixtureRequest) -> AsyncIterator[Make]:
    """Makes clients of either kind, which wait for nothing and are closed in the end."""
    made: list[Paper] = []

    def build(*arguments: Any, waits: list[float] | None = None, **options: Any) -> Paper:
        waited = waits if waits is not None else []

        async def pause(seconds: float) -> None:
            waited.append(seconds)
            await asyncio.sleep(0.001)

        options.setdefault("pause", waited.append if request.param is Wenbao else pause)
        made.append(request.param(*arguments, **options))
        return made[-1]

    yield build
    for paper in made:
        await got(paper.close())


def scripted(make: Make, handler: Handler | list[httpx.Response], **options: Any) -> Paper:
    """A client whose server replies as told."""
    if isinstance(handler, list):
        replies = iter(handler)
        return make("http://paper.test", transport=httpx.MockTransport(lambda _: next(replies)), **options)
    return make("http://paper.test", transport=httpx.MockTransport(handler), **options)
