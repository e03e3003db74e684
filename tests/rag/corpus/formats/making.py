"""Files of every format, made here, with texts of our own."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import docx
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas

FONT = "STSong-Light"
WIDTH, HEIGHT = 420, 600
LEFT, TOP, LEADING = 60, 540, 18

CONTAINER = """<?xml version="1.0"?>
<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container" version="1.0">
<rootfiles><rootfile full-path="OPS/book.opf" media-type="application/oebps-package+xml"/></rootfiles></container>"""


class Print:
    """A PDF that is printed line by line, like a typesetter would."""

    def __init__(self, path: Path, **more: Any) -> None:
        pdfmetrics.registerFont(UnicodeCIDFont(FONT))
        self.canvas = Canvas(str(path), pagesize=(WIDTH, HEIGHT), invariant=True, **more)
        self.y = TOP

    def heading(self, text: str, size: int = 20) -> None:
        self.line(text, size=size)
        self.y -= size

    def line(self, text: str, *, x: float = LEFT, size: int = 11) -> None:
        self.canvas.setFont(FONT, size)
        self.canvas.drawString(x, self.y, text)
        self.y -= LEADING

    def paragraph(self, text: str, *, width: int = 24, x: float = LEFT, lines: int | None = None) -> str:
        """Sets a paragraph with an indent, `lines` of it at most; returns what is left."""
        rest, number = text, 0
        while rest and (lines is None or number < lines):
            first = number == 0 and lines != 0
            taken = width - 2 if first else width
            self.line(rest[:taken], x=x + 22 if first else x)
            rest, number = rest[taken:], number + 1
        return rest

    def rest(self, text: str, *, width: int = 24) -> None:
        """Sets what is left of a paragraph, without an indent."""
        for start in range(0, len(text), width):
            self.line(text[start : start + width])

    def page(self, foot: str = "") -> None:
        if foot:
            self.canvas.setFont(FONT, 9)
            self.canvas.drawString(WIDTH / 2, 20, foot)
        self.canvas.showPage()
        self.y = TOP

    def save(self) -> None:
        self.canvas.save()


def write_zip(path: Path, members: Mapping[str, str | bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def xhtml(body: str) -> str:
    return (
        '<?xml version="1.0" encoding="utf-8"?><html xmlns="http://www.w3.org/1999/xhtml"><head><title>-</title></head>'
        f"<body>{body}</body></html>"
    )


def write_epub(path: Path, chapters: Sequence[tuple[str, str]], more: Mapping[str, str | bytes] | None = None) -> Path:
    """A book of (title in the table of contents, body as XHTML); a chapter without a title is not in the table."""
    names = [f"c{number}.xhtml" for number in range(len(chapters))]
    items = "".join(f'<item id="{name}" href="{name}" media-type="application/xhtml+xml"/>' for name in names)
    spine = "".join(f'<itemref idref="{name}"/>' for name in names)
    entries = "".join(
        f'<li><a href="{name}#top">{title}</a></li>' for name, (title, _) in zip(names, chapters, strict=True) if title
    )
    package = (
        '<package xmlns="http://www.idpf.org/2007/opf" version="3.0">'
        '<metadata xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>山路集</dc:title><dc:creator>方一苇</dc:creator>'
        "<dc:date>2019-06-01T00:00:00Z</dc:date></metadata>"
        '<manifest><item id="nav" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>'
        f"{items}</manifest><spine>{spine}</spine></package>"
    )
    return write_zip(
        path,
        {
            "mimetype": "application/epub+zip",
            "META-INF/container.xml": CONTAINER,
            "OPS/book.opf": package,
            "OPS/nav.xhtml": xhtml(f'<nav epub:type="toc"><ol>{entries}</ol></nav>'),
            **{f"OPS/{name}": xhtml(body) for name, (_, body) in zip(names, chapters, strict=True)},
            **(more or {}),
        },
    )


def write_docx(path: Path, blocks: Sequence[tuple[str, str]], rows: Sequence[Sequence[str]] = ()) -> Path:
    """A Word document of (style, text), and a table at its end."""
    document = docx.Document()
    for style, text in blocks:
        document.add_paragraph(text, style=style)
    if rows:
        table = document.add_table(len(rows), len(rows[0]))
        for number, row in enumerate(rows):
            for place, text in enumerate(row):
                table.cell(number, place).text = text
    document.save(str(path))
    return path
