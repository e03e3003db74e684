"""The MCP face over a small library: what the tools take, give and refuse, and the articles as resources."""

from __future__ import annotations

import json
import threading
from contextlib import AbstractAsyncContextManager
from typing import Any

import anyio
import httpx
import pytest
from mcp import Client, MCPError
from mcp.types import CallToolResult, TextContent

from rag import __version__
from rag.cancellation import Cancellation
from rag.errors import IndexMissing
from rag.types import ArticleList
from server.mcp.app import build_server
from server.mcp.tools import TOOLS
from server.schemas import MAX_QUESTION
from tests.server.conftest import make_state
from tests.server.fakes import ARTICLES, FakeLibrary, make_article


def calling(library: FakeLibrary | None = None, **state: Any) -> AbstractAsyncContextManager[Client]:
    """A client of the SDK's own, on a server in this process."""
    return Client(build_server(make_state(library, **state)))


def text_of(result: CallToolResult) -> str:
    (content,) = result.content
    assert isinstance(content, TextContent)
    return content.text


async def test_the_server_says_who_it_is(workdir: object) -> None:
    async with calling() as client:
        assert client.server_info is not None
        assert (client.server_info.name, client.server_info.version) == ("wenbao", __version__)
        assert client.instructions is not None
        assert {name for name in TOOLS if f"`{name}`" not in client.instructions} == set()
        assert client.server_capabilities.tools is not None
        assert client.server_capabilities.resources is not None


async def test_every_argument_is_described_and_bounded(workdir: object) -> None:
    async with calling() as client:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
    assert list(tools) == ["search", "ask", "read_article"]
    for tool in tools.values():
        assert tool.description
        assert tool.output_schema is not None
        assert tool.input_schema["additionalProperties"] is False
        assert len(tool.input_schema["required"]) == 1
        for field in tool.input_schema["properties"].values():
            assert field["description"]
        assert tool.annotations is not None
        assert tool.annotations.read_only_hint is True
        # Whatever is referred to is there, and nothing else is carried along.
        for schema in (tool.input_schema, tool.output_schema):
            named = {part.split('"')[0] for part in json.dumps(schema).split("#/$defs/")[1:]}
            assert named == set(schema.get("$defs", {}))
    assert tools["ask"].input_schema["properties"]["question"]["maxLength"] == MAX_QUESTION
    assert set(tools["ask"].input_schema["properties"]) == {"question", "history", "top_k", "filters", "answerer"}
    assert "title" in tools["read_article"].output_schema["properties"]  # type: ignore[index]


async def test_a_search_gives_what_the_api_gives(client: httpx.Client) -> None:
    asked = {"query": "石桥", "top_k": 1, "mode": "lexical", "filters": {"sources": ["b/c.txt"]}}
    over_http = client.post("/v1/search", json=asked).json()
    async with calling() as caller:
        result = await caller.call_tool("search", asked)
    assert result.structured_content == {name: value for name, value in over_http.items() if name != "explanation"}
    assert over_http["hits"][0]["text"] in text_of(result)
    assert "folder/b#2" in text_of(result)


async def test_an_answer_is_the_apis_to_the_byte(client: httpx.Client) -> None:
    asked = {"question": "书屋和石桥", "history": [{"role": "user", "content": "早"}]}
    over_http = client.post("/v1/ask", json=asked)
    async with calling() as caller:
        result = await caller.call_tool("ask", asked)
    reply = result.structured_content
    assert reply is not None
    assert reply == {name: value for name, value in over_http.json().items() if name != "explanation"}
    for citation in reply["citations"]:
        told = json.dumps(citation, ensure_ascii=False, separators=(",", ":"))
        assert told in over_http.text
        assert f"[{citation['n']}]" in text_of(result)
        assert citation["quote"] in text_of(result)
    assert len(reply["citations"]) == 2
    assert "note: 慢" in text_of(result)


async def test_what_is_asked_reaches_the_library(workdir: object) -> None:
    library = FakeLibrary()
    async with calling(library) as client:
        history = [{"role": "user", "content": "早"}, {"role": "assistant", "content": "好[1]"}]
        filters = {"places": ["浙江"], "date_from": "2020-01-01"}
        asked = {"question": "石桥", "history": history, "filters": filters, "top_k": 3, "answerer": "extractive"}
        await client.call_tool("ask", asked)
    (noted,) = library.asked
    assert [(turn.role, turn.content) for turn in noted["history"]] == [("user", "早"), ("assistant", "好[1]")]  # type: ignore[attr-defined]
    assert noted["filters"].places == ("浙江",)  # type: ignore[attr-defined]
    assert noted["filters"].date_from == "2020-01-01"  # type: ignore[attr-defined]
    assert (noted["top_k"], noted["answerer"]) == (3, "extractive")


