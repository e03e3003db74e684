"""The questions of the built-in sample, measured once."""

from __future__ import annotations

from pathlib import Path

import pytest

from rag.evaluation.measuring import Measurement, Options, Outcome
from rag.evaluation.questions import QuestionFile, read_questions
from rag.evaluation.sources import Sources
from rag.library import Library
from rag.settings import sample_path

QUESTIONS = sample_path().parent / "questions.jsonl"


@pytest.fixture(scope="session")
def sample_questions() -> QuestionFile:
    return read_questions(QUESTIONS)


@pytest.fixture(scope="session")
def sample_outcomes(sample_library: Library, sample_questions: QuestionFile) -> list[Outcome]:
    """What every question of the sample came to."""
    measurement = Measurement(sample_library, Sources(sample_path()), Options())
    measurement.run(sample_questions.items)
    assert not measurement.skipped
    return measurement.outcomes


def write_lines(path: Path, *lines: str) -> Path:
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path
