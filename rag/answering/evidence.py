"""Sentences that could answer a question, scored.

A sentence is scored by four signals, each in [0, 1]: the question's words that it holds, weighted by how rare they are; the
words that it misses but its article's headline, place or neighbouring sentence holds; its embedding's closeness to the
question's; and whether it holds the kind of thing that is asked for. The weights were measured (docs/answering.md).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from rag.answering.expectation import find_expected
from rag.answering.question import Expected, Question
from rag.embedding.base import Embedder
from rag.index.generation import Generation
from rag.index.sentences import split_sentences
from rag.index.terms import terms
from rag.types import Article, Block, BlockRole, Span

RERANKED = 16
"""Sentences that are embedded for each question: the best by words. One batch of them takes about 40 ms."""
MAX_SENTENCES = 150
"""Sentences looked at in one article."""

_STOP = frozenset(
    "的 了 是 在 有 和 与 及 也 都 就 还 而 为 之 于 以 被 把 给 对 从 到 由 等 中 上 下 里 又 再 这 那 其 个 名 家 位 项 场 次 吗 呢 吧 呀 么 "
    "哪 什么 谁 多少 几 哪些 哪里 哪个 哪儿 怎么 怎样 如何 为什么 何时 几时 时候 什么样 一个 一共 总共 分别 哪家 哪位 哪年 叫 请问 会 能 要 让 "
    "做 去 来 得 过 着 起 最 更 很 不 没 没有 他 她 它 他们 它们 们 我 你 我们 以及 或 或者 还是 时 年 月 日 多 少 大 小 人 the of in is was did "
    "how what who where when which for on to and a an".split()
)
_NOUNS_OF_ASKING = frozenset(
    "名字 名称 地方 地点 时间 报道 文章 单位 公司 企业 城市 记者 数量 情况 内容 东西 介绍 提到 涉及 哪篇 两篇 几篇".split()
)


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of an article, or a headline, kicker or byline of it."""

    article: Article
    role: BlockRole
    start: int
    end: int
    """`article.text[start:end]`."""

    @property
    def text(self) -> str:
        return self.article.text[self.start : self.end]


@dataclass(frozen=True, slots=True)
class Evidence:
    """A sentence with how well it answers, and the signals behind that."""

    sentence: Sentence
    score: float
    """For ordering: higher is better."""
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
    missing: tuple[str, ...]
    """Words of the question that neither the sentence nor its context holds."""


@dataclass(frozen=True, slots=True)
class Weights:
    """How much each signal counts."""

    coverage: float = 1.0
    context: float = 0.6
    similarity: float = 0.5
    expected: float = 0.2
    prior: float = 0.3
    headline: float = -0.15
    """Added for headlines and kickers: they name what the article tells, and tell less."""


@dataclass(frozen=True, slots=True)
class Query:
    """The words of a question with their weights."""

    question: Question
    weights: dict[str, float]
    """Word → inverse document frequency, stop words left out. Words that the corpus lacks are in it, too."""
    known: frozenset[str]
    """The words that the corpus has."""
    embedding: NDArray[np.float32] = field(repr=False)

    @property
    def total(self) -> float:
        """Sum of the weights of the words that the corpus has."""
        return sum(self.weights[word] for word in self.known)


def make_query(question: Question, generation: Generation, embedder: Embedder, topic: Iterable[str] = ()) -> Query:
    """Weighs the words of a question.

    Args:
        topic: words of the conversation that the question is about; they count half.
    """
    words = content_words(question.text)
    halves = [word for word in topic if word not in words]
    both = [*words, *halves]
    weights = {word: float(value) for word, value in zip(both, generation.words.idf(both), strict=True)}
    for word in halves:
        weights[word] /= 2
    found = generation.words.document_frequency(both)
    return Query(
        question=question,
        weights=weights,
        known=frozenset(word for word, count in zip(both, found, strict=True) if count),
        embedding=embedder.embed_query(question.text),
    )


def content_words(text: str) -> list[str]:
    """The words of a question that say what it is about, in order, each once."""
    return [
        word
        for word in dict.fromkeys(terms(text))
        if word not in _STOP and word not in _NOUNS_OF_ASKING and not re.fullmatch(r"[\W_]+", word)
    ]


