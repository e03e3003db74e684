"""What the trained reader adds to the rules: which sentences it is shown, and what it makes of them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rag.answering.finding.confidence import judge
from rag.answering.finding.evidence import Evidence
from rag.answering.finding.passages import passage_draft
from rag.answering.finding.spans import FIRM, MARGIN, WINDOWS, ReadingFinder, is_readable, with_margins
from rag.answering.reading.question import parse_question
from rag.answering.wording.composing import Quote
from rag.embedding.base import Embedder
from rag.index.storage.generation import Generation
from rag.reader.reader import Reader
from tests.rag.answering.conftest import Look

ASKED = "海丰冷链公司投资多少建设冰库？"


def test_the_best_sentence_is_read_and_its_answer_lies_in_it(look: Look, reader: Reader) -> None:
    _, evidences = look(ASKED)
    read = with_margins(reader, ASKED, evidences)
    best = max(read, key=lambda evidence: -99 if evidence.margin is None else evidence.margin)
    assert best.answer is not None
    assert "4800万元" in best.sentence.article.text[slice(*best.answer)]
    assert best.sentence.start <= best.answer[0] < best.sentence.end
    assert [one.sentence for one in read] == [one.sentence for one in evidences]


def test_so_many_stretches_are_read_and_no_more(look: Look, reader: Reader) -> None:
    _, evidences = look(ASKED)
    read = with_margins(reader, ASKED, evidences)
    articles = {evidence.sentence.article.article_id for evidence in read if evidence.margin is not None}
    assert evidences[0].sentence.article.article_id in articles
    assert 1 < len(articles) <= WINDOWS
    assert any(evidence.margin is None for evidence in read)


def test_the_finder_orders_by_rules_and_reader_together(
    look: Look, generation: Generation, embedder: Embedder, reader: Reader
) -> None:
    query, by_rules = look(ASKED)
    articles = [(article, 0.5) for article in generation.articles()]
    found = ReadingFinder(embedder, reader).find(query, articles)
    assert "4800万元" in found[0].sentence.text
    scores = {one.sentence: one.score for one in by_rules}
    for evidence in found:
        margin = -FIRM if evidence.margin is None else min(max(evidence.margin, -FIRM), FIRM)
        assert evidence.score == pytest.approx(scores[evidence.sentence] + MARGIN * margin)
    assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)


@pytest.mark.parametrize(
    ("asked", "readable"),
    [
        (ASKED, True),
        ("How much did the ice store cost?", False),
        ("三沙渔港的冰库能存冰3万吨吗？", False),
        ("哪些城市办了木偶剧团？", False),
    ],
)
def test_what_it_was_not_trained_on_is_left_to_the_rules(asked: str, readable: bool) -> None:
    assert is_readable(parse_question(asked)) is readable


def _read(look: Look, reader: Reader, asked: str, article_id: str, holding: str) -> tuple[float, Evidence]:
    query, evidences = look(asked, article_id)
    read = with_margins(reader, asked, evidences)
    evidence = next(one for one in read if holding in one.sentence.text)
    return judge(query, evidence).value, evidence


def test_another_year_or_place_than_asked_for_weakens(look: Look, reader: Reader) -> None:
    query, evidences = look(ASKED, "ice")
    (evidence, *_) = with_margins(reader, ASKED, evidences)
    known = judge(query, evidence)
    assert known.read
    assert (known.signals.other_year, known.signals.other_place) == (0, 0)


def test_a_quotation_keeps_what_the_reader_takes_for_the_answer(look: Look, reader: Reader) -> None:
    asked = "冰库的工期是多久？"
    query, evidences = look(asked, "ice")
    read = sorted(with_margins(reader, asked, evidences), key=lambda one: -(one.margin or -99))
    draft = passage_draft(query, read)
    quotes = [part for part in draft.parts if isinstance(part, Quote)]
    answer = read[0].sentence.article.text[slice(*(read[0].answer or (0, 0)))]
    assert "18个月" in answer
    assert any(answer in quote.text for quote in quotes)


def test_without_the_reader_its_signals_are_silent(look: Look) -> None:
    query, evidences = look(ASKED, "ice")
    confidence = judge(query, replace(evidences[0], margin=None, answer=None))
    assert not confidence.read
    assert confidence.signals.margin == confidence.signals.answer_repeats == 0
