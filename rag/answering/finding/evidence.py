"""Sentences that could answer a question, scored.

A sentence is scored by a few signals: the question's words that it holds, weighted by how rare they are; the words that
it misses but its article's headline, lead, place or neighbouring sentence holds; its embedding's closeness to the
question's; and whether it holds the kind of thing, and the very noun, that is asked for. The weights were measured
(docs/answering.md).
"""

from __future__ import annotations

import re
import threading
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from rag.answering.finding.clauses import split_pieces
from rag.answering.reading.expectation import find_expected
from rag.answering.reading.question import FUNCTION_CHARACTERS, Expected, Question
from rag.answering.reading.stopwords import NOUNS_OF_ASKING, STOP_WORDS
from rag.embedding.base import Embedder
from rag.index.storage.generation import Generation
from rag.index.text.analyzer import Analyzer
from rag.index.text.sentences import split_sentences
from rag.index.text.terms import PAIR_MARK
from rag.types import Article, Block, BlockRole, Span

RERANKED = 16
"""Sentences that are embedded for each question: the best by words. One batch of them takes about 40 ms."""
HELD_SENTENCES = 10_000
"""Sentence vectors kept for the next question: 15 MB, and readers ask about the same articles."""
_FAR, _NEAR = 0.75, 0.96
"""Cosines of unrelated texts and of a sentence that repeats the question, as the bundled model gives them."""
PIECE = 110
"""Characters from which a sentence is read as several runs of clauses: only one of them answers."""
MAX_SENTENCES = 200
"""Sentences looked at in one article."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of an article, or a headline, kicker or byline of it."""

    article: Article
    role: BlockRole
    start: int
    end: int
    """`article.text[start:end]`."""
    whole: Span
    """Of a long sentence this is a run of clauses; the range of the sentence that it is part of."""

    @property
    def text(self) -> str:
        return self.article.text[self.start : self.end]


@dataclass(frozen=True, slots=True)
class Evidence:
    """A sentence with how well it answers, and the signals behind that."""

    sentence: Sentence
    score: float
    """For ordering: higher is better. A difference of 0.2 makes one sentence about 2.5 times as likely as another."""
    coverage: float
    """Share of the question's words in the sentence, by weight."""
    context: float
    """Share of the words found only in the headline, place or neighbouring sentences."""
    similarity: float
    """Cosine of question and sentence, stretched to [0, 1]; 0 where it was not computed."""
    prior: float
    """The article's retrieval score in [0, 1]."""
    expected: tuple[Span, ...]
    """Ranges of the sentence that could be what is asked for."""
    focused: bool
    """Whether the sentence holds the noun that the question asks for one of."""
    missing: tuple[str, ...]
    """Words of the question that neither the sentence nor its context holds."""
    margin: float | None = None
    """Log-odds that the sentence answers, as the trained reader sees it; None where it was not asked."""
    answer: Span | None = None
    """Characters of the article in which the reader sees the answer itself."""


@dataclass(frozen=True, slots=True)
class Weights:
    """How much each signal counts: a softmax over the sentences of an article, fitted as docs/answering.md tells."""

    coverage: float = 1.0
    context: float = 1.25
    similarity: float = 1.45
    both: float = 0.8
    """Times coverage times similarity: words and meaning confirm each other."""
    prior: float = 0.72
    focus: float = 0.45
    measured: float = 0.8
    """A number, sum, duration or date where one is asked for: recognised almost without fail."""
    person: float = 0.33
    named: float = 0.24
    """A place, organisation, name, reason or list where one is asked for: recognised roughly."""
    headline: float = -0.65
    """For headlines and kickers: they name what the article tells, and tell less."""
    byline: float = 1.5
    """For the byline where the author is asked for; as much against it elsewhere."""

    def of_expected(self, expected: Expected) -> float:
        """What it is worth that a sentence holds the kind of thing asked for."""
        if expected in (Expected.NUMBER, Expected.MONEY, Expected.DURATION, Expected.TIME, Expected.PHONE):
            return self.measured
        if expected is Expected.PERSON:
            return self.person
        return 0.0 if expected is Expected.ANY else self.named


