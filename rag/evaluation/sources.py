"""The corpus as it lies on disk, read again beside the index: citations are checked against it and not against the
index, which could be wrong in the same way as what it answers."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from rag.corpus.files import read_corpus, read_pages
from rag.errors import InputError
from rag.evaluation.scoring import Place, squeeze
from rag.types import Page, Span


class Sources:
    """The texts of a corpus by source. Nothing is read before it is asked for.

    Args:
        corpus: the folder or file that the index was built from.
    """

    def __init__(self, corpus: Path) -> None:
        self._corpus = corpus
        self._squeezed: dict[str, str] = {}

    @cached_property
    def texts(self) -> dict[str, str]:
        """Source → text as decoded, in the order of the sources.

        Raises:
            CorpusError: the corpus is not there any more, or cannot be read.
        """
        seen: dict[str, str] = {}
        pages = (
            page
            for file in read_corpus(self._corpus).files
            for page in read_pages(file, seen)
            if isinstance(page, Page)
        )
        found = {page.source: page.text for page in pages}
        return dict(sorted(found.items()))

    def at(self, source: str, spans: Iterable[Span]) -> str:
        """The characters at source spans, white space left out; empty for a source that is gone."""
        text = self.texts.get(source, "")
        return squeeze("".join(text[start:end] for start, end in spans))

    def find(self, evidence: str) -> frozenset[Place]:
        """Where the characters of a piece of evidence stand, in the first source that holds it; white space is ignored.

        Returns:
            Nothing when no source holds it.
        """
        wanted = squeeze(evidence)
        for source, text in self.texts.items():
            if source not in self._squeezed:
                self._squeezed[source] = squeeze(text)
            start = self._squeezed[source].find(wanted) if wanted else -1
            if start >= 0:
                offsets = [offset for offset, character in enumerate(text) if not character.isspace()]
                return frozenset((source, offset) for offset in offsets[start : start + len(wanted)])
        return frozenset()


def places_at(source: str, spans: Iterable[Span]) -> set[Place]:
    """Every character that source spans cover."""
    return {(source, offset) for start, end in spans for offset in range(start, end)}


class GoldArticles:
    """Which article each character of a page belongs to, by a file of known articles.

    Args:
        spans: source → (article id, its spans).
    """

    def __init__(self, spans: dict[str, list[tuple[str, list[Span]]]]) -> None:
        self._spans = spans

    @classmethod
    def read(cls, path: Path) -> GoldArticles:
        """Reads a `.jsonl` file with `article_id`, `source` and `spans` on each line.

        Raises:
            InputError: the file cannot be read, or a line is not such an object; it is named.
        """
        hint = 'Give a .jsonl file with "article_id", "source" and "spans" on each line.'
        try:
            lines = path.read_text(encoding="utf-8").split("\n")
        except (OSError, ValueError) as error:
            raise InputError(f"cannot read the known articles in {path}: {error}", hint=hint) from error
        known: dict[str, list[tuple[str, list[Span]]]] = {}
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                entry: Any = json.loads(line)
                spans = [(int(start), int(end)) for start, end in entry["spans"]]
                known.setdefault(str(entry["source"]), []).append((str(entry["article_id"]), spans))
            except (ValueError, KeyError, TypeError) as error:
                raise InputError(f"{path}:{number} is no known article: {error!r}", hint=hint) from error
        return cls(known)

    def holding(self, source: str, spans: Sequence[Span]) -> str | None:
        """The article that holds most of the characters at the spans; None where no known one does."""
        held: Counter[str] = Counter()
        for article_id, parts in self._spans.get(source, []):
            held[article_id] += sum(
                max(0, min(end, stop) - max(start, begin)) for start, end in spans for begin, stop in parts
            )
        article_id, most = next(iter(held.most_common(1)), ("", 0))
        return article_id if most else None
