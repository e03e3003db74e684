"""`wenbao chat`."""

from __future__ import annotations

import sys

import click

from rag.cli.opening import ensure_index, index_is_there
from rag.cli.options import Flags, settings_options
from rag.errors import InputError, RagError


@click.command(short_help="Ask in the terminal, with the cited articles beside the answers.")
@click.option("--url", metavar="URL", help="A server that runs already; unset: a private one is started.")
@click.option("--api-key", metavar="KEY", envvar="WENBAO_API_KEY", help="Its key; unset: WENBAO_API_KEY.")
@click.option("--language", type=click.Choice(["zh", "en"]), help="Language of the interface; unset: the locale's.")
@settings_options
@click.pass_obj
def command(flags: Flags, url: str | None, api_key: str | None, language: str | None) -> None:
    """Ask in the terminal, with the cited articles beside the answers.

    It serves itself on a private loopback address, or talks to the server at --url.

    \b
    Examples:
      wenbao chat
      wenbao chat --url http://127.0.0.1:8000
    """
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise InputError(
            "chat needs a terminal: its input or output is a file or pipe", hint="Ask with `wenbao ask QUESTION`."
        )
    if url:
        from tui.app import run

        run(url, api_key, language)
    else:
        _run_private(flags, language)


def _run_private(flags: Flags, language: str | None) -> None:
    if not index_is_there(flags):
        ensure_index(flags.settings())

    from server.private import PrivateServer

    server, problems = PrivateServer(flags.given), []

    def connect() -> tuple[str, str]:
        try:
            flags.settings()  # the server reads them as well, but what is wrong with them is told here
        except RagError as error:
            problems.append(error)
            raise
        return address

    # It opens the index on a core of its own while this process draws the first frame on another.
    address = server.start()
    try:
        from tui.app import run

        run(connect, None, language)
    finally:
        server.stop()
    if problems:
        raise problems[-1]
