"""The routes over a small library, on a real socket: what goes in reaches the library, what comes out is its answer."""

from __future__ import annotations

import json

import httpx
import pytest

from rag.errors import InputError
from rag.types import Filters, Turn
from server.openai.errors import is_openai_path
from server.streaming import pieces
from tests.server.fakes import FakeLibrary


def events(reply: httpx.Response) -> list[tuple[str, dict[str, object]]]:
    """The events of a stream, read as the format says: lines end with \\n, events with an empty line."""
    found = []
    for block in reply.content.decode().removesuffix("\n\n").split("\n\n"):
        name, data = block.split("\n")
        found.append((name.removeprefix("event: "), json.loads(data.removeprefix("data: "))))
    return found


def test_search_hands_its_fields_to_the_library(client: httpx.Client, library: FakeLibrary) -> None:
    filters = {"sources": ["b/c.txt"], "date_from": "2020-01-01"}
    reply = client.post("/v1/search", json={"query": " 石桥 ", "top_k": 3, "mode": "lexical", "filters": filters})
    assert reply.status_code == 200
    assert reply.headers["content-type"] == "application/json"
    assert [hit["source"] for hit in reply.json()["hits"]] == ["b/c.txt"]
    assert reply.json()["mode"] == "lexical"
    expected = Filters(sources=("b/c.txt",), date_from="2020-01-01")
    assert library.asked == [{"query": "石桥", "top_k": 3, "mode": "lexical", "filters": expected}]


def test_ask_hands_its_history_to_the_library(client: httpx.Client, library: FakeLibrary) -> None:
    history = [{"role": "user", "content": "云溪镇有什么？"}, {"role": "assistant", "content": "书屋。[1]"}]
    reply = client.post("/v1/ask", json={"question": "几点关门？", "history": history, "answerer": "extractive"})
    assert reply.status_code == 200
    assert reply.json()["answered"] is True
    assert library.asked[0]["history"] == [Turn("user", "云溪镇有什么？"), Turn("assistant", "书屋。[1]")]
    assert library.asked[0]["answerer"] == "extractive"


def test_a_stream_tells_the_whole_reply_in_pieces(client: httpx.Client) -> None:
    body = {"question": "书屋和石桥"}
    whole = client.post("/v1/ask", json=body).json()
    reply = client.post("/v1/ask", json=body | {"stream": True})
    assert reply.headers["content-type"].startswith("text/event-stream")
    assert reply.headers["cache-control"] == "no-store"
    told = events(reply)
    assert told[0] == ("hits", {"hits": whole["hits"]})
    assert told[-1] == ("done", whole)
    assert "".join(data["text"] for name, data in told if name == "delta") == whole["answer"]
    assert [data for name, data in told if name == "citation"] == whole["citations"]
    assert {name for name, _ in told[1:-1]} == {"delta", "citation"}
    for place, (name, data) in enumerate(told):
        if name == "citation":
            before = "".join(piece["text"] for kind, piece in told[:place] if kind == "delta")
            assert f"[{data['n']}]" in before


def test_a_refusal_streams_without_citations(client: httpx.Client) -> None:
    told = events(client.post("/v1/ask", json={"question": "XYZ", "stream": True}))
    assert [name for name, _ in told] == ["hits", "delta", "done"]
    assert told[-1][1]["answered"] is False
    assert told[-1][1]["citations"] == []


def test_what_goes_wrong_in_a_stream_is_its_last_event(client: httpx.Client, library: FakeLibrary) -> None:
    library.ask_error = InputError("This question has no words.", hint="Ask in words.")
    [(name, problem)] = events(client.post("/v1/ask", json={"question": "？", "stream": True}))
    assert name == "error"
    assert problem["status"] == 422
    assert problem["hint"] == "Ask in words."
    library.ask_error = ZeroDivisionError("/secret/path")
    [(name, problem)] = events(client.post("/v1/ask", json={"question": "？", "stream": True}))
    assert (name, problem["status"]) == ("error", 500)
    assert "secret" not in json.dumps(problem)


def test_unicode_line_ends_never_break_an_event(client: httpx.Client) -> None:
    reply = client.post("/v1/search", json={"query": "书\u2028屋"})
    assert reply.json()["query"] == "书\u2028屋"
    streamed = client.post("/v1/ask", json={"question": "XYZ\u2028\u0085Q", "stream": True})
    assert events(streamed)[-1][1]["standalone_question"] == "XYZ\u2028\u0085Q"
    assert len(streamed.text.splitlines()) == streamed.text.count("\n")


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("甲。[1]乙。[2][3]", ["甲。[1]", "乙。[2][3]"]),
        ("甲。乙！", ["甲。", "乙！"]),
        ("甲\n乙", ["甲\n", "乙"]),
        ("[1]", ["[1]"]),
        ("", []),
    ],
)
def test_pieces_end_behind_marks_and_sentences(answer: str, expected: list[str]) -> None:
    assert pieces(answer) == expected


