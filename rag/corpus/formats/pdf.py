"""PDF → text: pages joined by form feeds, lines put together to paragraphs, headings told by their size.

A newspaper, known by its bylines, is left to the page's own segmentation. Every other PDF is one article, or one for
each chapter of its outline. PDFium reads it, and keeps to one thread at a time.
"""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import pypdfium2
import pypdfium2.raw as pdfium

from rag.corpus import bylines
from rag.corpus.formats.base import Extracted, Facts, TextBuilder, Unreadable, clean, numbers_in_words, one_line
from rag.corpus.formats.printed import SOFT_HYPHEN, Furniture, Paragraph, PrintedLine, paragraphs_of
from rag.corpus.layout import is_dangling
from rag.types import BlockRole

MAX_PAGES = 5_000
MAX_PAGE_CHARS = 500_000
"""Ten times what the densest page of a newspaper holds."""

_LOCK = threading.Lock()  # PDFium must not be entered by two threads
_HEADING_RATIO = 1.15
_HEADING_CHARS = 60
_HEADING_LINES = 3
_NEWS_ITEMS = 2
_PAGES_AN_ITEM = 4
"""A newspaper has at least two articles that open with a byline, and one on every fourth page."""
_UNMAPPED_SHARE = 0.3
_PICTURE_SHARE = 0.5
_FEW_CHARS = 20
_MAX_MARKS = 10_000
_LINE_ENDS = frozenset(("\r", "\n", SOFT_HYPHEN))
_JUNK_TITLE = re.compile(
    r"(?i)untitled|无标题|未命名|microsoft \w+ - .*|幻灯片 ?\d+|.*\.(?:docx?|pdf|indd|wps|pptx?|xlsx?|tex|fm)"
)
_SCANNED = "scanned, no text; run OCR first, e.g. `ocrmypdf in.pdf out.pdf`"
_GARBLED = (
    "set in fonts that do not say which characters they show; run OCR first, e.g. `ocrmypdf --force-ocr in.pdf out.pdf`"
)
_BROKEN = "damaged; get the file again, or mend it with `qpdf`"


@dataclass(frozen=True, slots=True)
class _PageText:
    lines: tuple[PrintedLine, ...]
    is_scan: bool = False
    is_garbled: bool = False
    is_broken: bool = False


def read_pdf(path: Path) -> Extracted:
    """Reads a PDF.

    Raises:
        Unreadable: it is encrypted, damaged, too large, or holds no text at all.
    """
    with _LOCK:
        try:
            document = pypdfium2.PdfDocument(path)
        except pypdfium2.PdfiumError as error:
            raise _refusal(error) from error
        with closing(document):
            return _read(document)


def _refusal(error: pypdfium2.PdfiumError) -> Unreadable:
    if error.err_code in (pdfium.FPDF_ERR_PASSWORD, pdfium.FPDF_ERR_SECURITY):
        return Unreadable("is encrypted; save it without a password, e.g. `qpdf --decrypt in.pdf out.pdf`")
    return Unreadable("is no PDF that can be read: it is damaged or cut off; get it again, or mend it with `qpdf`")


def _read(document: Any) -> Extracted:
    count = len(document)
    if count > MAX_PAGES:
        raise Unreadable(f"has {count:,} pages, more than {MAX_PAGES:,}; cut it into several files")
    pages = [_page_text(document, number) for number in range(count)]
    remarks = tuple(_remarks(pages))
    furniture = Furniture()
    for page in pages:
        furniture.note(page.lines)
    paragraphs = [paragraphs_of(furniture.without(page.lines)) for page in pages]
    if not any(paragraphs):
        raise Unreadable("; ".join(remarks) or "holds no text")
    if _is_newspaper(paragraphs):
        return _newspaper(paragraphs, remarks)
    return _document(paragraphs, _chapters(document), _metadata_title(document), remarks)


def _page_text(document: Any, number: int) -> _PageText:
    try:
        page = document[number]
    except pypdfium2.PdfiumError:
        return _PageText((), is_broken=True)
    with closing(page):
        try:
            text_page = page.get_textpage()
        except pypdfium2.PdfiumError:
            return _PageText((), is_broken=True)
        with closing(text_page):
            if pdfium.FPDFText_CountChars(text_page) > MAX_PAGE_CHARS:
                raise Unreadable(
                    f"has more than {MAX_PAGE_CHARS:,} characters on page {number + 1}; nothing is read of it"
                )
            lines = tuple(_lines(text_page))
        text = "".join(line.text for line in lines)
        unmapped = sum(char == "\ufffd" or "\ue000" <= char <= "\uf8ff" for char in text)
        if unmapped > _UNMAPPED_SHARE * len(text):
            return _PageText((), is_garbled=True)
        return _PageText(lines, is_scan=len("".join(text.split())) < _FEW_CHARS and _is_picture(page))


def _is_picture(page: Any) -> bool:
    """True when one picture covers most of the page."""
    width, height = page.get_size()
    for item in page.get_objects(filter=[pdfium.FPDF_PAGEOBJ_IMAGE]):
        left, bottom, right, top = item.get_bounds()
        if (right - left) * (top - bottom) > _PICTURE_SHARE * width * height:
            return True
    return False


def _lines(text_page: Any) -> Iterator[PrintedLine]:
    """The lines of a page as PDFium orders them."""
    rect = pdfium.FS_RECTF()
    chars: list[str] = []
    boxes: list[tuple[float, float, float, float]] = []
    for index in range(pdfium.FPDFText_CountChars(text_page)):
        char = chr(pdfium.FPDFText_GetUnicode(text_page, index))
        if char not in "\r\n":
            chars.append(char)
            if not char.isspace() and pdfium.FPDFText_GetLooseCharBox(text_page, index, rect):
                boxes.append((rect.left, rect.bottom, rect.right, rect.top))
        if char in _LINE_ENDS:
            yield from _line("".join(chars), boxes)
            chars, boxes = [], []
    yield from _line("".join(chars), boxes)


