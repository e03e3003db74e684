"""The lines of a page with their offsets, and what their punctuation says about where sentences begin and end.

A `Line` is one printed line as the file has it, or a paragraph that the file wraps at a fixed width. Offsets are source
offsets; `Line.text` is always what `rag.offsets.text_of` gives for the line's range.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from unicodedata import normalize

from rag.offsets import text_of

# The same breaks as rag.offsets: whatever str.splitlines breaks at.
_LINE = re.compile(r"[^\n\r\v\f\x1c-\x1e\x85\u2028\u2029]+")
_BREAK = re.compile(r"\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]")

_OPENERS = "“‘「『《〈（([【"
_CLOSERS = "”’」』》〉）)]】"
_PAIRS = dict(zip(_CLOSERS, _OPENERS, strict=True))
_SENTENCE_END = re.compile(r"[。！？!?…；;：:][”’」』\"'）)】]*$")
_SIGNED_END = re.compile(r"[。！？!?…][”’」』\"']*\s*[（(【][^（()）【】]{1,60}[）)】]$")
_STRONG_END = re.compile(r"(?:[。；;]|[！？!?…][”’」』])[”’」』\"'）)】]*$")
# Characters that hardly ever open a sentence: particles and closing marks.
_NEVER_FIRST = frozenset("的们吗呢吧、，,。；;：:？！!?)）》〉”’】]」』%％～·")
# Characters that hardly ever close a headline or sentence: prepositions, conjunctions, and others that govern what
# follows.
_NEVER_LAST = frozenset("的地得和与及或在对从把被将向为以于并而但其该是使让由跟同至每各、，,（(“‘《〈「『【")

_WRAPPED_LINES = 3
_WRAPPED_WIDTH = range(8, 61)


@dataclass(frozen=True, slots=True)
class Line:
    """A printed line or wrapped paragraph, without blanks at its ends."""

    index: int
    """Position among the lines of the page; neighbours in the source have neighbouring indices."""
    start: int
    end: int
    text: str
    gap: int
    """Blank lines before it; large at the start of a page and around pictures."""


def read_lines(source_text: str) -> list[Line]:
    """The non-blank lines of a page, in order, wrapped paragraphs put together."""
    lines: list[Line] = []
    for element in _elements(source_text):
        parts = [element] if _is_wrapped(source_text, element) else [[one] for one in element]
        for part in parts:
            start, end, gap = part[0][0], part[-1][1], part[0][2]
            text = source_text[start:end] if len(part) == 1 else text_of(source_text, [(start, end)])
            lines.append(Line(len(lines), start, end, text, gap))
    return lines


def _elements(source_text: str) -> Iterable[list[tuple[int, int, int]]]:
    """Runs of lines without a blank line between: (start, end, blank lines before) of each."""
    element: list[tuple[int, int, int]] = []
    last_end = 0
    for match in _LINE.finditer(source_text):
        raw = match.group()
        if raw.isspace():
            continue
        start = match.start() + len(raw) - len(raw.lstrip())
        end = start + len(raw.strip())
        breaks = sum(1 for _ in _BREAK.finditer(source_text, last_end, start))
        gap = breaks if last_end == 0 else max(0, breaks - 1)
        if element and gap:
            yield element
            element = []
        element.append((start, end, gap))
        last_end = end
    if element:
        yield element


def _is_wrapped(source_text: str, element: list[tuple[int, int, int]]) -> bool:
    """True for a paragraph broken at a fixed width: lines equally wide but for the last, most of them unfinished."""
    if len(element) < _WRAPPED_LINES:
        return False
    widths = [end - start for start, end, _ in element]
    full = max(widths)
    if full not in _WRAPPED_WIDTH or min(widths[1:-1]) < full - 2 or widths[0] < full - 4 or widths[-1] > full:
        return False
    open_ends = sum(is_dangling(source_text[start:end]) for start, end, _ in element[:-1])
    return open_ends * 2 >= len(element)


def is_dangling(text: str) -> bool:
    """True when a text stops before its sentence does."""
    if not text or opens_quote(text):
        return bool(text)
    return not (_SENTENCE_END.search(text[-12:]) or _SIGNED_END.search(text[-72:]))


def ends_sentence(text: str) -> bool:
    """True when a text closes with a mark that headlines do not carry."""
    return bool(_STRONG_END.search(text[-8:]))


def starts_inside(text: str) -> bool:
    """True when a text cannot begin a sentence: it opens with a particle, or closes a quote that it never opened."""
    return bool(text) and (text[0] in _NEVER_FIRST or _depth(text[:400])[1])


def ends_inside(text: str) -> bool:
    """True when the last character governs something that must follow."""
    return bool(text) and text[-1] in _NEVER_LAST


def opens_quote(text: str) -> bool:
    """True when a quote or bracket near the end of a text is never closed."""
    return _depth(text[-400:])[0]


def _depth(text: str) -> tuple[bool, bool]:
    """(something stays open, something is closed that was not opened)."""
    stack: list[str] = []
    unopened = False
    for char in text:
        if char in _OPENERS:
            stack.append(char)
        elif char in _PAIRS:
            opener = _PAIRS[char]
            # Print mixes the widths of brackets: (…） is one pair.
            while stack and normalize("NFKC", stack[-1]) != normalize("NFKC", opener) and opener in stack:
                stack.pop()
            if stack:
                stack.pop()
            else:
                unopened = True
    return bool(stack), unopened
