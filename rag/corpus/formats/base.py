"""What every format has in common: the text that is built up paragraph by paragraph, its limits, and how it is refused.

A reader of a format makes one text of a whole file. The text is the source that all offsets count in, so it depends on
the file's bytes alone: equal files give equal texts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from unicodedata import normalize

from rag.types import Block, BlockRole, Section

MAX_CHARS = 20_000_000
"""Longest text of one file: some forty thick books. What is longer is a mistake or an attack."""

_BREAKS = re.compile(r"[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]+")
# Zero width characters, marks of direction, and what no text has: they hide between characters and spoil every search.
_UNSEEN = re.compile(
    r"[\x00-\x08\x0e-\x1b\x1f\x7f-\x84\x86-\x9f\u00ad\u200b-\u200f\u061c\u202a-\u202e\u2060-\u2069\ufeff\ufffe]"
)
# Radicals and ligatures that fonts put in the place of the characters they look like.
_LOOKALIKES = re.compile(r"[\u2f00-\u2fd5\ufb00-\ufb06]")
_SURROGATES = re.compile(r"[\ud800-\udfff]")
_BLANKS = re.compile(r"[ \t\u00a0]+")


class Unreadable(Exception):
    """Why nothing can be read out of a file, in words for the keeper of the corpus: a verb phrase, "is encrypted"."""


@dataclass(frozen=True, slots=True)
class Extracted:
    """What was read out of a file."""

    text: str
    sections: tuple[Section, ...] = ()
    """Empty: a newspaper page."""
    page_starts: tuple[int, ...] = ()
    remarks: tuple[str, ...] = ()
    """What was left out, and why: verb phrases with the file as their subject."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What a file says of a section beside its text."""

    title: str = ""
    byline: str = ""
    date: str | None = None
    place: tuple[str, ...] = ()
    url: str | None = None


@dataclass
class TextBuilder:
    """Puts paragraphs into a text, one a line, and notes which of them are headings.

    Raises:
        Unreadable: on `add`, when the text grows beyond `MAX_CHARS`.
    """

    sections: list[Section] = field(default_factory=list)
    _pieces: list[str] = field(default_factory=list)
    _length: int = 0
    _start: int = 0
    _headings: list[Block] = field(default_factory=list)
    _title: str = ""

    @property
    def text(self) -> str:
        """Everything so far."""
        return "".join(self._pieces)

    @property
    def length(self) -> int:
        """Of the text so far: where the next paragraph will begin."""
        return self._length

    @property
    def has_heading(self) -> bool:
        """True when the section has one already."""
        return bool(self._headings)

    @property
    def has_title(self) -> bool:
        """True when one of the section's headings is its title."""
        return bool(self._title)

    @property
    def is_blank(self) -> bool:
        """True while the section holds nothing."""
        return self._length == self._start

    def add(self, paragraph: str, role: BlockRole = BlockRole.BODY) -> None:
        """Appends a paragraph, cleaned; line breaks in it stay, blank ones are passed over."""
        for line in _BREAKS.split(paragraph):
            self._add_line(_BLANKS.sub(" ", clean(line)).strip(), role)

    def end_page(self) -> None:
        """Marks the end of a printed page, by a form feed."""
        self._append("\f")

    def end_section(self, facts: Facts) -> None:
        """Closes the section; a blank one is none."""
        if not self.is_blank:
            self.sections.append(
                Section(
                    start=self._start,
                    end=self._length,
                    title=facts.title or self._title,
                    byline=facts.byline,
                    date=facts.date,
                    place=facts.place,
                    url=facts.url,
                    headings=tuple(self._headings),
                )
            )
        self._start, self._headings, self._title = self._length, [], ""

    def _add_line(self, line: str, role: BlockRole) -> None:
        if not line:
            return
        if role is BlockRole.TITLE and not self._title:
            self._title = line
        if role is not BlockRole.BODY:
            self._headings.append(Block(role, self._length, self._length + len(line)))
        self._append(f"{line}\n")

    def _append(self, piece: str) -> None:
        self._pieces.append(piece)
        self._length += len(piece)
        if self._length > MAX_CHARS:
            raise Unreadable(f"holds more than {MAX_CHARS:,} characters; cut it into several files")


def clean(text: str) -> str:
    """The text without characters that nobody sees, and with those that only look like others put right."""
    return _LOOKALIKES.sub(lambda match: normalize("NFKC", match.group()), _UNSEEN.sub("", _SURROGATES.sub("", text)))


def one_line(text: str) -> str:
    """A title or name on one line, cleaned."""
    return " ".join(clean(_BREAKS.sub(" ", text)).split())


def numbers_in_words(numbers: Iterable[int]) -> str:
    """Page numbers as people write them: `3–7, 9`."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return ", ".join(f"{first}–{last}" if last > first else str(first) for first, last in runs)
