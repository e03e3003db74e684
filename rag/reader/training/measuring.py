"""How well a reader finds answers, and knows where there is none, over examples that it was not trained on."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from rag.index.text.sentences import split_sentences
from rag.reader.pairs import PairEncoder
from rag.reader.reader import Reading
from rag.reader.training.examples import Example, Examples
from rag.reader.training.fitting import Drawn, ReaderModel, drawn, scores_of

BATCH = 32


@dataclass(frozen=True, slots=True)
class Figures:
    """Shares in [0, 1]."""

    exact: float
    """Of the answered examples: the best span is the known answer to the letter."""
    sentence: float
    """Of the answered examples: the best span starts in the answer's sentence."""
    told_apart: dict[str, float]
    """By the way an unanswered example was made: how often an answered one has the greater margin (AUC)."""
    examples: int


def held_out(examples: Examples, pairs: PairEncoder, seed: int) -> list[tuple[str, Example, Drawn]]:
    """One example of every way for each question: `answered`, `removed`, `elsewhere`, `swapped`."""
    generator = random.Random(seed)  # noqa: S311  # reproducible, and nothing is secret
    kept = []
    for way, example in examples.of_every_way(generator):
        tokens = drawn(example, pairs)
        if tokens is not None:
            kept.append((way, example, tokens))
    return kept


def measure(reader: ReaderModel, examples: Sequence[tuple[str, Example, Drawn]]) -> Figures:
    """Figures over examples of all ways."""
    reader.eval()
    margins: dict[str, list[float]] = {}
    exact, same = [], []
    ordered = sorted(examples, key=lambda example: len(example[2].pair.ids))
    for at in range(0, len(ordered), BATCH):
        batch = ordered[at : at + BATCH]
        with torch.no_grad():
            scores = scores_of(reader, [tokens for _, _, tokens in batch]).numpy()
        for row, (way, example, tokens) in zip(scores, batch, strict=True):
            margin, span = Reading(tokens.pair, row[:, 0], row[:, 1]).answer_in(0, len(example.text))
            margins.setdefault(way, []).append(margin)
            if example.answer is not None:
                exact.append(example.text[slice(*span)].strip() == example.text[slice(*example.answer)].strip())
                same.append(_sentence_at(example.text, span[0]) == _sentence_at(example.text, example.answer[0]))
    answered = np.array(margins.pop("answered"))
    told_apart = {way: float(np.mean(answered[:, None] > np.array(values))) for way, values in margins.items()}
    return Figures(float(np.mean(exact)), float(np.mean(same)), told_apart, len(examples))


def _sentence_at(text: str, position: int) -> int:
    return next((number for number, (_, end) in enumerate(split_sentences(text)) if position < end), -1)
