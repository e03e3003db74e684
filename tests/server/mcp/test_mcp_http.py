"""`wenbao mcp --http`: the SDK's client on a real socket, and who is turned away."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import httpx
import httpx2
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from rag.errors import SettingsError
from rag.settings import Settings
from server.mcp.run import PATH, make_http_server, mcp_state, serve_http
from server.process.run import base_url, bind
from server.state import State
from tests.server.conftest import make_state, serve_state
from tests.server.fakes import FakeLibrary

ROOT = Path(__file__).parents[3]
KEY = "k3y"
LIST = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
HEADERS = {"Accept": "application/json, text/event-stream", "MCP-Protocol-Version": "2025-06-18"}


@contextmanager
def served(state: State) -> Iterator[str]:
    """The address of the endpoint over a state."""
    answers = threading.Event()
    server = make_http_server(state, answers.set)
    with bind("127.0.0.1", 0) as listener:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            assert answers.wait(30)
            yield base_url("127.0.0.1", listener.getsockname()[1]) + PATH
        finally:
            server.should_exit = True
            thread.join(30)


@asynccontextmanager
async def calling(url: str, key: str | None = None, mode: str = "auto") -> Any:
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    async with (
        httpx2.AsyncClient(headers=headers, trust_env=False, timeout=30) as http,
        Client(streamable_http_client(url, http_client=http), mode=mode) as client,
    ):
        yield client


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_the_tools_and_the_articles_over_http(workdir: Path, mode: str) -> None:
    with served(make_state()) as url:
        async with calling(url, mode=mode) as client:
            assert client.server_info.name == "wenbao"
            answer = await client.call_tool("ask", {"question": "书屋和石桥"})
            resources = (await client.list_resources()).resources
            (content,) = (await client.read_resource(resources[0].uri)).contents
    assert answer.structured_content["citations"][0]["quote"] in content.text.replace("\n", "")


async def test_a_citation_is_the_same_bytes_as_of_the_api(workdir: Path) -> None:
    question = {"question": "书屋和石桥"}
    call = {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": {"name": "ask", "arguments": question}}
    with serve_state(make_state()) as api, served(make_state()) as url:
        over_api = api.post("/v1/ask", json=question)
        over_mcp = httpx.post(url, json=call, headers=HEADERS, trust_env=False)
    begin, end = '"citations":', ',"hits":'
    citations = over_api.text[over_api.text.index(begin) : over_api.text.index(end)]
    assert len(json.loads(citations.removeprefix(begin))) == 2
    assert citations in over_mcp.text


def test_a_key_is_asked_for(workdir: Path) -> None:
    with served(make_state(api_keys=KEY)) as url:
        for headers in ({}, {"Authorization": "Bearer guess"}):
            refused = httpx.post(url, json=LIST, headers=HEADERS | headers, trust_env=False)
            assert refused.status_code == 401
            assert refused.headers["WWW-Authenticate"].startswith("Bearer")
        let_in = httpx.post(url, json=LIST, headers=HEADERS | {"Authorization": f"Bearer {KEY}"}, trust_env=False)
        assert let_in.status_code == 200


async def test_a_reading_key_is_enough(workdir: Path) -> None:
    with served(make_state(api_keys=f"read:{KEY}")) as url:
        async with calling(url, KEY) as client:
            assert (await client.call_tool("search", {"query": "石桥"})).structured_content["hits"]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "paper.example"}, 421),
        ({"Host": "paper.example:8000"}, 421),
        ({"Origin": "https://paper.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Host": "localhost"}, 200),
        ({"Origin": "http://localhost:3000"}, 200),
    ],
)
def test_without_keys_only_this_machine_is_answered(workdir: Path, headers: dict[str, str], status: int) -> None:
    with served(make_state()) as url:
        reply = httpx.post(url, json=LIST, headers=HEADERS | headers, trust_env=False)
    assert reply.status_code == status


def test_a_listed_site_may_call(workdir: Path) -> None:
    with served(make_state(cors_origins="https://paper.example")) as url:
        reply = httpx.post(url, json=LIST, headers=HEADERS | {"Origin": "https://paper.example"}, trust_env=False)
    assert reply.status_code == 200


def test_with_keys_any_name_will_do(workdir: Path) -> None:
    key = {"Authorization": f"Bearer {KEY}", "Host": "paper.example"}
    with served(make_state(api_keys=KEY)) as url:
        assert httpx.post(url, json=LIST, headers=HEADERS | key, trust_env=False).status_code == 200


def test_the_network_is_not_served_without_keys(workdir: Path) -> None:
    with pytest.raises(SettingsError, match="api_keys"):
        serve_http(make_state(host="0.0.0.0", port=0))  # noqa: S104


def test_what_is_no_call_is_refused(workdir: Path) -> None:
    with served(make_state(max_body_bytes=2_000)) as url, httpx.Client(headers=HEADERS, trust_env=False) as caller:
        assert caller.get(url).status_code == 405
        assert caller.delete(url).status_code == 405
        assert caller.post(url, content=b"{").status_code == 400
        assert caller.post(url, json=LIST | {"padding": "x" * 3_000}).status_code == 413
        assert caller.post(url.removesuffix(PATH) + "/other", json=LIST).status_code == 404
        assert caller.post(url, json=LIST).status_code == 200


def test_the_index_is_opened_at_the_start_and_closed_in_the_end(workdir: Path) -> None:
    library, opened = FakeLibrary(), threading.Event()

    def opener(_: object) -> FakeLibrary:
        opened.set()
        return library

    with served(make_state(opener=opener)):
        assert opened.wait(30)
    assert library.closed


def test_the_index_is_seen_to_before_it_is_opened(sample_index: Settings) -> None:
    prepared: list[Settings] = []
    state = mcp_state(sample_index, prepared.append)
    assert prepared == []
    assert state.live.wait().status().is_sample
    assert [settings.vectors for settings in prepared] == [sample_index.vectors]
    assert state.watcher is None
    state.live.close()


def test_the_command_serves_until_it_is_interrupted(sample_index: Settings, tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "rag", "--vectors", str(sample_index.vectors), "mcp", "--http", "--port", "0"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stderr is not None
        url = process.stderr.readline().removeprefix("wenbao: ").strip()
        assert url.endswith(PATH)
        call = {"name": "search", "arguments": {"query": "婚恋", "top_k": 1}}
        body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call}
        reply = "still being opened"
        while "still being opened" in reply:  # on a machine that is busy
            reply = httpx.post(url, json=body, headers=HEADERS, timeout=60, trust_env=False).text
        assert '"rank":1' in reply
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
        assert (process.returncode, out) == (130, "")
        assert err.strip() == "stopped"
    finally:
        process.kill()
        process.communicate()
