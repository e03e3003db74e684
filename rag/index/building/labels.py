"""What tells a generation that was made by the rules of today from one that was not."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

import rag.corpus
import rag.index.text
from rag.index.text.chunking import ChunkRules
from rag.index.text.terms import TERMS_VERSION


@cache
def splitter_label() -> str:
    """Digest of the code that cuts pages into articles and chunks: when it changes, everything is split again."""
    files = [
        *sorted(Path(rag.corpus.__path__[0]).rglob("*.py")),
        *(Path(rag.index.text.__path__[0]) / name for name in ("chunking.py", "sentences.py")),
    ]
    digest = hashlib.sha256(ChunkRules().label.encode())
    for file in files:
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def terms_label() -> str:
    """The rules that made the terms, in one word."""
    return str(TERMS_VERSION)
