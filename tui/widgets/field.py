"""A line in which something is typed."""

from __future__ import annotations

from textual import events
from textual.widgets import Input

from tui.text.glyphs import shown


class Field(Input):
    """As Textual's, but what is pasted is cleaned first: it may come from anywhere, and is drawn as it stands."""

    def _on_paste(self, event: events.Paste) -> None:
        event.stop()
        event.prevent_default()
        start, end = sorted(self.selection)
        self.replace(shown(" ".join(event.text.split())), start, end)
