"""What the tests of OpenAI's protocol ask, and how."""

from __future__ import annotations

from typing import Any

import httpx
import openai

QUESTION = "书屋和石桥"
MESSAGES: list[Any] = [{"role": "user", "content": QUESTION}]


def client_of(caller: httpx.Client, key: str = "unused") -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{caller.base_url}/v1".replace("//v1", "/v1"), api_key=key, max_retries=0)


def native(client: httpx.Client, question: str = QUESTION) -> dict[str, Any]:
    reply: dict[str, Any] = client.post("/v1/ask", json={"question": question}).json()
    return reply


def the_error(reply: httpx.Response) -> dict[str, Any]:
    """The error of a reply in OpenAI's shape, which it checks."""
    assert reply.headers["content-type"] == "application/json"
    assert int(reply.headers["content-length"]) == len(reply.content)
    body = reply.json()
    assert body.keys() == {"error"}
    error: dict[str, Any] = body["error"]
    assert error.keys() == {"message", "type", "param", "code"}
    assert error["message"]
    return error
