"""`--explain` and `wenbao why`: readable lines, and all of it as JSON."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from rag.cli.main import run
from rag.cli.tables import table, width
from rag.errors import ExitCode
from rag.library import Library
from rag.settings import Settings

pytestmark = pytest.mark.usefixtures("opened_once")

QUESTION = "哪些城市搭建了婚恋交友平台？"
UNKNOWN = "三沙市有几座冰雪大世界？"


@pytest.fixture
def on_sample(sample_index: Settings, workdir: Path) -> list[str]:
    return ["--vectors", str(sample_index.vectors)]


@pytest.fixture
def article_id(sample_library: Library) -> str:
    """The article that answers the question."""
    return sample_library.ask(QUESTION).citations[0].article_id


def test_an_answer_tells_why_it_was_accepted(on_sample: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["ask", QUESTION, "--explain", "--top-k", "2", *on_sample]) == ExitCode.OK
    told = capsys.readouterr().out
    assert re.search(
        r"^Accepted: the best sentence answers with a probability of 0\.\d\d; the threshold is", told, re.M
    )
    assert "decided by: a line for every article that fits" in told
    assert "(aggregate, expects any, by city)" in told
    assert re.search(r"^closeness of meaning +0\.\d\d +\+\d\.\d\d +\+\d\.\d\d$", told, re.M)
    assert re.search(r"^ *score +meaning +cosine +adds +words +BM25 +adds", told, re.M)
    assert re.search(r"^1\. +\d\.\d{3} +#\d+ +0\.\d{3} +\+0\.\d{3} +#\d+ ", told, re.M)
    assert "婚恋" in told.split("words looked for", 1)[1]


def test_a_refusal_tells_what_is_missing(on_sample: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["ask", UNKNOWN, "--explain", *on_sample]) == ExitCode.OK
    told = capsys.readouterr().out
    assert re.search(r"^Refused: .* below the threshold", told, re.M)
    assert "places not in the article: 三沙市" in told
    assert "against it: another place" in told


def test_without_the_flag_nothing_is_explained(on_sample: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    for command in (["ask", UNKNOWN], ["search", QUESTION]):
        assert run([*command, *on_sample]) == ExitCode.OK
        assert "cosine" not in capsys.readouterr().out
        assert run([*command, "--json", *on_sample]) == ExitCode.OK
        assert json.loads(capsys.readouterr().out)["explanation"] is None


def test_a_search_tells_the_scores_of_both_legs(on_sample: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["search", "婚恋 交友", "--explain", "--top-k", "3", *on_sample]) == ExitCode.OK
    told = capsys.readouterr().out
    assert "by meaning counts 50%, by words 50%" in told
    assert len(re.findall(r"^\d\. +\d\.\d{3} +(?:#\d+|-) ", told, re.M)) == 3
    assert run(["search", "婚恋 交友", "--explain", "--mode", "lexical", *on_sample]) == ExitCode.OK
    assert "by meaning counts 0%, by words 100%" in capsys.readouterr().out


def test_json_has_the_whole_explanation(on_sample: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["ask", QUESTION, "--explain", "--json", *on_sample]) == ExitCode.OK
    told = json.loads(capsys.readouterr().out)
    explanation = told["explanation"]
    assert explanation["accepted"] is told["answered"] is True
    assert {signal["name"] for signal in explanation["signals"]} >= {"coverage", "similarity"}
    hits = explanation["search"]["hits"]
    assert [hit["chunk_id"] for hit in hits] == [hit["chunk_id"] for hit in told["hits"]]


def test_nothing_found_is_explained_as_well(on_sample: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["search", "婚恋", "--source", "elsewhere/", "--explain", *on_sample]) == ExitCode.OK
    assert "searched 0 passages; 0 were put forward" in capsys.readouterr().out


def test_why_says_that_an_article_is_cited(
    on_sample: list[str], article_id: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["why", article_id, QUESTION, *on_sample]) == ExitCode.OK
    told = capsys.readouterr().out.splitlines()
    assert article_id in told[0]
    assert told[1] == "cited: The answer cites it."
    assert any(re.match(r"by meaning +\d+ +0\.\d{3} +yes$", line) for line in told)


def test_why_says_what_hides_an_article(
    on_sample: list[str], article_id: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["why", article_id, QUESTION, "--place", "深圳", *on_sample]) == ExitCode.OK
    told = capsys.readouterr().out
    assert "filtered: It is left out by the filter on places." in told
    assert re.search(r"^by meaning +- +0\.\d{3} +no$", told, re.M)
    assert run(["why", article_id, UNKNOWN, "--json", *on_sample]) == ExitCode.OK
    standing = json.loads(capsys.readouterr().out)
    assert standing["verdict"] != "cited"
    assert standing["reason"]
    assert standing["best"]["dense"]["rank"] >= 1


def test_why_of_an_unknown_article_offers_others(
    on_sample: list[str], article_id: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["why", article_id[:-1], QUESTION, *on_sample]) == ExitCode.NOT_FOUND
    assert article_id in capsys.readouterr().err
    assert run(["why", "page-1.txt", QUESTION, *on_sample]) == ExitCode.USAGE
    assert "it is not said which one is meant" in capsys.readouterr().err


def test_columns_stand_under_each_other_whatever_the_script() -> None:
    lines = table(["名", "n", "note"], [["甲乙丙", "1", "x"], ["a", "100", "丁"]], left=(0, 2))
    assert lines == ["名        n  note", "甲乙丙    1  x", "a       100  丁"]
    assert width("甲a") == 3
