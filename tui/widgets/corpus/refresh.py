"""A refresh of the index as it goes on, in one line; and what is said once it is over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.app import App
from textual.message import Message

from tui.i18n import Words
from tui.notices import notice
from tui.remote.freshness import Freshness, Seen
from tui.text.glyphs import cells, clip
from tui.widgets.prose import Paragraph, Prose, Touch

if TYPE_CHECKING:
    from server.schemas import ChangesOut, JobOut

STAGES = {
    "starting": "corpus.stage.starting",
    "reading": "corpus.stage.reading",
    "embedding": "corpus.stage.embedding",
    "cutting-words": "corpus.stage.words",
    "looking-for-the-dictionary's-words": "corpus.stage.words",
    "looking-for-copies": "corpus.stage.copies",
    "writing": "corpus.stage.writing",
}
"""The stages of an index run, blanks as hyphens, with their names; others are shown as the server calls them."""
BAR = 12
"""Cells of the bar."""
ROOMY = 110
"""Cells of a line from which the bar is twice as long."""


class IndexSeen(Message):
    """The index was looked at."""

    def __init__(self, seen: Seen) -> None:
        super().__init__()
        self.seen = seen


class RefreshLine(Prose):
    """Stage, bar, count, rate and time left of the refresh that runs; not there while none does.

    Tells its screen of every look at the index.

    Args:
        freshness: looks at the index.
        words: the interface's words.
    """

    DEFAULT_CSS = """
    RefreshLine {
        height: 1;
        padding: 0 1;
        background: $panel;
        display: none;
    }
    """

    def __init__(self, freshness: Freshness, words: Words) -> None:
        super().__init__(id="refresh")
        self._freshness = freshness
        self._words = words

    def on_mount(self) -> None:
        self._freshness.listeners.append(self._tell)
        self.relabel()

    def on_unmount(self) -> None:
        self._freshness.listeners.remove(self._tell)

    def on_resize(self) -> None:
        self.relabel()

    def _tell(self, seen: Seen) -> None:
        self.post_message(IndexSeen(seen))

    def on_index_seen(self) -> None:
        self.relabel()

    def relabel(self) -> None:
        """Draws again, in the language of the moment."""
        index = self._freshness.index
        job = index.job if index is not None else None
        self.display = job is not None
        if job is not None:
            self.show([job_line(job, self._words, max(self.size.width, 20))])


def job_line(job: JobOut, words: Words, width: int) -> Paragraph:
    """A running refresh in one line of at most `width` cells; what matters less is left out first."""
    key = STAGES.get(job.stage.replace(" ", "-"))
    name = words(key) if key is not None else clip(job.stage, 20)
    head = " · ".join(part for part in (words("corpus.refreshing"), name) if part)
    if not job.total:
        return Paragraph(clip(head, width), "meta")
    share = min(max(job.done / job.total, 0.0), 1.0)
    details = [f"{int(100 * share)}%", f"{job.done:,}/{job.total:,}"]
    if job.seconds_left is not None:
        details.append(time_left(job.seconds_left, words))
    if job.rate:
        details.append(words("corpus.rate", count=f"{job.rate:,.0f}"))
    bar = BAR if width < ROOMY else 2 * BAR
    head = clip(head, max(width - bar - 8, 10))
    text, filled, start = f"{head} {'━' * bar} {details[0]}", round(bar * share), len(head) + 1
    for detail in details[1:]:
        if cells(text) + cells(detail) + 3 <= width:
            text += f" · {detail}"
    looks = (Touch(start, start + filled, "mark"), Touch(start + filled, start + bar, "rule"))
    return Paragraph(clip(text, width), "meta", touches=tuple(look for look in looks if look.start < look.end))


def time_left(seconds: float, words: Words) -> str:
    """About how long something will still take."""
    if seconds < 90:
        return words("corpus.left.seconds", count=max(round(seconds), 1))
    return words("corpus.left.minutes", count=round(seconds / 60))


def changes_in_words(changes: ChangesOut, words: Words) -> str:
    """What a newer generation changed."""
    told = words("corpus.changes", added=changes.added, removed=changes.removed)
    others = changes.changed + changes.moved
    return words("corpus.changes.others", changes=told, changed=others) if others else told


def announce(app: App[object], words: Words, seen: Seen) -> None:
    """Says over the screen that a newer generation is live, or how a refresh ended that made none."""
    ended, index = seen.ended, seen.index
    if seen.is_new:
        changes = index.changes
        if changes is not None and seen.before is not None and changes.since == seen.before.generation:
            notice(app, words, "corpus.news", changes=changes_in_words(changes, words))
        else:  # several generations came at once, or the server was started anew
            notice(app, words, "corpus.news.count", count=f"{index.counts.articles:,}")
    elif ended is not None and ended.problem is not None:
        problem = ended.problem
        notice(*(app, words, "corpus.failed"), severity="error", detail=problem.detail, hint=problem.hint or "")
    elif ended is not None and ended.report is not None and not ended.report.changed:
        notice(app, words, "corpus.unchanged", count=f"{index.counts.articles:,}")
