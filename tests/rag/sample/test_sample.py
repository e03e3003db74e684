"""The built-in sample is whole, says what its questions claim, and is nobody else's text."""

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

import rag.sample
from rag.evaluation.questions import read_questions

SAMPLE = Path(rag.sample.__file__).parent
PAGES = sorted((SAMPLE / "pages").glob("*.txt"))
FILE = SAMPLE / "questions.jsonl"
QUESTIONS: list[dict[str, Any]] = [json.loads(line) for line in FILE.read_text(encoding="utf-8").splitlines()]
SHARED = Path(rag.__file__).parents[2] / "shared"
RUN = 24
"""Characters in a row, white space left out, that may not agree with a printed page."""


def squeeze(text: str) -> str:
    return re.sub(r"\s+", "", text)


def runs(text: str, length: int = RUN) -> set[str]:
    return {text[start : start + length] for start in range(len(text) - length + 1)}


def page_text() -> str:
    """All pages without white space, kept apart so that no evidence spans two of them."""
    return "\n".join(squeeze(page.read_text(encoding="utf-8")) for page in PAGES)


def test_five_pages_of_utf_8_with_newspaper_length() -> None:
    assert [page.name for page in PAGES] == [f"page-{number}.txt" for number in range(1, 6)]
    for page in PAGES:
        text = page.read_bytes().decode("utf-8")
        assert 4_000 <= len(squeeze(text)) <= 7_000, page.name
        assert "\r" not in text
        assert "\ufffd" not in text
        assert not text.startswith("\ufeff")


def test_pages_keep_the_layout_that_the_splitter_is_built_for() -> None:
    for page in PAGES:
        blocks = [block for block in page.read_text(encoding="utf-8").split("\n\n") if block.strip()]
        broken = [block for block in blocks if re.search(r"[\u4e00-\u9fff0-9,、]$", block) and len(block) > 40]
        assert len(broken) >= 3, f"{page.name} has too few columns that break in mid-sentence"
    whole = page_text()
    for mark in ("阅读提示", "新闻特写", "本报讯(记者", "本报记者", "【记者", "摄"):
        assert mark in whole, mark


def test_every_type_of_question_is_there() -> None:
    counts = Counter(question["type"] for question in QUESTIONS)
    assert sum(counts.values()) >= 60
    assert counts.keys() == {
        "factoid",
        "number",
        "list",
        "aggregate",
        "yesno",
        "followup",
        "robust",
        "unanswerable",
    }
    assert min(counts.values()) >= 5
    assert len({question["qid"] for question in QUESTIONS}) == len(QUESTIONS)
    assert "哪些城市搭建了婚恋交友平台？" in {question["question"] for question in QUESTIONS}


def test_every_question_can_be_measured() -> None:
    read = read_questions(FILE)
    assert read.skipped == ()
    assert [(item.qid, item.type) for item in read.items] == [(one["qid"], one["type"]) for one in QUESTIONS]


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question["qid"])
def test_the_sample_holds_what_a_question_claims(question: dict[str, Any]) -> None:
    whole = page_text()
    for evidence in question["evidence"]:
        assert squeeze(evidence) in whole
    assert bool(question["evidence"]) == bool(question["answers"]) == (question["type"] != "unanswerable")
    for answer in () if question["type"] in {"yesno", "robust"} else question["answers"]:
        forms = [answer, *question.get("aliases", {}).get(answer, [])]
        assert any(squeeze(form) in whole for form in forms), answer
    for figure in question.get("support", []):
        assert any(figure in squeeze(evidence) for evidence in question["evidence"]), figure


def test_questions_name_headlines_of_the_pages() -> None:
    lines = {line for page in PAGES for line in page.read_text(encoding="utf-8").splitlines()}
    named = {
        headline
        for question in QUESTIONS
        for headline in [*question["article_ids"], *question.get("near_article_ids", [])]
    }
    assert named <= lines


def test_followups_bring_their_history_and_stand_alone_when_resolved() -> None:
    for question in QUESTIONS:
        if question["type"] == "followup":
            roles = [turn["role"] for turn in question["history"]]
            assert roles == ["user", "assistant"] * (len(roles) // 2)
            assert question["standalone"] != question["question"]


def test_no_run_of_a_printed_page_is_repeated() -> None:
    printed = sorted((SHARED / "corpus" / "pages").glob("*.txt"))
    if not printed:
        pytest.skip("the printed pages that the sample must not repeat are not beside this checkout (../shared)")
    theirs = set[str]().union(*(runs(squeeze(page.read_text(encoding="utf-8"))) for page in printed))
    for path in [*PAGES, FILE, SAMPLE / "README.md"]:
        shared = runs(squeeze(path.read_text(encoding="utf-8"))) & theirs
        assert not shared, f"{path.name} repeats {min(shared)!r}"


def test_no_question_of_the_development_set_is_repeated() -> None:
    development = SHARED / "data" / "qa_dev.jsonl"
    if not development.exists():
        pytest.skip(
            "the development questions that the sample must not repeat are not beside this checkout (../shared)"
        )
    asked = {json.loads(line)["question"] for line in development.read_text(encoding="utf-8").splitlines()}
    assert not asked & {question["question"] for question in QUESTIONS}
