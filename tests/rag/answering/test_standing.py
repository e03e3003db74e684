"""Why an article is not in an answer: each thing that can keep one out, on a real index."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from rag.embedding.base import Embedder
from rag.errors import InputError, NotFound
from rag.explanations import ArticleStanding
from rag.index.building.builder import build_index
from rag.index.storage.generation import Generation
from rag.index.storage.store import Store
from rag.library import Library
from rag.settings import Settings
from rag.types import Filters, Turn
from tests.rag.index.fakes import write_records

SEATS = "秦州区图书馆夜读区有多少个座位？"

_REPORT = (
    "柳溪村的渡船改成了电船。船工孟长水说，电船一天能跑四十个来回，电费只要六块钱，比从前烧柴油省下一大半。"
    "村里给两岸各修了一座带顶的码头，老人和孩子等船不再淋雨。渡口每天早上五点半开船，晚上九点收船。"
)


@pytest.fixture(scope="module")
def copied(embedder: Embedder, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    """One report in two papers, and another."""
    folder = tmp_path_factory.mktemp("copied")
    records: list[dict[str, object]] = [
        {"id": "first", "title": "柳溪渡口用上电船", "text": _REPORT},
        {"id": "second", "title": "电船开进柳溪", "text": _REPORT},
        {"id": "other", "title": "梨园开放日", "text": "梨树乡的果园周末向孩子们开放，可以认树、摘梨、看嫁接。"},
    ]
    settings = Settings(corpus=write_records(folder / "c" / "c.jsonl", records).parent, vectors=folder / "vectors")
    build_index(settings, embedder=embedder)
    library = Library(settings, Store(settings.vectors), embedder)
    yield library
    library.close()


def check(standing: ArticleStanding, verdict: str, *words: str) -> ArticleStanding:
    assert standing.verdict == verdict, standing.reason
    assert [word for word in words if word not in standing.reason] == []
    return standing


def test_an_article_that_is_cited_says_so(town: Library) -> None:
    standing = check(town.why("reading", SEATS), "cited")
    assert standing.article_rank == 1
    assert standing.sentence == standing.chosen
    assert standing.confidence is not None
    assert standing.confidence >= standing.threshold
    assert standing.best is not None
    assert (standing.best.rank, standing.best.dense.put_forward, standing.best.lexical.put_forward) == (1, True, True)
    assert {"秦州", "图书馆"} <= {*standing.best.held, *standing.best.lacking}


def test_an_article_that_says_less_is_outscored(town: Library) -> None:
    standing = check(town.why("school", "六个村合办的剧团去年演出多少场？"), "outscored", "六个村合办木偶剧团")
    assert standing.sentence is not None
    assert standing.chosen is not None
    assert standing.sentence.score < standing.chosen.score
    assert standing.chosen.article_id == "puppets"


@pytest.mark.parametrize(
    ("filters", "names"),
    [
        (Filters(places=("福建",)), ("places",)),
        (Filters(sources=("elsewhere/",), article_ids=("ice",)), ("sources", "article_ids")),
        (Filters(date_from="2022-01-01", places=("甘肃",)), ("dates",)),
    ],
)
def test_a_filter_is_named(town: Library, filters: Filters, names: tuple[str, ...]) -> None:
    standing = check(town.why("reading", SEATS, filters=filters), "filtered", *names)
    assert standing.filtered_by == names
    assert standing.best is not None
    assert (standing.best.rank, standing.best.dense.rank, standing.best.lexical.rank) == (None, None, None)
    assert standing.best.lexical.score > 0


def test_an_article_of_another_place_is_not_read(town: Library) -> None:
    check(town.why("bees-north", "房县养蜂合作社有多少户社员？"), "other-place", "房县")


def test_where_nothing_is_answered_that_is_the_reason(town: Library) -> None:
    best = town.ask("谁获得了物理学奖？", explain=True).explanation
    assert best is not None
    assert best.sentence is not None
    standing = check(
        town.why(best.sentence.article_id, "谁获得了物理学奖？"), "refused", "its best sentence is the best"
    )
    assert standing.confidence == pytest.approx(best.confidence)


def test_an_article_too_far_down_is_not_read(town: Library) -> None:
    every = [article.article_id for article in town.articles(limit=100).items]
    standings = {name: town.why(name, SEATS) for name in every}
    ranks = sorted(one.article_rank for one in standings.values() if one.article_rank is not None)
    assert ranks == list(range(1, len(every) + 1))
    unread = [one for one in standings.values() if one.verdict == "not-read"]
    assert {one.article_rank for one in unread} == set(range(7, len(every) + 1))
    assert all(one.articles_read == 6 and "first 6 are read" in one.reason for one in unread)


def test_what_neither_leg_puts_forward_is_not_found(town: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rag.answering.answerer.CANDIDATES", 2)
    standing = check(town.why("ice", SEATS), "not-found", "by meaning its best stands")
    assert standing.article_rank is None
    assert standing.best is not None
    assert (standing.best.rank, standing.best.score) == (None, None)


def test_of_an_answer_over_all_it_is_told_who_belongs(town: Library) -> None:
    check(town.why("bees-north", "哪些县成立了养蜂合作社？"), "cited")
    check(town.why("ice", "哪些县成立了养蜂合作社？"), "not-a-member", "To belong takes")
    check(town.why("ice", "记者何雨青写过哪些报道？"), "not-a-member", "of another")


def test_the_figures_of_a_comparison_are_of_other_articles(town: Library) -> None:
    check(town.why("ice", "留坝县和房县，哪个的养蜂合作社社员多？"), "outscored", "compared")
    check(town.why("bees-south", "留坝县和房县，哪个的养蜂合作社社员多？"), "cited")


def test_a_near_copy_names_the_article_before_it(copied: Library) -> None:
    asked = "柳溪村渡口的电船一天能跑多少个来回？"
    standings = {name: copied.why(name, asked) for name in ("first", "second")}
    assert sorted(one.verdict for one in standings.values()) == ["cited", "folded"]
    folded = next(one for one in standings.values() if one.verdict == "folded")
    assert folded.folded_behind in standings
    assert folded.folded_behind != folded.article_id
    assert "same report" in folded.reason


def test_a_follow_up_is_read_with_the_conversation(town: Library) -> None:
    history = [Turn("user", "留坝县养蜂合作社有多少户社员？"), Turn("assistant", "96户。[1]")]
    standing = check(town.why("bees-south", "那房县呢？", history=history), "cited")
    assert "房县" in standing.standalone_question != standing.question


def test_the_ranks_are_those_among_all_passages(town: Library, generation: Generation, embedder: Embedder) -> None:
    vector = embedder.embed_query(SEATS.replace("？", "?"))
    rows, cosines = generation.vectors.search(vector, len(generation))
    words = generation.words.scores(generation.analyzer.terms(SEATS))
    for article in town.articles(limit=100).items:
        best = town.why(article.article_id, SEATS).best
        assert best is not None
        row = next(
            one for one in generation.rows_of(article.article_id) if generation.chunk(one).chunk_id == best.chunk_id
        )
        assert best.dense.rank == 1 + int(np.count_nonzero(cosines > best.dense.score + 1e-6))
        assert int(rows[best.dense.rank - 1]) == row
        assert best.lexical.rank == (1 + int(np.count_nonzero(words > words[row])) if words[row] else None)


class TestNames:
    def test_an_article_goes_by_its_source_where_that_is_enough(self, town: Library) -> None:
        assert town.why("town.jsonl#reading", SEATS).article_id == "reading"

    def test_a_source_of_several_articles_is_not_enough(self, sample_library: Library) -> None:
        with pytest.raises(InputError, match=r"page-1\.txt has \d+ articles") as caught:
            sample_library.why("page-1.txt", SEATS)
        first = sample_library.articles(source="page-1.txt", limit=1).items[0]
        assert first.article_id in caught.value.hint
        assert "more" in caught.value.hint

    @pytest.mark.parametrize(
        ("name", "meant"), [("bees-nort", "bees-north"), ("raeding", "reading"), ("三沙渔港", "ice")]
    )
    def test_names_that_are_nearly_so_are_offered(self, town: Library, name: str, meant: str) -> None:
        with pytest.raises(NotFound, match=f"there is no article '{name}'") as caught:
            town.why(name, SEATS)
        assert meant in caught.value.hint

    def test_a_name_like_no_other_gets_another_hint(self, town: Library) -> None:
        with pytest.raises(NotFound) as caught:
            town.why("§§§", SEATS)
        assert "wenbao search" in caught.value.hint

    def test_the_question_is_checked_as_when_asked(self, town: Library, tmp_path: Path) -> None:
        with pytest.raises(InputError, match="question is empty"):
            town.why("ice", "  ")
