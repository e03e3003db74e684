"""`wenbao mcp` on standard input and output: a process of its own, spoken to by the SDK's client and byte by byte."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from mcp import Client, StdioServerParameters

from rag.cli.main import run
from rag.library import Library
from rag.settings import Settings
from server.schemas import AskResponse, CitationOut

ROOT = Path(__file__).parents[3]
QUESTION = "哪些城市搭建了婚恋交友平台？"
SMALL = """
import os
from server.mcp.run import serve_stdio
from tests.server.conftest import make_state
from tests.server.fakes import FakeLibrary

def chatter(_):
    print("printed by a library")
    os.write(1, b"written by a library\\n")
    os.system("echo said by a child; cat")

serve_stdio(make_state(FakeLibrary(composing=chatter)))
"""
"""A server over the small library, in which answering talks to standard output and reads standard input."""

GREETING = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-06-18",
        "capabilities": {},
        "clientInfo": {"name": "test", "version": "1"},
    },
}


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT)}


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_the_sample_is_asked_searched_and_read(sample_index: Settings, tmp_path: Path, mode: str) -> None:
    started = StdioServerParameters(
        command=sys.executable,
        args=["-m", "rag", "--vectors", str(sample_index.vectors), "mcp"],
        cwd=tmp_path,
        env=environment(),
    )
    async with Client(started, mode=mode) as client:
        answer = await client.call_tool("ask", {"question": QUESTION})
        while "still being opened" in str(answer.content):  # on a machine that is busy
            answer = await client.call_tool("ask", {"question": QUESTION})
        found = await client.call_tool("search", {"query": QUESTION, "top_k": 2})
        listed = await client.list_resources()
        assert found.structured_content is not None
        hit = found.structured_content["hits"][0]
        article = await client.call_tool("read_article", {"article_id": hit["article_id"]})
    library = Library.open(sample_index)
    try:
        expected = AskResponse.from_answer(library.ask(QUESTION))
        assert len(listed.resources) == library.status().counts.articles
    finally:
        library.close()
    assert answer.structured_content is not None
    assert expected.citations
    # As the wire model writes them, character by character.
    told = [
        json.dumps(one, ensure_ascii=False, separators=(",", ":")) for one in answer.structured_content["citations"]
    ]
    assert told == [citation.model_dump_json() for citation in expected.citations]
    assert article.structured_content is not None
    assert hit["text"] in article.structured_content["text"]


@contextmanager
def spoken_to(*command: str) -> Iterator[subprocess.Popen[bytes]]:
    """A server process, over the small library where no other is named, greeted; it does not outlive the block."""
    process = subprocess.Popen(
        [sys.executable, *(command or ("-c", SMALL))],
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        reply = asked(process, GREETING)
        assert reply["result"]["serverInfo"]["name"] == "wenbao"
        say(process, {"jsonrpc": "2.0", "method": "notifications/initialized"})
        yield process
    finally:
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream is not None and not stream.closed:
                stream.close()


def say(process: subprocess.Popen[bytes], message: dict[str, Any]) -> None:
    assert process.stdin is not None
    process.stdin.write(json.dumps(message).encode() + b"\n")
    process.stdin.flush()


def asked(process: subprocess.Popen[bytes], message: dict[str, Any]) -> Any:
    say(process, message)
    assert process.stdout is not None
    reply = json.loads(process.stdout.readline())
    assert reply["id"] == message["id"]
    return reply


def call(number: int, question: str) -> dict[str, Any]:
    params = {"name": "ask", "arguments": {"question": question}}
    return {"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": params}


def test_standard_output_carries_the_protocol_alone() -> None:
    with spoken_to() as process:
        say(process, call(2, "书屋和石桥"))
        assert process.stdout is not None
        line = process.stdout.readline()
        reply = json.loads(line)["result"]["structuredContent"]
        for citation in reply["citations"]:
            assert CitationOut.model_validate(citation).model_dump_json().encode() in line
        assert asked(process, call(3, "石桥"))["result"]["isError"] is False
        out, err = process.communicate(timeout=60)  # which closes its standard input
        assert (process.returncode, out) == (0, b"")
        for told in ("printed", "written", "said"):
            assert err.decode().count(told) == 2


def test_the_end_of_a_short_visit_is_clean(sample_index: Settings, workdir: Path) -> None:
    """What the library still does in its threads must not abort the process."""
    with spoken_to("-m", "rag", "--vectors", str(sample_index.vectors), "mcp") as process:
        assert asked(process, call(2, QUESTION))["result"]["content"]
        assert process.communicate(timeout=120) == (b"", b"")
        assert process.returncode == 0


def test_what_is_no_message_ends_nothing() -> None:
    with spoken_to() as process:
        assert process.stdin is not None
        process.stdin.write(b"\xff\xfe nonsense\n[]\n\n{}\n")
        process.stdin.flush()
        say(process, call(9, "石桥"))
        assert process.stdout is not None
        replies = []
        while not replies or replies[-1].get("id") != 9:
            replies.append(json.loads(process.stdout.readline()))
        assert replies[-1]["result"]["structuredContent"]["answered"] is True


def test_an_interrupt_ends_it_at_once() -> None:
    with spoken_to() as process:
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == -signal.SIGINT


def test_a_client_that_goes_away_unanswered_is_no_defect() -> None:
    with spoken_to() as process:
        assert process.stdout is not None
        assert process.stdin is not None
        assert process.stderr is not None
        process.stdout.close()
        say(process, call(2, "石桥"))
        process.stdin.close()
        assert process.wait(60) == 0
        assert b"Traceback" not in process.stderr.read()


def test_without_the_librarys_protocol_the_way_to_it_is_told(
    workdir: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in [name for name in sys.modules if name.split(".")[0] == "mcp" or name.startswith("server.mcp")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "mcp", None)
    assert run(["mcp"]) == 7
    assert "pip install" in capsys.readouterr().err
