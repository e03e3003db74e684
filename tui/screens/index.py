"""The state of the index: what is loaded, the refresh that runs or ended last, and what of the corpus was left out."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen

from tui.i18n import Words
from tui.remote.freshness import Freshness
from tui.text.glyphs import clip
from tui.widgets.corpus.refresh import changes_in_words, job_line
from tui.widgets.prose import Paragraph, Prose

if TYPE_CHECKING:
    from server.schemas import IndexOut, JobOut

SKIPPED = 200
"""Things left out that are named; more of them nobody reads here, and `wenbao status` lists all."""


class IndexScreen(ModalScreen[None]):
    """Tells all that is known of the index; any of its keys closes it.

    Args:
        words: the interface's words.
        freshness: looks at the index.
    """

    DEFAULT_CSS = """
    IndexScreen {
        align: center middle;
        #index {
            width: 84;
            max-width: 100%;
            height: auto;
            max-height: 100%;
            padding: 1 2;
            border: round $accent;
            background: $surface;
            border-title-color: $text-accent;
            border-subtitle-color: $text-muted;
        }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,i,enter", "dismiss", show=False)]

    def __init__(self, words: Words, freshness: Freshness) -> None:
        super().__init__()
        self._words = words
        self._freshness = freshness

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="index"):
            yield Prose(id="index-text")

    def on_mount(self) -> None:
        self._freshness.listeners.append(self._tell)
        self.relabel()

    def on_unmount(self) -> None:
        self._freshness.listeners.remove(self._tell)

    def on_click(self, event: events.Click) -> None:
        if self.get_widget_at(*event.screen_offset)[0] is self:
            self.dismiss()

    def _tell(self, seen: object) -> None:  # noqa: ARG002  # the listeners' signature
        self.call_later(self.relabel)

    def on_resize(self) -> None:
        self.relabel()

    def relabel(self) -> None:
        """Draws again, in the language of the moment."""
        frame = self.query_one("#index")
        frame.border_title = Content(self._words("corpus.index"))
        frame.border_subtitle = Content(self._words("key.close").join(("Esc ", "")))
        index = self._freshness.index
        paragraphs = state_paragraphs(index, self._words, frame.size.width or 78) if index is not None else []
        self.query_one(Prose).show(paragraphs or [Paragraph(self._words("corpus.unknown"), "note")])


def state_line(index: IndexOut, words: Words, width: int) -> Paragraph:
    """The index in one line; what matters less comes last and is cut off first."""
    name = words("index.sample") if index.is_sample else _last_part(index.corpus)
    counts = words("corpus.counts", articles=f"{index.counts.articles:,}", sources=f"{index.counts.sources:,}")
    parts = [words("corpus.title"), name, counts, words("corpus.built", time=_local(index.created))]
    if index.skipped:
        parts.append(words("corpus.skipped", count=f"{len(index.skipped):,}"))
    if index.watched:
        parts.append(words("corpus.watched"))
    return Paragraph(clip(" · ".join(parts), width), "meta")


def state_paragraphs(index: IndexOut, words: Words, width: int) -> list[Paragraph]:
    """All that is known of the index, a line each."""
    counts = index.counts
    facts = [
        ("corpus.fact.corpus", words("index.sample") if index.is_sample else index.corpus),
        ("corpus.fact.generation", index.generation or words("corpus.none_loaded")),
        ("corpus.fact.built", _local(index.created)),
        (
            "corpus.fact.counts",
            words(
                "corpus.all_counts",
                articles=f"{counts.articles:,}",
                sources=f"{counts.sources:,}",
                chunks=f"{counts.chunks:,}",
                characters=f"{counts.characters:,}",
            ),
        ),
        ("corpus.fact.model", " ".join(part for part in (index.model, index.model_fingerprint) if part)),
        ("corpus.fact.watched", words("corpus.yes" if index.watched else "corpus.no")),
    ]
    if index.changes is not None:
        facts.append(("corpus.fact.changes", changes_in_words(index.changes, words)))
    paragraphs = [_fact(words(key), value) for key, value in facts if value]
    if index.problem is not None:
        paragraphs.append(Paragraph(f"{index.problem.detail} {index.problem.hint or ''}".strip(), "error", gap=1))
    if index.job is not None:
        paragraphs += [Paragraph(words("corpus.running"), "subhead", gap=1), job_line(index.job, words, width)]
    if index.last_job is not None:
        paragraphs += [Paragraph(words("corpus.last"), "subhead", gap=1), *_ended(index.last_job, words)]
    paragraphs.append(Paragraph(words("corpus.left_out", count=f"{len(index.skipped):,}"), "subhead", gap=1))
    paragraphs += [_fact(one.where, one.reason) for one in index.skipped[:SKIPPED]]
    if len(index.skipped) > SKIPPED:
        paragraphs.append(Paragraph(words("corpus.left_out.more", count=f"{len(index.skipped) - SKIPPED:,}"), "note"))
    return paragraphs


def _ended(job: JobOut, words: Words) -> list[Paragraph]:
    """How a refresh ended."""
    paragraphs = [_fact(words("corpus.fact.ended"), _local(job.finished))]
    if job.problem is not None:
        paragraphs.append(Paragraph(words("corpus.failed", detail=job.problem.detail, hint=""), "error"))
        if job.problem.hint:
            paragraphs.append(Paragraph(words("error.hint", hint=job.problem.hint), "hint", rest=2))
    report = job.report
    if report is not None:
        told = {name: f"{getattr(report, name):,}" for name in ("embedded", "kept", "removed")}
        key = "corpus.report" if report.changed else "corpus.report.unchanged"
        paragraphs.append(Paragraph(words(key, **told, seconds=f"{report.seconds:.1f}"), "body"))
    return paragraphs


def _fact(name: str, value: str) -> Paragraph:
    return Paragraph(f"{name}  {value}", "meta", rest=2)


def _local(moment: str | None) -> str:
    """A moment of the wire in the reader's time, to the minute."""
    if not moment:
        return ""
    try:
        return f"{datetime.fromisoformat(moment).astimezone():%Y-%m-%d %H:%M}"
    except ValueError:
        return moment


def _last_part(path: str) -> str:
    return path.replace("\\", "/").rstrip("/").rsplit("/", 1)[-1] or path