async def test_a_refusal_is_an_answer(workdir: object) -> None:
    async with calling() as client:
        result = await client.call_tool("ask", {"question": "zzz"})
    assert not result.is_error
    assert result.structured_content is not None
    assert result.structured_content["answered"] is False
    assert result.structured_content["citations"] == []


async def test_an_article_is_read_whole(client: httpx.Client) -> None:
    over_http = client.get("/v1/articles/folder/b%232").json()
    async with calling() as caller:
        result = await caller.call_tool("read_article", {"article_id": "folder/b#2"})
    assert result.structured_content == over_http
    assert over_http["text"] in text_of(result).replace("\n", "")
    assert text_of(result).count(over_http["title"]) == 1


@pytest.mark.parametrize(
    ("tool", "arguments", "told"),
    [
        ("search", {}, "query: Field required"),
        ("search", {"query": "　 "}, "query: it is empty"),
        ("search", {"query": "桥", "top_k": 101}, "top_k: "),
        ("search", {"query": "桥", "top_k": "10"}, "top_k: "),
        ("search", {"query": "桥", "mode": "both"}, "mode: "),
        ("search", {"query": "桥", "explain": True}, "explain: search takes no such argument"),
        ("search", {"query": "桥" * 2_001}, "query: "),
        ("ask", {"question": "桥", "stream": True}, "stream: ask takes no such argument"),
        ("ask", {"question": "桥", "filters": {"date_from": "yesterday"}}, "filters.date_from: "),
        ("ask", {"question": "桥", "filters": {"city": "x"}}, "filters.city: "),
        ("ask", {"question": "桥", "history": [{"role": "system", "content": ""}]}, "history.0.role: "),
        ("read_article", {"article_id": ""}, "article_id: it is empty"),
    ],
)
async def test_an_argument_that_cannot_be_used_is_named(
    workdir: object, tool: str, arguments: dict[str, Any], told: str
) -> None:
    library = FakeLibrary()
    async with calling(library) as client:
        result = await client.call_tool(tool, arguments)
    assert result.is_error
    assert told in text_of(result)
    assert text_of(result).endswith("Call it again with arguments that fit its input schema.")
    assert library.asked == []


async def test_the_limits_of_the_server_hold(workdir: object) -> None:
    async with calling(max_question_chars=5) as client:
        for tool, field in (("search", "query"), ("ask", "question")):
            result = await client.call_tool(tool, {field: "六个字的问题"})
            assert result.is_error
            assert "max_question_chars" in text_of(result)


async def test_an_article_that_is_not_there_is_told_with_what_to_do(workdir: object) -> None:
    async with calling() as client:
        result = await client.call_tool("read_article", {"article_id": "none"})
    assert result.is_error
    assert text_of(result) == "There is no article none.\nCall `search`: its hits have the ids of articles."


async def test_an_unknown_tool_is_an_error_of_the_protocol(workdir: object) -> None:
    async with calling() as client:
        with pytest.raises(MCPError, match="search, ask, read_article"):
            await client.call_tool("index", {})


async def test_no_index_is_told_with_what_to_do(workdir: object) -> None:
    def opener(_: object) -> FakeLibrary:
        raise IndexMissing("there is no index", hint="Run `wenbao index`.")

    async with calling(opener=opener) as client:
        result = await client.call_tool("search", {"query": "桥"})
        assert (result.is_error, text_of(result)) == (True, "there is no index\nRun `wenbao index`.")
        with pytest.raises(MCPError, match="Run `wenbao index`"):
            await client.list_resources()


async def test_a_defect_says_nothing_of_itself(workdir: object, caplog: pytest.LogCaptureFixture) -> None:
    async with calling(FakeLibrary(ask_error=RuntimeError("/home/someone/secret"))) as client:
        result = await client.call_tool("ask", {"question": "桥"})
    assert result.is_error
    assert "secret" not in text_of(result)
    assert "/home/someone/secret" in caplog.text


