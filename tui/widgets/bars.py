"""Lines around the panes: what is being read and whether the server is there, what is wrong with it, and the keys."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tui.home.keymap import areas_of, carrier_of, is_plain, keys_of, perform
from tui.home.keys import Command, command, of_area
from tui.i18n import Words
from tui.text.glyphs import cells, clip
from tui.widgets.prose import Paragraph, Prose, Touch
from tui.widgets.turn import describe

if TYPE_CHECKING:
    from server.schemas import IndexOut
    from tui.remote.client import ClientError


_CLICKED = ("palette", "corpus", "retry")
"""Commands that a click on the line at the top runs."""


@dataclass(frozen=True, slots=True)
class LinkState:
    """How things stand with the server: a key of the catalogue, and the address that it is about."""

    key: str = "link.opening"
    where: str = ""

    @property
    def ready(self) -> bool:
        return self.key == "link.ready"


class StatusBar(Prose):
    """Name, corpus and connection in one line; what does not fit is left out from the middle.

    A click on the name opens the palette, one on the corpus its browser, one on the connection tries it again.

    Args:
        words: the interface's words.
    """

    def __init__(self, words: Words, *, id: str | None = None) -> None:  # noqa: A002  # Textual's name
        super().__init__(id=id)
        self._words = words
        self._link = LinkState()
        self._index: IndexOut | None = None

    def show_link(self, link: LinkState) -> None:
        """Says how things stand with the server."""
        self._link = link
        self.relabel()

    def show_index(self, index: IndexOut) -> None:
        """Says what is being read."""
        self._index = index
        self.relabel()

    def on_resize(self) -> None:
        self.relabel()

    def relabel(self) -> None:
        """Draws again: something has changed, or the language."""
        words, width = self._words, max(self.size.width, 20)
        name = words("status.name")
        state = clip(words(self._link.key, where=self._link.where), width - cells(name) - 2)
        parts: list[str] = []
        if self._index is not None:
            shown_name = words("index.sample") if self._index.is_sample else _last_part(self._index.corpus)
            parts = [shown_name, words("index.articles", count=f"{self._index.counts.articles:,}")]
        room = width - cells(name) - cells(state) - 4
        middle = clip(" · ".join(parts), room) if room >= 8 else ""
        left = f"{name}  {middle}".rstrip()
        blank = " " * max(width - cells(left) - cells(state), 1)
        start = len(left) + len(blank)
        state_role = "link" if not self._link.ready else "mark"
        touches = (
            Touch(0, len(name), "mark", _CLICKED.index("palette")),
            Touch(len(name) + 2, len(left), "meta", _CLICKED.index("corpus")),
            Touch(start, start + len(state), state_role, _CLICKED.index("retry")),
        )
        self.show([Paragraph(left + blank + state, "meta", touches=touches)])

    async def on_prose_picked(self, event: Prose.Picked) -> None:
        event.stop()
        await perform(self.screen, command(_CLICKED[event.target]))


class TroubleBar(Prose):
    """Why the server cannot be asked, and what to do; not there while all is well.

    Args:
        words: the interface's words.
    """

    def __init__(self, words: Words, *, id: str | None = None) -> None:  # noqa: A002  # Textual's name
        super().__init__(id=id)
        self._words = words
        self._error: ClientError | None = None
        self.display = False

    def show_error(self, error: ClientError | None) -> None:
        """Says what is wrong; None: nothing is."""
        self._error = error
        self.relabel()

    def relabel(self) -> None:
        """Draws again, in the language of the moment."""
        self.display = self._error is not None
        if self._error is not None:
            message, hint = describe(self._error, self._words)
            self.show([Paragraph(message, "error"), Paragraph(self._words("error.hint", hint=hint), "hint", rest=2)])


class KeyBar(Prose):
    """The keys that count now, by the areas of the screen and the focus; each can be clicked.

    What does not fit is left out from the end, but for the commands that are pinned there.

    Args:
        words: the interface's words.
    """

    def __init__(self, words: Words, *, id: str | None = None) -> None:  # noqa: A002  # Textual's name
        super().__init__(id=id)
        self._words = words
        self._commands: tuple[Command, ...] = ()

    def on_mount(self) -> None:
        self.watch(self.screen, "focused", self.relabel)
        # Whoever can do something now that could not be done before says so by `refresh_bindings`.
        self.screen.bindings_updated_signal.subscribe(self, lambda _: self.relabel())

    def on_resize(self) -> None:
        self.relabel()

    def relabel(self) -> None:
        """Draws again: another language, other keys, or something else has the focus."""
        keys, width = keys_of(self.app), max(self.size.width, 20)
        narrow = self.screen.has_class("-narrow")
        offered = [
            known
            for known in of_area(*areas_of(self.screen))
            if known.label
            and keys.short(known)
            and known.narrow in {None, narrow}
            and (carrier_of(self.screen, known) or not is_plain(known))
        ]
        items = {known: (keys.short(known), self._words(known.label)) for known in offered}
        self._commands = _fitting(items, width)
        text, touches = "", []
        for index, known in enumerate(self._commands):
            name, label = items[known]
            target = index if carrier_of(self.screen, known) else None
            start, text = len(text), f"{text}{name} {label}  "
            touches.append(Touch(start, len(text) - 2, "meta", target))
            touches.append(Touch(start, start + len(name), "key", target))
        self.show([Paragraph(text.rstrip(), "meta", touches=tuple(touches))])

    async def on_prose_picked(self, event: Prose.Picked) -> None:
        event.stop()
        await perform(self.screen, self._commands[event.target])


def _fitting(items: Mapping[Command, tuple[str, str]], width: int) -> tuple[Command, ...]:
    """The commands that a line has room for, in order; room for the pinned ones is kept."""
    sizes = {known: cells(name) + cells(label) + 3 for known, (name, label) in items.items()}
    room = width + 2 - sum(size for known, size in sizes.items() if known.pinned)
    kept: list[Command] = []
    is_full = False
    for known, size in sizes.items():
        if known.pinned:
            kept.append(known)
            continue
        is_full = is_full or size > room
        if not is_full:
            kept.append(known)
            room -= size
    return tuple(kept)


def _last_part(path: str) -> str:
    """The name of a folder or file, whichever separator its system has."""
    return path.replace("\\", "/").rstrip("/").rsplit("/", 1)[-1] or path
