"""Word documents (.docx) → text: paragraphs and headings in order, a table row a line, notes at the end.

Elements are known by their local names, so that both flavours of the standard are read. What a reviewer deleted is left
out, what was inserted is in; the heads and feet of pages are no text of the document.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from zipfile import ZipFile

from lxml import etree

from rag.corpus.formats.archives import open_archive, parse_xml, read_member
from rag.corpus.formats.base import Extracted, Facts, TextBuilder, Unreadable, one_line
from rag.types import BlockRole

_BODY, _STYLES, _CORE = "word/document.xml", "word/styles.xml", "docProps/core.xml"
_NOTES = ("word/footnotes.xml", "word/endnotes.xml")
_LEFT_OUT = frozenset(("del", "moveFrom", "instrText", "delText", "Fallback", "pPr", "rPr", "tblPr", "sdtPr"))
_CHARACTERS = {"tab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "-"}
_CELL_MARK = " | "
_TITLE_STYLES = frozenset(("title", "标题"))
_HEADING_STYLES = ("heading ", "标题 ")
_HEADING_CHARS = 100
"""A longer paragraph is none, whatever its style says."""


def read_docx(path: Path) -> Extracted:
    """Reads a Word document.

    Raises:
        Unreadable: it is none, encrypted, damaged, too large when unpacked, or holds no text.
    """
    with open_archive(path, "Word document") as archive:
        body = _parsed(archive, _BODY)
        if body is None:
            raise Unreadable("is no Word document: it holds no word/document.xml")
        roles = _roles(_parsed(archive, _STYLES))
        builder = TextBuilder()
        _add(body, roles, builder)
        for notes in _NOTES:
            found = _parsed(archive, notes)
            if found is not None:
                _add(found, {}, builder)
        title = _core_title(_parsed(archive, _CORE))
    builder.end_section(Facts(title=title if not builder.has_title else ""))
    if not builder.sections:
        raise Unreadable("holds no text")
    return Extracted(builder.text, tuple(builder.sections))


def _parsed(archive: ZipFile, member: str) -> etree._Element | None:
    data = read_member(archive, member)
    return None if data is None else parse_xml(data, member)


def _name(node: etree._Element) -> str:
    return node.tag.rpartition("}")[2] if isinstance(node.tag, str) else ""


def _value(node: etree._Element | None, name: str = "val") -> str:
    """An attribute by its local name."""
    if node is None:
        return ""
    return next((str(value) for key, value in node.attrib.items() if str(key).rpartition("}")[2] == name), "")


def _child(node: etree._Element | None, *path: str) -> etree._Element | None:
    for name in path:
        node = next((child for child in node if _name(child) == name), None) if node is not None else None
    return node


def _roles(styles: etree._Element | None) -> dict[str, BlockRole]:
    """What the paragraphs of each style are, for those that are no body text: told by name, or by outline level."""
    roles: dict[str, BlockRole] = {}
    for style in styles if styles is not None else ():
        if _name(style) != "style":
            continue
        name = _value(_child(style, "name")).lower()
        if name in _TITLE_STYLES:
            roles[_value(style, "styleId")] = BlockRole.TITLE
        elif name.startswith(_HEADING_STYLES) or _child(style, "pPr", "outlineLvl") is not None:
            roles[_value(style, "styleId")] = BlockRole.SUBHEAD
    return roles


def _add(root: etree._Element, roles: Mapping[str, BlockRole], builder: TextBuilder) -> None:
    """Adds every paragraph and table row below an element, in order."""
    for node in _shown(root, frozenset(("p", "tr"))):
        if _name(node) == "tr":
            cells = [_text(cell) for cell in _shown(node, frozenset(("tc",)))]
            builder.add(_CELL_MARK.join(" ".join(cell.split()) for cell in cells if cell.strip()))
        else:
            text = _text(node)
            builder.add(text, _role(node, text, roles, builder))
            for box in _shown(node, frozenset(("txbxContent",))):
                for inner in _shown(box, frozenset(("p",))):
                    builder.add(_text(inner))


def _role(paragraph: etree._Element, text: str, roles: Mapping[str, BlockRole], builder: TextBuilder) -> BlockRole:
    role = roles.get(_value(_child(paragraph, "pPr", "pStyle")), BlockRole.BODY)
    if role is BlockRole.BODY and _child(paragraph, "pPr", "outlineLvl") is not None:
        level = _value(_child(paragraph, "pPr", "outlineLvl"))
        role = BlockRole.SUBHEAD if level.isdigit() and int(level) < 9 else BlockRole.BODY  # 9 is body text
    if role is BlockRole.BODY or len(text) > _HEADING_CHARS:
        return BlockRole.BODY
    return BlockRole.TITLE if builder.is_blank else BlockRole.SUBHEAD


def _shown(root: etree._Element, names: frozenset[str]) -> Iterator[etree._Element]:
    """The outermost elements of some names below one, in document order, without what is left out."""
    waiting = list(reversed(root))
    while waiting:
        node = waiting.pop()
        name = _name(node)
        if name in names:
            yield node
        elif name and name not in _LEFT_OUT:
            waiting.extend(reversed(node))


def _text(node: etree._Element) -> str:
    """The characters of a paragraph or cell; paragraphs of a cell on lines of their own, text boxes left out."""
    pieces: list[str] = []
    waiting = list(reversed(node))
    while waiting:
        item = waiting.pop()
        name = _name(item)
        if name == "t":
            pieces.append(item.text or "")
        elif name in _CHARACTERS:
            pieces.append(_CHARACTERS[name])
        elif name and name not in _LEFT_OUT and name != "txbxContent":
            if name == "p":
                pieces.append("\n")
            waiting.extend(reversed(item))
    return "".join(pieces)


def _core_title(core: etree._Element | None) -> str:
    return one_line(next((node.text or "" for node in core if _name(node) == "title"), "")) if core is not None else ""
