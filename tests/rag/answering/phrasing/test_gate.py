"""The support gate: what a passage bears out passes, what it does not is caught, and the quotation shows why."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.gate import KINDS, Case, judged, report
from rag.answering.phrasing.gate import Gate
from rag.answering.phrasing.verdict import FlawKind
from rag.embedding.base import Embedder
from rag.index.storage.generation import Generation
from rag.index.storage.store import Store
from rag.settings import Settings
from tests.rag.answering.phrasing.articles import make_passage

HARBOUR = (
    "霞浦县三沙渔港新建的冰库近日投用，一次可存冰3.2万吨。冰库由海丰冷链公司投资4800万元建设，工期为18个月。"
    "2021年6月18日，渔民陈阿水第一个来装冰。陈阿水说，从前出海要先跑40公里去买冰，如今船靠码头就能装冰。"
    "码头有吊机12台，其中新的5台。泊位分三等：甲等泊位9个、乙等泊位68个、丙等泊位220个。冰库没有向外地渔船收费。"
)


@pytest.fixture(scope="module")
def sample_generation(sample_index: Settings) -> Iterator[Generation]:
    opened = Store(Path(sample_index.vectors)).current()
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def cases(sample_generation: Generation, embedder: Embedder) -> list[Case]:
    return list(judged(sample_generation, embedder))


def test_the_set_is_large_enough_and_about_half_true(cases: list[Case]) -> None:
    true = sum(not case.wrong for case in cases)
    assert len(cases) >= 200
    assert 0.4 <= true / len(cases) <= 0.6
    assert all(sum(case.wrong == kind for case in cases) >= 15 for kind in KINDS)


@pytest.mark.parametrize("kind", ["number", "date", "place"])
def test_every_wrong_number_date_and_place_is_caught(cases: list[Case], kind: str) -> None:
    assert [case.sentence for case in cases if case.wrong == kind and not case.right] == []


def test_nearly_everything_wrong_is_caught_and_hardly_anything_true_is_lost(cases: list[Case]) -> None:
    wrong = [case.right for case in cases if case.wrong]
    true = [case.right for case in cases if not case.wrong]
    assert sum(wrong) / len(wrong) >= 0.98
    assert sum(true) / len(true) >= 0.98


def test_what_supports_a_sentence_stands_in_its_article(cases: list[Case]) -> None:
    for case in cases:
        if case.verdict.passed:
            assert case.verdict.quotes
            for quote in case.verdict.quotes:
                assert quote.text == quote.article.text[quote.start : quote.end] == quote.text.strip() != ""


def test_the_report_counts_what_was_judged(cases: list[Case], capsys: pytest.CaptureFixture[str]) -> None:
    report(cases, failures=True)
    printed = capsys.readouterr().out
    true = [case for case in cases if not case.wrong]
    row = next(line for line in printed.splitlines() if line.startswith("| true, let through"))
    assert row.endswith(f"| {sum(case.right for case in true)} of {len(true)} |")
    assert all((f": {case.sentence}" in printed) is not case.right for case in cases)


TRUE = [
    "三沙渔港的冰库花了18个月建成，投资4800万元。",
    "海丰冷链公司出资四千八百万元建了这座冰库。",
    "冰库最多能存冰三万二千吨。",
    "过去渔民出海前要跑四十公里买冰。",
    "码头一共有12台吊机，5台是新的。",
    "渔民陈阿水在6月18日第一个来装冰。",
    "外地渔船用冰库没有被收费。",
]
FALSE = [
    ("冰库由海丰冷链公司投资8400万元建设。", FlawKind.NUMBER),
    ("冰库的工期为18天。", FlawKind.NUMBER),
    ("冰库一次可存冰3.2亿吨。", FlawKind.NUMBER),
    ("2020年6月18日，渔民陈阿水第一个来装冰。", FlawKind.DATE),
    ("6月8日，渔民陈阿水第一个来装冰。", FlawKind.DATE),
    ("渔民陈水阿说，如今船靠码头就能装冰。", FlawKind.NAME),
    ("渔民林阿水说，如今船靠码头就能装冰。", FlawKind.NAME),
    ("冰库由海盛冷链公司投资建设。", FlawKind.NAME),
    ("福鼎市三沙渔港新建的冰库近日投用。", FlawKind.PLACE),
    ("霞浦县沙埕镇新建的冰库近日投用。", FlawKind.PLACE),
    ("码头上的乙等泊位有220个。", FlawKind.MISPLACED),
    ("如今船靠码头也不能装冰。", FlawKind.NEGATED),
    ("如今船靠码头也不用装冰。", FlawKind.NEGATED),
    ("这座冰库大大提高了渔民的收入，受到一致好评。", FlawKind.FAR),
    ("详情见https://example.org/ice。", FlawKind.NAME),
]


@pytest.mark.parametrize("sentence", TRUE)
def test_a_paraphrase_passes(gate: Gate, sentence: str) -> None:
    verdict = gate.check(sentence, [make_passage(HARBOUR)])
    assert verdict.flaws == ()
    assert verdict.quotes


@pytest.mark.parametrize(("sentence", "kind"), FALSE)
def test_what_the_passage_does_not_say_is_caught(gate: Gate, sentence: str, kind: FlawKind) -> None:
    verdict = gate.check(sentence, [make_passage(HARBOUR)])
    assert kind in {flaw.kind for flaw in verdict.flaws}


def test_the_quotation_is_the_sentence_that_says_it(gate: Gate) -> None:
    (quote,) = gate.check("海丰冷链公司投资了4800万元。", [make_passage(HARBOUR)]).quotes
    assert quote.text == "冰库由海丰冷链公司投资4800万元建设，工期为18个月。"


def test_facts_that_stand_apart_are_quoted_apart(gate: Gate) -> None:
    verdict = gate.check("冰库投资4800万元，码头有吊机12台。", [make_passage(HARBOUR)])
    assert verdict.passed
    assert [quote.text[:4] for quote in sorted(verdict.quotes, key=lambda quote: quote.start)] == [
        "冰库由海",
        "码头有吊",
    ]


def test_a_sentence_may_rest_on_two_passages(gate: Gate) -> None:
    bees = make_passage("留坝县的合作社有社员96户，养蜂8400箱。", 2)
    sentence = "三沙渔港的冰库投资4800万元，留坝县的合作社养蜂8400箱。"
    assert gate.check(sentence, [make_passage(HARBOUR), bees]).passed
    assert not gate.check(sentence, [make_passage(HARBOUR)]).passed


def test_the_headline_may_say_where_it_happened(gate: Gate) -> None:
    text = "新建的冰库近日投用，一次可存冰3.2万吨。"
    sentence = "霞浦县新建的冰库一次可存冰3.2万吨。"
    assert not gate.check(sentence, [make_passage(text)]).passed
    assert gate.check(sentence, [make_passage(text, title="霞浦渔港添冰库")]).passed
    assert gate.check(sentence, [make_passage(text, place=("福建省", "宁德市", "霞浦县"))]).passed
    assert not gate.check(sentence, [make_passage(text, place=("福建省", "宁德市", "福鼎市"))]).passed


def test_traditional_and_full_width_characters_are_the_same(gate: Gate) -> None:
    assert gate.check("海豐冷鏈公司投資４８００萬元建設冰庫。", [make_passage(HARBOUR)]).passed


def test_the_choice_is_the_passage_that_supports(gate: Gate) -> None:
    bees = make_passage("留坝县的合作社有社员96户，养蜂8400箱。", 2)
    harbour = make_passage(HARBOUR)
    verdict = gate.choose("合作社养蜂8400箱。", [[harbour], [bees]])
    assert verdict.passed
    assert verdict.quotes[0].article is bees.article


def test_without_a_passage_nothing_passes(gate: Gate) -> None:
    assert [flaw.kind for flaw in gate.check("冰库投用了。", []).flaws] == [FlawKind.NO_PASSAGE]


ENGLISH_TRUE = [
    "The ice house was built by Haifeng for 48 million yuan and took 18 months.",
    "Fishermen used to travel 40 kilometres to buy ice.",
    "On June 18, 2021, the fisherman Chen Ashui was the first to load ice.",
]
ENGLISH_FALSE = [
    ("The ice house was built by Haifeng for 84 million yuan.", FlawKind.NUMBER),
    ("The ice house was built by Lanjing Cold Chain for 48 million yuan.", FlawKind.NAME),
    ("The ice house was built by Microsoft for 48 million yuan.", FlawKind.NAME),
    ("On June 8, 2021, the fisherman Chen Ashui was the first to load ice.", FlawKind.DATE),
    ("On June 18, 2020, the fisherman Chen Ashui was the first to load ice.", FlawKind.DATE),
    ("The harbour has become a popular destination for tourists.", FlawKind.FAR),
]


@pytest.mark.parametrize("sentence", ENGLISH_TRUE)
def test_an_english_sentence_about_chinese_passages_passes(gate: Gate, sentence: str) -> None:
    verdict = gate.check(sentence, [make_passage(HARBOUR)])
    assert verdict.flaws == ()
    assert all(quote.text in HARBOUR for quote in verdict.quotes)


@pytest.mark.parametrize(("sentence", "kind"), ENGLISH_FALSE)
def test_what_an_english_sentence_gets_wrong_is_caught(gate: Gate, sentence: str, kind: FlawKind) -> None:
    assert kind in {flaw.kind for flaw in gate.check(sentence, [make_passage(HARBOUR)]).flaws}
