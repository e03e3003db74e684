"""The pages that are written from the code are what would be written now, and say what the code says."""

from __future__ import annotations

import re
import shlex

import click
import pytest

import docs.generator.writing as writing
from docs.generator.__main__ import DOCS, LICENCES, PAGES, rendered, stale
from docs.generator.commands import every_command, examples_of
from docs.generator.settings import flags_by_setting
from rag.cli.options import Flags
from rag.settings import Settings

WRITTEN = rendered()


def test_every_page_is_up_to_date() -> None:
    assert [str(path.relative_to(DOCS)) for path in stale()] == [], "write them anew: make reference"


def test_all_settings_commands_and_options_are_told() -> None:
    told = WRITTEN[DOCS / "reference" / "settings.md"]
    assert re.findall(r"^## `(\w+)`$", told, re.MULTILINE) == list(Settings.model_fields)
    shown = WRITTEN[DOCS / "reference" / "cli.md"]
    for name, command in every_command().items():
        section = shown.split(f"\n## `wenbao {name}`\n", 1)[1].split("\n## ", 1)[0]
        common = shown.split("## What every command takes", 1)[1].split("\n## ", 1)[0]
        for option in command.params:
            if isinstance(option, click.Option):
                assert all(f"`{flag}`" in section + common for flag in (*option.opts, *option.secondary_opts))


def test_flags_of_settings_are_found_with_their_commands() -> None:
    flags = flags_by_setting()
    assert flags["vectors"] == {"--vectors": []}
    assert "serve" in flags["port"]["--port"]
    assert "web" not in flags["port"]["--port"]  # a port of its own, which no setting names


def test_every_link_within_a_page_has_its_heading() -> None:
    for path, text in WRITTEN.items():
        headings = {
            re.sub(r"[^\w\- ]", "", heading).strip().replace(" ", "-").lower()
            for heading in re.findall(r"^#+ (.+)$", text, re.MULTILINE)
        }
        assert set(re.findall(r"\]\(#([^)]+)\)", text)) <= headings, path


@pytest.mark.parametrize("page", PAGES)
def test_both_languages_have_the_same_tables(page: str) -> None:
    english, chinese = (WRITTEN[DOCS / f"{page}{ending}"].splitlines() for ending in (".md", ".zh.md"))
    assert [line.startswith("|") for line in english] == [line.startswith("|") for line in chinese]
    assert english != chinese


def test_no_chinese_is_left_over(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: set[str] = set()

    class Recording(dict[str, str]):
        def get(self, key: str, default: str | None = None) -> str | None:  # type: ignore[override]
            asked.add(key)
            return super().get(key, default)

    known = writing.CHINESE
    monkeypatch.setattr(writing, "CHINESE", Recording(known))
    for render in (PAGES | LICENCES).values():
        render("zh")
    assert set(known) - asked == set(), "the English of these has changed: mend docs/generator/chinese.yaml"


@pytest.mark.parametrize("name", every_command())
def test_the_examples_of_the_help_can_be_parsed(name: str) -> None:
    """What stands in the reference without being run is at least no mistake in a flag."""
    commands = every_command()
    examples = examples_of(commands[name])
    assert any(f"wenbao {name}" in line for line in examples)
    for line in examples:
        program, called, *arguments = shlex.split(re.split(r"\s[>|&#]", line)[0].strip())
        if program == "wenbao":
            commands[called].make_context(called, arguments, obj=Flags()).close()


def test_tables_drop_empty_columns_and_keep_their_bars() -> None:
    assert writing.table(["a", "b", "c"], [["1", "", "x|y"]]) == "| a | c |\n| --- | --- |\n| 1 | x\\|y |"
    assert writing.table(["a"], []) == ""


def test_words_of_the_code_make_no_markup() -> None:
    assert writing.escaped("[1] of <b> and `<kept>[n]`") == r"\[1\] of \<b> and `<kept>[n]`"
