"""What a run measured, with everything that is needed to repeat it: printed as JSON, kept in a file, read back."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError, computed_field

from rag.errors import InputError, WriteError
from rag.evaluation.figures import Figures, figures_by_type, figures_over_all
from rag.evaluation.measuring import Options, Outcome
from rag.types import Counts, Skipped

DIGITS = 4
"""Of a figure in a report; comparing takes the marks and not the figures."""


class Measured(BaseModel):
    """The index that was asked."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    generation: str
    model: str
    model_fingerprint: str
    corpus: str
    counts: Counts


class Report(BaseModel):
    """One run. `types` and `total` follow from `outcomes`; readers that want figures need nothing else."""

    model_config = ConfigDict(frozen=True)

    format: Literal[1] = 1
    wenbao: str
    """The version that measured."""
    file: str
    digest: str
    """SHA-256 of the question file."""
    limit: int | None
    seed: int
    options: Options
    index: Measured
    seconds: float
    interrupted: bool = False
    """Broken off before all questions were asked."""
    pooled: bool = True
    """False where `type` is the mode in which the same queries were searched: figures over all types say nothing."""
    outcomes: tuple[Outcome, ...]
    skipped: tuple[Skipped, ...] = ()
    """What there is to mend in the file: lines that were left out, and why."""

    @computed_field  # type: ignore[prop-decorator]  # pydantic's own way
    @property
    def types(self) -> dict[str, Figures]:
        """Type → its figures."""
        return {name: _rounded(figures) for name, figures in figures_by_type(self.outcomes).items()}

    @computed_field  # type: ignore[prop-decorator]
    @property
    def total(self) -> Figures:
        """The figures over all questions."""
        return _rounded(figures_over_all(self.outcomes))


def save_report(report: Report, path: Path) -> None:
    """Writes a report whole or not at all.

    Raises:
        WriteError: it cannot be written there.
    """
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        aside.write_text(report.model_dump_json(indent=1) + "\n", encoding="utf-8")
        aside.replace(path)
    except OSError as error:
        aside.unlink(missing_ok=True)
        raise WriteError(
            f"cannot write {path}: {error.strerror or error}", hint="Name a file in a folder that you may write to."
        ) from error


def read_report(path: Path) -> Report:
    """Reads a report that `save_report` wrote.

    Raises:
        InputError: the file cannot be read, or is no report.
    """
    hint = "Give a file that `wenbao eval FILE --save` wrote."
    try:
        return Report.model_validate_json(path.read_bytes())
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror or error}", hint=hint) from error
    except ValidationError as error:
        problem = error.errors()[0]
        field = ".".join(str(part) for part in problem["loc"]) or "the file"
        raise InputError(f"{path} is no saved report: {field}: {problem['msg']}", hint=hint) from error


def _rounded(figures: Figures) -> Figures:
    return {name: round(value, DIGITS) for name, value in figures.items()}
