"""docs/explanation.md follows one question: the values that it shows are those that the question passes through."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

import pytest

from rag.answering.phrasing.gate import Gate
from rag.answering.phrasing.prompt import make_passages
from rag.corpus.articles import split_page
from rag.corpus.files import read_corpus, read_pages
from rag.embedding.base import Embedder
from rag.index.storage.store import Store
from rag.index.text.chunking import chunk_article
from rag.library import Library
from rag.reader.reader import Reader
from rag.settings import Settings, sample_path
from rag.types import Page
from tests.docs.blocks import ROOT

DOCUMENT = (ROOT / "docs" / "explanation.md").read_text(encoding="utf-8")
QUESTION, REFUSED = "技能共富贷最多能贷多少钱？", "技能共富贷最长能贷几年？"
SOURCE, ARTICLE = "page-2.txt", "467d76e95d2a"
NEAR = 0.03
"""What processors may differ by: models run in eight bits, whose products are rounded in another order on each."""


def table(heading: str) -> list[list[str]]:
    """The cells of the table below a row that begins with this heading."""
    rows = DOCUMENT.split(f"\n| {heading} |", 1)[1].split("\n\n", 1)[0].splitlines()[2:]
    return [[cell.strip() for cell in row.strip("|").split(" | ")] for row in rows]


@pytest.fixture(scope="module")
def library(sample_index: Settings, embedder: Embedder, reader: Reader) -> Iterator[Library]:
    opened = Library(sample_index, Store(sample_index.vectors), embedder, reader)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def page() -> Page:
    [file] = [file for file in read_corpus(sample_path()).files if file.source == SOURCE]
    [page] = [page for page in read_pages(file) if isinstance(page, Page)]
    return page


def test_the_page_and_its_article_are_as_described(page: Page, library: Library) -> None:
    assert f"`{SOURCE}` of the sample, {len(page.text):,} characters" in DOCUMENT
    articles = split_page(page)
    assert len(articles) == 10
    assert "the page falls into ten" in DOCUMENT
    [article] = [article for article in articles if article.article_id == ARTICLE]
    assert article == library.article(ARTICLE)
    told = {row[0].strip("`"): row[1] for row in table("field")}
    assert told["article_id"] == f"`{article.article_id}`"
    assert told["title"] == article.title
    assert told["byline"] == article.byline
    assert told["place"].startswith(", ".join(article.place))
    assert told["spans"].startswith(f"`{[list(span) for span in article.spans]}`")
    assert told["text"].startswith(f"{len(article.text)} characters")
    cuts = ", ".join(f"{chunk.start}–{chunk.end}" for chunk in chunk_article(article))
    assert cuts in DOCUMENT
    [quoted] = re.findall(r"```text\n…(.+?)…\n```", DOCUMENT, re.DOTALL)
    assert quoted in page.text


def test_words_and_scores_are_as_described(library: Library) -> None:
    explained = library.ask(QUESTION, explain=True).explanation
    assert explained is not None
    search = explained.search
    assert f"{search.passages} passages" in DOCUMENT
    assert {(row[0], int(row[1]), float(row[2])) for row in table("word")} == {
        (term.word, term.passages, round(term.weight, 2)) for term in search.terms
    }
    shown = re.findall(
        r"^ \d\. +([\d.]+) +#\d+ +([\d.]+) +\+([\d.]+) +#\d+ +([\d.]+) +\+([\d.]+)", DOCUMENT, re.MULTILINE
    )
    assert len(shown) == 4
    for figures, hit in zip(shown, search.hits, strict=False):
        score, cosine, dense, words, lexical = map(float, figures)
        assert (score, dense, lexical) == pytest.approx((hit.score, hit.dense.share, hit.lexical.share), abs=NEAR)
        assert cosine == pytest.approx(hit.dense.score, abs=NEAR)
        assert words == pytest.approx(hit.lexical.score, abs=0.06)


def test_the_signals_add_up_to_what_is_shown(library: Library) -> None:
    explained = library.ask(QUESTION, explain=True).explanation
    assert explained is not None
    signals = {signal.meaning: signal for signal in explained.signals if signal.value}
    shown = re.findall(r"^(\S.+?)  +([\d.]+) +([+-][\d.]+) +([+-][\d.]+)$", DOCUMENT, re.MULTILINE)
    assert {meaning for meaning, *_ in shown} == signals.keys()
    for meaning, value, weight, adds in shown:
        assert float(value) == pytest.approx(signals[meaning].value, abs=NEAR)
        assert float(weight) == signals[meaning].weight
        assert float(value) * float(weight) == pytest.approx(float(adds), abs=0.02)
    effects = [abs(float(adds)) for *_, adds in shown]
    assert all(one >= other for one, other in pairwise(effects))
    assert explained.confidence == pytest.approx(0.97, abs=NEAR)
    [together] = re.findall(r"^together \+([\d.]+)", DOCUMENT, re.MULTILINE)
    assert explained.intercept + sum(float(adds) for *_, adds in shown) == pytest.approx(float(together), abs=0.02)


def test_the_refusal_has_the_reasons_that_are_shown(library: Library) -> None:
    answer = library.ask(REFUSED, explain=True)
    assert not answer.answered
    assert answer.explanation is not None
    assert answer.explanation.confidence == pytest.approx(0.21, abs=2 * NEAR)
    assert re.findall(r"^against it: (.+)$", DOCUMENT, re.MULTILINE) == list(answer.explanation.against)
    assert answer.explanation.sentence is not None
    assert answer.explanation.sentence.article_id == ARTICLE


def test_the_gate_says_what_the_table_says(library: Library, embedder: Embedder) -> None:
    article = library.article(ARTICLE)
    passages, gate = make_passages([(article, 0, len(article.text))]), Gate(embedder)
    rows = table("sentence")
    assert len(rows) == 5
    for sentence, told, _ in rows:
        assert f'    "{sentence}",\n' in DOCUMENT  # in the program as well
        flaws = [f"`{flaw.kind.value}` {flaw.text}" for flaw in gate.check(sentence, passages).flaws]
        assert (flaws or ["passes"]) == [told]
