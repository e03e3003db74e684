"""The figures of a run, and of two runs compared, as lines to read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from rag.cli.tables import table
from rag.evaluation.figures import figures_over_all

if TYPE_CHECKING:
    from rag.evaluation.comparison import Comparison, Turned
    from rag.evaluation.figures import Figures
    from rag.evaluation.report import Report

_COUNTS = frozenset({"n", "citations"})
_BESIDE = frozenset({"citations", "verbatim", "false_refusal", "refused_when_due", "error", "p50_ms", "p95_ms"})
"""Figures that only the whole has, told in a line below the table."""


def report_lines(report: Report) -> list[str]:
    """The table of figures by type, what only makes sense over all, and what was left out."""
    if not report.pooled:
        return _mode_lines(report)
    types, total = report.types, report.total
    columns = [name for name in total if name not in _BESIDE and name != "n"]
    header = ["type", "n", *columns]
    rows = [[name, *_cells(figures, header[1:])] for name, figures in types.items()]
    if len(types) != 1:
        rows.append(["total", *_cells(total, header[1:])])
    return [
        _head(report, len(report.outcomes)),
        "",
        *table(header, rows),
        "",
        " · ".join(f"{_words(name)} {_shown(name, total[name])}" for name in total if name in _BESIDE),
        *_errors(report),
        *([f"{_counted(len(report.skipped), 'line')} to mend:"] if report.skipped else []),
        *(f"  {line.where}: {line.reason}" for line in report.skipped),
    ]


def _mode_lines(report: Report) -> list[str]:
    """The same of queries that were searched in several modes."""
    modes = dict.fromkeys(outcome.type for outcome in report.outcomes)
    figures = {name: figures_over_all([one for one in report.outcomes if one.type == name]) for name in modes}
    columns = [name for name in next(iter(figures.values()), {}) if name not in {"n", "error"}]
    rows = [[name, *_cells(found, columns)] for name, found in figures.items()]
    counts = report.index.counts
    return [
        _head(report, len(report.outcomes) // len(modes) if modes else 0),
        f"{counts.articles:,} documents, {counts.chunks:,} passages, embedded with {report.index.model}",
        "",
        *table(["mode", *map(_words, columns)], rows),
        *_errors(report),
        *([f"{_counted(len(report.skipped), 'remark')}:"] if report.skipped else []),
        *(f"  {line.where}: {line.reason}" for line in report.skipped),
    ]


def _head(report: Report, questions: int) -> str:
    broken_off = ", broken off" if report.interrupted else ""
    return f"{report.file}: {_counted(questions, 'question')} in {report.seconds:.0f} s{broken_off}"


def comparison_lines(comparison: Comparison) -> list[str]:
    """The figures that moved, the questions that did it, and the verdict."""
    lines = ["", f"against the baseline, over {_counted(comparison.compared, 'question')} that both runs asked:"]
    if comparison.only_before or comparison.only_after:
        lines.append(f"(asked only before: {comparison.only_before:,}; only now: {comparison.only_after:,})")
    rows = [
        [
            change.type,
            change.figure,
            f"{change.before:.3f}",
            f"{change.after:.3f}",
            f"{change.after - change.before:+.3f}",
            "fell" if change.fell else "better" if change.gain > 0 else "worse, within the tolerance",
        ]
        for change in comparison.changes
    ]
    lines += ["", *table(["type", "figure", "before", "now", "difference", ""], rows)] if rows else ["no figure moved"]
    lines += [*_turned_lines("better", comparison.better), *_turned_lines("worse", comparison.worse), ""]
    fallen = comparison.fallen
    names = ", ".join(f"{change.figure} of {change.type}" for change in fallen)
    lines.append(
        f"{_counted(len(fallen), 'figure')} fell by more than {comparison.tolerance:g}: {names}"
        if fallen
        else f"no figure fell by more than {comparison.tolerance:g}"
    )
    return lines


def _cells(figures: Figures, names: Sequence[str]) -> list[str]:
    return [_shown(name, figures[name]) if name in figures else "" for name in names]


def _shown(name: str, value: float) -> str:
    if name in _COUNTS:
        return f"{value:,.0f}"
    return f"{value:,.1f}" if name.endswith("_ms") else f"{value:.3f}"


def _words(name: str) -> str:
    return name.replace("_ms", " ms").replace("_", " ")


def _errors(report: Report) -> Iterator[str]:
    for outcome in report.outcomes:
        if outcome.error:
            yield f"error {outcome.qid}: {outcome.error}"


def _turned_lines(word: str, turned: Sequence[Turned]) -> Iterator[str]:
    if turned:
        yield ""
        yield f"{_counted(len(turned), 'question')} {word}:"
    for one in turned:
        marks = ", ".join(f"{figure} {before:.2f} → {after:.2f}" for figure, (before, after) in one.marks.items())
        yield f"  {one.qid} ({one.type}): {marks} · {one.question}"


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
