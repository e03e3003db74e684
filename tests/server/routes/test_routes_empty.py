"""An empty query or question over HTTP: nothing is found, and the reply says what to do."""

from __future__ import annotations

import httpx
import pytest


@pytest.mark.parametrize("blank", ["", " \n", "\u3000"])
def test_an_empty_query_has_no_hits(client: httpx.Client, blank: str) -> None:
    reply = client.post("/v1/search", json={"query": blank})

    assert reply.status_code == 200
    assert reply.json()["hits"] == []
    assert reply.json()["generation"]


def test_an_empty_question_is_refused_with_advice(client: httpx.Client) -> None:
    reply = client.post("/v1/ask", json={"question": "  "}).json()

    assert reply["answered"] is False
    assert reply["citations"] == []
    assert "问题是空的" in reply["answer"]
