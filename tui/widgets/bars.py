"""The line at the top (what is being read, and whether the server is there) and the keys at the bottom."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.message import Message

from tui.glyphs import cells, clip
from tui.i18n import Words
from tui.widgets.prose import Paragraph, Prose, Touch

if TYPE_CHECKING:
    from server.schemas import IndexOut


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

    Args:
        words: the interface's words.
    """

    def __init__(self, words: Words, *, id: str | None = None) -> None:  # noqa: A002  # Textual's name
        super().__init__(id=id)
        self._words = words
        self.link = LinkState()
        self.index: IndexOut | None = None

    def on_resize(self) -> None:
        self.relabel()

    def relabel(self) -> None:
        """Draws again: something has changed, or the language."""
        words, width = self._words, max(self.size.width, 20)
        name = words("app.name")
        state = clip(words(self.link.key, where=self.link.where), width - cells(name) - 2)
        parts: list[str] = []
        if self.index is not None:
            shown_name = words("index.sample") if self.index.is_sample else _last_part(self.index.corpus)
            parts = [shown_name, words("index.articles", count=f"{self.index.counts.articles:,}")]
        room = width - cells(name) - cells(state) - 4
        middle = clip(" · ".join(parts), room) if room >= 8 else ""
        left = f"{name}  {middle}".rstrip()
        blank = " " * max(width - cells(left) - cells(state), 1)
        start = len(left) + len(blank)
        state_role = "link" if not self.link.ready else "mark"
        touches = (Touch(0, len(name), "mark"), Touch(start, start + len(state), state_role))
        self.show([Paragraph(left + blank + state, "meta", touches=touches)])


@dataclass(frozen=True, slots=True)
class Key:
    """A key and what it does: a name to show, a key of the catalogue, and the action that a click runs."""

    name: str
    label: str
    action: str


class KeyBar(Prose):
    """The keys that count now; each can be clicked. What does not fit is left out from the end.

    Args:
        words: the interface's words.
    """

    class Pressed(Message):
        """A key was clicked."""

        def __init__(self, action: str) -> None:
            super().__init__()
            self.action = action

    def __init__(self, words: Words, *, id: str | None = None) -> None:  # noqa: A002  # Textual's name
        super().__init__(id=id)
        self._words = words
        self._keys: tuple[Key, ...] = ()

    def show_keys(self, keys: Sequence[Key]) -> None:
        """Shows other keys."""
        self._keys = tuple(keys)
        self.relabel()

    def on_resize(self) -> None:
        self.relabel()

    def relabel(self) -> None:
        """Draws again, in the language of the moment."""
        text, touches, width = "", [], max(self.size.width, 20)
        for index, key in enumerate(self._keys):
            item = f"{key.name} {self._words(key.label)}"
            if cells(text) + cells(item) > width:
                break
            start = len(text)
            touches.append(Touch(start, start + len(item), "meta", target=index))
            touches.append(Touch(start, start + len(key.name), "key", target=index))
            text += item + "  "
        self.show([Paragraph(text.rstrip(), "meta", touches=tuple(touches))])

    def on_prose_picked(self, event: Prose.Picked) -> None:
        event.stop()
        self.post_message(self.Pressed(self._keys[event.target].action))


def _last_part(path: str) -> str:
    """The name of a folder or file, whichever separator its system has."""
    return path.replace("\\", "/").rstrip("/").rsplit("/", 1)[-1] or path
