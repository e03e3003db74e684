"""docs/openai.md: its examples run, and its tables are the code's."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, redirect_stdout
from io import StringIO
from typing import Any

import httpx
import pytest

from rag.settings import Settings
from server.openai.conversation import MODELS
from server.openai.requests import ONLY, ChatRequest, StreamOptions
from server.schemas import CitationOut
from server.state import build_state
from tests.server.conftest import serve_state
from tests.server.documents import at, blocks, read

DOCUMENT = read("openai.md")


def named_in(row: str) -> set[str]:
    """The names in a row's first cell."""
    line = next(line for line in DOCUMENT.splitlines() if line.startswith("| `") and row in line)
    return set(re.findall(r"`([a-z_.-]+)`", line.split("|")[1]))


@pytest.fixture(scope="module")
def sample(sample_index: Settings) -> Iterator[httpx.Client]:
    with serve_state(build_state(sample_index.model_copy(update={"watch": False}))) as client:
        yield client


@pytest.mark.parametrize("example", blocks(DOCUMENT, "python"), ids=["whole", "streamed", "follow-up"])
def test_the_python_examples_run(sample: httpx.Client, example: str) -> None:
    names: dict[str, Any] = {}
    with redirect_stdout(StringIO()) as printed, ExitStack() as closing:
        closing.callback(lambda: names["paper"].close())
        exec(at(str(sample.base_url), example), names)  # noqa: S102  # what the document tells readers to run
    assert printed.getvalue().strip()
    if "citations" in example:
        assert "\n[1] " in printed.getvalue()


def test_the_curl_example_runs(sample: httpx.Client) -> None:
    if shutil.which("curl") is None:
        pytest.skip("there is no curl on this machine")
    [example] = blocks(DOCUMENT, "sh")
    printed = subprocess.run(
        ["sh", "-c", at(str(sample.base_url), example)], capture_output=True, check=True, timeout=60
    ).stdout
    assert json.loads(printed)["choices"][0]["message"]["citations"]


def test_the_error_shown_is_the_error_told(sample: httpx.Client) -> None:
    [example] = blocks(DOCUMENT, "json")
    body = {"model": "wenbao", "messages": [{"role": "user", "content": "问"}], "tools": [{}]}
    assert sample.post("/v1/chat/completions", json=body).json() == json.loads(example)


def test_every_parameter_is_in_the_table() -> None:
    refused = named_in("refused with status 400")
    idle = named_in("accepted, without effect")
    heeded = named_in("heeded")
    assert refused == set(ONLY)
    described = {name: field.description or "" for name, field in ChatRequest.model_fields.items()}
    options = {f"stream_options.{name}": field.description or "" for name, field in StreamOptions.model_fields.items()}
    assert idle == {name for name, said in (described | options).items() if said.endswith("without effect.")}
    assert heeded | idle | refused | {"model", "messages", "filters", "stream_options"} == {*described, *options}


def test_every_model_and_citation_field_is_named() -> None:
    for model in MODELS:
        assert f"| `{model}` |" in DOCUMENT
    promised = DOCUMENT.split("**`citations`**", 1)[1].split("It stands", 1)[0]
    assert re.findall(r"`([a-z_]+)`", promised) == list(CitationOut.model_fields)
