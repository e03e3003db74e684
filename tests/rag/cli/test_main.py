"""The edge of the command line: every error is two lines on stderr and a status from the list."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import click
import pytest

from rag import __version__, errors
from rag.cli.main import COMMANDS, LazyGroup, cli, run
from rag.errors import ExitCode, IndexDamaged, RagError

ROOT = Path(__file__).parents[3]


@pytest.fixture
def raising(monkeypatch: pytest.MonkeyPatch) -> Callable[[BaseException], None]:
    """Makes `wenbao status` a command that raises."""

    def replace(error: BaseException) -> None:
        @click.command()
        def command() -> None:
            raise error

        monkeypatch.setattr(LazyGroup, "get_command", lambda *_: command)

    return replace


def shell(script: str, cwd: Path) -> subprocess.CompletedProcess[bytes]:
    """Runs a shell line in which "$WENBAO" is this checkout's command."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHON": sys.executable}
    return subprocess.run(
        ["bash", "-c", f'wenbao() {{ "$PYTHON" -m rag "$@"; }}; {script}'],
        cwd=cwd,
        env=environment,
        capture_output=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_with_an_example(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([name, "--help"]) == ExitCode.OK
    told = capsys.readouterr()
    assert f"wenbao {name}" in told.out.split("Example", 1)[1]
    assert told.err == ""


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_says_what_the_command_itself_says(name: str) -> None:
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    assert command.short_help == COMMANDS[name]


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--version"]) == ExitCode.OK
    assert capsys.readouterr().out == f"wenbao {__version__}\n"


def test_without_a_command_the_help_is_shown_and_nothing_is_data(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([]) == ExitCode.USAGE
    told = capsys.readouterr()
    assert told.out == ""
    assert "Commands:" in told.err


@pytest.mark.parametrize(
    ("arguments", "message", "hint"),
    [
        (["nothing"], "No such command 'nothing'", "`wenbao --help`"),
        (["ask"], "Missing argument 'QUESTION'", "`wenbao ask --help`"),
        (["search", "x", "--top-k", "0"], "--top-k", "`wenbao search --help`"),
        (["search", "x", "--mode", "both"], "--mode", "`wenbao search --help`"),
        (["ask", "x", "--date-from", "2020-02-30"], "is not a day such as", "`wenbao ask --help`"),
        (["ask", "\udcff"], "not UTF-8 text", "`wenbao ask --help`"),
        (["ask", "x", "--place", "\udcff"], "not UTF-8 text", "`wenbao ask --help`"),
        (["ask", "x", "--date-from", "2020-02-02", "--date-to", "2020-02-01"], "is later than", "earlier day"),
        (["serve", "--port", "70000"], "--port", "`wenbao serve --help`"),
        (["chat"], "chat needs a terminal", "wenbao ask"),
    ],
)
def test_what_cannot_be_used_is_told_with_a_hint(
    arguments: list[str], message: str, hint: str, workdir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(arguments) == ExitCode.USAGE
    told = capsys.readouterr()
    assert told.out == ""
    error_line, hint_line = told.err.strip().splitlines()
    assert error_line.startswith("error: ")
    assert message in error_line
    assert hint_line.startswith("hint: ")
    assert hint in hint_line


def test_a_settings_file_that_cannot_be_used(workdir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (workdir / "wenbao.toml").write_text("colour = 1\n")
    assert run(["status"]) == ExitCode.USAGE
    assert "colour" in capsys.readouterr().err


def test_flags_are_taken_before_and_after_the_command(workdir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (
        ["--vectors", "there", "ask", "--corpus", "pages", "谁？"],
        ["ask", "--vectors", "there", "--corpus", "pages", "谁？"],
        ["--vectors", "here", "ask", "--vectors", "there", "--corpus", "pages", "谁？"],
    ):
        assert run(arguments) == ExitCode.INDEX
        assert "there is no index in there" in capsys.readouterr().err


def test_an_index_that_is_missing_for_a_corpus_that_is_set(workdir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["ask", "谁？", "--corpus", "pages"]) == ExitCode.INDEX
    assert "hint: Run `wenbao index`" in capsys.readouterr().err
    assert not (workdir / "vectors").exists()


FAMILY = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, RagError)]


@pytest.mark.parametrize("kind", FAMILY)
def test_each_error_ends_with_its_own_status(
    kind: type[RagError], raising: Callable[[BaseException], None], capsys: pytest.CaptureFixture[str]
) -> None:
    raising(kind("what is wrong", hint="what to do"))
    assert run(["status"]) == kind.exit_code
    assert capsys.readouterr().err == "error: what is wrong\nhint: what to do\n"


@pytest.mark.parametrize(
    ("error", "status", "message"),
    [
        (OSError(errno.ENOSPC, "No space left on device", "vectors/x"), ExitCode.WRITE, "no space left"),
        (PermissionError(errno.EACCES, "Permission denied", "vectors/x"), ExitCode.WRITE, "vectors/x"),
        (OSError(errno.EIO, "Input/output error"), ExitCode.INTERNAL, "Input/output error"),
        (ZeroDivisionError("by zero"), ExitCode.INTERNAL, "ZeroDivisionError: by zero"),
    ],
)
def test_what_nobody_raised_on_purpose_is_one_line_and_a_way_on(
    error: Exception,
    status: ExitCode,
    message: str,
    raising: Callable[[BaseException], None],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("rag.cli.main._let_go", lambda _: None)
    raising(error)
    assert run(["status"]) == status
    told = capsys.readouterr().err
    assert message in told
    assert len(told.splitlines()) == 2
    assert "Traceback" not in told


def test_debug_shows_the_way_an_error_took(
    raising: Callable[[BaseException], None], capsys: pytest.CaptureFixture[str], workdir: Path
) -> None:
    raising(IndexDamaged("broken"))
    assert run(["--log-level", "debug", "status"]) == ExitCode.INDEX
    told = capsys.readouterr().err
    assert "Traceback" in told
    assert "error: broken" in told


def test_an_error_cannot_steer_the_terminal(
    raising: Callable[[BaseException], None], capsys: pytest.CaptureFixture[str]
) -> None:
    raising(IndexDamaged("\x1b[2Jgone\udcff"))
    run(["status"])
    assert capsys.readouterr().err == "error: \ufffd[2Jgone?\n"


def test_an_interrupt_is_told_in_a_word(
    raising: Callable[[BaseException], None], capsys: pytest.CaptureFixture[str]
) -> None:
    raising(KeyboardInterrupt())
    assert run(["status"]) == ExitCode.INTERRUPTED
    assert capsys.readouterr().err.strip() == "stopped"


def test_a_reader_that_leaves_early_is_no_error(tmp_path: Path) -> None:
    result = shell("wenbao --help | true; echo ${PIPESTATUS[0]}", tmp_path)
    assert (result.stdout, result.stderr) == (b"0\n", b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_output_that_finds_no_room_is_an_error(tmp_path: Path) -> None:
    result = shell("wenbao --help > /dev/full", tmp_path)
    assert result.returncode == ExitCode.WRITE
    assert b"error: no space left" in result.stderr


def test_help_imports_no_more_than_click(tmp_path: Path) -> None:
    """What `--help` takes is what it imports: under 0.3 s as long as this holds."""
    code = "import sys; from rag.cli.main import run; run(['--help']); print(*sorted(sys.modules), file=sys.stderr)"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
    )
    loaded = set(result.stderr.split())
    assert "click" in loaded
    assert not loaded & {"pydantic", "numpy", "rag.settings", "rag.cli.commands", "fastapi", "textual", "onnxruntime"}
