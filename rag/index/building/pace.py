"""The progress of one stage of an index run: how fast it goes, and how long it will still take."""

from __future__ import annotations

import time
from collections.abc import Callable

from rag.types import Progress


class Pace:
    """Tells the progress of a stage with its rate and the time left.

    Args:
        report: is told.
        stage: a short English verb phrase.
        total: units that are to be done; 0 where that is not known.
        weight: the work that all units are together, where some are more work than others; unset: one each.
    """

    def __init__(self, report: Callable[[Progress], None], stage: str, total: int, weight: float | None = None) -> None:
        self._report = report
        self._stage = stage
        self._total = total
        self._weight = total if weight is None else weight
        self._began = time.perf_counter()

    def tell(self, done: int, weight: float | None = None, detail: str = "") -> None:
        """Tells that `done` units, `weight` of the work, are behind us."""
        taken = time.perf_counter() - self._began
        behind = done if weight is None else weight
        left = taken * (self._weight - behind) / behind if behind and self._total else None
        self._report(Progress(self._stage, done, self._total, done / taken if done and taken else 0.0, left, detail))
