"""`wenbao chat`."""

from __future__ import annotations

import sys

import click

from rag.cli.analysis import load_analysis
from rag.cli.opening import ensure_index, index_is_there
from rag.cli.options import Flags, settings_options
from rag.errors import InputError, RagError, WriteError


@click.command(short_help="Ask in the terminal, with the cited articles beside the answers.")
@click.option("--url", metavar="URL", help="A server that runs already; unset: a private one is started.")
@click.option("--api-key", metavar="KEY", envvar="WENBAO_API_KEY", help="Its key; unset: WENBAO_API_KEY.")
@click.option("--language", type=click.Choice(["zh", "en"]), help="Language of the interface; unset: the locale's.")
@click.option("--write-keys", is_flag=True, help="Write the file to change keys in, say where it is, and end.")
@settings_options
@click.pass_obj
def command(flags: Flags, url: str | None, api_key: str | None, language: str | None, write_keys: bool) -> None:
    """Ask in the terminal, with the cited articles beside the answers.

    It serves itself on a private loopback address, or talks to the server at --url.

    \b
    Examples:
      wenbao chat
      wenbao chat --url http://127.0.0.1:8000
      wenbao chat --write-keys
    """
    if write_keys:
        _write_keys(language)
        return
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise InputError(
            "chat needs a terminal: its input or output is a file or pipe", hint="Ask with `wenbao ask QUESTION`."
        )
    if url:
        from tui.app import run

        run(url, api_key, language, load_analysis)
    else:
        _run_private(flags, language)


def _write_keys(language: str | None) -> None:
    from tui.home.home import Home
    from tui.home.keyfile import write_keys
    from tui.home.preferences import config_folder
    from tui.i18n import choose_language

    folder = config_folder()
    known = Home.load(folder).preferences.language
    try:
        path = write_keys(folder, choose_language(language or known))
    except OSError as error:
        raise WriteError(
            f"the key file cannot be written in {folder}: {error.strerror or error}",
            hint="See who may write that folder, or name another in WENBAO_CONFIG.",
        ) from error
    click.echo(path)


def _run_private(flags: Flags, language: str | None) -> None:
    if not index_is_there(flags):
        ensure_index(flags.settings())

    from server.process.private import PrivateServer

    server, problems = PrivateServer(flags.given), []

    def connect() -> tuple[str, str]:
        try:
            flags.settings()  # the server reads them as well, but what is wrong with them is told here
        except RagError as error:
            problems.append(error)
            raise
        return server.revive()

    # It opens the index on a core of its own while this process draws the first frame on another.
    server.start()
    try:
        from tui.app import run

        run(connect, None, language, load_analysis)
    finally:
        server.stop()
    if problems:
        raise problems[-1]
