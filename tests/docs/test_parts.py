"""What the test of the documents stands on: blocks and marks as they are found, outputs as they are compared."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs import staying
from tests.docs.blocks import Command, blocks_of, commands_of
from tests.docs.shell import Shell, ShellError
from tests.docs.shown import same

PAGE = """# A page

<!-- not run: it needs a mast -->
<!-- exits 3 -->
```console
$ hoist \\
    --flag
$ look
a flag
$ lower
```

1. A step

    ```python
    print(1)
    ```

<!-- a remark -->

```toml
port = 1
```
"""


@pytest.fixture
def page(tmp_path: Path) -> Path:
    path = tmp_path / "page.md"
    path.write_text(PAGE, encoding="utf-8")
    return path


def test_blocks_are_found_with_their_marks(page: Path) -> None:
    first, second, third = blocks_of(page)
    assert (first.language, first.line) == ("console", 5)
    assert first.marks == {"not run": "it needs a mast", "exits": "3"}
    assert (second.language, second.text, second.marks) == ("python", "print(1)\n", {})
    assert (third.language, third.marks) == ("toml", {})


def test_commands_are_told_from_what_they_print(page: Path) -> None:
    assert commands_of(blocks_of(page)[0]) == [
        Command("hoist \\\n    --flag", ""),
        Command("look", "a flag"),
        Command("lower", ""),
    ]


def test_output_without_a_command_is_no_console(tmp_path: Path) -> None:
    (tmp_path / "page.md").write_text("```console\na flag\n```\n", encoding="utf-8")
    with pytest.raises(ValueError, match="begins with"):
        commands_of(blocks_of(tmp_path / "page.md")[0])


@pytest.mark.parametrize(
    ("shown", "printed"),
    [
        ("two\nlines", "two\nlines\n"),
        ("one … line", "one and the same line"),
        ("dense  1.0    …", "dense  1.0  1234.5"),
        ("first\n…\nlast", "first\nlast"),
        ("first\n…\nlast", "first\na\nb\nlast"),
        ("first\n…", "first\na\nb"),
        ("in 1.5 s", "in 12 s"),
        ("an answer", "note: by the way\nan answer"),
        ("[1] (2.5)", "[1] (2.5)"),
    ],
)
def test_what_is_shown_is_what_is_printed(shown: str, printed: str) -> None:
    assert same(shown, printed)


@pytest.mark.parametrize(
    ("shown", "printed"),
    [
        ("two\nlines", "two\nlines\nand a third"),
        ("one … line", "one\nline"),
        ("first\n…\nlast", "first\na\nlast\nb"),
        ("5 files", "6 files"),
        ("an answer", "error: by the way\nan answer"),
        ("[1]", "1"),
    ],
)
def test_what_is_not_shown_is_told_from_it(shown: str, printed: str) -> None:
    assert not same(shown, printed)


def test_a_shell_keeps_its_variables_and_folder_and_tells_statuses(tmp_path: Path) -> None:
    with Shell(tmp_path, {}) as shell:
        assert shell.run("mkdir sub; cd sub; NAME=kept") == ("", 0)
        assert shell.run('echo "$NAME in ${PWD##*/}"; false') == ("kept in sub\n", 1)
        assert shell.run("cat <<'END'\nheard\nEND") == ("heard\n", 0)
        assert shell.run("cat") == ("", 0)  # nothing is typed into what a command reads
        with pytest.raises(ShellError, match="a command failed"):
            shell.run("echo before; false; echo behind", strict=True)


def test_wenbao_in_a_shell_is_the_command_line(tmp_path: Path) -> None:
    with Shell(tmp_path, {}) as shell:
        version, status = shell.run("wenbao --version | tr a-z A-Z")
        assert version.startswith("WENBAO ")
        assert status == 0
        printed, status = shell.run("wenbao search 桥 --vectors nowhere --corpus nothing 2> told")
        assert (printed, status) == ("", 4)
        assert (tmp_path / "told").read_text(encoding="utf-8").startswith("error: ")
        printed, status = shell.run("echo short | wenbao key hash")
        assert "error: " in printed
        assert status == 2


@pytest.mark.parametrize(
    ("command", "kind"),
    [
        ("wenbao serve &", "serve"),
        ("WENBAO_PORT=1 wenbao --vectors v serve --workers 2", "serve"),
        ("wenbao chat --url http://127.0.0.1:8000", "chat"),
        ("wenbao chat --write-keys", None),
        ("wenbao mcp --http --port 9000", "mcp"),
        ("wenbao mcp", None),
        ("wenbao index --watch", "index"),
        ("wenbao index pages", None),
        ("wenbao serve --help", None),
        ("curl http://127.0.0.1:8000/v1/index", None),
    ],
)
def test_commands_that_stay_are_known(command: str, kind: str | None) -> None:
    assert staying.kind_of(command) == kind
