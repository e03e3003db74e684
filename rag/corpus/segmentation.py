"""The lines of a page → drafts of its articles.

Headings cut the page. A heading opens an article when it stands above a byline, announces another line (——), is closed
by a picture's credit a few lines below, or is signed by another author than the article above; else it is a subhead.
Text printed before its headline, and text that follows a closed article, become drafts of their own that `tears` brings
home.
"""

from __future__ import annotations

from collections.abc import Sequence

from rag.corpus.bylines import is_dateline, is_names
from rag.corpus.drafts import Draft
from rag.corpus.headlines import (
    Look,
    Seen,
    assign_roles,
    is_column_name,
    is_kicker,
    is_wordy,
    look_at,
    looks_torn,
    names_actor,
    splits_number,
)
from rag.corpus.joining import PageText
from rag.corpus.layout import Line, is_dangling
from rag.types import BlockRole

_CAPTION_CHARS = 520
_CAPTION_LINES = 5
_SUBHEAD_CHARS = 17
_HEADING_LINES = 5
_HEADLINE_CHARS = 7
_WIDE_GAP = 3
_TAIL_CHARS = 3_000
# By how much a headline's rare words belong to the text below it rather than above.
_NOVELTY = 0.3


def segment(lines: Sequence[Line], page: PageText) -> list[Draft]:
    """Cut a page into drafts; every line is in exactly one of them."""
    seen = [look_at(line) for line in lines]
    _settle_torn_lines(seen, page)
    return _Scan(seen, page).run()


def _settle_torn_lines(seen: list[Seen], page: PageText) -> None:
    """Turn heading-like lines that are pieces of a torn paragraph into body lines."""
    at = 0
    while at < len(seen):
        if seen[at].look is not Look.SHORT:
            at += 1
            continue
        end = at
        while end < len(seen) and seen[end].look in (Look.SHORT, Look.BYLINE):
            end += 1
        shorts = end - at
        if shorts > _HEADING_LINES + 2:
            # Verse, lists, tables: a heading does not have so many lines.
            for one in seen[at + 2 : end]:
                one.look = Look.BODY if one.look is Look.SHORT else one.look
        elif at and _settle_clauses(seen[at:end]):
            # The heading has fallen apart: look at its lines again.
            continue
        else:
            if at and end < len(seen) and seen[at - 1].look is Look.BODY and seen[at].look is Look.SHORT:
                _settle_first(seen, at, end, page)
            _settle_last(seen, at, end, page)
        at = end


def _settle_clauses(heading: Sequence[Seen]) -> bool:
    """Turn lines of too many clauses for a heading into body lines; True when there were any."""
    wordy = [one for one in heading if one.look is Look.SHORT and is_wordy(one.text)]
    for one in wordy:
        one.look = Look.BODY
    return bool(wordy)


def _settle_first(seen: list[Seen], at: int, end: int, page: PageText) -> None:
    """Decide whether the first line of a heading belongs to the paragraph above or, across the heading, below."""
    below = next((one for one in seen[end : end + 3] if one.look is Look.BODY), None)
    if below is None or below.lead:
        return
    first = seen[at]
    lone = end - at == 1
    seam = page.seam(first.line, below.line)
    torn = looks_torn(first.text) or splits_number(first.text, below.text)
    too_long = lone and len(first.text) >= _SUBHEAD_CHARS and not is_kicker(first.text)
    if (torn and seam > 0) or seam >= (2.5 if lone else 3.0) or (too_long and not first.line.gap >= _WIDE_GAP):
        first.look = Look.BODY


def _settle_last(seen: list[Seen], at: int, end: int, page: PageText) -> None:
    """Decide whether the last line of a heading is the author's name, or the beginning of the paragraph below."""
    last = seen[end - 1]
    if end - at < 2 or last.look is not Look.SHORT or end == len(seen) or seen[end].look is not Look.BODY:
        return
    below = seen[end]
    if is_names(last.text):
        last.look = Look.BYLINE
    if below.lead or last.look is Look.BYLINE:
        return
    seam = page.seam(last.line, below.line)
    above = seen[at] if seen[at].look is Look.BODY else seen[at - 1] if at else last
    if above.look is Look.BODY and is_dangling(above.text) and page.seam(above.line, below.line) >= seam:
        # The heading stands in the middle of a sentence; the text below is that sentence's other half.
        return
    adjoining = not below.line.gap and last.line.gap > 0
    if adjoining or seam >= 3.0 or (looks_torn(last.text) and seam > 0):
        last.look = Look.BODY


