"""`wenbao`: the commands, and the one place where an exception becomes a message and an exit status.

Commands are imported when they are run, so `wenbao --help` costs no more than click.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import IO

import click
from click.shell_completion import CompletionItem

from rag import __version__
from rag.cli import completion
from rag.cli.options import Flags, settings_options
from rag.errors import ExitCode, InputError, RagError, WriteError

COMMANDS = {
    "index": "Index a corpus, or bring its index up to date.",
    "ask": "Answer a question with citations.",
    "search": "Find the passages that fit a query best.",
    "chat": "Ask in the terminal, with the cited articles beside the answers.",
    "web": "Ask in a browser: the terminal UI on a page of this machine.",
    "serve": "Serve the HTTP API.",
    "mcp": "Serve the Model Context Protocol, for assistants that use tools.",
    "key": "Make a key for the HTTP API, or hash one.",
    "status": "Show what is indexed.",
    "text": "Print the text that was taken out of a PDF or another document.",
    "why": "Say why an article is, or is not, in the answer to a question.",
    "export": "Write the index to Parquet files: articles, passages, vectors.",
    "import": "Make an index of exported Parquet files again, without embedding.",
    "eval": "Measure answers and searches against a file of questions.",
    "completion": "Print what makes a shell complete commands and flags.",
    "doctor": "Check the model, the index and the corpus, and say how to mend them.",
}
"""Every command and what it does, as `--help` lists them."""

_MODULES = {"eval": "evaluate", "import": "importing"}
"""Commands whose module is not called as they are."""

_DEBUG_HINT = "This is a defect of wenbao. `--log-level debug` before the command shows where it happened."


class LazyGroup(click.Group):
    """A group that knows its commands by name and imports them when they are run."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # the base class's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        module = _MODULES.get(cmd_name, cmd_name)
        command: click.Command = import_module(f"rag.cli.commands.{module}").command
        return command

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """The commands and flags that begin like this, for the tab key; no command is imported for it."""
        named = [CompletionItem(name, help=does) for name, does in COMMANDS.items() if name.startswith(incomplete)]
        return named + click.Command.shell_complete(self, ctx, incomplete)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, message="wenbao %(version)s")
@settings_options
def cli() -> None:
    """Ask the paper: cited answers over Chinese newspaper pages.

    Until a corpus is indexed, the built-in sample answers.

    \b
    Examples:
      wenbao ask 哪些城市搭建了婚恋交友平台？
      wenbao index my-pages
      wenbao chat
    """


def main() -> None:
    """Runs the command line of this process, or answers a shell that completes it, and exits with the status."""
    status = completion.answered(cli)
    sys.exit(run(sys.argv[1:]) if status is None else status)


def run(arguments: Sequence[str]) -> int:
    """Runs one command and returns its exit status; every error is told on stderr."""
    flags = Flags()
    try:
        with cli.make_context("wenbao", list(arguments), obj=flags) as context:
            cli.invoke(context)
        sys.stdout.flush()
    except click.exceptions.Exit as stop:
        return _flushed(stop.exit_code)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        return ExitCode.USAGE
    except click.UsageError as error:
        return _told(error.format_message(), _usage_hint(error), ExitCode.USAGE)
    except click.FileError as error:
        return _told(error.format_message(), "", ExitCode.USAGE)
    except (KeyboardInterrupt, click.Abort):
        click.echo(f"\nstopped{flags.on_interrupt and '; '}{flags.on_interrupt}", err=True)
        return ExitCode.INTERRUPTED
    except RagError as error:
        _trace(flags)
        return _told(error.message, error.hint, error.exit_code)
    except OSError as error:
        return _os_error(error, flags)
    except Exception as error:
        _trace(flags)
        return _told(f"{type(error).__name__}: {error}", _DEBUG_HINT, ExitCode.INTERNAL)
    return ExitCode.OK


def _flushed(status: int) -> int:
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        _let_go(sys.stdout)
    return status


def _os_error(error: OSError, flags: Flags) -> int:
    if isinstance(error, BrokenPipeError):
        # Whoever read our output has seen enough, as `head` has.
        _let_go(sys.stdout)
        return ExitCode.OK
    _trace(flags)
    where = f" ({error.filename})" if error.filename else ""
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        _let_go(sys.stdout)
        told = WriteError(f"no space left on the disk{where}", hint="Make room, or write elsewhere: `--vectors`.")
    elif error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
        told = WriteError(f"no permission: {error.strerror}{where}", hint="Look at who owns the file or folder.")
    else:
        return _told(f"{type(error).__name__}: {error}", _DEBUG_HINT, ExitCode.INTERNAL)
    return _told(told.message, told.hint, told.exit_code)


def _let_go(stream: IO[str]) -> None:
    """Points a stream that takes nothing any more at the null device, so that the interpreter's exit stays quiet."""
    try:
        descriptor = stream.fileno()
    except (OSError, ValueError):
        return  # not a file: nothing is flushed at exit
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, descriptor)
    os.close(null)


def _usage_hint(error: click.UsageError) -> str:
    path = error.ctx.command_path if error.ctx else "wenbao"
    return f"`{path} --help` shows what can be given."


def _told(message: str, hint: str, status: int) -> int:
    from rag.cli.output import printable

    click.echo(f"error: {printable(message)}", err=True)
    if hint:
        click.echo(f"hint: {printable(hint)}", err=True)
    return int(status)


def _trace(flags: Flags) -> None:
    """The way an error took, for those who asked to see it."""
    try:
        asked = flags.settings().log_level == "debug"
    except InputError:  # the settings themselves are what is wrong
        asked = flags.given.get("log_level") == "debug"
    if asked:
        import traceback

        click.echo(traceback.format_exc(), err=True, nl=False)
