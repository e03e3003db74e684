"""Two runs over the same questions: which figures moved, which fell too far, and which questions did it.

Only questions that both runs asked are compared, and both runs' figures are taken over those. Times are not compared:
they say more about the machine than about the change.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Self

from rag.errors import InputError
from rag.evaluation.figures import LESS_IS_BETTER, ORDER, Figures, figures_by_type, figures_over_all
from rag.evaluation.measuring import Outcome
from rag.evaluation.report import Report

TOTAL = "total"
TELLING = ("answer", "refusal", "support", "ndcg@10", "mrr@10", "refused", "error")
"""The marks by which a single question is called better or worse."""
_SMALLEST = 1e-9
"""Differences below it are those of adding floating-point numbers in another order."""


@dataclass(frozen=True, slots=True)
class Change:
    """A figure that moved."""

    type: str
    """`TOTAL` for the figure over all types."""
    figure: str
    before: float
    after: float
    fell: bool
    """It got worse by more than the tolerance."""

    @property
    def gain(self) -> float:
        """By how much it got better; negative where it got worse."""
        return _gain(self.figure, self.before, self.after)


@dataclass(frozen=True, slots=True)
class Turned:
    """A question that is answered otherwise than before."""

    qid: str
    question: str
    type: str
    marks: dict[str, tuple[float, float]]
    """Figure → mark before and after, of those that got better, or of those that got worse."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """What has changed from one run to the next."""

    tolerance: float
    compared: int
    """Questions that both runs asked."""
    only_before: int
    only_after: int
    changes: tuple[Change, ...]
    better: tuple[Turned, ...]
    worse: tuple[Turned, ...]

    @property
    def fallen(self) -> tuple[Change, ...]:
        """The figures that fell by more than the tolerance."""
        return tuple(change for change in self.changes if change.fell)


class ComparedReport(Report):
    """A run with its comparison, as `--json` prints it."""

    comparison: Comparison | None
    """None without a baseline."""

    @classmethod
    def of(cls, report: Report, comparison: Comparison | None) -> Self:
        """The report with one thing more."""
        fields = {name: getattr(report, name) for name in Report.model_fields}
        return cls(**fields, comparison=comparison)


def compare(before: Report, after: Report, tolerance: float) -> Comparison:
    """Compares a run with an earlier one.

    Args:
        tolerance: how far a figure may fall before it counts as fallen.

    Raises:
        InputError: no question was asked in both.
    """
    old, new = ({_key(outcome): outcome for outcome in report.outcomes} for report in (before, after))
    common = [key for key in new if key in old]
    if not common:
        raise InputError(
            f"the run that is compared with, of {before.file}, has none of the questions of {after.file}",
            hint="Compare runs of the same file, `--limit` and `--seed`.",
        )
    was, now = [old[key] for key in common], [new[key] for key in common]
    moved = _changes(was, now, tolerance)
    return Comparison(
        tolerance=tolerance,
        compared=len(common),
        only_before=len(old) - len(common),
        only_after=len(new) - len(common),
        changes=tuple(change for change in moved if after.pooled or change.type != TOTAL),
        better=tuple(_turned(was, now, 1)),
        worse=tuple(_turned(was, now, -1)),
    )


def _key(outcome: Outcome) -> tuple[str, str]:
    """A question is the same when its id and its words are."""
    return outcome.qid, outcome.question


def _changes(was: Sequence[Outcome], now: Sequence[Outcome], tolerance: float) -> Iterator[Change]:
    before, after = _all_figures(was), _all_figures(now)
    for name in after:
        for figure in ORDER:
            if figure not in before.get(name, {}) or figure not in after[name]:
                continue
            one, other = before[name][figure], after[name][figure]
            gain = _gain(figure, one, other)
            if abs(gain) > _SMALLEST:
                yield Change(name, figure, one, other, fell=gain < -tolerance - _SMALLEST)


def _all_figures(outcomes: Sequence[Outcome]) -> dict[str, Figures]:
    return figures_by_type(outcomes) | {TOTAL: figures_over_all(outcomes)}


def _turned(was: Sequence[Outcome], now: Sequence[Outcome], direction: int) -> Iterator[Turned]:
    for before, after in zip(was, now, strict=True):
        old, new = _telling(before), _telling(after)
        marks = {
            figure: (old[figure], new[figure])
            for figure in TELLING
            if figure in old and figure in new and direction * _gain(figure, old[figure], new[figure]) > _SMALLEST
        }
        if marks:
            yield Turned(after.qid, after.question, after.type, marks)


def _telling(outcome: Outcome) -> dict[str, float]:
    return outcome.marks | {"error": float(bool(outcome.error))}


def _gain(figure: str, before: float, after: float) -> float:
    return before - after if figure in LESS_IS_BETTER else after - before
