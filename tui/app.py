"""The terminal UI: `run` shows the first frame at once and connects behind it."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Protocol, runtime_checkable

from textual.app import App
from textual.binding import BindingType

from tui.i18n import Words, choose_language
from tui.keymap import DEFAULT
from tui.keys import Area, bindings
from tui.link import Connect, Link
from tui.screens.chat import ChatScreen
from tui.screens.help import HelpScreen


@runtime_checkable
class Relabelled(Protocol):
    """What draws itself again when the language or the keys change."""

    def relabel(self) -> None:
        """Draws again."""


class WenbaoApp(App[None]):
    """The application.

    Args:
        link: the connection to the server; opened after the first frame.
        language: `zh` or `en`; None: the locale's.
    """

    CSS_PATH: ClassVar[str | Path] = "app.tcss"
    # Textual's own commands speak English only.
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [*bindings(Area.ALWAYS)]

    def __init__(self, link: Link, language: str | None = None) -> None:
        super().__init__()
        self.words = Words(choose_language(language))
        self.keys = DEFAULT
        self._server_link = link

    def on_mount(self) -> None:
        self.push_screen(ChatScreen(self._server_link, self.words))

    def relabel(self) -> None:
        """Draws every screen again, in the language and with the keys of the moment."""
        for screen in self.screen_stack:
            if isinstance(screen, Relabelled):
                screen.relabel()

    def action_language(self) -> None:
        """The interface in the other language."""
        self.words.language = self.words.language.other
        self.relabel()

    def action_help(self) -> None:
        """The table of keys, or away with it."""
        if isinstance(self.screen, HelpScreen):
            self.screen.dismiss()
        else:
            self.push_screen(HelpScreen(self.words))


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