def sentences_of(article: Article) -> list[Sentence]:
    """The sentences of an article in reading order; headlines, kickers and bylines are one sentence each."""
    found: list[Sentence] = []
    for block in article.blocks or (Block(BlockRole.BODY, 0, len(article.text)),):
        if block.role in (BlockRole.BODY, BlockRole.BOX):
            spans: Sequence[Span] = split_sentences(article.text, block.start, block.end)
        else:
            spans = [(block.start, block.end)]
        found.extend(Sentence(article, block.role, *_without_dateline(article, *span)) for span in spans)
        if len(found) >= MAX_SENTENCES:
            break
    return [sentence for sentence in found[:MAX_SENTENCES] if sentence.end > sentence.start]


_DATELINE = re.compile(r"[^。！？]{0,28}?(?:讯|电|报道)\s*[(（〔【][^)）〕】]{1,60}[)）〕】]\s*|【[^】]{0,40}(?:记者|通讯员)[^】]{1,60}】\s*")


def _without_dateline(article: Article, start: int, end: int) -> Span:
    """The sentence without the `本报讯(记者…)` that opens it: that is the byline's, not the sentence's."""
    match = _DATELINE.match(article.text, start, end)
    return (match.end(), end) if match and match.end() < end else (start, end)


class EvidenceFinder:
    """Scores the sentences of articles against a question."""

    def __init__(self, embedder: Embedder, weights: Weights | None = None) -> None:
        self._embedder = embedder
        self._weights = weights or Weights()

    def find(self, query: Query, articles: Sequence[tuple[Article, float]], reranked: int = RERANKED) -> list[Evidence]:
        """Evidence from the articles, best first.

        Args:
            articles: with their retrieval scores in [0, 1].
            reranked: how many sentences to embed; 0 leaves the similarity out.
        """
        rough = [
            evidence for article, prior in articles for evidence in self._by_words(query, article, prior)
        ]
        rough.sort(key=lambda evidence: -evidence.score)
        if reranked and rough:
            best = self._with_similarity(query, rough[:reranked])
            rough = sorted(best, key=lambda evidence: -evidence.score) + rough[reranked:]
        return rough

    def _by_words(self, query: Query, article: Article, prior: float) -> list[Evidence]:
        sentences = sentences_of(article)
        words = [frozenset(terms(sentence.text)) & query.weights.keys() for sentence in sentences]
        about = frozenset(terms(f"{article.title}\n{article.kicker}\n{' '.join(article.place)}")) & query.weights.keys()
        asks_author = asks_for_author(query.question)
        total = query.total or 1.0
        found: list[Evidence] = []
        for number, sentence in enumerate(sentences):
            near = frozenset().union(*words[max(number - 1, 0) : number], *words[number + 1 : number + 2])
            held, around = words[number], (about | near) - words[number]
            coverage = sum(query.weights[word] for word in held) / total
            context = sum(query.weights[word] for word in around) / total
            expected = _novel(query.question, sentence)
            is_byline = sentence.role is BlockRole.BYLINE
            score = (
                self._weights.coverage * coverage
                + self._weights.context * context
                + self._weights.prior * prior
                + self._weights.expected * (1.0 if expected else 0.0)
                + (self._weights.headline if sentence.role in (BlockRole.TITLE, BlockRole.KICKER) else 0.0)
                + (1.0 if is_byline and asks_author else -0.5 if is_byline else 0.0)
            )
            missing = tuple(word for word in query.weights if word not in held and word not in around)
            found.append(Evidence(sentence, score, coverage, context, 0.0, prior, tuple(expected), missing))
        return found

    def _with_similarity(self, query: Query, evidences: Sequence[Evidence]) -> list[Evidence]:
        vectors = self._embedder.embed_passages([evidence.sentence.text for evidence in evidences])
        similarities = np.clip((vectors @ query.embedding - 0.75) / 0.17, 0.0, 1.0)
        return [
            Evidence(
                evidence.sentence,
                evidence.score + self._weights.similarity * float(similarity),
                evidence.coverage,
                evidence.context,
                float(similarity),
                evidence.prior,
                evidence.expected,
                evidence.missing,
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
