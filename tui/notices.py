"""Short messages that come and go by themselves: what has just been done, or why it could not be.

They lie over the screen for as long as they take to read, can be clicked away, and the last one can be had again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal
from weakref import WeakKeyDictionary

from tui.text.glyphs import cells, clip

if TYPE_CHECKING:
    from textual.app import App

    from tui.i18n import Words

Severity = Literal["information", "warning", "error"]

LONGEST_VALUE = 120
"""Cells of a value from outside; a title of a thousand characters is no part of a short message."""
SHORTEST_S = 4.0
CELLS_PER_S = 16.0
"""How fast a message is read, and then some: about eight ideographs a second."""


@dataclass(frozen=True, slots=True)
class _Said:
    """A message as it was asked for, so that it can be said again in the language of the moment."""

    key: str
    severity: Severity
    values: dict[str, object]


_last: WeakKeyDictionary[App[Any], _Said] = WeakKeyDictionary()


def notice(app: App[Any], words: Words, key: str, *, severity: Severity = "information", **values: object) -> None:
    """Shows a message over whatever screen there is.

    Args:
        app: the running application.
        words: the interface's words.
        key: of the catalogue.
        severity: how it looks; errors and warnings stay longer.
        values: for the words; text from outside is made harmless and short here.
    """
    said = _Said(key, severity, values)
    _last[app] = said
    _show(app, words, said)


def notice_again(app: App[Any], words: Words) -> None:
    """Shows the last message once more, or says that there was none."""
    _show(app, words, _last.get(app) or _Said("notice.none", "information", {}))


def _show(app: App[Any], words: Words, said: _Said) -> None:
    message = words(said.key, **{name: clip(str(value), LONGEST_VALUE) for name, value in said.values.items()})
    seconds = SHORTEST_S + cells(message) / CELLS_PER_S * (1 if said.severity == "information" else 2)
    app.clear_notifications()
    app.notify(message, severity=said.severity, timeout=seconds, markup=False)
