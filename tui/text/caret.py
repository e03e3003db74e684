"""Where a caret stands on the screen, so that the window of an input method can be put there.

Textual knows it as well, but a cell too far right behind the last character of an `Input`, and for a `TextArea` as it
was before its lines were last wrapped anew.
"""

from __future__ import annotations

from textual.geometry import Offset
from textual.widgets import Input, TextArea

from tui.text.glyphs import cells


def caret_of(field: Input | TextArea) -> Offset:
    """The cell of a field's caret, counted from the corner of the screen."""
    if isinstance(field, Input):
        column, row = cells(field.value[: field.cursor_position]), 0
    else:
        column, row = field.wrapped_document.location_to_offset(field.cursor_location)
        column += field.gutter_width
    return field.content_region.offset + Offset(column, row) - field.scroll_offset
