"""The index's words for the terminal UI, which knows nothing of the library: what it searches its conversations by."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tui.history.folding import Analysis


def load_analysis() -> Analysis:
    """Folding and words as the index makes them; loads its dictionary, so it is called when something is searched."""
    from rag.index.text.terms import TERMS_VERSION, fold, words
    from tui.history.folding import Analysis

    return Analysis(fold, words, f"terms-{TERMS_VERSION}")
