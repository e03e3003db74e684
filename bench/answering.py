"""Picking the sentence that answers, inside the passage that is known to hold it; and fitting the weights for it.

    python -m bench.answering --questions QUESTIONS.jsonl[.gz] --corpus RECORDS.jsonl[.gz] [--limit 300] [--fit]

Each line of QUESTIONS has a `question`, its passages' `article_ids` and `answers`; the corpus is a file of records. A
sentence is right when it holds one of the answers, both folded and without punctuation. Words weigh by how many records
of the corpus hold them, so give the whole corpus even with a limit. `--fit` fits the weights of a softmax over the
sentences of a passage, scores them by five-fold cross-validation, and prints those fitted on all questions; it changes
no file. Nothing is downloaded.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import cast

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from bench.common import Asked, at_least_one, print_table, read_questions, run
from rag.answering.finding.evidence import (
    MAX_SENTENCES,
    Evidence,
    EvidenceFinder,
    Query,
    Weights,
    asks_for_author,
    make_query,
)
from rag.answering.reading.question import parse_question
from rag.corpus.articles import split_page
from rag.corpus.files import read_corpus, read_pages
from rag.embedding import model
from rag.embedding.base import Embedder
from rag.errors import InputError
from rag.index.legs.keyword_index import KeywordIndex, TermCounts
from rag.index.storage.generation import Generation
from rag.index.text.analyzer import Analyzer
from rag.index.text.terms import fold, terms
from rag.types import Article, BlockRole, Page

FOLDS = 5
DECAY = 0.5
"""Of the squared weights in the loss: it keeps signals that hardly occur from growing without bound."""
SIGNALS = tuple(field.name for field in fields(Weights))

_HEADINGS = (BlockRole.TITLE, BlockRole.KICKER, BlockRole.BANNER, BlockRole.SUBHEAD)

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Case:
    """A question with the sentences of its passage."""

    signals: Array
    """(sentences, signals): what each weight of `Weights` is multiplied with, in the order of `SIGNALS`."""
    right: NDArray[np.bool_]
    """(sentences,): true for those that hold an answer; at least one."""


@dataclass(frozen=True, slots=True)
class Cases:
    """What could be measured, and what could not."""

    cases: list[Case]
    without_passage: int
    """Questions whose article the corpus lacks, or that give no answer."""
    without_sentence: int
    """Questions whose answer stands in no single sentence of the passage."""


@dataclass(frozen=True, slots=True)
class _Words:
    """The parts of a generation that weighing a question's words asks for."""

    words: KeywordIndex
    analyzer: Analyzer = field(default_factory=Analyzer)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measures and prints; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.answering", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--questions", type=Path, required=True, help="lines with `question`, `article_ids` and `answers`"
    )
    parser.add_argument("--corpus", type=Path, required=True, help="the records, .jsonl or .jsonl.gz")
    parser.add_argument("--limit", type=at_least_one, help="a fixed draw of so many questions (all)")
    parser.add_argument("--fit", action="store_true", help="fit the weights anew, cross-validated")
    options = parser.parse_args(arguments)
    return run(lambda: measure(options.questions, options.corpus, options.limit, options.fit))


def measure(questions: Path, corpus: Path, limit: int | None, with_fit: bool) -> None:
    """Scores the sentences of each question's passage and prints how often the first, or one of two, is right.

    Raises:
        InputError: the questions cannot be read, or none of them can be measured.
        CorpusError: the corpus cannot be read.
    """
    asked, empty = read_questions(questions, limit)
    found = collect(asked, read_articles(corpus), model.open_embedder(model.BUNDLED))
    cases = found.cases
    if not cases:
        raise InputError(
            f"no question in {questions} has an answer in a sentence of its article in {corpus}",
            hint="The `article_ids` of the questions must be the `id`s of the records.",
        )
    print(
        f"{len(cases)} questions, {sum(len(case.right) for case in cases) / len(cases):.1f} sentences a passage; left "
        f"out: {empty} empty, {found.without_passage} without passage or answer, {found.without_sentence} whose answer "
        "stands in no one sentence\n"
    )
    shipped = as_vector(Weights())
    rows = [_row("words alone", cases, as_vector(only("coverage"))), _row("all signals, as shipped", cases, shipped)]
    if with_fit and len(cases) >= FOLDS:
        rows.append(["all signals, cross-validated", *_percent(cross_validated(cases))])
    print_table(["way", "first right", "right within two"], rows)
    if with_fit:
        _print_weights(fit(cases))


def read_articles(corpus: Path) -> dict[str, Article]:
    """The articles of a corpus by their ids."""
    pages = (page for file in read_corpus(corpus).files for page in read_pages(file) if isinstance(page, Page))
    return {article.article_id: article for page in pages for article in split_page(page)}


