"""`wenbao chat`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from rag.cli.opening import ensure_index, with_remembered_corpus
from rag.cli.options import Flags, settings_options
from rag.errors import InputError

if TYPE_CHECKING:
    from rag.settings import Settings


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
    from tui.app import run

    if url:
        run(url, api_key, language)
    else:
        _run_private(flags.settings(), language)


def _run_private(settings: Settings, language: str | None) -> None:
    from tui.app import run

    ensure_index(settings)

    from server.private import PrivateServer

    with_remembered_corpus(settings)  # an index that cannot tell what it was built from is told now, not on a refresh
    server = PrivateServer(settings)
    try:
        # Started behind the first frame, so that the screen does not wait for it.
        run(server.start, None, language)
    finally:
        server.stop()
