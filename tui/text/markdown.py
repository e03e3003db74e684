"""An answer's Markdown as paragraphs to draw: what models write, and nothing that could pass for more than text.

Emphasis, headings, lists, quotations, code, tables and links are set; HTML and images stay the text that they are. Line
breaks are kept. While an answer grows, what may still turn into something else is held back or taken for closed, so
that characters which are on the screen stay there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING

from tui.text.glyphs import cells
from tui.text.mending import mended
from tui.text.typesetting import Paragraph, Touch

if TYPE_CHECKING:  # the parser takes 30 ms that the first frame does not wait for
    from markdown_it.token import Token

STEP = 2
"""Cells that a quotation, or code, is set in by."""
_BULLET = "• "
_CELL_GAP = " │ "
_TOUCHES = {"strong": "strong", "em": "emphasis", "s": "struck", "link": "link"}


class Document:
    """An answer as it grows. Only its last block or two are read again when more of it comes.

    Args:
        role: of its plain paragraphs.
    """

    def __init__(self, role: str = "answer") -> None:
        self._role = role
        self._source = ""
        self._settled: list[Paragraph] = []
        self._open_at = 0
        """Where the block starts that the next characters may change."""
        self._blank_before = False

    def paragraphs(self, source: str, *, growing: bool = False) -> list[Paragraph]:
        """The answer, set.

        Args:
            source: all of it so far.
            growing: more may come.
        """
        source = source.replace("\r\n", "\n").replace("\r", "\n")  # as the parser has it
        if not source.startswith(self._source):
            self._settled, self._open_at, self._blank_before = [], 0, False
        self._source = source
        rest = source[self._open_at :]
        blocks, lines = _blocks(_parser()(rest)), _lines(rest)
        # Until its first line has ended, the last may yet turn out to go on with the one before.
        settled = len(blocks) - (1 if blocks and lines[blocks[-1].start].endswith("\n") else 2)
        if settled > 0:
            start = blocks[settled].start
            self._settled += self._set(blocks[:settled], lines)
            self._open_at += sum(map(len, lines[:start]))
            self._blank_before = start > 0 and not lines[start - 1].strip()
            rest = source[self._open_at :]
        if growing:
            rest = mended(rest)
        return [*self._settled, *self._set(_blocks(_parser()(rest)), _lines(rest))]

    def _set(self, blocks: Sequence[_Block], lines: Sequence[str]) -> list[Paragraph]:
        setter = _Setter(self._role, lines, blank_before=self._blank_before)
        for block in blocks:
            setter.set(block.tokens)
        return setter.paragraphs


@dataclass(frozen=True, slots=True)
class _Block:
    """A block that stands in no other one."""

    start: int
    """Its first line."""
    tokens: tuple[Token, ...]


@dataclass(slots=True)
class _List:
    """A list that is being set."""

    number: int | None
    """Of the next item; None: not numbered."""
    indent: int
    """Cells before its marks."""


@dataclass(slots=True)
class _Inline:
    """Text with touches, as it is put together."""

    text: str = ""
    touches: list[Touch] = field(default_factory=list)

    def add(self, text: str, touch: str = "") -> None:
        """Adds text, with a look of its own where one is named."""
        if touch and text:
            self.touches.append(Touch(len(self.text), len(self.text) + len(text), touch))
        self.text += text

    def join(self, other: _Inline) -> None:
        """Adds another one."""
        base = len(self.text)
        self.touches += [replace(one, start=one.start + base, end=one.end + base) for one in other.touches]
        self.text += other.text

    def lines(self) -> list[tuple[str, tuple[Touch, ...]]]:
        """Its lines, each with its touches."""
        found, start = [], 0
        for line in self.text.split("\n"):
            end = start + len(line)
            held = [
                replace(one, start=max(one.start, start) - start, end=min(one.end, end) - start)
                for one in self.touches
                if one.start < end and start < one.end
            ]
            found.append((line, tuple(held)))
            start = end + 1
        return found


class _Setter:
    """Sets tokens as paragraphs.

    Args:
        role: of plain paragraphs.
        lines: the source, line by line, to see which blocks stand apart in it.
        blank_before: whether a blank line comes before the first of them.
    """

    def __init__(self, role: str, lines: Sequence[str], *, blank_before: bool) -> None:
        self.paragraphs: list[Paragraph] = []
        self._role = role
        self._lines = lines
        self._blank_before = blank_before
        self._lists: list[_List] = []
        self._quotes = 0
        self._mark = ""
        """Of the list item that begins, until its first line is set."""
        self._heading = False
        self._row: tuple[Token, list[_Inline]] | None = None
        self._in_head = False

    def set(self, tokens: Iterable[Token]) -> None:
        """Sets a block."""
        for token in tokens:
            act = _ACTS.get(token.type)
            if act is not None:
                act(self, token)

    @property
    def _indent(self) -> int:
        """Cells before a line that bears no mark."""
        return self._quotes * STEP + (self._lists[-1].indent + cells(self._mark_of_item) if self._lists else 0)

    @property
    def _mark_of_item(self) -> str:
        """The mark of the item that is being set, which was counted already."""
        number = self._lists[-1].number
        return _BULLET if number is None else f"{number - 1}. "

    def open_list(self, token: Token) -> None:
        indent = self._lists[-1].indent + cells(self._mark_of_item) if self._lists else 0
        start = int(token.attrs.get("start", 1)) if token.type == "ordered_list_open" else None
        self._lists.append(_List(start, indent))

    def close_list(self, _: Token) -> None:
        self._lists.pop()

    def open_item(self, _: Token) -> None:
        innermost = self._lists[-1]
        if innermost.number is not None:
            innermost.number += 1
        self._mark = self._mark_of_item

    def close_item(self, token: Token) -> None:
        if self._mark:  # an item without text
            self._put(_Inline(), self._role, token)

    def open_quote(self, _: Token) -> None:
        self._quotes += 1

    def close_quote(self, _: Token) -> None:
        self._quotes -= 1

    def open_heading(self, _: Token) -> None:
        self._heading = True

    def close_heading(self, _: Token) -> None:
        self._heading = False

    def set_inline(self, token: Token) -> None:
        inline = _inline(token.children or ())
        if self._row is not None:
            self._row[1].append(inline)
        else:
            self._put(inline, "subhead" if self._heading else "quoted" if self._quotes else self._role, token)

    def set_code(self, token: Token) -> None:
        code = _Inline(token.content.removesuffix("\n").expandtabs(4))
        self._put(code, "code", token, extra=STEP)

    def set_rule(self, token: Token) -> None:
        self.paragraphs.append(Paragraph("", "rule", gap=self._gap(token)))

    def open_head(self, _: Token) -> None:
        self._in_head = True

    def close_head(self, _: Token) -> None:
        self._in_head = False

    def open_row(self, token: Token) -> None:
        self._row = token, []

    def close_row(self, _: Token) -> None:
        if self._row is None:
            return
        (token, row), whole = self._row, _Inline()
        for index, cell in enumerate(row):
            whole.add(_CELL_GAP if index else "")
            whole.join(cell)
        if self._in_head:
            whole.touches.insert(0, Touch(0, len(whole.text), "strong"))
        self._row = None
        self._put(whole, self._role, token)

    def _put(self, inline: _Inline, role: str, token: Token, *, extra: int = 0) -> None:
        """Adds a block's lines, the first of them behind the mark of its item and apart where it stands apart."""
        gap, indent = self._gap(token), self._indent + extra
        for line, touches in inline.lines():
            mark, self._mark = self._mark, ""
            moved = tuple(replace(one, start=one.start + len(mark), end=one.end + len(mark)) for one in touches)
            first = indent - cells(mark)
            self.paragraphs.append(Paragraph(mark + line, role, first=first, rest=indent, gap=gap, touches=moved))
            gap = 0

    def _gap(self, token: Token) -> int:
        """Blank lines above what a token says: one where the source has any."""
        if token.map is None:
            return 0
        start = token.map[0]
        if start == 0:
            return int(self._blank_before)
        return int(not self._lines[start - 1].strip(" \t\r\n>")) if self.paragraphs or self._blank_before else 0


