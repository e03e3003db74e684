"""`wenbao web`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rag.cli.opening import ensure_index
from rag.cli.options import Flags, settings_options
from rag.cli.output import note
from rag.errors import SettingsError

if TYPE_CHECKING:
    from rag.settings import Settings

PORT = 8010
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
# Not `-m tui`: that would take a package called tui from the working folder, whoever's it is.
_TAB = (
    "import sys; sys.path.append(sys.argv.pop(1)); "
    "from rag.cli.analysis import load_analysis; from tui.__main__ import main; main(load_analysis)"
)
_ROOT = Path(__file__).resolve().parents[3]


@click.command(short_help="Ask in a browser: the terminal UI on a page of this machine.")
@click.option("--host", metavar="ADDRESS", default="127.0.0.1", show_default=True, help="Address to bind to.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=PORT,
    show_default=True,
    help="Port to bind to; 0 takes a free one.",
)
@click.option("--open-to-others", is_flag=True, help="Let --host be an address that other machines reach.")
@click.option("--url", metavar="URL", help="A server that runs already; unset: a private one is started.")
@click.option("--api-key", metavar="KEY", envvar="WENBAO_API_KEY", help="Its key; unset: WENBAO_API_KEY.")
@click.option("--language", type=click.Choice(["zh", "en"]), help="Language of the interface; unset: the locale's.")
@settings_options
@click.pass_obj
def command(
    flags: Flags,
    host: str,
    port: int,
    open_to_others: bool,
    url: str | None,
    api_key: str | None,
    language: str | None,
) -> None:
    """Ask in a browser: the screens of `wenbao chat` on a page, until Ctrl-C. The address is told on stderr.

    Every tab is a session of its own over one server, a private one or that at --url. Whoever has the whole address can
    use it as you can: it holds a key, and is good for this run only.

    \b
    Examples:
      wenbao web
      wenbao web --port 0 --language zh
      wenbao web --url http://127.0.0.1:8000
    """
    _check_binding(host, open_to_others)
    serve = _server_of(host, port, open_to_others, language)
    if url:
        serve(url, api_key)
    else:
        _serve_private(flags.settings(), serve)


def _serve_private(settings: Settings, serve: Callable[[str, str | None], None]) -> None:
    ensure_index(settings)

    from server.process.private import PrivateServer

    with PrivateServer(settings) as (url, key):
        serve(url, key)


def _server_of(host: str, port: int, is_open: bool, language: str | None) -> Callable[[str, str | None], None]:
    """What serves the page, given the address and the key of the server that its tabs ask."""

    def serve(url: str, api_key: str | None) -> None:
        from server.process.sockets import base_url, bind
        from tui.browser.web import serve as serve_tabs
        from tui.home.home import Home
        from tui.home.preferences import config_folder
        from tui.i18n import Words, choose_language

        words = Words(choose_language(language or Home.load(config_folder()).preferences.language))
        tab = [sys.executable, "-P", "-c", _TAB, str(_ROOT), "--url", url]
        tab += ["--language", language] if language else []
        with bind(host, port) as listener:
            address = base_url(host, listener.getsockname()[1])

            def tell(path: str) -> None:
                # Where a browser is told by a program, it is this line that is read.
                click.echo(f"wenbao: {address}{path}", err=True)
                if is_open and host not in _LOOPBACK:
                    note("others can reach this page; nothing on the way is encrypted, the key in the address included")

            environment = {"WENBAO_API_KEY": api_key or ""}
            serve_tabs(listener, tab, environment, words, is_open=is_open, on_ready=tell)

    return serve


def _check_binding(host: str, is_open: bool) -> None:
    """Refuses to serve a terminal of this user to other machines unless that is what was asked for.

    Raises:
        SettingsError: the address is not of loopback.
    """
    if host not in _LOOPBACK and not is_open:
        raise SettingsError(
            f"{host} can be reached by other machines, and the page is a terminal of yours",
            hint="Leave --host out and reach it through ssh (`ssh -L`), or add --open-to-others.",
        )
