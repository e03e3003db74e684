"""The tab key, in the shells themselves."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pexpect
import pytest

from rag.cli.completion import SHELLS
from rag.cli.main import COMMANDS, LazyGroup, cli, run
from rag.errors import ExitCode

ROOT = Path(__file__).parents[3]


@pytest.fixture
def path(tmp_path: Path) -> str:
    """A PATH on which `wenbao` is this checkout's."""
    program = tmp_path / "bin" / "wenbao"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nPYTHONPATH="{ROOT}" exec "{sys.executable}" -m rag "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    return f"{program.parent}:{os.environ['PATH']}"


def installed(shell: str) -> str:
    found = shutil.which(shell)
    if found is None:
        pytest.skip(f"{shell} is not installed")
    return found


def script_of(shell: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    assert run(["completion", shell]) == ExitCode.OK
    script = folder / f"completion.{shell}"
    script.write_text(capsys.readouterr().out, encoding="utf-8")
    return script


def offered_by_bash(script: Path, path: str, folder: Path, *words: str) -> list[str]:
    """What bash's function leaves in COMPREPLY with the cursor after the last word."""
    given = " ".join(f'"{word}"' for word in words)
    line = f"source {script}; COMP_WORDS=({given}); COMP_CWORD={len(words) - 1}; "
    result = subprocess.run(
        [installed("bash"), "--norc", "-c", f'{line} _wenbao_completion wenbao; printf "%s\\n" "${{COMPREPLY[@]}}"'],
        cwd=folder,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    # Outside of a completion bash refuses `compopt`, by which paths are left to it.
    assert result.stderr.strip() == "" or "compopt" in result.stderr
    return result.stdout.split()


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["wenbao", "se"], {"search", "serve"}),
        (["wenbao", ""], set(COMMANDS)),
        (["wenbao", "--ver"], {"--version"}),
        (["wenbao", "ask", "--pl"], {"--place"}),
        (["wenbao", "search", "--mode", ""], {"hybrid", "dense", "lexical"}),
        (["wenbao", "--vectors", "x", "serve", "--log-level", "w"], {"warning"}),
        (["wenbao", "completion", ""], set(SHELLS)),
        (["wenbao", "nonsense", "x"], set()),
    ],
)
def test_bash_is_offered_commands_flags_and_values(
    words: list[str], expected: set[str], path: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    offered = offered_by_bash(script_of("bash", tmp_path, capsys), path, tmp_path, *words)
    assert set(offered) - {"--help", "-h"} == expected


def test_the_tab_key_completes_in_a_real_bash(path: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    script = script_of("bash", tmp_path, capsys)
    (tmp_path / "my-pages").mkdir()
    environment = {**os.environ, "PATH": path, "PS1": "$ ", "TERM": "dumb", "INPUTRC": "/dev/null"}
    child = pexpect.spawn(
        installed("bash"), ["--norc", "--noprofile"], cwd=str(tmp_path), env=environment, timeout=60, encoding="utf-8"
    )
    child.sendline(f"source {script}; echo re''ady")
    child.expect("ready")
    child.send("wenbao sea\t")
    child.expect("search ")
    child.send("--mode le\t")
    child.expect("lexical ")
    child.sendcontrol("u")
    child.send("wenbao index my\t")
    child.expect("my-pages")
    child.sendcontrol("u")
    child.sendline("exit")
    child.expect(pexpect.EOF)
    child.close()


def test_the_tab_key_completes_in_a_real_zsh(path: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    script = script_of("zsh", tmp_path, capsys)
    environment = {**os.environ, "PATH": path, "TERM": "dumb", "ZDOTDIR": str(tmp_path)}
    child = pexpect.spawn(
        installed("zsh"), ["-f", "-i"], cwd=str(tmp_path), env=environment, timeout=60, encoding="utf-8"
    )
    child.sendline(f"autoload -U compinit; compinit -u -D; source {script}; echo re''ady")
    child.expect("ready")
    child.send("wenbao sea\t")
    child.expect("search ")
    child.send("--mode le\t")
    child.expect("lexical")
    child.sendcontrol("u")
    child.sendline("exit")
    child.expect(pexpect.EOF)
    child.close()


def test_fish_is_offered_commands_with_what_they_do(
    path: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    script = script_of("fish", tmp_path, capsys)
    result = subprocess.run(
        [installed("fish"), "--no-config", "-c", f"source {script}; complete -C 'wenbao se'"],
        env={**os.environ, "PATH": path, "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert dict(line.split("\t") for line in result.stdout.splitlines()) == {
        name: does for name, does in COMMANDS.items() if name.startswith("se")
    }


def test_completing_imports_no_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rag.cli.main.import_module", lambda name: pytest.fail(f"imported {name}"))
    assert isinstance(cli, LazyGroup)
    items = cli.shell_complete(click.Context(cli), "d")
    assert [(item.value, item.help) for item in items] == [("doctor", COMMANDS["doctor"])]


def test_another_shell_is_refused_with_those_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["completion", "tcsh"]) == ExitCode.USAGE
    told = capsys.readouterr().err
    assert all(shell in told for shell in SHELLS)