_ACTS: dict[str, Callable[[_Setter, Token], None]] = {
    "bullet_list_open": _Setter.open_list,
    "bullet_list_close": _Setter.close_list,
    "ordered_list_open": _Setter.open_list,
    "ordered_list_close": _Setter.close_list,
    "list_item_open": _Setter.open_item,
    "list_item_close": _Setter.close_item,
    "blockquote_open": _Setter.open_quote,
    "blockquote_close": _Setter.close_quote,
    "heading_open": _Setter.open_heading,
    "heading_close": _Setter.close_heading,
    "inline": _Setter.set_inline,
    "fence": _Setter.set_code,
    "hr": _Setter.set_rule,
    "thead_open": _Setter.open_head,
    "thead_close": _Setter.close_head,
    "tr_open": _Setter.open_row,
    "tr_close": _Setter.close_row,
}


def _inline(tokens: Sequence[Token]) -> _Inline:
    """The text of a line or several, with the looks of its parts. Flat: emphasis may be nested as deep as it likes."""
    inline = _Inline()
    opened: list[tuple[str, int, str]] = []
    for token in tokens:
        match token.type:
            case "softbreak" | "hardbreak":
                inline.add("\n")
            case "code_inline":
                inline.add(token.content, "code")
            case "image":
                inline.add(f"![{token.content}]({token.attrs.get('src', '')})")
            case _ if token.nesting == 1:
                opened.append((token.tag, len(inline.text), str(token.attrs.get("href", ""))))
            case _ if token.nesting == -1 and opened:
                tag, start, address = opened.pop()
                _close(inline, "link" if tag == "a" else tag, start, address)
            case _:
                inline.add(token.content)
    return inline


def _close(inline: _Inline, kind: str, start: int, address: str) -> None:
    """Gives what was opened at `start` its look; a link says where it leads, unless its text is that."""
    text = inline.text[start:]
    if kind == "link" and text.isdigit():  # a mark that was made a link is still a mark
        inline.text = f"{inline.text[:start]}[{text}]"
    inline.touches.append(Touch(start, len(inline.text), _TOUCHES[kind]))
    if kind == "link" and address not in {text, f"mailto:{text}", ""}:
        inline.add(f" ({address})")


def _lines(source: str) -> list[str]:
    """Its lines as the parser counts them, each with its end."""
    return re.split(r"(?<=\n)", source)


def _blocks(tokens: Sequence[Token]) -> list[_Block]:
    """Tokens by the outermost block that they are of."""
    blocks: list[_Block] = []
    begun: list[Token] = []
    for token in tokens:
        begun.append(token)
        if token.level == 0 and token.nesting != 1:
            first = begun[0]
            blocks.append(_Block(first.map[0] if first.map is not None else 0, tuple(begun)))
            begun = []
    return blocks


@cache
def _parser() -> Callable[[str], list[Token]]:
    """The parser: CommonMark and tables, without what would hide or guess at anything."""
    from tui.text.commonmark import make_parser

    return make_parser().parse
