"""The right edition of what comes back comes first, and dates that do not help do no harm."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.answering.answerer import Answerer
from rag.embedding.base import Embedder
from rag.index.building.builder import build_index
from rag.index.storage.generation import Generation
from rag.index.storage.listing import days_of
from rag.index.storage.store import Store
from rag.retrieval.dating import parse_dates
from rag.retrieval.preference import ArticleDates, Wanted, dated_as_asked, prefer
from rag.retrieval.retriever import Retriever
from rag.settings import Settings
from rag.types import Filters
from tests.rag.index.fakes import WordEmbedder, make_article, write_records
from tests.rag.retrieval.editions import TODAY, Asked, questions, records

PRINTED = ("2018-04-02", "2018-12-30", "2019-03", "2019-03-15", "2019-03-31", "2019-04-01", "2019-04-12", "2019", None)


def wanted(question: str, today: date = date(2020, 5, 6), printed: tuple[str | None, ...] = PRINTED) -> Wanted | None:
    dates = ArticleDates(np.asarray([days_of(day) for day in printed], np.int32))
    return dates.wanted(parse_dates(question), today)


def fits(question: str, today: date = date(2020, 5, 6), printed: tuple[str | None, ...] = PRINTED) -> dict[str, float]:
    """How well articles of these dates fit, those that fit at all."""
    found = wanted(question, today, printed)
    values = [] if found is None else found.printed.tolist()
    return {str(day): fit for day, fit in zip(printed, values, strict=False) if fit > 0}


def test_a_month_is_fitted_by_what_was_printed_in_it_or_soon_after() -> None:
    found = fits("2019年3月的招聘会")
    assert [day for day, fit in found.items() if fit == 1.0] == ["2019-03", "2019-03-15", "2019-03-31", "2019-04-01"]
    assert 0 < found["2019-04-12"] < 1
    assert 0 < found["2019"] < 1
    assert found.keys() & {"2018-04-02", "2018-12-30", "None"} == set()


def test_annual_figures_may_come_in_the_next_spring() -> None:
    found = fits("2018年的吞吐量", printed=("2018-06-01", "2019-01-20", "2019-03-15", "2019-06-01"))
    assert found["2018-06-01"] > found["2019-01-20"] > found["2019-03-15"]
    assert "2019-06-01" not in found


@pytest.mark.parametrize("question", ["2011年的招聘会", "明年的招聘会", "招聘会来了多少人", "2019年以前的招聘会"])
def test_days_of_no_article_want_nothing(question: str) -> None:
    assert wanted(question) is None


def test_what_all_of_the_paper_fits_wants_nothing() -> None:
    assert wanted("2019年的招聘会", printed=("2019-03-15", None, "2019-08-01")) is None
    assert wanted("2019年的招聘会", printed=(None, None)) is None


def test_last_year_is_the_readers_and_in_an_old_paper_the_papers() -> None:
    printed = ("2015-05-01", "2016-05-01", "2018-05-01", "2019-05-01")
    assert fits("去年的灯会", date(2020, 1, 12), printed)["2019-05-01"] == 1.0
    assert fits("去年的灯会", date(2020, 1, 12), printed)["2018-05-01"] < 1
    assert fits("去年的灯会", date(2026, 1, 12), printed) == {"2018-05-01": 1.0}


def test_a_day_ahead_of_the_reader_is_not_the_newest() -> None:
    assert fits("去年的灯会", date(2026, 1, 12), ("2018-05-01", "2019-05-01", "2035")) == {"2018-05-01": 1.0}


def test_last_month_is_not_counted_from_a_year() -> None:
    assert fits("上个月的灯会", date(2026, 1, 12), ("2018", "2019")) == {}
    assert fits("去年的灯会", date(2026, 1, 12), ("2018", "2019")) == {"2018": 1.0}


def test_a_month_without_a_year_is_the_latest_one_and_less_any_other() -> None:
    found = fits("八月的灯会", date(2020, 5, 6), ("2017-08-05", "2019-08-05", "2020-03-01"))
    assert found == {"2017-08-05": 0.5, "2019-08-05": 1.0}


@pytest.mark.parametrize(
    ("text", "printed", "told"),
    [
        ("上个月共成交80套。", "2019-04-12", 1.0),
        ("3月份共成交80套。", "2019-04-12", 1.0),
        ("昨天的灯会很热闹。", "2019-03-16", 1.0),
        ("今年一季度共成交240套。", "2019-04-12", 0.5),
        ("这座桥在二〇一九年三月大修。", None, 1.0),
        ("这座桥在去年3月大修。", "2020", 1.0),
        ("比2019年3月多了两成。", "2020-03-16", 0.0),
        ("上个月共成交80套。", "2019-03-12", 0.0),
        ("上个月共成交80套。", "2019", 0.0),
        ("昨天的灯会很热闹。", None, 0.0),
        ("定于3月20日开幕。", "2019-03-05", 1.0),
        ("定于3月20日开幕。", "9999-12-31", 0.0),
    ],
)
def test_words_are_counted_from_the_day_they_were_printed(text: str, printed: str | None, told: float) -> None:
    found = wanted("2019年3月")
    assert found is not None
    assert found.told(text, days_of(printed)) == told


scores = st.lists(st.floats(0.01, 1), min_size=1, max_size=20)


@given(scores, st.data())
def test_preferring_keeps_the_best_score_and_moves_nothing_down_among_its_like(
    found: list[float], data: st.DataObject
) -> None:
    fused = sorted(enumerate(found), key=lambda entry: (-entry[1], entry[0]))
    given_fits = {row: data.draw(st.sampled_from([0.0, 0.5, 1.0])) for row, _ in fused}
    preferred = prefer(fused, given_fits)
    assert {row for row, _ in preferred} == {row for row, _ in fused}
    assert preferred[0][1] == pytest.approx(fused[0][1])
    assert all(low <= high for (_, high), (_, low) in pairwise(preferred))
    for fit in set(given_fits.values()):
        same = [row for row, _ in fused if given_fits[row] == fit]
        assert [row for row, _ in preferred if given_fits[row] == fit] == same


@given(scores)
def test_without_fits_nothing_changes(found: list[float]) -> None:
    fused = sorted(enumerate(found), key=lambda entry: (-entry[1], entry[0]))
    assert prefer(fused, {}) == fused


@pytest.mark.parametrize(
    ("question", "text", "printed", "right"),
    [
        ("2019年的灯会亮了多少盏灯？", "灯会亮起800盏灯。", "2019-02-20", True),
        ("2018年共栽树多少棵？", "去年共栽树800棵。", "2019-01-10", True),
        ("2017年共栽树多少棵？", "去年共栽树800棵。", "2019-01-10", False),
        ("2019年的灯会亮了多少盏灯？", "灯会亮起800盏灯。", None, False),
        ("3月16日来了多少人？", "昨天来了800人。", "2019-03-17", True),
        ("3月18日来了多少人？", "前天来了800人。", "2019-03-17", False),
    ],
)
def test_an_article_is_dated_as_asked(question: str, text: str, printed: str | None, right: bool) -> None:
    assert dated_as_asked(question, make_article([text], date=printed)) is right


@pytest.fixture(scope="module")
def generation(embedder: Embedder, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Generation]:
    folder = tmp_path_factory.mktemp("editions")
    corpus = write_records(folder / "corpus" / "editions.jsonl", records()).parent
    settings = Settings(corpus=corpus, vectors=folder / "vectors")
    build_index(settings, embedder=embedder)
    opened = Store(settings.vectors).current()
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def retriever(generation: Generation, embedder: Embedder) -> Retriever:
    return Retriever(generation, embedder, lambda: TODAY)


def share(right: list[bool]) -> float:
    return sum(right) / len(right)


def found_first(retriever: Retriever, generation: Generation, asked: Asked, dated: bool) -> bool:
    best = retriever.candidates(asked.question, dated=dated)[0]
    return generation.article_of(best.row).article_id == asked.article_id


def test_the_right_edition_comes_first(retriever: Retriever, generation: Generation) -> None:
    asked = questions()
    assert len(asked) > 60
    assert len({one.article_id.split("-")[0] for one in asked}) > 20
    before = [found_first(retriever, generation, one, dated=False) for one in asked]
    after = [found_first(retriever, generation, one, dated=True) for one in asked]
    missed = Counter(one.kind for one, right in zip(asked, after, strict=True) if not right)
    assert share(after) >= 0.95, missed
    assert share(before) < 0.5
    # What is told long afterwards, or in an article without a date, is found as before.
    assert missed["told later"] == 0


def test_answers_cite_the_right_edition(retriever: Retriever, generation: Generation, embedder: Embedder) -> None:
    answerer = Answerer(generation, retriever, embedder)
    cited = []
    for one in questions()[::3]:
        answer = answerer.answer(one.question, (), 3, Filters())
        cited.append(answer.answered and answer.citations[0].article_id == one.article_id)
    assert share(cited) >= 0.9


def test_dates_that_the_reader_sets_outweigh_those_in_words(retriever: Retriever) -> None:
    filters = Filters(date_from="2020-03-01", date_to="2020-06-30")
    hits = retriever.search("2020年3月全市二手房成交多少套？", 20, filters=filters).hits
    assert {hit.article.date for hit in hits if hit.article.article_id.startswith("flats")} == {
        "2020-03-10",
        "2020-04-10",
        "2020-05-10",
        "2020-06-10",
    }
    plain = retriever.candidates("2020年3月全市二手房成交多少套？", dated=False)
    assert all(candidate.dates == 0 for candidate in plain)
    mask = retriever._generation.mask(filters)
    unweighed = retriever.candidates("2020年3月全市二手房成交多少套？", mask=mask, dated=False)
    assert [hit.score for hit in hits] == [candidate.score for candidate in unweighed[: len(hits)]]


@pytest.mark.parametrize("question", ["1998年的青浦湾龙舟赛有多少支队伍参加？", "青浦湾龙舟赛有多少支队伍参加？"])
def test_a_date_that_no_article_has_changes_nothing(question: str, retriever: Retriever) -> None:
    assert retriever.candidates(question) == retriever.candidates(question, dated=False)


def test_more_editions_than_a_leg_puts_forward_are_searched(tmp_path: Path) -> None:
    """Three hundred days of one report: the one asked for is among them whatever the words rank first."""
    days = [date(2019, 1, 1).toordinal() + day for day in range(300)]
    found: list[dict[str, object]] = [
        {"id": str(day), "date": date.fromordinal(day).isoformat(), "text": "河口潮位播报，水位平稳。"} for day in days
    ]
    settings = Settings(
        corpus=write_records(tmp_path / "corpus" / "a.jsonl", found).parent, vectors=tmp_path / "vectors"
    )
    build_index(settings, embedder=WordEmbedder())
    generation = Store(settings.vectors).current()
    retriever = Retriever(generation, WordEmbedder())
    for asked in (date(2019, 2, 3), date(2019, 9, 30)):
        best = retriever.candidates(f"{asked.year}年{asked.month}月{asked.day}日河口潮位", k=20)[0]
        delay = date.fromisoformat(str(generation.article_of(best.row).date)) - asked
        assert 0 <= delay.days <= 2
    generation.close()
