"""What the documents say is there is there, and what is there is in the documents."""

from __future__ import annotations

import re
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import click
import pytest

from rag.cli.main import COMMANDS, cli
from rag.errors import ExitCode
from rag.settings import Settings
from server.app import build_app
from server.state import build_state
from tests.server.conftest import serve_state

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
SECURITY = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
ADDRESS = "http://127.0.0.1:8000"
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
NOT_SETTINGS = {"WENBAO_CACHE", "WENBAO_API_KEY", "WENBAO_DATA", "WENBAO_CONFIG", "WENBAO_STORE_TOKEN"}
"""Variables that are none of the settings: where models, conversations and preferences are kept, a client's key."""


def rows_of(title: str, document: str = README) -> list[list[str]]:
    """The cells of a document's table with this first heading, the heading left out."""
    lines = document.splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith(f"| {title} |"))
    rows = []
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip("|").split("|")])
    return rows


def options_of(command: click.Command) -> set[str]:
    options = [option for option in command.params if isinstance(option, click.Option)]
    return {name for option in options for name in (*option.opts, *option.secondary_opts)} - {"--help"}


def command_of(name: str) -> click.Command:
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    return command


COMMON = options_of(cli) - {"--version"}


def test_the_table_of_commands_is_the_list_of_commands() -> None:
    named = [re.match(r"`wenbao (\w+)", row[0]) for row in rows_of("command")]
    assert sorted(match[1] for match in named if match) == sorted(COMMANDS)


@pytest.mark.parametrize("row", rows_of("command"), ids=lambda row: row[0])
def test_each_command_is_shown_with_its_arguments_and_flags(row: list[str]) -> None:
    shown, _, flags = row
    name = shown.strip("`").split()[1]
    command = command_of(name)
    assert set(re.findall(r"--[a-z-]+", flags)) == options_of(command) - COMMON
    arguments = [
        option.make_metavar(click.Context(command)) for option in command.params if isinstance(option, click.Argument)
    ]
    assert shown == f"`{' '.join(['wenbao', name, *arguments])}`"


def test_the_flags_of_every_command_are_named() -> None:
    sentence = README.split("Every command takes", 1)[1].split("tells the version", 1)[0]
    assert set(re.findall(r"--[a-z-]+", sentence)) == options_of(cli) | {"--help"}
    for name in COMMANDS:
        assert options_of(command_of(name)) >= COMMON


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_commands_and_flags_in_the_documents_exist(document: Path) -> None:
    for call in re.findall(r"\bwenbao ((?:[a-z]+|--)[^`\n|]*)", document.read_text(encoding="utf-8")):
        name = call.split()[0]
        if name in COMMANDS:
            allowed = options_of(command_of(name)) | options_of(cli) | {"--help"}
            assert set(re.findall(r"(?<=\s)--[a-z-]+", f" {call}")) <= allowed, call
        elif name.startswith("--"):
            assert name in options_of(cli) | {"--help"}, call


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_variables_in_the_documents_exist(document: Path) -> None:
    settings = {f"WENBAO_{name.upper()}" for name in Settings.model_fields}
    found = set(re.findall(r"\bWENBAO_[A-Z_]+[A-Z]\b", document.read_text(encoding="utf-8")))
    assert found <= settings | NOT_SETTINGS


def _default(name: str) -> str:
    default: Any = Settings.model_fields[name].get_default(call_default_factory=True)
    if name == "corpus":
        return "the built-in sample"
    if isinstance(default, bool):
        return f"`{str(default).lower()}`"  # as TOML and JSON write it
    return "none" if default in (None, ()) else f"`{default}`"


def test_the_tables_of_settings_are_the_settings() -> None:
    """Those that bound a request stand where the bounds are explained, all others in the README."""
    limits = {row[0].strip("`"): row[1] for row in rows_of("setting", SECURITY)}
    for name, shown in limits.items():
        number = re.match(r"[\d,]+", shown)
        assert number is not None, name
        assert float(number[0].replace(",", "")) == Settings.model_fields[name].default, name
    others = [name for name in Settings.model_fields if name not in limits]
    assert [row[:3] for row in rows_of("setting")] == [
        [f"`{name}`", f"`WENBAO_{name.upper()}`", _default(name)] for name in others
    ]


def test_the_table_of_exit_statuses_is_the_list() -> None:
    assert [int(row[0]) for row in rows_of("exit status")] == list(ExitCode)


def test_the_table_of_calls_is_the_api() -> None:
    paths = build_app(build_state(Settings())).openapi()["paths"]
    served = {f"`{method.upper()} {path}`" for path, methods in paths.items() for method in methods}
    assert {row[0] for row in rows_of("call")} == served


def test_the_readme_opens_with_what_it_is_and_the_two_commands() -> None:
    sentence, demo, test = README.split("\n\n", 1)[1].split("\n\n```")[:3]
    assert sentence.count(".") == 1
    assert demo.startswith("console\n$ make demo\n")
    assert test.startswith("console\n$ make test\n")


def test_the_demo_asks_what_the_makefile_asks() -> None:
    question = re.search(r"^QUESTION \?= (.+)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert question is not None
    assert f"$ wenbao ask {question[1]}\n" in README


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_make_targets_and_links_in_the_documents_exist(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert set(re.findall(r"(?:`|\$ )make ([a-z-]+)", text)) <= targets
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", text) if "://" not in link]
    assert [link for link in links if not (document.parent / link).exists()] == []


EXAMPLES = re.findall(r"```python\n(.+?)```", README, re.DOTALL)


def run_example(example: str) -> None:
    with ExitStack() as closing:
        names: dict[str, Any] = {}
        closing.callback(lambda: names["paper"].close() if "paper" in names else None)
        exec(compile(example, "README.md", "exec"), names)  # noqa: S102  # our own words


def test_the_example_of_the_library_runs(
    sample_index: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (example,) = (example for example in EXAMPLES if ADDRESS not in example)
    monkeypatch.chdir(sample_index.vectors.parent)
    run_example(example)
    assert "page-" in capsys.readouterr().out


@pytest.mark.usefixtures("opened_once")
def test_the_examples_of_clients_run(sample_index: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    calling = [example for example in EXAMPLES if ADDRESS in example]
    assert ["server.client" in example for example in calling] == [True, False]
    with serve_state(build_state(sample_index.model_copy(update={"watch": False}))) as server:
        for example in calling:
            run_example(example.replace(ADDRESS, str(server.base_url).rstrip("/")))
            assert "page-" in capsys.readouterr().out