@dataclass(frozen=True, slots=True)
class Query:
    """The words of a question with their weights."""

    question: Question
    weights: dict[str, float]
    """Word → inverse document frequency, stop words left out. Words that the corpus lacks are in it, too."""
    known: frozenset[str]
    """The words that the corpus has."""
    embedding: NDArray[np.float32] = field(repr=False)
    analyzer: Analyzer = field(repr=False)
    """Cuts text as the index was cut."""

    @property
    def total(self) -> float:
        """Sum of the weights of the words that the corpus has."""
        return sum(self.weights[word] for word in self.known)


def make_query(question: Question, generation: Generation, embedder: Embedder, topic: Iterable[str] = ()) -> Query:
    """Weighs the words of a question.

    Args:
        topic: words of the conversation that the question is about; they count half.
    """
    words = content_words(question.text, generation.analyzer)
    halves = [word for word in topic if word not in words]
    both = [*words, *halves]
    counts = dict(zip(both, generation.words.document_frequency(both).tolist(), strict=True))
    # Pairs of characters serve names that the dictionary lacks: what the corpus lacks too is no name but chance.
    kept = [word for word in both if counts[word] or not word.startswith(PAIR_MARK)]
    weights = {word: float(value) for word, value in zip(kept, generation.words.idf(kept), strict=True)}
    for word in weights:
        weights[word] /= (2 if word in halves else 1) * (2 if word.startswith(PAIR_MARK) else 1)
    return Query(
        question=question,
        weights=weights,
        known=frozenset(word for word in kept if counts[word]),
        embedding=embedder.embed_query(question.text),
        analyzer=generation.analyzer,
    )


_PLAIN = Analyzer()


def content_words(text: str, analyzer: Analyzer = _PLAIN) -> list[str]:
    """The words of a question that say what it is about, in order, each once."""
    return [
        word
        for word in dict.fromkeys(analyzer.terms(text))
        if word not in STOP_WORDS
        and word not in NOUNS_OF_ASKING
        and not (word.startswith(PAIR_MARK) and FUNCTION_CHARACTERS & set(word))
    ]


def sentences_of(article: Article, *, with_bylines: bool = False) -> list[Sentence]:
    """The sentences of an article in reading order, long ones in pieces; a headline, kicker or byline is one each.

    Args:
        with_bylines: keep the byline that opens a paragraph with the sentence that it opens.
    """
    found: list[Sentence] = []
    for block in article.blocks or (Block(BlockRole.BODY, 0, len(article.text)),):
        if block.role in (BlockRole.BODY, BlockRole.BOX):
            spans: Sequence[Span] = split_sentences(article.text, block.start, block.end)
        else:
            spans = [(block.start, block.end)]
        for span in spans:
            start, end = span if with_bylines else _without_dateline(article, *span)
            found.extend(
                Sentence(article, block.role, start + low, start + high, (start, end))
                for low, high in split_pieces(article.text[start:end], PIECE)
            )
        if len(found) >= MAX_SENTENCES:
            break
    return [sentence for sentence in found[:MAX_SENTENCES] if sentence.end > sentence.start]


_DATELINE = re.compile(
    r"[^。！？]{0,28}?(?:讯|电|报道)\s*[(（〔【][^)）〕】]{1,60}[)）〕】]\s*|【[^】]{0,40}(?:记者|通讯员)[^】]{1,60}】\s*"
)


def _without_dateline(article: Article, start: int, end: int) -> Span:
    """The sentence without the `本报讯(记者…)` that opens it: that is the byline's, not the sentence's."""
    if article.byline and article.text.startswith(article.byline, start):
        after = start + len(article.byline)
        after += len(article.text[after:end]) - len(article.text[after:end].lstrip())
        return (after, end) if after < end else (start, end)
    match = _DATELINE.match(article.text, start, end)
    return (match.end(), end) if match and match.end() < end else (start, end)