def collect(asked: Sequence[Asked], articles: dict[str, Article], embedder: Embedder) -> Cases:
    """The questions whose passage and answer are there, every sentence embedded."""
    counts = TermCounts.of_texts([terms(article.text) for article in articles.values()])
    generation = cast("Generation", _Words(KeywordIndex.build(counts)))
    finder = EvidenceFinder(embedder)
    cases: list[Case] = []
    without_passage = without_sentence = 0
    for one in asked:
        passages = [(articles[name], 1.0) for name in one.article_ids if name in articles]
        answers = [answer for answer in map(_plain, one.answers) if answer]
        if not passages or not answers:
            without_passage += 1
            continue
        query = make_query(parse_question(one.question), generation, embedder)
        # In reading order: of sentences that score alike the earlier one is taken, whatever the weights.
        evidences = sorted(
            finder.find(query, passages, reranked=MAX_SENTENCES),
            key=lambda evidence: (evidence.sentence.article.article_id, evidence.sentence.start),
        )
        texts = [_plain(evidence.sentence.text) for evidence in evidences]
        right = np.array([any(answer in text for answer in answers) for text in texts], bool)
        if right.any():
            cases.append(Case(np.array([signals_of(query, evidence) for evidence in evidences]), right))
        else:
            without_sentence += 1
    return Cases(cases, without_passage, without_sentence)


def signals_of(query: Query, evidence: Evidence) -> list[float]:
    """What each weight is multiplied with, so that the sum over them is `Evidence.score`; as in `SIGNALS`."""
    question, role = query.question, evidence.sentence.role
    author = 1.0 if asks_for_author(question) else -1.0
    values = {
        "coverage": evidence.coverage,
        "context": evidence.context,
        "similarity": evidence.similarity,
        "both": evidence.coverage * evidence.similarity,
        "prior": evidence.prior,
        "focus": float(evidence.focused),
        "headline": float(role in _HEADINGS),
        "byline": author if role is BlockRole.BYLINE else 0.0,
    }
    for kind in ("measured", "person", "named"):
        values[kind] = only(kind).of_expected(question.expected) if evidence.expected else 0.0
    return [values[name] for name in SIGNALS]


def only(name: str) -> Weights:
    """Weights by which one signal alone counts."""
    return replace(Weights(**dict.fromkeys(SIGNALS, 0.0)), **{name: 1.0})


def as_vector(weights: Weights) -> Array:
    """(signals,), in the order of `SIGNALS`."""
    return np.array([asdict(weights)[name] for name in SIGNALS])


def fit(cases: Sequence[Case]) -> Array:
    """(signals,) the weights by which a softmax over each passage's sentences gives the right ones most.

    The coverage's is brought to 1, as in `Weights`. A signal that is alike for all sentences of every passage says
    nothing here and keeps its shipped weight.
    """
    shipped = as_vector(Weights())
    varies = np.any([np.ptp(case.signals, axis=0) > 0 for case in cases], axis=0)
    if not varies[SIGNALS.index("coverage")]:
        raise InputError("no two sentences differ in the question's words", hint="Give more questions to fit on.")

    def loss(weights: Array) -> tuple[float, Array]:
        total, gradient = DECAY * float(weights @ weights) / 2, DECAY * weights
        for case in cases:
            signals = case.signals[:, varies]
            chances = _softmax(signals @ weights)
            # The loss is the surprise that one of the right sentences is drawn.
            hit = float(chances[case.right].sum()) + 1e-12
            total -= float(np.log(hit))
            gradient = gradient - (chances * case.right / hit - chances) @ signals
        return total, gradient

    fitted = shipped.copy()
    fitted[varies] = minimize(loss, shipped[varies], jac=True, method="L-BFGS-B").x
    scale = fitted[SIGNALS.index("coverage")]
    if scale <= 0:
        raise InputError("the question's words speak against its answers here", hint="Give more questions to fit on.")
    fitted[varies] /= scale
    return fitted


def cross_validated(cases: Sequence[Case]) -> tuple[float, float]:
    """As `accuracy`, each fifth of the cases by weights fitted on the others."""
    hits: list[tuple[bool, bool]] = []
    for fold_number in range(FOLDS):
        others = [case for number, case in enumerate(cases) if number % FOLDS != fold_number]
        weights = fit(others)
        hits += [_hit(case, weights) for number, case in enumerate(cases) if number % FOLDS == fold_number]
    return _shares(hits)


def accuracy(cases: Sequence[Case], weights: Array) -> tuple[float, float]:
    """Share of the cases whose best sentence is right, and of those where one of the best two is."""
    return _shares([_hit(case, weights) for case in cases])


def _hit(case: Case, weights: Array) -> tuple[bool, bool]:
    order = np.argsort(-(case.signals @ weights), kind="stable")
    return bool(case.right[order[0]]), bool(case.right[order[:2]].any())


def _shares(hits: Sequence[tuple[bool, bool]]) -> tuple[float, float]:
    first, two = np.mean(hits, axis=0)
    return float(first), float(two)


def _softmax(scores: Array) -> Array:
    powers = np.exp(scores - scores.max())
    chances: Array = powers / powers.sum()
    return chances


def _plain(text: str) -> str:
    """Folded, without punctuation and blanks."""
    return re.sub(r"[\W_]+", "", fold(text))


def _percent(shares: tuple[float, float]) -> list[str]:
    return [f"{share:.3f}" for share in shares]


def _row(way: str, cases: Sequence[Case], weights: Array) -> list[str]:
    return [way, *_percent(accuracy(cases, weights))]


def _print_weights(fitted: Array) -> None:
    print("\nfitted on all of them:\n")
    shipped = as_vector(Weights())
    rows = [[name, f"{old:.2f}", f"{new:.2f}"] for name, old, new in zip(SIGNALS, shipped, fitted, strict=True)]
    print_table(["signal", "shipped", "fitted"], rows)


if __name__ == "__main__":
    raise SystemExit(main())
