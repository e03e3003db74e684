"""The sentences that show whose, where or of which day an article is."""

from __future__ import annotations

from dataclasses import replace

from rag.answering.wording.leads import byline_quote, headline_quote, lead, lead_quote
from rag.corpus import places
from rag.types import Article, Block, BlockRole
from tests.rag.index.fakes import make_article

PARAGRAPHS = (
    "“往年这时候，大伙儿都在发愁。”老船工说。",
    "本报讯(记者林潮生 通讯员许望)福建省霞浦县的渡口添了三条新船，赶集的人不用再等。6月18日，头一班船开往对岸。",
    "浙江泰顺也要照这个办法添船。",
)


def article(**fields: object) -> Article:
    return make_article(
        PARAGRAPHS,
        title="霞浦渡口添新船",
        **{"place": ("福建省", "宁德市", "霞浦县"), **fields},  # type: ignore[arg-type]
    )


def test_the_lead_says_what_the_headline_says() -> None:
    assert lead(article()).sentence.text == "福建省霞浦县的渡口添了三条新船，赶集的人不用再等。"


def test_the_day_is_shown_where_it_is_asked_for() -> None:
    sentence = lead(article(), day="6月18日").sentence
    assert "6月18日" in sentence.text
    assert "6月18日" in lead_quote(sentence, 12, "6月18日").text


def test_a_place_that_is_only_mentioned_is_shown_where_it_is_mentioned() -> None:
    assert "泰顺" in lead(article(), wanted=[places.resolve("浙江省")]).sentence.text
    assert "霞浦" in lead(article(), wanted=[places.resolve("福建省")]).sentence.text


def test_a_place_that_is_nowhere_leaves_the_lead() -> None:
    assert lead(article(), wanted=[places.resolve("海南省")]).sentence == lead(article()).sentence


def test_the_headline_as_it_is_printed() -> None:
    quote = headline_quote(article())
    assert quote is not None
    assert quote.text == "霞浦渡口添新船"
    assert headline_quote(make_article(["渡口添了船。"])) is None


def test_the_byline_that_opens_a_paragraph() -> None:
    byline = "本报讯(记者林潮生 通讯员许望)"
    quote = byline_quote(article(byline=byline), "许望")
    assert quote is not None
    assert quote.text == byline


def test_a_byline_on_a_line_of_its_own() -> None:
    plain = make_article(["本报记者 林潮生", "渡口添了船。"])
    first, rest = plain.blocks
    signed = replace(plain, blocks=(Block(BlockRole.BYLINE, first.start, first.end), rest))
    quote = byline_quote(signed, "林潮生")
    assert quote is not None
    assert quote.text == "本报记者 林潮生"


def test_a_name_that_the_byline_was_not_told_of() -> None:
    quote = byline_quote(article(), "许望")
    assert quote is not None
    assert quote.text == "(记者林潮生 通讯员许望)"
    assert byline_quote(article(), "何雨青") is None