class _Scan:
    """One pass down the page."""

    def __init__(self, seen: list[Seen], page: PageText) -> None:
        self._seen = seen
        self._page = page
        self._drafts: list[Draft] = []
        self._current: Draft | None = None
        self._column = ""
        self._is_signed_page = any(one.lead or one.look is Look.BYLINE or one.signature for one in seen)

    def run(self) -> list[Draft]:
        at = 0
        while at < len(self._seen):
            one = self._seen[at]
            if one.look is Look.FURNITURE:
                self._banner(one.line)
                at += 1
            elif one.look is Look.BOX:
                at = self._box(at)
            elif one.look in (Look.SHORT, Look.BYLINE):
                end = self._heading_end(at)
                self._heading(self._seen[at:end], end)
                at = end
            else:
                self._text(one)
                at += 1
        return [draft for draft in self._drafts if draft.parts]

    def _open(self) -> Draft:
        draft = Draft(column=self._column)
        self._column = ""
        self._drafts.append(draft)
        self._current = draft
        return draft

    def _banner(self, line: Line) -> None:
        self._drafts.append(Draft(heading=[(line, BlockRole.TITLE)], is_banner=True))

    def _box(self, at: int) -> int:
        """A summary box: its heading and the element below, or its own paragraph when the heading begins that."""
        draft = self._current or self._open()
        draft.boxes.append((self._seen[at].line, BlockRole.BOX))
        following = at + 1
        if not _is_alone(self._seen[at]):
            return following
        while following < len(self._seen) and self._seen[following].look in (Look.BODY, Look.SHORT):
            line = self._seen[following].line
            if following > at + 1 and (line.gap or not self._seen[at].line.gap):
                # The next element; without blank lines on the page, the next paragraph.
                break
            draft.boxes.append((line, BlockRole.BOX))
            following += 1
        return following

    def _heading_end(self, at: int) -> int:
        """A heading ends at its byline: what looks like a heading below that is a subhead or another article's."""
        end = at
        while end < len(self._seen) and self._seen[end].look is Look.SHORT:
            end += 1
        while end < len(self._seen) and self._seen[end].look is Look.BYLINE:
            end += 1
        return end

    def _stretch(self, end: int) -> list[Seen]:
        """The text below a heading, up to the next heading."""
        stop = end
        while stop < len(self._seen) and self._seen[stop].look not in (Look.SHORT, Look.BYLINE):
            stop += 1
        return self._seen[end:stop]

    def _heading(self, heading: list[Seen], end: int) -> None:
        shorts = [one.line for one in heading if one.look is Look.SHORT]
        bylines = [one.line for one in heading if one.look is Look.BYLINE]
        stretch = self._stretch(end)
        if len(shorts) > 1 and is_column_name(shorts[0].text):
            self._banner(shorts[0])
            self._column = shorts[0].text
            shorts = shorts[1:]
        if not shorts:
            self._lone_byline(bylines, stretch)
            return
        current = self._current
        if self._opens(shorts, bylines, stretch):
            draft = self._open()
            self._set_heading(draft, shorts)
            draft.is_caption = self._is_caption(stretch)
        elif current is not None and not current.heading and (current.has_byline or len(shorts) > 1):
            self._set_heading(current, shorts)
            # What was printed above the headline is read first, all of it.
            current.opening, current.body = [*current.opening, *current.body], []
            draft = current
        else:
            draft = current or self._open()
            if draft.is_closed:
                draft.reopen()
            repeated = draft.repeated(shorts)
            if repeated:
                # What is printed twice is the headline, and the other lines of the heading add to it.
                draft.heading = [
                    (line, BlockRole.TITLE if line.text in repeated else BlockRole.KICKER) for line, _ in draft.heading
                ]
            for line in shorts:
                draft.add(line, BlockRole.TITLE if line.text in repeated else BlockRole.SUBHEAD)
        for line in bylines:
            draft.bylines.append(line.text)
            draft.add(line, BlockRole.BYLINE)

    def _set_heading(self, draft: Draft, shorts: list[Line]) -> None:
        draft.heading = [*zip(shorts, assign_roles(shorts), strict=True)]

    def _lone_byline(self, bylines: list[Line], stretch: list[Seen]) -> None:
        """A byline without a headline: of the article above if that has none, else of one with a later headline."""
        current = self._current
        if current is None or current.is_closed or (current.has_byline and (stretch or current.bylines)):
            current = self._open()
        # What stands below a byline is read first, even when the layout prints it last.
        current.is_late = bool(current.heading and current.body and stretch)
        for line in bylines:
            current.bylines.append(line.text)
            current.add(line, BlockRole.BYLINE)

    def _opens(self, shorts: list[Line], bylines: list[Line], stretch: list[Seen]) -> bool:
        """True when a heading opens an article, on the evidence of what stands around it."""
        current = self._current
        if current is None or self._is_caption(stretch):
            return True
        announced = bool(bylines or (stretch and stretch[0].lead))
        if current.heading and not current.has_text:
            # A headline without text yet: a second heading belongs to it, unless each has its byline.
            return announced and current.has_byline
        if announced or any(is_kicker(line.text) for line in shorts):
            return True
        if current.repeated(shorts):
            return False
        if not current.heading:
            return len(shorts) > 1 and not current.has_byline
        if current.is_closed:
            return not (is_dateline(current.signature) and current.has_subheads)
        return len(shorts) > 1 or self._leaves_behind(shorts[0], stretch, current)

    def _leaves_behind(self, short: Line, stretch: list[Seen], current: Draft) -> bool:
        """True when a lone heading without a byline is a headline all the same, and no subhead.

        The names of another author close the text below; or the layout sets it apart and it says who did something; or
        nothing on the page is signed at all.
        """
        below = "".join(one.text for one in stretch)
        if len(short.text) < _HEADLINE_CHARS or not below or current.ends_torn:
            return False
        signed = any(one.signature and not is_dateline(one.signature) for one in stretch)
        if signed and current.has_byline:
            return True
        if not names_actor(short.text):
            return False
        if short.gap >= _WIDE_GAP:
            return True
        about = self._page.likeness(short.text, below) - self._page.likeness(short.text, current.tail(_TAIL_CHARS))
        return not self._is_signed_page and about > _NOVELTY

    def _is_caption(self, stretch: list[Seen]) -> bool:
        """True when a picture's credit closes the few lines below a heading."""
        length = 0
        for one in stretch[:_CAPTION_LINES]:
            if one.lead and one.look is not Look.CREDIT:
                return False
            length += len(one.text)
            if one.credit:
                return length <= _CAPTION_CHARS
        return False

    def _text(self, one: Seen) -> None:
        current = self._current
        if one.look in (Look.CREDIT, Look.SIGNATURE):
            current = current or self._open()
            current.add(one.line, BlockRole.BYLINE)
        else:
            if current is None or current.is_closed or (one.lead and self._is_new(current)):
                current = self._open()
            current.lead = current.lead or one.lead
            current.add(one.line, BlockRole.BODY)
        current.credit = current.credit or one.credit
        if one.signature:
            current.signature = one.signature
            current.is_closed = True
        if one.credit and current.is_caption:
            current.is_closed = True

    def _is_new(self, current: Draft) -> bool:
        """True when a paragraph with a byline cannot belong to the current draft, which has begun already."""
        begun = [line for line, role in current.body if role is BlockRole.BODY]
        return current.has_byline if not begun else (current.has_byline or len(begun) > 2)


def _is_alone(one: Seen) -> bool:
    return len(one.text) <= 8