def _line(text: str, boxes: Sequence[tuple[float, float, float, float]]) -> Iterator[PrintedLine]:
    """A line and the box around its characters; nothing for a blank one."""
    hyphen = SOFT_HYPHEN if text.endswith(SOFT_HYPHEN) else ""
    # PDFium may give a character beyond the first plane as two halves.
    text = clean(text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")).rstrip()
    if text.strip() and boxes:
        lefts, bottoms, rights, tops = zip(*boxes, strict=True)
        yield PrintedLine(text + hyphen, min(lefts), min(bottoms), max(rights), max(tops))


def _remarks(pages: Sequence[_PageText]) -> Iterator[str]:
    """What could not be read of which pages."""
    for chosen, reason in (
        ([page.is_scan for page in pages], _SCANNED),
        ([page.is_garbled for page in pages], _GARBLED),
        ([page.is_broken for page in pages], _BROKEN),
    ):
        numbers = [number for number, is_so in enumerate(chosen, start=1) if is_so]
        if numbers:
            yield f"{'page' if len(numbers) == 1 else 'pages'} {numbers_in_words(numbers)}: {reason}"


def _is_newspaper(pages: Sequence[Sequence[Paragraph]]) -> bool:
    items = sum(bool(bylines.opening(paragraph.text)) for page in pages for paragraph in page)
    return items >= max(_NEWS_ITEMS, len(pages) / _PAGES_AN_ITEM)


def _newspaper(pages: Sequence[Sequence[Paragraph]], remarks: tuple[str, ...]) -> Extracted:
    builder = TextBuilder()
    starts = []
    for number, page in enumerate(pages):
        if number:
            builder.end_page()
        starts.append(builder.length)
        for paragraph in page:
            builder.add(paragraph.text)
    return Extracted(builder.text, page_starts=tuple(starts), remarks=remarks)


def _document(
    pages: Sequence[Sequence[Paragraph]], chapters: dict[int, list[str]], named: str, remarks: tuple[str, ...]
) -> Extracted:
    """One article, or one a chapter of the outline."""
    body = _body_height(pages)
    titled = _title_of(pages, body)
    title = named if not titled or _squashed(named) in _squashed("".join(one.text for one in pages[0])) else ""
    builder = TextBuilder()
    starts: list[int] = []
    for number, page in enumerate(pages):
        if number:
            builder.end_page()
        starts.append(builder.length)
        openings = _openings(page, chapters.get(number, []))
        for place, paragraph in enumerate(page):
            if place in openings:
                builder.end_section(Facts(title=title))
                title = openings[place]
            builder.add(paragraph.text, _role(paragraph, body, is_title=paragraph is titled or place in openings))
    builder.end_section(Facts(title=title))
    return Extracted(builder.text, tuple(builder.sections), tuple(starts), remarks)


def _body_height(pages: Sequence[Sequence[Paragraph]]) -> float:
    """The height of the lines that most of the text is set in."""
    chars: Counter[float] = Counter()
    for page in pages:
        for paragraph in page:
            chars[round(paragraph.height, 1)] += len(paragraph.text)
    return chars.most_common(1)[0][0]


def _title_of(pages: Sequence[Sequence[Paragraph]], body: float) -> Paragraph | None:
    """The largest heading of the first page with text; failing that, a first line that is no sentence."""
    first = next(page for page in pages if page)
    large = [paragraph for paragraph in first if _is_large(paragraph, body)]
    if large:
        return max(large, key=lambda paragraph: paragraph.height)
    opening = first[0]
    is_line = len(first) > 1 and opening.lines == 1 and len(opening.text) <= _HEADING_CHARS
    return opening if is_line and is_dangling(opening.text) else None


def _role(paragraph: Paragraph, body: float, *, is_title: bool) -> BlockRole:
    if is_title:
        return BlockRole.TITLE
    return BlockRole.SUBHEAD if _is_large(paragraph, body) else BlockRole.BODY


def _is_large(paragraph: Paragraph, body: float) -> bool:
    return (
        paragraph.height >= _HEADING_RATIO * body
        and len(paragraph.text) <= _HEADING_CHARS
        and paragraph.lines <= _HEADING_LINES
    )


def _openings(page: Sequence[Paragraph], titles: Sequence[str]) -> dict[int, str]:
    """Where on a page its chapters begin: at the line that names them, else at the top."""
    found: dict[int, str] = {}
    for title in titles:
        wanted = _squashed(title)
        places = (place for place, paragraph in enumerate(page) if _squashed(paragraph.text).startswith(wanted))
        found.setdefault(next(places, 0), title)
    return found


def _chapters(document: Any) -> dict[int, list[str]]:
    """Titles of the outline's uppermost level by page, from 0; nothing where it has but one, or none."""
    found: dict[int, list[str]] = {}
    for mark in islice(document.get_toc(), _MAX_MARKS):
        if mark.level:
            continue
        destination = mark.get_dest()
        number = destination.get_index() if destination else None
        title = one_line(mark.get_title())
        if number is not None and title:
            found.setdefault(number, []).append(title)
    return found if sum(map(len, found.values())) > 1 else {}


def _metadata_title(document: Any) -> str:
    title = one_line(document.get_metadata_value("Title"))
    return "" if _JUNK_TITLE.fullmatch(title) else title


def _squashed(text: str) -> str:
    return "".join(text.split())
