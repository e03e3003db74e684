"""The terminal UI: `run` shows the first frame at once and connects behind it."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from textual.app import App
from textual.binding import Binding, BindingType

from tui.i18n import Words, choose_language
from tui.link import Connect, Link
from tui.screens.chat import ChatScreen


class WenbaoApp(App[None]):
    """The application.

    Args:
        link: the connection to the server; opened after the first frame.
        language: `zh` or `en`; None: the locale's.
    """

    CSS_PATH: ClassVar[str | Path] = "app.tcss"
    # Textual's own commands speak English only.
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+q", "quit", show=False, priority=True)]

    def __init__(self, link: Link, language: str | None = None) -> None:
        super().__init__()
        self.words = Words(choose_language(language))
        self._server_link = link

    def on_mount(self) -> None:
        self.push_screen(ChatScreen(self._server_link, self.words))


def run(server: str | Connect, api_key: str | None = None, language: str | None = None) -> None:
    """Runs the terminal UI until the reader leaves.

    Args:
        server: the address of a running server, or a function that returns address and key. The function runs in a
            thread once the first frame is on the screen, so it may start a server and take its time.
        api_key: the key of the server at that address; a function brings its own.
        language: `zh` or `en`; None: the locale's.
    """
    connect: Connect = (lambda: (server, api_key)) if isinstance(server, str) else server
    WenbaoApp(Link(connect), language).run()
