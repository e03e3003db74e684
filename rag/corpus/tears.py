"""Pieces that the layout tore away from their article, brought home.

Two kinds: a draft that has neither headline nor byline, such as text below a picture that cut an article in two; and
the end of a draft that another one, broken off in mid-sentence, lacks. Reading order is kept: a piece goes to the end
of the article that it continues.
"""

from __future__ import annotations

from collections.abc import Sequence

from rag.corpus.drafts import Draft
from rag.corpus.joining import PageText
from rag.corpus.layout import is_dangling, starts_inside
from rag.types import BlockRole

# A page has tens of articles; in a file of many pages only neighbours are asked, which keeps the time linear.
_REACH = 24
_HOME = 0.55
# Below a picture stands the rest of something: print does not begin an article there without a headline.
_HOME_BELOW_PICTURE = 0.3
_BROKEN_OFF = 0.25
_SEAM_WEIGHT = 0.2
_NEIGHBOUR = 0.08
_SURE_SEAM = 3.0


def bring_home(drafts: Sequence[Draft], page: PageText) -> list[Draft]:
    """Join torn pieces to the drafts that they continue; pieces that continue none stay articles of their own."""
    kept = [draft for draft in drafts if draft.parts]
    _reclaim_ends(kept, page)
    homeless = [number for number, draft in enumerate(kept) if _is_piece(draft)]
    for number in homeless:
        home = _home_of(kept, number, page)
        if home is not None:
            home.is_late = False
            home.body.extend(kept[number].parts)
            home.signature = home.signature or kept[number].signature
            kept[number] = Draft()
    return [draft for draft in kept if draft.parts]


def _is_piece(draft: Draft) -> bool:
    """True for text without headline and byline."""
    return not (draft.is_banner or draft.heading or draft.has_byline)


def _near(drafts: Sequence[Draft], number: int) -> list[int]:
    reach = range(max(0, number - _REACH), min(len(drafts), number + _REACH + 1))
    return [other for other in reach if other != number]


def _home_of(drafts: Sequence[Draft], number: int, page: PageText) -> Draft | None:
    """The draft that a piece continues, judged by the seam and by the words that both share."""
    piece = drafts[number]
    first = piece.first
    below_picture = number > 0 and drafts[number - 1].is_caption
    best, best_score = None, _HOME_BELOW_PICTURE if below_picture else _HOME
    for other in _near(drafts, number):
        draft = drafts[other]
        if draft.is_banner or _is_piece(draft) or not draft.parts:
            continue
        score = 2 * page.likeness(piece.text, draft.text)
        last = draft.last
        if first and last and is_dangling(last.text):
            score += _BROKEN_OFF + _SEAM_WEIGHT * page.seam(last, first)
        if draft.is_caption or draft.signature:
            score -= 0.5
        if 0 < number - other <= 2:
            score += _NEIGHBOUR
        if score > best_score:
            best, best_score = draft, score
    return best


def _reclaim_ends(drafts: Sequence[Draft], page: PageText) -> None:
    """Give a draft that stops in mid-sentence the end that stands behind another draft's last whole sentence."""
    for number, draft in enumerate(drafts):
        last = draft.last
        if draft.is_banner or last is None or not is_dangling(last.text):
            continue
        for other in _near(drafts, number):
            # A piece without headline and byline goes home whole.
            at = None if _is_piece(drafts[other]) else _foreign_end(drafts[other], draft, page)
            if at is not None:
                draft.is_late = False
                draft.body.extend(drafts[other].body[at:])
                del drafts[other].body[at:]
                break


def _foreign_end(holder: Draft, owner: Draft, page: PageText) -> int | None:
    """Where in `holder` a piece begins that continues `owner`, or None."""
    last = owner.last
    before = ""
    for at, (line, role) in enumerate(holder.body):
        whole = bool(before) and not is_dangling(before)
        if last is not None and role is BlockRole.BODY and whole and page.seam(last, line) >= _SURE_SEAM:
            rest = "".join(one.text for one, _ in holder.body[at:])
            kept = "".join(one.text for one, _ in holder.body[:at])
            if starts_inside(line.text) or page.likeness(rest, owner.text) > page.likeness(rest, kept):
                return at
        if role is BlockRole.BODY:
            before = line.text
    return None
