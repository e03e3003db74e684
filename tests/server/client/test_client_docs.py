"""docs/client.md and docs/mcp.md: their examples run, and their tables are the code's."""

from __future__ import annotations

import inspect
import re
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from mcp.types import LATEST_PROTOCOL_VERSION

from rag.settings import Settings
from server import client as package
from server.client import AsyncWenbao, Wenbao, WenbaoError
from server.mcp.tools import TOOLS
from server.state import build_state
from tests.server.conftest import serve_state
from tests.server.documents import DOCS, at, blocks, read, rows

CLIENT = read("client.md")
MCP = read("mcp.md")
CHANGING = "<!-- a server that may be changed -->\n"


@pytest.fixture(scope="module")
def sample(sample_index: Settings) -> Iterator[str]:
    with serving(sample_index.model_copy(update={"watch": False})) as url:
        yield url


@contextmanager
def serving(settings: Settings) -> Iterator[str]:
    state = build_state(settings)
    with serve_state(state) as caller:
        if settings.vectors.exists():
            state.live.wait()
        yield str(caller.base_url).rstrip("/")


def run_example(example: str, url: str) -> None:
    exec(compile(at(url, example), "client.md", "exec"), {})  # noqa: S102  # our own words


READING = [example for example in blocks(CLIENT, "python") if CHANGING + f"```python\n{example}" not in CLIENT]


@pytest.mark.parametrize("example", READING, ids=["ask", "filters", "stream", "async", "errors"])
def test_the_examples_that_read_run(sample: str, example: str, capsys: pytest.CaptureFixture[str]) -> None:
    run_example(example, sample)
    assert capsys.readouterr().out.strip()


@pytest.mark.usefixtures("opened_once")
def test_the_example_that_changes_the_corpus_runs(
    workdir: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, embedder: Any
) -> None:
    from rag.index.building.builder import build_index

    (example,) = (example for example in blocks(CLIENT, "python") if example not in READING)
    page = "渡口添了夜班船\n　　从本周起，渡口的末班船改在十一点，两岸的人下了班也过得了河。\n"
    (workdir / "page-1.txt").write_text(page, encoding="utf-8")
    (workdir / "pages").mkdir()
    (workdir / "pages" / "old.txt").write_text(page.replace("渡口", "桥头"), encoding="utf-8")
    settings = Settings(corpus=workdir / "pages", api_keys="KEY", allow_upload=True, watch=False)
    # In this process and with the model that is open: a process aside would load its own for two sentences.
    monkeypatch.setattr("server.state.build_aside", lambda wanted, progress: build_index(wanted, progress, embedder))
    build_index(settings, embedder=embedder)
    with serving(settings) as url:
        run_example(example, url)
    told = capsys.readouterr().out
    assert re.search(r"-\w+ 2$", told, re.MULTILINE)
    assert not (workdir / "pages" / "2024" / "page-1.txt").exists()


def test_the_table_of_calls_is_the_client() -> None:
    for kind in (Wenbao, AsyncWenbao):
        public = {name for name in vars(kind) if not name.startswith("_")} - {"close"}
        named = {name for row in rows(CLIENT, "to") for name in re.findall(r"`(\w+)\(", row[1])}
        assert named == public
    for row in rows(CLIENT, "to"):
        for name, shown in re.findall(r"`(\w+)\(([^…`]*)\)`", row[1]):
            parameters = list(inspect.signature(getattr(Wenbao, name)).parameters.values())[1:]
            told = [p.name if p.default is p.empty else f"{p.name}={p.default!r}".replace("'", '"') for p in parameters]
            assert shown == ", ".join(told)


def test_both_clients_take_the_same() -> None:
    for name, method in vars(Wenbao).items():
        if not name.startswith("_"):
            ours = list(inspect.signature(method).parameters.values())
            theirs = list(inspect.signature(getattr(AsyncWenbao, name)).parameters.values())
            assert [str(parameter) for parameter in ours] == [str(parameter) for parameter in theirs]


def test_the_table_of_errors_is_the_family() -> None:
    family = {
        name
        for name in package.__all__
        if inspect.isclass(getattr(package, name)) and issubclass(getattr(package, name), WenbaoError)
    }
    assert {row[0].strip("`") for row in rows(CLIENT, "error")} == family - {"WenbaoError"}


def test_the_table_of_tools_is_the_tools() -> None:
    shown = {row[0].strip("`"): re.findall(r"`(\w+)`", row[1]) for row in rows(MCP, "tool")}
    assert shown == {name: list(tool.fields) for name, tool in TOOLS.items()}
    assert LATEST_PROTOCOL_VERSION in MCP


def test_the_example_of_mcp_runs(
    sample_index: Settings, workdir: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (example,) = blocks(MCP, "python")
    shutil.copytree(sample_index.vectors, workdir / "vectors")
    command, arguments = 'command="wenbao", args=["mcp"]', repr(["-m", "rag", "mcp"])
    assert command in example
    root = str(DOCS.parent)
    changed = f'command={sys.executable!r}, args={arguments}, cwd={str(workdir)!r}, env={{"PYTHONPATH": {root!r}}}'
    exec(compile(example.replace(command, changed), "mcp.md", "exec"), {})  # noqa: S102  # our own words
    told = capsys.readouterr().out
    assert "[1]" in told
    assert "article_id" in told
