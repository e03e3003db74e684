"""The examples of docs/integrations.md, with the frameworks that they need."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from rag.library import Library
from rag.settings import Settings
from server.client import Wenbao

PAGE = (Path(__file__).parents[3] / "docs" / "integrations.md").read_text(encoding="utf-8")
EXAMPLES = {
    match[1]: match[0]
    for match in re.findall(r"```python\n((?:.*\n)*?from rag\.integrations\.(\w+) import(?:.*\n)*?)```", PAGE)
}
PACKAGES = {"langchain": "langchain_core", "llamaindex": "llama_index.core"}
ADDRESS = "http://127.0.0.1:8000"


@pytest.mark.usefixtures("opened_once")
@pytest.mark.parametrize("framework", PACKAGES)
def test_the_example_runs(
    framework: str,
    sample_index: Settings,
    client: Wenbao,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    reason = f"{PACKAGES[framework]} is not installed: `make test-integrations` tests with it"
    pytest.importorskip(PACKAGES[framework], reason=reason, exc_type=ImportError)
    monkeypatch.chdir(sample_index.vectors.parent)
    names: dict[str, object] = {}
    exec(compile(EXAMPLES[framework].replace(ADDRESS, client.base_url), "integrations.md", "exec"), names)  # noqa: S102
    if isinstance(paper := names["paper"], Library):
        paper.close()
    printed = capsys.readouterr().out.splitlines()
    assert len(printed) == 3
    assert all("page-" in line for line in printed)
