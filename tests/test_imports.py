"""What is imported when: light imports stay light, answering needs no torch, and the layers know their place."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from rag.settings import Settings

ROOT = Path(__file__).parents[1]
TRAINING = ROOT / "rag" / "reader" / "training"
"""Needs torch with its first line, and nothing else imports it."""
HEAVY = {"torch", "transformers", "sentence_transformers"}
NOT_FOR_LIGHT_IMPORTS = HEAVY | {"numpy", "faiss", "onnxruntime", "jieba", "jionlp", "fastapi", "uvicorn"}


def modules_after(code: str, cwd: Path) -> set[str]:
    """The modules that a clean interpreter has after running `code`."""
    script = f"{code}\nimport sys\nprint('modules', *sys.modules, file=sys.stderr)"
    result = subprocess.run(
        [sys.executable, "-W", "error::ResourceWarning", "-c", script],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return set(result.stderr.rpartition("modules ")[2].split())


@pytest.mark.parametrize(
    "arguments", [["ask", "哪些城市搭建了婚恋交友平台？"], ["search", "婚恋", "--json"], ["status"]]
)
def test_answering_imports_neither_torch_nor_transformers(
    arguments: list[str], sample_index: Settings, tmp_path: Path
) -> None:
    call = [*arguments, "--vectors", str(sample_index.vectors)]
    loaded = modules_after(f"from rag.cli.main import run\nassert run({call!r}) == 0", tmp_path)
    assert "onnxruntime" in loaded
    assert not loaded & HEAVY


@pytest.mark.parametrize("module", ["rag", "rag.types", "rag.errors", "rag.cli.main", "tui.app"])
def test_light_imports(module: str, tmp_path: Path) -> None:
    loaded = modules_after(f"import {module}", tmp_path)
    assert module in loaded
    assert not loaded & NOT_FOR_LIGHT_IMPORTS


def test_the_server_starts_without_the_library_behind_it(tmp_path: Path) -> None:
    """The socket must answer before the index is opened."""
    loaded = modules_after("import server.process.run", tmp_path)
    assert not loaded & (HEAVY | {"faiss", "onnxruntime", "jieba", "jionlp"})


def test_a_client_needs_the_wire_models_and_nothing_else_of_ours(tmp_path: Path) -> None:
    loaded = modules_after("import tui.remote.client", tmp_path)
    ours = {name for name in loaded if name.split(".")[0] in {"rag", "server"}}
    assert {name for name in ours if not f"{name}.".startswith(("server.schemas.", "server.client."))} == {"server"}


def test_every_public_name_of_the_library_is_there(tmp_path: Path) -> None:
    import rag

    assert {name for name in rag.__all__ if not hasattr(rag, name)} == set()


def test_the_import_contracts_are_kept() -> None:
    """As pyproject.toml states them; `make lint` runs the same."""
    result = subprocess.run(
        [Path(sys.executable).parent / "lint-imports", "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr


def imported_by(*folders: str, at_once: bool = False) -> set[str]:
    """The top names that the modules below these folders import: at whatever depth, or those of the module's body."""
    names: set[str] = set()
    for path in (path for folder in folders for path in (ROOT / folder).rglob("*.py")):
        if at_once and path.is_relative_to(TRAINING):
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in tree.body if at_once else ast.walk(tree):
            if isinstance(node, ast.Import):
                names |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names.add(node.module.split(".")[0])
    return names - set(sys.stdlib_module_names) - {"bench", "docs", "rag", "server", "tui", "tests"}


def required(*groups: list[str]) -> set[str]:
    """The distributions that these lists of requirements name."""
    return {re.split(r"[^\w.-]", line)[0].lower().replace("_", "-") for group in groups for line in group}


def test_what_is_imported_is_required() -> None:
    """An environment that has grown hides what a fresh one lacks."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    distributions = {"llama_index": ["llama-index-core"]} | packages_distributions()  # it may be installed apart

    def missing(names: set[str], requirements: set[str]) -> set[str]:
        return {
            name
            for name in names
            if not {found.lower().replace("_", "-") for found in distributions.get(name, [name])} & requirements
        }

    runtime, extras = required(project["dependencies"]), project["optional-dependencies"]
    ours = ("rag", "server", "tui")
    # What comes with an extra alone may be imported where it is asked for, never with the module.
    asked_for = required(*(group for name, group in extras.items() if name not in {"dev", "fuzz", "test"}))
    assert missing(imported_by(*ours), runtime | asked_for) == set()
    assert missing(imported_by(*ours, at_once=True), runtime) == set()
    # Tests of an extra are skipped without it.
    assert missing(imported_by("tests"), runtime | asked_for | required(extras["test"])) == set()