def test_articles_are_listed_to_the_end(client: httpx.Client) -> None:
    first = client.get("/v1/articles", params={"limit": 1}).json()
    second = client.get("/v1/articles", params={"limit": 1, "cursor": first["next_cursor"]}).json()
    assert [one["article_id"] for one in first["items"] + second["items"]] == ["a-1", "folder/b#2"]
    assert second["next_cursor"] is None
    assert [one["article_id"] for one in client.get("/v1/articles", params={"place": "云溪镇"}).json()["items"]] == [
        "a-1"
    ]
    assert client.get("/v1/articles", params={"q": "石桥", "source": "a.txt"}).json() == {
        "items": [],
        "next_cursor": None,
        "total": 0,
    }


def test_articles_are_listed_by_date_and_counted(client: httpx.Client) -> None:
    listed = client.get("/v1/articles", params={"date_from": "2020-03-01", "date_to": "2020-03-31"}).json()
    assert [one["article_id"] for one in listed["items"]] == ["a-1"]
    assert listed["total"] == 1
    assert client.get("/v1/articles", params={"date_to": "2020-03-04"}).json()["total"] == 0
    assert client.get("/v1/articles", params={"limit": 1}).json()["total"] == 2
    assert listed["items"][0]["lead"].startswith("云溪镇书屋夜里也开门")
    for wrong in ({"date_from": "2020"}, {"date_from": "2021-01-01", "date_to": "2020-01-01"}):
        assert client.get("/v1/articles", params=wrong).status_code == 422


def test_sources_are_told_level_by_level(client: httpx.Client) -> None:
    top = client.get("/v1/sources").json()
    assert top == {"items": [{"source": "b/", "articles": 1}, {"source": "a.txt", "articles": 1}], "next_cursor": None}
    below = client.get("/v1/sources", params={"under": "b/"}).json()
    assert below["items"] == [{"source": "b/c.txt", "articles": 1}]
    first = client.get("/v1/sources", params={"limit": 1}).json()
    assert client.get("/v1/sources", params={"cursor": first["next_cursor"]}).json()["items"] == top["items"][1:]
    assert client.get("/v1/sources", params={"under": "c/"}).json()["items"] == []


def test_places_are_told_with_their_articles(client: httpx.Client) -> None:
    assert client.get("/v1/places").json()["items"] == [
        {"place": ["浙江省"], "articles": 1},
        {"place": ["浙江省", "云溪镇"], "articles": 1},
    ]
    assert [one["place"][-1] for one in client.get("/v1/places", params={"q": "溪"}).json()["items"]] == ["云溪镇"]


def test_an_article_is_found_by_any_id(client: httpx.Client) -> None:
    article = client.get("/v1/articles/folder%2Fb%232").json()
    assert article["article_id"] == "folder/b#2"
    assert article["text"].startswith("松湾村修好八座桥松湾村用两年修好了八座石桥。")
    assert article["chars"] == len(article["text"])
    assert [block["role"] for block in article["blocks"]] == ["title", "body"]


def test_health_and_readiness(client: httpx.Client) -> None:
    assert client.get("/healthz").json() == {"status": "ok"}
    assert client.get("/readyz").json() == {"status": "ok", "generation": "g1"}


def test_openapi_is_complete_and_offline(client: httpx.Client) -> None:
    api = client.get("/openapi.json").json()
    assert set(api["paths"]) == {
        "/healthz",
        "/readyz",
        "/metrics",
        "/v1/search",
        "/v1/ask",
        "/v1/articles",
        "/v1/articles/{article_id}",
        "/v1/sources",
        "/v1/places",
        "/v1/index",
        "/v1/index/events",
        "/v1/corpus/{path}",
        "/v1/chat/completions",
        "/v1/models",
        "/v1/models/{model}",
    }
    assert "HTTPValidationError" not in api["components"]["schemas"]
    for path, calls in api["paths"].items():
        for call in calls.values():
            assert call["description"]
            if path.startswith("/v1"):
                kind = "application/json" if is_openai_path(path) else "application/problem+json"
                assert list(call["responses"]["422"]["content"]) == [kind]
    assert client.get("/docs").status_code == 404
