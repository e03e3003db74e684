"""The command palette: every command that can run now, found by its words in either language."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen, Screen
from textual.widgets import Input, OptionList
from textual.widgets.option_list import Option

from tui.home.initials import initials
from tui.home.keymap import carrier_of, keys_of
from tui.home.keys import COMMANDS, Area, Command
from tui.home.keys import command as command_of
from tui.i18n import Language, Words
from tui.text.glyphs import cells, clip
from tui.widgets.field import Field

_HIDDEN = frozenset({"palette"})
"""Commands that make no sense from here."""


def runnable(screen: Screen[Any]) -> list[Command]:
    """The commands that can run on a screen now, in the order of the table; those of typing are left to the keys."""
    return [
        command
        for command in COMMANDS
        if command.area is not Area.BOX and command.id not in _HIDDEN and carrier_of(screen, command) is not None
    ]


def matching(commands: Sequence[Command], query: str) -> list[Command]:
    """The commands that hold every word of a query, those first whose words begin with it.

    Args:
        commands: to look among, in the order that they are to have.
        query: words of either language, of an id, or the initials of Chinese words.
    """
    wanted = query.casefold().split()
    both = [Words(language) for language in Language]
    found: list[tuple[bool, Command]] = []
    for command in commands:
        meanings = [words(command.help).casefold() for words in both]
        letters = [initials(meaning) for meaning in meanings[:1]]
        text = " ".join((*meanings, *letters, command.id))
        if all(word in text for word in wanted):
            begins = any(part.startswith(wanted[0]) for part in (*meanings, *letters, command.id)) if wanted else True
            found.append((not begins, command))
    return [command for _, command in sorted(found, key=lambda pair: pair[0])]


class PaletteScreen(ModalScreen[Command | None]):
    """A line to search with, and the commands that it finds. Gives back the one chosen, None where none was.

    Args:
        words: the interface's words.
        commands: to choose from.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", show=False),
        Binding("down", "move('cursor_down')", show=False),
        Binding("up", "move('cursor_up')", show=False),
        Binding("pagedown", "move('page_down')", show=False),
        Binding("pageup", "move('page_up')", show=False),
    ]

    def __init__(self, words: Words, commands: Sequence[Command]) -> None:
        super().__init__()
        self._words = words
        self._commands = tuple(commands)

    def compose(self) -> ComposeResult:
        with Vertical(id="palette"):
            yield Field(id="palette-search", compact=True)
            yield OptionList(id="palette-found", markup=False, compact=True)

    def on_mount(self) -> None:
        self._found.can_focus = False
        self.relabel()

    @property
    def _found(self) -> OptionList:
        return self.query_one("#palette-found", OptionList)

    def relabel(self) -> None:
        """Draws again, in the language and with the keys of the moment."""
        self.query_one("#palette").border_title = Content(self._words("palette.title"))
        self.query_one(Input).placeholder = self._words("palette.placeholder")
        self._show()

    def _show(self) -> None:
        commands = matching(self._commands, self.query_one(Input).value)
        found = self._found
        found.clear_options()
        if commands:
            found.add_options([Option(self._line(command), id=command.id) for command in commands])
            found.highlighted = 0
        else:
            found.add_option(Option(Content(self._words("palette.nothing")), disabled=True))

    def _line(self, command: Command) -> Content:
        """What a command does, and its keys at the right end."""
        keys = keys_of(self.app).listed(command)
        width = max(self._found.scrollable_content_region.width, 20)
        meaning = clip(self._words(command.help), max(width - cells(keys) - 2, 8))
        blank = " " * max(width - cells(meaning) - cells(keys), 1)
        return Content.assemble(meaning, blank, (keys, "bold"))

    def on_resize(self) -> None:
        self.call_after_refresh(self._show)

    @on(Input.Changed)
    def _typed(self) -> None:
        self._show()

    @on(Input.Submitted)
    def _entered(self) -> None:
        self._found.action_select()

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(command_of(event.option_id or ""))

    def action_move(self, action: str) -> None:
        """Moves in the list while the focus stays on the search line."""
        getattr(self._found, f"action_{action}")()

    def on_click(self, event: events.Click) -> None:
        if self.get_widget_at(*event.screen_offset)[0] is self:
            self.dismiss(None)
