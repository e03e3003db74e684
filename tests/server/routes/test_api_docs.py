"""docs/api.md: its examples run against a real server, and its tables are the code's."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator

import pytest

from rag.settings import Settings
from server import errors
from server.app import build_app
from server.state import build_state
from tests.server.conftest import make_state, serve_state
from tests.server.documents import at, blocks, read, rows

DOCUMENT = read("api.md")
ASK, STREAM, SEARCH, LIST, INDEX, ERROR = blocks(DOCUMENT, "sh")


@pytest.fixture(scope="module")
def sample(sample_index: Settings) -> Iterator[str]:
    state = build_state(sample_index.model_copy(update={"watch": False}))
    with serve_state(state) as client:
        state.live.wait()
        yield str(client.base_url)


def run_in_shell(example: str, url: str) -> str:
    if shutil.which("curl") is None:
        pytest.skip("there is no curl on this machine")
    done = subprocess.run(["sh", "-c", at(url, example)], capture_output=True, check=True, timeout=60)
    return done.stdout.decode()


@pytest.mark.parametrize("example", blocks(DOCUMENT, "python"), ids=["ask", "client", "openai", "articles"])
def test_the_python_examples_run(sample: str, example: str, capsys: pytest.CaptureFixture[str]) -> None:
    exec(compile(at(sample, example), "api.md", "exec"), {})  # noqa: S102  # what the document tells readers to run
    told = capsys.readouterr().out
    assert "[1]" in told or len(told.splitlines()) > 40  # an answer, or the whole list


def test_asking_with_curl(sample: str) -> None:
    reply = json.loads(run_in_shell(ASK, sample))
    assert reply["answered"] is True
    assert {f"[{one['n']}]" for one in reply["citations"]} == set(re.findall(r"\[\d+\]", reply["answer"]))
    told = re.findall(r"^event: (\w+)$", run_in_shell(STREAM, sample), re.MULTILINE)
    assert told[0] == "hits"
    assert told[-1] == "done"
    assert {"delta", "citation"} <= set(told)


def test_finding_and_reading_with_curl(sample: str) -> None:
    found = json.loads(run_in_shell(SEARCH, sample))
    assert found["hits"]
    assert all("江苏省" in hit["place"] for hit in found["hits"])
    assert len(json.loads(run_in_shell(LIST, sample))["items"]) == 3
    assert json.loads(run_in_shell(INDEX, sample))["is_sample"] is True


def test_the_error_shown_is_the_error_told(sample: str) -> None:
    [shown] = blocks(DOCUMENT, "json")
    assert json.loads(run_in_shell(ERROR, sample)) == json.loads(shown)


def test_the_table_of_calls_is_the_schema() -> None:
    paths = build_app(make_state()).openapi()["paths"]
    calls = {f"{method.upper()} {path}" for path, methods in paths.items() for method in methods}
    assert {row[0].strip("`") for row in rows(DOCUMENT, "call")} == calls


def test_the_table_of_statuses_is_the_servers() -> None:
    told = {int(status) for row in rows(DOCUMENT, "status") for status in row[0].split(",")}
    by_http = {400, 401, 404, 405, 421}
    assert told == by_http | set(errors._STATUS.values())
