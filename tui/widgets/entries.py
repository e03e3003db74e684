"""A long list to choose from: entries of one or two lines, of which only those in view are ever drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tui.text.glyphs import cells, clip, glyph, shown
from tui.text.quotes import Span

_GAP = 2
"""Blank cells between a line's text and what stands at its right end."""


@dataclass(frozen=True, slots=True)
class EntryLine:
    """A line of an entry; what does not fit is left out so that the first marked range stays in view."""

    text: str
    role: str = "title"
    """The component class `entries--ROLE`: title or note."""
    lead: str = ""
    """Words of our own before the text."""
    right: str = ""
    """Words of our own at the right end."""
    ranges: tuple[Span, ...] = ()
    """What of the text is marked."""


Entry = tuple[EntryLine, ...]


class EntryList(ScrollView, can_focus=True):
    """Shows entries, one of them the chosen one. A click chooses; on the one that is chosen, it picks it."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        *(f"entries--{role}" for role in ("title", "note", "lead", "right", "mark", "chosen")),
    }
    DEFAULT_CSS = """
    EntryList {
        height: 1fr;
        scrollbar-size-vertical: 1;
        overflow-x: hidden;
        .entries--note { color: $text-muted; }
        .entries--lead { color: $text-accent; }
        .entries--right { color: $text-muted; }
        .entries--mark { color: $quote-ink; background: $quote-paper; text-style: bold; }
        .entries--chosen { color: $block-cursor-foreground; background: $block-cursor-background; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", show=False),
        Binding("down,j", "move(1)", show=False),
        Binding("pageup", "page(-1)", show=False),
        Binding("pagedown", "page(1)", show=False),
        Binding("home", "move(-1000000)", show=False),
        Binding("end", "move(1000000)", show=False),
    ]

    class Picked(Message):
        """The chosen entry was clicked."""

        def __init__(self, index: int) -> None:
            super().__init__()
            self.index = index

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002  # Textual's name
        super().__init__(id=id)
        self._entries: tuple[Entry, ...] = ()
        self._height = 1
        self._chosen = 0

    @property
    def chosen(self) -> int | None:
        """Index of the chosen entry; None where there is none."""
        return self._chosen if self._entries else None

    @property
    def entries(self) -> tuple[Entry, ...]:
        """What is shown."""
        return self._entries

    def show(self, entries: Sequence[Entry], chosen: int = 0) -> None:
        """Shows other entries.

        Args:
            entries: each of as many lines as the first.
            chosen: index of the one to choose; the nearest there is.
        """
        self._entries = tuple(entries)
        self._height = len(entries[0]) if entries else 1
        self.virtual_size = Size(self.scrollable_content_region.width, len(entries) * self._height)
        self.choose(chosen)
        self.refresh()

    def choose(self, index: int) -> None:
        """Chooses the entry nearest to an index, and brings it into view."""
        self._chosen = max(0, min(index, len(self._entries) - 1))
        self.scroll_to_region(Region(0, self._chosen * self._height, 1, self._height), animate=False, force=True)
        self.refresh()

    def row_of_chosen(self) -> int:
        """The line of the screen on which the chosen entry begins."""
        return self.content_region.y + self._chosen * self._height - self.scroll_offset.y

    def action_move(self, step: int) -> None:
        """To an entry further down, or further up where the step is negative."""
        self.choose(self._chosen + step)

    def action_page(self, step: int) -> None:
        """A page down (1) or up (-1)."""
        self.choose(self._chosen + step * max(self.scrollable_content_region.height // self._height - 1, 1))

    def on_resize(self) -> None:
        self.show(self._entries, self._chosen)

    def on_click(self, event: events.Click) -> None:
        offset = event.get_content_offset(self)
        index = (offset.y + self.scroll_offset.y) // self._height if offset is not None else -1
        if not 0 <= index < len(self._entries):
            return
        event.stop()
        if index == self._chosen:
            self.post_message(self.Picked(index))
        else:
            self.choose(index)

    def render_line(self, y: int) -> Strip:
        width = self.scrollable_content_region.width
        index, number = divmod(y + self.scroll_offset.y, self._height)
        if index >= len(self._entries):
            return Strip.blank(width, self.rich_style)
        base = self.rich_style
        if index == self._chosen:
            base += self.get_component_rich_style("entries--chosen", partial=True)
        segments = self._segments(self._entries[index][number], width, base, is_chosen=index == self._chosen)
        return Strip(segments).adjust_cell_length(width, base)

    def _segments(self, line: EntryLine, width: int, base: Style, *, is_chosen: bool) -> list[Segment]:
        def look(role: str) -> Style:
            # On the chosen entry only marks keep colours of their own: what contrasts with the paper may not with it.
            keeps = role == "mark" or not is_chosen
            return base + self.get_component_rich_style(f"entries--{role}", partial=True) if keeps else base

        right = clip(line.right, max(width - 12, 0))
        lead = clip(line.lead, max(width - cells(right) - _GAP, 0))
        room = width - cells(lead) - (cells(right) + _GAP if right else 0)
        segments = [Segment(lead, look("lead"))] if lead else []
        used = 0
        for text, is_marked in fitted(line.text, line.ranges, room):
            segments.append(Segment(text, look("mark" if is_marked else line.role)))
            used += cells(text)
        if right:
            segments += [Segment(" " * (room + _GAP - used), base), Segment(right, look("right"))]
        return segments


def fitted(text: str, ranges: Sequence[Span], room: int) -> list[tuple[str, bool]]:
    """A text as drawn in at most `room` cells, in pieces: what is drawn, and whether it is marked.

    Where the first marked range would not fit, the text begins a little before it, after `…`; where its end is left
    out, `…` stands there. Blanks at the edges are left out, line breaks are blanks.
    """
    start = _beginning(text, ranges, room)
    pieces: list[tuple[str, bool]] = [("…", False)] if start else []
    used = cells("…") if start else 0
    marked = {at for low, high in ranges for at in range(low, high)}
    rest = cells(shown(text[start:]))
    is_cut = used + rest > room
    for at in range(start, len(text)):
        drawn, size = glyph(text[at])
        if used + size > room - (1 if is_cut else 0):
            pieces.append(("…", False))
            break
        used += size
        if not drawn:
            continue
        is_marked = at in marked
        if pieces and pieces[-1][1] is is_marked:
            pieces[-1] = (pieces[-1][0] + drawn, is_marked)
        else:
            pieces.append((drawn, is_marked))
    return pieces if room > 0 else []


def _beginning(text: str, ranges: Sequence[Span], room: int) -> int:
    """Where to begin so that the first marked range is in view: at the start where it is there anyway."""
    if not ranges or cells(text[: ranges[0][1]]) < room:
        return 0
    at, before = ranges[0][0], 0
    while at > 0 and before + glyph(text[at - 1])[1] <= room // 4:
        at -= 1
        before += glyph(text[at])[1]
    return at
