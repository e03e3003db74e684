"""Paragraphs set in a column: the one widget that draws text from outside.

Text is never read as markup, and every character is drawn through `tui.text.glyphs`. Ranges of a paragraph can be
*touched*: given a look of their own, and a target that a click reports.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import takewhile
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Region, Size
from textual.message import Message
from textual.selection import Selection
from textual.strip import Strip
from textual.widget import Widget

from tui.text.glyphs import Line, shown
from tui.text.typesetting import RULE, Column, Look, Looks, Paragraph, Row, Touch

__all__ = ["ROLES", "RULE", "TOUCHES", "Paragraph", "Prose", "Row", "Touch"]

ROLES = (
    *("question", "answer", "note", "warning", "refusal", "error", "hint", "list", "current-item"),
    *("title", "kicker", "byline", "meta", "subhead", "body", "box", "banner", "rule", "notice"),
    *("quoted", "code"),
)
"""What a paragraph can be; each is the component class `prose--ROLE`."""
TOUCHES = (
    *("quote", "also", "found", "found-quote", "found-here", "mark", "current-mark", "link", "key"),
    *("strong", "emphasis", "struck", "code"),
)
"""What a range can be; each is the component class `prose--ROLE` too."""


_WIDTHS = 2
"""Columns kept: with a scroll bar and without."""


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
        .prose--quoted { color: $text-muted; text-style: italic; }
        .prose--code { color: $text-secondary; }
        .prose--strong { text-style: bold; }
        .prose--emphasis { text-style: italic; }
        .prose--struck { text-style: strike; }
        .prose--quote { color: #1a1400; background: #ffcf40; }
        .prose--also { text-style: underline; }
        .prose--found { color: $block-cursor-foreground; background: $block-cursor-background; }
        .prose--found-quote { text-style: bold underline; }
        .prose--found-here { color: $background; background: $accent; text-style: bold; }
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
        self._over: Mapping[int, Sequence[Touch]] = {}
        self._looks: dict[int, Looks] = {}
        self._columns: dict[int, Column] = {}
        """By width, the one that was asked for last at the end; those whose paragraphs are gone lend their lines."""
        self._stale: set[int] = set()

    @property
    def paragraphs(self) -> tuple[Paragraph, ...]:
        """What is shown."""
        return self._paragraphs

    def show(self, paragraphs: Sequence[Paragraph]) -> None:
        """Shows other paragraphs, without what lay over the ones before. Only those that are new are set."""
        before, self._paragraphs = self._paragraphs, tuple(paragraphs)
        self._over = {}
        self._looks.clear()
        if [(one.shape, one.gap) for one in before] == [(one.shape, one.gap) for one in self._paragraphs]:
            # Each line stands where it stood, for columns too: nothing but looks has changed.
            for width in set(self._columns) - self._stale:
                self._columns[width] = Column(self._paragraphs, width, self._columns[width])
            self.refresh()
            return
        width = self.size.width
        former = self._columns.get(width) if width not in self._stale else None
        self._stale = set(self._columns)
        if former is not None and self.height_of(self._column(width)) == self.height_of(former):
            # As high as before, so nothing around it moves: a new layout would draw the whole screen.
            self._layout_updates += 1
            self.refresh(self._from_first_other(before))
            return
        # Textual counts one layout until it is carried out. Had it measured in between, for the sake of another widget,
        # that height would be taken for the height of what is shown now.
        self._layout_updates += 1
        self.refresh(layout=True)

    def _from_first_other(self, before: Sequence[Paragraph]) -> Region:
        """The rows from the first paragraph on that is another than before."""
        alike = sum(1 for _ in takewhile(lambda both: both[0] == both[1], zip(before, self._paragraphs, strict=False)))
        first = min(alike, len(self._paragraphs) - 1)
        column = self._column(self.size.width)
        top = column.top(first) - self._paragraphs[first].gap
        return Region(0, top, self.size.width, self.height_of(column) - top)

    def lay_over(self, touches: Mapping[int, Sequence[Touch]]) -> None:
        """Draws further touches over those of the paragraphs, by index of the paragraph; no line moves."""
        self._over = touches
        self._looks.clear()
        self.refresh()

    def rows(self, width: int) -> Sequence[Row]:
        """The lines in a column of `width` cells."""
        return self._column(width)

    def row_of(self, paragraph: int, offset: int) -> int:
        """The line, counted from 0, that holds a character of a paragraph, at the present width."""
        return self._column(self.size.width).row_of(paragraph, offset)

    def _column(self, width: int) -> Column:
        """The column of that width; of two widths, since a scroll bar comes and goes."""
        column = self._columns.get(width)
        if column is None or width in self._stale:
            self._stale.discard(width)
            self._columns.pop(width, None)
            self._columns[width] = column = Column(self._paragraphs, width, column)
            while len(self._columns) > _WIDTHS:
                oldest = next(iter(self._columns))
                del self._columns[oldest]
                self._stale.discard(oldest)
        return column

    def get_content_width(self, container: Size, viewport: Size) -> int:  # noqa: ARG002  # Textual's signature
        return container.width

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:  # noqa: ARG002
        return self.height_of(self._column(width)) if width else 0

    def height_of(self, column: Column) -> int:
        """Lines that a column takes up; what grows may take more than it needs yet."""
        return len(column)

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        column = self._column(width)
        row = column[y] if y < len(column) else None
        if row is None or row.line is None:
            return Strip.blank(width, self.rich_style)
        paragraph = self._paragraphs[row.paragraph]
        base = self.get_component_rich_style(f"prose--{paragraph.role}")
        if paragraph.role == "rule":
            return Strip([Segment("─" * width, base)], width)
        segments = self._segments(row.paragraph, row.line, base, y)
        return Strip(segments).adjust_cell_length(width, self.rich_style)

    def _segments(self, index: int, line: Line, base: Style, y: int) -> list[Segment]:
        """One line in pieces of one look each; every piece knows where it starts, for selecting with the mouse."""
        paragraph, drawn = self._paragraphs[index], line.indent
        segments = [Segment(" " * drawn, base + Style.from_meta({"offset": (0, y)}))] if drawn else []
        selected = self.text_selection.get_span(y) if self.text_selection is not None else None
        for start, end, look in self._looks_of(index).pieces(line.start, line.end):
            text = shown(paragraph.text[start:end])
            style = self._styled(base, look)
            target = paragraph.target if look.target is None else look.target
            meta: dict[str, object] = {} if target is None else {"target": target}
            for piece, is_selected in _split_selected(text, drawn, selected):
                final = style
                if is_selected:
                    final += self.screen.get_component_rich_style("screen--selection", partial=True)
                segments.append(Segment(piece, final + Style.from_meta({**meta, "offset": (drawn, y)})))
                drawn += len(piece)
        return segments

    def _looks_of(self, index: int) -> Looks:
        """The looks of a paragraph's characters, worked out when it is first drawn."""
        looks = self._looks.get(index)
        if looks is None:
            looks = self._looks[index] = Looks((*self._paragraphs[index].touches, *self._over.get(index, ())))
        return looks

    def _styled(self, base: Style, look: Look) -> Style:
        """The style of a look; what is found in a quote leaves the quote's colour alone."""
        in_quote = "quote" in look.roles
        for role in look.roles:
            name = "found-quote" if role == "found" and in_quote else role
            base += self.get_component_rich_style(f"prose--{name}", partial=True)
        return base

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


def _split_selected(text: str, offset: int, selected: tuple[int, int] | None) -> list[tuple[str, bool]]:
    """The text before, in and after the selected columns; columns count drawn characters, -1 is the line's end."""
    if selected is None:
        return [(text, False)]
    low = max(0, selected[0] - offset)
    high = len(text) if selected[1] == -1 else max(low, selected[1] - offset)
    pieces = [(text[:low], False), (text[low:high], True), (text[high:], False)]
    return [(piece, flag) for piece, flag in pieces if piece]