class EvidenceFinder:
    """Scores the sentences of articles against a question."""

    def __init__(self, embedder: Embedder, weights: Weights | None = None) -> None:
        self._embedder = embedder
        self._weights = weights or Weights()
        self._held: OrderedDict[str, NDArray[np.float32]] = OrderedDict()
        self._lock = threading.Lock()

    def find(self, query: Query, articles: Sequence[tuple[Article, float]], reranked: int = RERANKED) -> list[Evidence]:
        """Evidence from the articles, best first.

        Args:
            articles: with their retrieval scores in [0, 1].
            reranked: how many sentences to embed; 0 leaves the similarity out.
        """
        rough = [evidence for article, prior in articles for evidence in self._by_words(query, article, prior)]
        rough.sort(key=lambda evidence: -evidence.score)
        if reranked and rough:
            best = self._with_similarity(query, rough[:reranked])
            rough = sorted(best, key=lambda evidence: -evidence.score) + rough[reranked:]
        return rough

    def compared(self, query: Query, evidences: Sequence[Evidence]) -> list[Evidence]:
        """The evidence with its similarity, which its score then counts too, in the order given; not empty."""
        return self._with_similarity(query, evidences)

    def _by_words(self, query: Query, article: Article, prior: float) -> list[Evidence]:
        sentences = sentences_of(article, with_bylines=asks_for_author(query.question))
        words = [frozenset(query.analyzer.terms(sentence.text)) & query.weights.keys() for sentence in sentences]
        # The lead says whom and what the whole article is about; later sentences take it as said.
        lead = next((sentence.text for sentence in sentences if sentence.role is BlockRole.BODY), "")
        heading = f"{article.title}\n{article.kicker}\n{' '.join(article.place)}\n{lead}"
        about = frozenset(query.analyzer.terms(heading))
        asks_author = asks_for_author(query.question)
        total = query.total or 1.0
        weights = self._weights
        found: list[Evidence] = []
        for number, sentence in enumerate(sentences):
            near = frozenset().union(*words[max(number - 1, 0) : number], *words[number + 1 : number + 2])
            held, around = words[number], ((about & query.weights.keys()) | near) - words[number]
            coverage = sum(query.weights[word] for word in held) / total
            context = sum(query.weights[word] for word in around) / total
            expected = _novel(query.question, sentence)
            focused = bool(query.question.focus) and all(word in sentence.text for word in query.question.focus)
            score = (
                weights.coverage * coverage
                + weights.context * context
                + weights.prior * prior
                + (weights.of_expected(query.question.expected) if expected else 0.0)
                + (weights.focus if focused else 0.0)
                + self._standing(sentence, asks_author)
            )
            missing = tuple(word for word in query.weights if word not in held and word not in around)
            found.append(Evidence(sentence, score, coverage, context, 0.0, prior, tuple(expected), focused, missing))
        return found

    def _standing(self, sentence: Sentence, asks_author: bool) -> float:
        """What the sentence's place on the page is worth."""
        if sentence.role is BlockRole.BYLINE:
            return self._weights.byline if asks_author else -self._weights.byline
        headings = (BlockRole.TITLE, BlockRole.KICKER, BlockRole.BANNER, BlockRole.SUBHEAD)
        return self._weights.headline if sentence.role in headings else 0.0

    def _vectors(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Shape (n, d): passage vectors; those of sentences that were asked for before are at hand."""
        with self._lock:
            found = {text: self._held[text] for text in texts if text in self._held}
        missing = [text for text in dict.fromkeys(texts) if text not in found]
        fresh = dict(zip(missing, self._embedder.embed_passages(missing), strict=True))
        with self._lock:
            self._held.update(fresh)
            while len(self._held) > HELD_SENTENCES:
                self._held.popitem(last=False)
        found.update(fresh)
        return np.stack([found[text] for text in texts])

    def _with_similarity(self, query: Query, evidences: Sequence[Evidence]) -> list[Evidence]:
        vectors = self._vectors([evidence.sentence.text for evidence in evidences])
        similarities = np.clip((vectors @ query.embedding - _FAR) / (_NEAR - _FAR), 0.0, 1.0)
        return [
            replace(
                evidence,
                similarity=float(similarity),
                score=evidence.score
                + float(similarity) * (self._weights.similarity + self._weights.both * evidence.coverage),
            )
            for evidence, similarity in zip(evidences, similarities, strict=True)
        ]


def asks_for_author(question: Question) -> bool:
    """True when the question asks who wrote or photographed something."""
    return bool(
        question.expected is Expected.PERSON
        and re.search(r"(记者|通讯员|作者|摄影)|(谁|哪位|哪两位|何人)(写|拍|摄|采写|报道)", question.text)
        and re.search(r"写|拍|摄|报道|稿|作者", question.text)
    )


def _novel(question: Question, sentence: Sentence) -> list[Span]:
    """What the sentence holds of the kind asked for, leaving out what the question says itself."""
    text = sentence.text
    if question.expected is Expected.ANY:
        return find_expected(question, text)
    return [span for span in find_expected(question, text) if text[span[0] : span[1]] not in question.text]
