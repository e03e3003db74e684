"""Question files: both kinds are read, and whatever is wrong with a line is told and stops nothing."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.errors import InputError
from rag.evaluation.questions import RETRIEVAL, UNANSWERABLE, Item, QuestionFile, read_questions
from rag.types import Skipped, Turn
from tests.rag.evaluation.conftest import write_lines

ASKED = '{"qid": "a1", "question": " 冰库能存多少冰？", "type": "number", "answers": ["3.2万吨"], "notes": "随便"}'
SEARCHED = '{"question": "谁养蜂？", "article_ids": ["bees-north"]}'


def item(number: int) -> Item:
    return Item(f"q{number}", f"f:{number}", "问？", "number", ("答",), {}, False, (), (), (), ())


def test_both_kinds_of_lines_are_read(tmp_path: Path) -> None:
    asked, searched = read_questions(write_lines(tmp_path / "q.jsonl", ASKED, "", SEARCHED)).items
    assert (asked.qid, asked.question, asked.type, asked.searched) == ("a1", "冰库能存多少冰？", "number", False)
    assert (asked.answers, asked.all_answers, asked.where) == (("3.2万吨",), False, "q.jsonl:1")
    assert (searched.qid, searched.type, searched.searched) == ("line 3", RETRIEVAL, True)
    assert searched.article_ids == ("bees-north",)


def test_everything_that_is_known_of_a_question_is_kept(tmp_path: Path) -> None:
    line = {
        "qid": "x",
        "question": "那房县呢？",
        "type": "yesno",
        "answers": ["是", "对"],
        "aliases": {"是": ["是的"]},
        "answer_mode": "all",
        "article_ids": ["a"],
        "evidence": ["131户"],
        "support": ["131"],
        "history": [{"role": "user", "content": "留坝县有多少户？"}, {"role": "assistant", "content": "96户。"}],
    }
    (read,) = read_questions(write_lines(tmp_path / "q.jsonl", json.dumps(line))).items
    assert (read.aliases, read.all_answers) == ({"是": ("是的",)}, True)
    assert (read.article_ids, read.evidence, read.support) == (("a",), ("131户",), ("131",))
    assert read.history == (Turn("user", "留坝县有多少户？"), Turn("assistant", "96户。"))


def test_a_question_without_an_answer_needs_none(tmp_path: Path) -> None:
    line = json.dumps({"question": "火星上有谁？", "type": UNANSWERABLE, "answers": []})
    (read,) = read_questions(write_lines(tmp_path / "q.jsonl", line)).items
    assert not read.answerable


@pytest.mark.parametrize("name", ["q.jsonl.gz", "q.jsonl"])
def test_packed_files_are_unpacked_whatever_their_name(tmp_path: Path, name: str) -> None:
    plain = read_questions(write_lines(tmp_path / "plain.jsonl", ASKED, SEARCHED))
    (tmp_path / name).write_bytes(gzip.compress((tmp_path / "plain.jsonl").read_bytes()))
    packed = read_questions(tmp_path / name)
    assert [one.qid for one in packed.items] == [one.qid for one in plain.items]
    assert packed.digest == plain.digest


def test_a_byte_order_mark_is_no_part_of_the_first_line(tmp_path: Path) -> None:
    (tmp_path / "q.jsonl").write_bytes(b"\xef\xbb\xbf" + ASKED.encode() + b"\r\n")
    assert read_questions(tmp_path / "q.jsonl").items[0].qid == "a1"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"{", "is not JSON"),
        (b"[1]", "is no JSON object"),
        (b'"\xff"', "is not UTF-8"),
        (b'{"type": "number", "answers": ["1"]}', "its question"),
        (b'{"question": 7, "type": "number", "answers": ["1"]}', "its question"),
        ('{"question": "谁？"}'.encode(), 'neither a "type" nor "article_ids"'),
        ('{"question": "谁？", "type": "retrieval"}'.encode(), 'neither a "type" nor "article_ids"'),
        ('{"question": "谁？", "type": "factoid", "answers": []}'.encode(), 'no "answers"'),
        ('{"question": "谁？", "type": "factoid", "answers": "张三"}'.encode(), "its answers"),
        ('{"question": "谁？", "type": "factoid", "answers": [""]}'.encode(), "its answers.0"),
        (
            '{"question": "谁？", "type": "factoid", "answers": ["a"], "answer_mode": "some"}'.encode(),
            "its answer_mode",
        ),
        ('{"question": "谁？", "article_ids": ["a"], "history": [{"role": "system"}]}'.encode(), "its history.0.role"),
        ('{"qid": "a1", "question": "谁？", "article_ids": ["a"]}'.encode(), "its qid 'a1' is that of line 1"),
    ],
)
def test_a_bad_line_is_named_and_stops_nothing(tmp_path: Path, line: bytes, reason: str) -> None:
    path = tmp_path / "q.jsonl"
    path.write_bytes(ASKED.encode() + b"\n\n" + line + b"\n" + SEARCHED.encode())
    read = read_questions(path)
    assert [one.where for one in read.items] == ["q.jsonl:1", "q.jsonl:4"]
    (skipped,) = read.skipped
    assert skipped.where == "q.jsonl:3"
    assert reason in skipped.reason


def test_an_empty_question_is_measured_and_named(tmp_path: Path) -> None:
    read = read_questions(write_lines(tmp_path / "q.jsonl", '{"question": "　", "article_ids": ["a"]}'))
    assert [one.question for one in read.items] == [""]
    assert [one.where for one in read.skipped] == ["q.jsonl:1"]


@pytest.mark.parametrize(("data", "told"), [(b"", "it is empty"), (b"\n \n", "it is empty"), (b"{}\n", "its 1 lines")])
def test_a_file_without_a_question_is_an_error(tmp_path: Path, data: bytes, told: str) -> None:
    (tmp_path / "q.jsonl").write_bytes(data)
    with pytest.raises(InputError, match=told):
        read_questions(tmp_path / "q.jsonl")


def test_a_file_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"cannot read .*q\.jsonl: No such file"):
        read_questions(tmp_path / "q.jsonl")
    (tmp_path / "q.jsonl.gz").write_bytes(gzip.compress(b"{}" * 100)[:-20])
    with pytest.raises(InputError, match=r"cannot read .*q\.jsonl\.gz"):
        read_questions(tmp_path / "q.jsonl.gz")


@given(st.lists(st.booleans(), max_size=30), st.integers(1, 40), st.integers(0, 5))
def test_a_draw_is_the_same_again_and_holds_nothing_twice(good: list[bool], limit: int, seed: int) -> None:
    lines = tuple(item(n) if one else Skipped(f"f:{n}", "bad") for n, one in enumerate(good))
    file = QuestionFile("f", "", lines)
    drawn = file.draw(limit, seed)
    assert drawn == file.draw(limit, seed)
    assert {one.qid for one in drawn} <= {one.qid for one in file.items}
    assert len({one.qid for one in drawn}) == len(drawn) <= limit
    assert file.draw(None, seed) == file.items
    if limit >= len(lines):
        assert drawn == file.items


@given(st.integers(2, 30), st.integers(0, 29))
def test_mending_a_line_changes_no_draw_of_the_others(size: int, bad: int) -> None:
    whole = QuestionFile("f", "", tuple(item(n) for n in range(size)))
    lines = tuple(Skipped(one.where, "") if number == bad else one for number, one in enumerate(whole.items))
    drawn = QuestionFile("f", "", lines).draw(size // 2, 0)
    assert drawn == tuple(one for one in whole.draw(size // 2, 0) if one.qid != f"q{bad}")
