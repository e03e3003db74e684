"""Paragraphs set in a column: the one widget that draws text from outside.

Text is never read as markup, and every character is drawn through `tui.glyphs`. Ranges of a paragraph can be *touched*:
given a look of their own, and a target that a click reports.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Size
from textual.message import Message
from textual.selection import Selection
from textual.strip import Strip
from textual.widget import Widget

from tui.glyphs import Line, shown, wrap

ROLES = (
    *("question", "answer", "note", "warning", "refusal", "error", "hint", "list", "current-item"),
    *("title", "kicker", "byline", "meta", "subhead", "body", "box", "banner", "rule", "notice"),
)
"""What a paragraph can be; each is the component class `prose--ROLE`."""
TOUCHES = ("quote", "also", "mark", "current-mark", "link", "key")
"""What a range can be; each is the component class `prose--ROLE` too."""


@dataclass(frozen=True, slots=True)
class Touch:
    """A range `[start, end)` of a paragraph's text with a look of its own."""

    start: int
    end: int
    role: str
    target: int | None = None
    """What a click on it reports; None: nothing."""


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph, and how it is set."""

    text: str
    role: str = "body"
    first: int = 0
    """Blank cells before the first line."""
    rest: int = 0
    """Blank cells before the other lines."""
    gap: int = 0
    """Blank lines above."""
    touches: tuple[Touch, ...] = ()
    """Later ones are drawn over earlier ones."""
    target: int | None = None
    """What a click anywhere else on it reports; None: nothing."""


RULE = Paragraph("", role="rule")
"""A line across the column."""


@dataclass(frozen=True, slots=True)
class Row:
    """A line on the screen: which paragraph it is of and what of it; a blank one has no line."""

    paragraph: int
    line: Line | None


class Prose(Widget):
    """A column of paragraphs, as high as they need."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {f"prose--{role}" for role in (*ROLES, *TOUCHES)}

    DEFAULT_CSS = """
    Prose {
        height: auto;
        width: 1fr;
        .prose--question { text-style: bold; color: $text-accent; }
        .prose--note { color: $text-muted; }
        .prose--warning { color: $text-warning; }
        .prose--refusal { color: $text-warning; text-style: bold; }
        .prose--error { color: $text-error; text-style: bold; }
        .prose--hint { color: $text-muted; }
        .prose--list { color: $text-muted; }
        .prose--current-item { color: $text; }
        .prose--title { text-style: bold; }
        .prose--kicker { color: $text-accent; }
        .prose--byline { color: $text-muted; }
        .prose--meta { color: $text-muted; }
        .prose--rule { color: $foreground 30%; }
        .prose--subhead { text-style: bold; color: $text-accent; }
        .prose--box { color: $text-secondary; }
        .prose--banner { color: $text-accent; text-style: bold; }
        .prose--notice { color: $text-warning; }
        .prose--quote { color: #1a1400; background: #ffcf40; }
        .prose--also { text-style: underline; }
        .prose--mark { color: $text-accent; text-style: bold; }
        .prose--current-mark { color: #1a1400; background: #ffcf40; text-style: bold; }
        .prose--link { text-style: underline; }
        .prose--key { color: $text-accent; text-style: bold; }
    }
    """

    class Picked(Message):
        """A touched range or a paragraph with a target was clicked."""

        def __init__(self, prose: Prose, target: int) -> None:
            super().__init__()
            self.prose = prose
            self.target = target

        @property
        def control(self) -> Prose:
            return self.prose

    def __init__(self, paragraphs: Sequence[Paragraph] = (), *, id: str | None = None) -> None:  # noqa: A002  # Textual's
        super().__init__(id=id)
        self._paragraphs = tuple(paragraphs)
        self._rows: tuple[int, list[Row]] = (0, [])

    @property
    def paragraphs(self) -> tuple[Paragraph, ...]:
        """What is shown."""
        return self._paragraphs

    def show(self, paragraphs: Sequence[Paragraph]) -> None:
        """Shows other paragraphs."""
        self._paragraphs = tuple(paragraphs)
        self._rows = (0, [])
        self.refresh(layout=True)

    def rows(self, width: int) -> list[Row]:
        """The lines in a column of `width` cells."""
        if self._rows[0] != width:
            self._rows = (width, _set(self._paragraphs, width))
        return self._rows[1]

    def row_of(self, paragraph: int, offset: int) -> int:
        """The line, counted from 0, that holds a character of a paragraph, at the present width."""
        last = 0
        for number, row in enumerate(self.rows(self.size.width)):
            if row.paragraph == paragraph and row.line is not None:
                last = number
                if offset < row.line.end:
                    break
        return last

    def get_content_width(self, container: Size, viewport: Size) -> int:  # noqa: ARG002  # Textual's signature
        return container.width

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:  # noqa: ARG002
        return len(self.rows(width)) if width else 0

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        rows = self.rows(width)
        if y >= len(rows) or rows[y].line is None:
            return Strip.blank(width, self.rich_style)
        row = rows[y]
        paragraph = self._paragraphs[row.paragraph]
        base = self.get_component_rich_style(f"prose--{paragraph.role}")
        if paragraph.role == "rule":
            return Strip([Segment("─" * width, base)], width)
        assert row.line is not None  # noqa: S101  # for the type checker; blank rows were dealt with above
        segments = self._segments(paragraph, row.line, base, y)
        return Strip(segments).adjust_cell_length(width, self.rich_style)

    def _segments(self, paragraph: Paragraph, line: Line, base: Style, y: int) -> list[Segment]:
        """One line in pieces of one look each; every piece knows where it starts, for selecting with the mouse."""
        drawn = line.indent
        segments = [Segment(" " * drawn, base + Style.from_meta({"offset": (0, y)}))] if drawn else []
        selected = self.text_selection.get_span(y) if self.text_selection is not None else None
        for start, end in _pieces(paragraph, line):
            text = shown(paragraph.text[start:end])
            style, target = base, paragraph.target
            for touch in paragraph.touches:
                if touch.start <= start < touch.end:
                    style += self.get_component_rich_style(f"prose--{touch.role}", partial=True)
                    target = touch.target if touch.target is not None else target
            meta: dict[str, object] = {} if target is None else {"target": target}
            for piece, is_selected in _split_selected(text, drawn, selected):
                look = style
                if is_selected:
                    look += self.screen.get_component_rich_style("screen--selection", partial=True)
                segments.append(Segment(piece, look + Style.from_meta({**meta, "offset": (drawn, y)})))
                drawn += len(piece)
        return segments

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """What is selected, lines of one paragraph joined as they were."""
        parts: list[str] = []
        before = -1
        for y, row in enumerate(self.rows(self.size.width)):
            span = selection.get_span(y)
            if span is None or row.line is None:
                continue
            drawn = " " * row.line.indent + shown(self._paragraphs[row.paragraph].text[row.line.start : row.line.end])
            end = len(drawn) if span[1] == -1 else span[1]
            if parts and row.paragraph != before:
                parts.append("\n")
            parts.append(drawn[max(span[0], row.line.indent) : end])
            before = row.paragraph
        return "".join(parts), "\n"

    def selection_updated(self, selection: Selection | None) -> None:  # noqa: ARG002
        self.refresh()

    def on_click(self, event: events.Click) -> None:
        target = event.style.meta.get("target")
        if isinstance(target, int):
            event.stop()
            self.post_message(self.Picked(self, target))


def _set(paragraphs: Sequence[Paragraph], width: int) -> list[Row]:
    rows: list[Row] = []
    for index, paragraph in enumerate(paragraphs):
        rows += [Row(index, None)] * paragraph.gap
        lines = wrap(paragraph.text, width, first=paragraph.first, rest=paragraph.rest)
        rows += [Row(index, line) for line in lines]
    return rows


def _pieces(paragraph: Paragraph, line: Line) -> list[tuple[int, int]]:
    """The line's range, cut where a touch starts or ends."""
    edges = {line.start, line.end}
    for touch in paragraph.touches:
        edges |= {edge for edge in (touch.start, touch.end) if line.start < edge < line.end}
    ordered = sorted(edges)
    return list(pairwise(ordered))


def _split_selected(text: str, offset: int, selected: tuple[int, int] | None) -> list[tuple[str, bool]]:
    """The text before, in and after the selected columns; columns count drawn characters, -1 is the line's end."""
    if selected is None:
        return [(text, False)]
    low = max(0, selected[0] - offset)
    high = len(text) if selected[1] == -1 else max(low, selected[1] - offset)
    pieces = [(text[:low], False), (text[low:high], True), (text[high:], False)]
    return [(piece, flag) for piece, flag in pieces if piece]
