"""EPUB → text: the documents of the spine in reading order, a chapter an article, titled by the table of contents."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote
from zipfile import ZipFile

from lxml import etree

from rag.corpus.formats.archives import open_archive, parse_xml, read_member
from rag.corpus.formats.base import Extracted, Facts, TextBuilder, Unreadable, one_line
from rag.corpus.formats.html import parse_html
from rag.corpus.formats.markup import add_markup, tag_of, text_in
from rag.corpus.formats.metadata import day_of

_CONTAINER, _ENCRYPTION = "META-INF/container.xml", "META-INF/encryption.xml"
_FONT_KEYS = ("http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC")
_MARKUP = ("application/xhtml+xml", "text/html", "application/xml", "text/xml")
_NCX = "application/x-dtbncx+xml"


@dataclass(frozen=True, slots=True)
class _Item:
    """A file that the book lists."""

    member: str
    kind: str
    properties: tuple[str, ...]


def read_epub(path: Path) -> Extracted:
    """Reads a book.

    Raises:
        Unreadable: it is none, encrypted, damaged, too large when unpacked, or holds no text.
    """
    with open_archive(path, "EPUB book") as archive:
        _check_open(archive)
        package, folder = _package(archive)
        items = _items(package, folder)
        spine = [items[name] for name in _spine(package) if name in items]
        titles = _titles(archive, items)
        builder = TextBuilder()
        remarks = tuple(_add_chapters(archive, spine, titles, _facts(package), builder))
    if not builder.sections:
        raise Unreadable("holds no text; a book of pictures needs OCR first")
    return Extracted(builder.text, tuple(builder.sections), remarks=remarks)


def _add_chapters(
    archive: ZipFile, spine: list[_Item], titles: dict[str, str], book: Facts, builder: TextBuilder
) -> Iterator[str]:
    """Adds the documents of the spine; one that no title names goes on with the chapter before it.

    Yields:
        What is left out, and why.
    """
    title = ""
    for item in spine:
        if "nav" in item.properties or item.kind not in _MARKUP:
            continue
        data = read_member(archive, item.member)
        if data is None:
            yield f"lists {item.member}, which it does not hold; the rest is read"
            continue
        if item.member in titles:
            builder.end_section(Facts(title, book.byline, book.date))
            title = titles[item.member]
        root, remarks = parse_html(data)
        yield from (f"holds {item.member}, which {remark}" for remark in remarks)
        body = root.find("body")
        add_markup(body if body is not None else root, builder)
    builder.end_section(Facts(title, book.byline, book.date))


def _check_open(archive: ZipFile) -> None:
    """Raises where more is encrypted than fonts."""
    data = read_member(archive, _ENCRYPTION)
    if data is None:
        return
    methods = {
        node.get("Algorithm") or ""
        for node in parse_xml(data, _ENCRYPTION).iter()
        if tag_of(node) == "encryptionmethod"
        and (above := node.getparent()) is not None
        and tag_of(above) == "encrypteddata"
    }
    if not methods <= set(_FONT_KEYS):
        raise Unreadable("is encrypted (DRM); only a copy without it can be read")


def _package(archive: ZipFile) -> tuple[etree._Element, str]:
    """The package document, and the folder that its addresses count from."""
    data = read_member(archive, _CONTAINER)
    if data is None:
        raise Unreadable("is no EPUB book: it holds no META-INF/container.xml")
    for node in parse_xml(data, _CONTAINER).iter():
        member = node.get("full-path")
        if tag_of(node) == "rootfile" and member:
            package = read_member(archive, member)
            if package is not None:
                return parse_xml(package, member), posixpath.dirname(member)
    raise Unreadable("is no EPUB book: it holds no package document")


def _items(package: etree._Element, folder: str) -> dict[str, _Item]:
    return {
        node.get("id") or "": _Item(
            _resolved(folder, node.get("href") or ""),
            (node.get("media-type") or "").lower(),
            tuple((node.get("properties") or "").split()),
        )
        for node in package.iter()
        if tag_of(node) == "item"
    }


def _resolved(folder: str, address: str) -> str:
    """The member that an address names; its fragment is left off."""
    return posixpath.normpath(posixpath.join(folder, unquote(address.partition("#")[0])))


def _spine(package: etree._Element) -> list[str]:
    return [node.get("idref") or "" for node in package.iter() if tag_of(node) == "itemref"]


def _facts(package: etree._Element) -> Facts:
    """Authors and date of the book."""
    creators = [one_line(text_in(node)) for node in package.iter() if tag_of(node) == "creator"]
    days = [day_of(text_in(node)) for node in package.iter() if tag_of(node) == "date"]
    return Facts(byline=" ".join(filter(None, creators)), date=next(filter(None, days), None))


def _titles(archive: ZipFile, items: dict[str, _Item]) -> dict[str, str]:
    """Title of every document that the table of contents names; the first of several."""
    for item in items.values():
        if "nav" in item.properties and (data := read_member(archive, item.member)) is not None:
            return dict(reversed(list(_nav_entries(parse_html(data)[0], posixpath.dirname(item.member)))))
    for item in items.values():
        if item.kind == _NCX and (data := read_member(archive, item.member)) is not None:
            return dict(reversed(list(_ncx_entries(parse_xml(data, item.member), posixpath.dirname(item.member)))))
    return {}


def _nav_entries(root: etree._Element, folder: str) -> Iterator[tuple[str, str]]:
    navigation = [node for node in root.iter() if tag_of(node) == "nav" and "toc" in (node.get("epub:type") or "toc")]
    for node in navigation[0].iter() if navigation else ():
        title = one_line(text_in(node)) if tag_of(node) == "a" else ""
        if title and node.get("href"):
            yield _resolved(folder, node.get("href") or ""), title


def _ncx_entries(root: etree._Element, folder: str) -> Iterator[tuple[str, str]]:
    for point in root.iter():
        if tag_of(point) != "navpoint":
            continue
        title = next((one_line(text_in(node)) for node in point if tag_of(node) == "navlabel"), "")
        address = next((node.get("src") for node in point if tag_of(node) == "content"), None)
        if title and address:
            yield _resolved(folder, address), title
