"""A question and a passage as one input of the reader, with the characters that each piece of the passage stands for.

The embedding model's tokenizer cuts folded text and keeps no offsets. Here the passage is folded character by
character, so that every piece leads back to the characters of the page.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from rag.embedding.pieces import PieceEncoder
from rag.types import Span

MAX_TOKENS = 384
MAX_QUESTION = 64
MAX_HEADING = 48
"""Tokens; what is longer is cut at its end."""
_BLANK = "▁"


@dataclass(frozen=True, slots=True)
class Pair:
    """One input of the reader."""

    ids: list[int]
    """The first token stands for 'the passage does not say'."""
    first: int
    """Where the passage's tokens begin."""
    ranges: list[Span]
    """Characters of the passage that each of its tokens stands for; a token of a blank alone has an empty range."""


class PairEncoder:
    """Cuts questions and passages as the bundled model's tokenizer does. Safe to use from several threads."""

    def __init__(self, pieces: PieceEncoder) -> None:
        self._pieces = pieces
        self._fold = lru_cache(maxsize=20_000)(pieces.fold)
        self._begin, self._end = pieces.before, pieces.after

    def encode(self, question: str, heading: str, passage: str) -> Pair:
        """`<s> question </s> heading </s> passage </s>`, cut at `MAX_TOKENS`."""
        ids = [*self._begin, *self._cut(question)[0][:MAX_QUESTION], *self._end]
        ids += [*self._cut(heading)[0][:MAX_HEADING], *self._end]
        passage_ids, ranges = self._cut(passage)
        room = MAX_TOKENS - len(ids) - len(self._end)
        return Pair([*ids, *passage_ids[:room], *self._end], len(ids), ranges[:room])

    def _cut(self, text: str) -> tuple[list[int], list[Span]]:
        folded, origin = _folded(text, self._fold)
        ids, surfaces = self._pieces.cut(folded)
        ranges: list[Span] = []
        position = 0
        for surface in surfaces:
            inside = [origin[at] for at in range(position, position + len(surface)) if origin[at] >= 0]
            ranges.append((inside[0], inside[-1] + 1) if inside else (0, 0))
            position += len(surface)
        return ids, ranges


def _folded(text: str, fold: Callable[[str], str]) -> tuple[str, list[int]]:
    """The text as the tokenizer's pieces are written, and the character of `text` behind each of its characters.

    Blanks, runs of which count once, stand for no character.
    """
    written, origin = [_BLANK], [-1]
    for index, character in enumerate(text):
        for part in fold(character):
            if part.isspace() or part == _BLANK:
                if written[-1] != _BLANK:
                    written.append(_BLANK)
                    origin.append(-1)
            else:
                written.append(part)
                origin.append(index)
    return "".join(written), origin
