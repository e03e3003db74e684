"""A tree of HTML or XHTML → paragraphs: block elements end them, table rows are lines, headings keep their role.

The tree is walked without recursion, so that no depth of nesting can exhaust the stack.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from lxml import etree

from rag.corpus.formats.base import TextBuilder
from rag.types import BlockRole

_SKIPPED = frozenset((
    "script", "style", "noscript", "template", "svg", "math", "iframe", "object", "embed", "audio", "video",
    "canvas", "map", "select", "option", "datalist", "button", "input", "textarea", "head", "title", "rp", "rt",
))  # fmt: skip
_BLOCKS = frozenset((
    "address", "article", "aside", "blockquote", "body", "caption", "center", "dd", "details", "dialog", "div",
    "dl", "dt", "fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header",
    "hgroup", "hr", "li", "main", "nav", "ol", "p", "pre", "section", "summary", "table", "tbody", "tfoot", "thead",
    "tr", "ul"))  # fmt: skip
_CELLS = frozenset(("td", "th"))
_HEADINGS = frozenset(("h1", "h2", "h3", "h4", "h5", "h6"))
_CELL_MARK = " | "
_LINE_END = "\v"
_HAN = r"[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef]"
# White space is one blank, as browsers show it, but for a line of the file that ends between two Han characters.
_HAN_BREAK = re.compile(rf"(?<={_HAN})[ \t\r]*\n\s*(?={_HAN})")
_SPACES = re.compile(r"[ \t\r\n\f\u00a0]+")
_EMPTY_CELLS = re.compile(r"(?: \| ?)+")


def tag_of(node: etree._Element) -> str:
    """Name of an element without its namespace, in small letters; empty for comments and the like."""
    tag = node.tag
    return tag.rpartition("}")[2].lower() if isinstance(tag, str) else ""


def is_skipped(node: etree._Element) -> bool:
    """True for what is never shown as text."""
    return tag_of(node) in _SKIPPED or not tag_of(node) or node.get("hidden") is not None


def text_in(node: etree._Element) -> str:
    """All text of an element on one line."""
    return " ".join("".join(piece for kind, piece in _events(node) if kind == "text").split())


def add_markup(root: etree._Element, builder: TextBuilder) -> None:
    """Adds the paragraphs of an element to a text. The first heading of a section is its title."""
    pieces: list[str] = []
    heading = False
    preformatted = 0
    for kind, piece in _events(root):
        if kind == "text":
            pieces.append(piece.replace("\n", _LINE_END) if preformatted else piece)
        elif piece == "br":
            pieces.append(" " if heading else _LINE_END if kind == "start" else "")
        elif piece in _CELLS:
            pieces.append(_CELL_MARK if kind == "start" else "")
        elif piece in _BLOCKS:
            _add_paragraph(pieces, builder, heading=heading)
            pieces = []
            heading = kind == "start" if piece in _HEADINGS else heading
            preformatted += (1 if kind == "start" else -1) if piece == "pre" else 0
    _add_paragraph(pieces, builder, heading=heading)


def _add_paragraph(pieces: list[str], builder: TextBuilder, *, heading: bool) -> None:
    text = _SPACES.sub(" ", _HAN_BREAK.sub("", "".join(pieces)))
    text = _EMPTY_CELLS.sub(_CELL_MARK, text).strip(f"{_CELL_MARK}{_LINE_END}")
    if heading:
        builder.add(text, BlockRole.SUBHEAD if builder.has_heading else BlockRole.TITLE)
    else:
        builder.add(text)


def _events(root: etree._Element) -> Iterator[tuple[str, str]]:
    """("start", tag) and ("end", tag) of every element that is shown, and ("text", characters) between them."""
    waiting: list[tuple[str, etree._Element | str]] = [("start", root)]
    while waiting:
        kind, item = waiting.pop()
        if isinstance(item, str):
            yield kind, item
            continue
        if item is not root and item.tail:
            waiting.append(("text", item.tail))
        if is_skipped(item):
            continue
        tag = tag_of(item)
        yield "start", tag
        waiting.append(("end", tag))
        waiting.extend(("start", child) for child in reversed(item))
        if item.text:
            yield "text", item.text
