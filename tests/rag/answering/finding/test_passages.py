"""The sentence that answers, shortened, and what completes it."""

from __future__ import annotations

import pytest

from rag.answering.finding.passages import LONG, WHOLE, passage_draft, trimmed
from rag.answering.wording.composing import Quote
from tests.rag.answering.conftest import Look
from tests.rag.index.fakes import make_article


def quotes(look: Look, asked: str, *article_ids: str) -> list[Quote]:
    query, evidences = look(asked, *article_ids)
    return [part for part in passage_draft(query, evidences).parts if isinstance(part, Quote)]


@pytest.mark.parametrize(
    ("asked", "held"),
    [
        ("秦州区图书馆夜读区有多少个座位？", "260个座位"),
        ("三沙渔港的冰库工期有多久？", "18个月"),
        ("歙县修桥的石匠是谁？", "汪德顺"),
    ],
)
def test_the_first_quotation_answers(look: Look, asked: str, held: str) -> None:
    assert held in quotes(look, asked)[0].text


@pytest.mark.parametrize(
    "asked", ["木偶剧团演出了哪些剧目？", "剧团的团长是谁？", "养蜂合作社做了什么？", "冰库在哪里？"]
)
def test_an_answer_is_short_and_says_nothing_twice(look: Look, asked: str) -> None:
    found = quotes(look, asked)
    assert 0 < sum(len(quote.text) for quote in found) <= (LONG if "哪些" in asked else WHOLE)
    for number, quote in enumerate(found):
        for other in found[number + 1 :]:
            same = quote.article.article_id == other.article.article_id
            assert not (same and quote.start < other.end and other.start < quote.end)


def test_a_list_is_quoted_whole(look: Look) -> None:
    shown = "".join(quote.text for quote in quotes(look, "木偶剧团演出了哪些剧目？", "puppets"))
    assert all(name in shown for name in ("《借东风》", "《卖水记》", "《三打白骨精》"))


@pytest.mark.parametrize(
    ("text", "left"), [("船开了，", "船开了"), ("船开了。", "船开了。"), ("船、：", "船"), ("，", "，")]
)
def test_a_quotation_does_not_end_with_a_comma(text: str, left: str) -> None:
    article = make_article([text])
    assert trimmed(Quote(article, 0, len(text))).text == left