async def test_the_index_is_opened_by_the_first_call_and_closed_in_the_end(workdir: object) -> None:
    library = FakeLibrary()
    opened: list[str] = []

    def opener(_: object) -> FakeLibrary:
        opened.append("opened")
        return library

    async with calling(opener=opener) as client:
        await client.list_tools()
        await client.list_resource_templates()
        assert opened == []
        await client.call_tool("search", {"query": "桥"})
        assert opened == ["opened"]
    assert library.closed


async def test_a_long_answer_holds_nothing_up(workdir: object) -> None:
    begun, may_end = threading.Event(), threading.Event()

    def compose(_: Cancellation) -> None:
        begun.set()
        assert may_end.wait(30)

    async with calling(FakeLibrary(composing=compose)) as client, anyio.create_task_group() as tasks:
        answers: list[CallToolResult] = []

        async def ask() -> None:
            answers.append(await client.call_tool("ask", {"question": "石桥"}))

        tasks.start_soon(ask)
        assert await anyio.to_thread.run_sync(begun.wait, 30)
        assert (await client.call_tool("search", {"query": "石桥"})).structured_content is not None
        assert len((await client.list_tools()).tools) == 3
        assert answers == []
        may_end.set()
    assert answers[0].structured_content is not None


async def test_a_call_that_is_called_off_ends_its_work(workdir: object) -> None:
    begun, called_off = threading.Event(), threading.Event()

    def compose(cancellation: Cancellation) -> None:
        with cancellation.calling(called_off.set):
            begun.set()
            assert called_off.wait(30)
        cancellation.check()

    async with calling(FakeLibrary(composing=compose)) as client:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(client.call_tool, "ask", {"question": "石桥"})
            assert await anyio.to_thread.run_sync(begun.wait, 30)
            tasks.cancel_scope.cancel()
        assert await anyio.to_thread.run_sync(called_off.wait, 30)
        assert (await client.call_tool("search", {"query": "石桥"})).structured_content is not None


async def test_articles_are_resources(workdir: object) -> None:
    async with calling() as client:
        (template,) = (await client.list_resource_templates()).resource_templates
        assert template.uri_template == "wenbao://articles/{article_id}"
        listed = await client.list_resources()
        assert [resource.title for resource in listed.resources] == [article.title for article in ARTICLES]
        assert listed.resources[1].uri == "wenbao://articles/folder%2Fb%232"
        for resource, article in zip(listed.resources, ARTICLES, strict=True):
            (content,) = (await client.read_resource(resource.uri)).contents
            assert content.mime_type == resource.mime_type == "text/plain"
            assert article.text in content.text.replace("\n", "")


class LongLibrary(FakeLibrary):
    """A listing of three pages."""

    def articles(self, *, limit: int = 20, cursor: str | None = None, **_: object) -> ArticleList:
        first = int(cursor or 0)
        several = tuple(make_article("a.txt", f"a-{number}") for number in range(250))
        return ArticleList(several[first : first + limit], str(first + limit) if first + limit < 250 else None)


async def test_the_list_of_resources_has_pages(workdir: object) -> None:
    async with calling(LongLibrary()) as client:
        uris, cursor = [], None
        while True:
            page = await client.list_resources(cursor=cursor)
            uris += [str(resource.uri) for resource in page.resources]
            cursor = page.next_cursor
            if cursor is None:
                break
    assert uris == [f"wenbao://articles/a-{number}" for number in range(250)]


@pytest.mark.parametrize(
    "uri", ["wenbao://articles/none", "wenbao://articles/", "wenbao://pages/a", "file:///etc/hosts"]
)
async def test_a_resource_that_is_not_there_is_told(workdir: object, uri: str) -> None:
    async with calling() as client:
        with pytest.raises(MCPError) as caught:
            await client.read_resource(uri)
    assert caught.value.code == -32602
    assert "\n" in caught.value.message  # what to do


async def test_a_cursor_that_no_reply_gave_is_told(workdir: object) -> None:
    async with calling() as client:
        with pytest.raises(MCPError, match="Start without a cursor") as caught:
            await client.list_resources(cursor="x")
    assert caught.value.code == -32602


async def test_text_steers_no_terminal(workdir: object) -> None:
    hostile = FakeLibrary(ask_error=IndexMissing("\x1b[2J\u202egone", hint="\x9b31m"))
    async with calling(hostile) as client:
        result = await client.call_tool("ask", {"question": "桥"})
    assert text_of(result) == "\ufffd[2J\ufffdgone\n\ufffd31m"
