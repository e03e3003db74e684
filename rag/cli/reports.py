"""What an index run did, or would do, in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from rag.cli.output import skipped_lines, write, write_json
from rag.steering import one_line

if TYPE_CHECKING:
    from rag.settings import Settings
    from rag.types import ArticleChange, IndexPlan, IndexReport, Skipped

_LISTED = 40
"""Articles that a dry run names on the screen."""
_MARKS = {"added": "+", "changed": "~", "moved": ">", "removed": "-"}


def show_report(report: IndexReport, before: IndexReport | None, settings: Settings, as_json: bool) -> None:
    """Prints a report: whole, or as a line when one was printed before."""
    if as_json:
        from server.schemas import ReportOut

        write_json(ReportOut.from_report(report))
    elif before is None:
        write("\n".join(_lines(report, settings)))
    else:
        write("\n".join(_short_lines(report, before)))


def show_plan(plan: IndexPlan, settings: Settings, as_json: bool) -> None:
    """Prints what a run would do."""
    if as_json:
        from server.schemas import PlanOut

        write_json(PlanOut.from_plan(plan))
    else:
        write("\n".join(_plan_lines(plan, settings)))


def _plan_lines(plan: IndexPlan, settings: Settings) -> list[str]:
    name = _name(settings)
    if not plan.changed:
        return [f"nothing has changed in {name}", *_skipped(plan.skipped)]
    counts: Counter[str] = Counter(change.kind for change in plan.articles)
    kinds = ", ".join(f"{counts[kind]:,} {kind}" for kind in _MARKS)
    lines = [f"{_MARKS[change.kind]} {_change(change)}" for change in plan.articles[:_LISTED]]
    rest = len(plan.articles) - len(lines)
    return [
        f"of {name}, articles: {kinds}",
        *lines,
        *([f"… and {rest:,} more; --json names them all"] if rest else []),
        f"passages: {plan.embedded:,} to embed, {plan.kept:,} to keep, {plan.removed:,} to remove, "
        f"{plan.tokenized:,} to cut into words",
        "this was a dry run: nothing has been written",
        *_skipped(plan.skipped),
    ]


def _change(change: ArticleChange) -> str:
    title = f" · {change.title}" if change.title else ""
    return one_line(f"{change.was} → {change.source}{title}" if change.was else f"{change.source}{title}")


def _name(settings: Settings) -> str:
    return "the built-in sample" if settings.sample_corpus else str(settings.corpus_path)


def _skipped(skipped: Sequence[Skipped]) -> list[str]:
    return [*([f"{len(skipped):,} skipped:"] if skipped else []), *skipped_lines(skipped)]


def _lines(report: IndexReport, settings: Settings) -> list[str]:
    counts = report.counts
    name = _name(settings)
    done = f"indexed {name} in {report.seconds:.1f} s" if report.changed else f"nothing has changed in {name}"
    return [
        done,
        f"{counts.sources:,} files, {counts.articles:,} articles, {counts.chunks:,} passages, "
        f"{counts.characters:,} characters",
        f"passages: {report.embedded:,} embedded, {report.kept:,} kept, {report.removed:,} removed, "
        f"{report.tokenized:,} cut into words",
        f"generation {report.generation} in {settings.vectors}",
        *_skipped(report.skipped),
    ]


def _short_lines(report: IndexReport, before: IndexReport) -> list[str]:
    """A line on a refresh, and one for everything that was not left out before."""
    counts, new = report.counts, set(report.skipped) - set(before.skipped)
    return [
        f"{datetime.now():%H:%M:%S} indexed in {report.seconds:.1f} s: {counts.sources:,} files, "
        f"{counts.articles:,} articles; passages: {report.embedded:,} embedded, {report.kept:,} kept, "
        f"{report.removed:,} removed; generation {report.generation}",
        *skipped_lines(skipped for skipped in report.skipped if skipped in new),
    ]
