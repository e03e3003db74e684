"""What the gate says of a sentence."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from rag.answering.wording.composing import Quote


class FlawKind(StrEnum):
    """Why a sentence fails."""

    NO_PASSAGE = "no passage"
    NUMBER = "number"
    DATE = "date"
    NAME = "name"
    PLACE = "place"
    MISPLACED = "misplaced"
    """The number or name is in the passage, but said of something else."""
    NEGATED = "negated"
    FAR = "far"
    LANGUAGE = "language"
    """It is not in the question's language."""


@dataclass(frozen=True, slots=True)
class Flaw:
    """One thing that a sentence says and its passages do not."""

    kind: FlawKind
    text: str
    """The piece of the sentence."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the gate found."""

    flaws: tuple[Flaw, ...]
    quotes: tuple[Quote, ...]
    """What of the passages comes nearest to the sentence; where nothing is flawed, its support."""
    coverage: float
    """Share of the sentence's words in the quotations, in [0, 1]."""
    similarity: float
    """Closeness of the embeddings, stretched to [0, 1]; 0 where it was not computed."""

    @property
    def passed(self) -> bool:
        return not self.flaws
