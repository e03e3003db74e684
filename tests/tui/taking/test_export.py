"""A conversation on disk: nothing that was cited is lost on the way, nothing in it acts, and no half file is left."""

from __future__ import annotations

import errno
import json
import os
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from server.schemas import AskResponse, FiltersIn
from tests.tui.paper import FERRY_PAGE, HITS, HOSTILE_PAGE, LONG_PAGE, PaperLibrary
from tui.i18n import Language, Words
from tui.taking.document import as_json
from tui.taking.files import Exists, NotWritten, suggested_name, target_of, write
from tui.taking.inert import STEERING
from tui.taking.markdown import as_markdown
from tui.taking.passages import answer, sentence
from tui.talk.session import Conversation, Selection, Stage, Turn

NOW = datetime(2031, 5, 4, 12, 30, tzinfo=UTC)
SOURCES = {"港口/page-1.txt": FERRY_PAGE, "long.txt": LONG_PAGE, "r.jsonl#hostile": HOSTILE_PAGE}
EN, ZH = Words(Language.EN), Words(Language.ZH)


def settled(question: str, **changes: Any) -> Turn:
    """A question that the invented paper has replied to."""
    turn = Turn(question, asked=datetime(2031, 5, 4, 12, tzinfo=UTC).timestamp())
    reply = AskResponse.from_answer(PaperLibrary().ask(question))
    turn.settle(reply.model_copy(update=changes))
    return turn


@pytest.fixture
def conversation() -> Conversation:
    waiting = Turn("还没问", stage=Stage.WAITING, asked=NOW.timestamp())
    stopped = Turn("停下了", stage=Stage.STOPPED, partial="渡轮每天往返", asked=NOW.timestamp())
    return Conversation([settled("渡轮多久到对岸？"), settled("预算是多少"), settled("来稿"), stopped, waiting])


def bare(text: str) -> str:
    return "".join(text.split())


def at(source: str, spans: Any) -> str:
    return bare("".join(SOURCES[source][start:end] for start, end in spans))


# ------------------------------------------------------------------------------------------------------------- JSON


def test_every_quote_of_the_json_stands_at_its_spans(conversation: Conversation) -> None:
    turns = json.loads(as_json(conversation, "渡轮", NOW))["turns"]
    citations = [citation for turn in turns for citation in turn["citations"]]
    assert len(citations) == 4
    for citation in citations:
        assert at(citation["source"], citation["spans"]) == bare(citation["quote"])
    nearest = turns[1]["nearest"]
    assert [at(hit["source"], hit["spans"]) for hit in nearest] == [bare(hit["text"]) for hit in nearest] != []


def test_the_json_says_what_became_of_each_question(conversation: Conversation) -> None:
    document = json.loads(as_json(conversation, "渡轮", NOW))
    assert (document["format"], document["version"], document["title"]) == ("wenbao.conversation", 1, "渡轮")
    assert document["written"] == "2031-05-04T12:30:00Z"
    turns = document["turns"]
    assert [turn["outcome"] for turn in turns] == ["answered", "refused", "answered", "stopped", "open"]
    assert turns[0]["asked"] == "2031-05-04T12:00:00Z"
    assert turns[0]["generation"] == "g1"
    assert (turns[3]["answer"], turns[3]["partial"]) == (None, "渡轮每天往返")
    assert set(re.findall(r"\[(\d+)\]", turns[0]["answer"])) == {str(one["n"]) for one in turns[0]["citations"]}


def test_every_stage_has_an_outcome() -> None:
    for stage in Stage:
        document = json.loads(as_json(Conversation([Turn("问", stage=stage)]), "问", NOW))
        assert document["turns"][0]["outcome"]


def test_the_part_of_the_corpus_that_was_asked_goes_along() -> None:
    turn = settled("渡轮")
    turn.selection = Selection(FiltersIn(places=["青石港市"]), "青石港市")
    document = json.loads(as_json(Conversation([turn]), "渡轮", NOW))
    assert document["turns"][0]["filters"]["places"] == ["青石港市"]
    assert "Within: 青石港市" in as_markdown(Conversation([turn]), "渡轮", EN, NOW)


def test_json_keeps_every_character_and_shows_none_that_steers(conversation: Conversation) -> None:
    turn = conversation.turns[2]
    assert turn.reply is not None
    turn.reply = turn.reply.model_copy(update={"warnings": ("\x1b[2J\x9b\u202e\ud800",)})
    written = as_json(conversation, "\x1b]0;x\x07\ud800", NOW)
    assert not STEERING.search(written)
    written.encode("utf-8")
    document = json.loads(written)
    assert document["title"] == "\x1b]0;x\x07\ud800"
    assert document["turns"][2]["warnings"] == ["\x1b[2J\x9b\u202e\ud800"]
    assert document["turns"][2]["citations"][0]["quote"] == turn.references[0].quote


# --------------------------------------------------------------------------------------------------------- Markdown


@pytest.mark.parametrize("words", [EN, ZH], ids=["en", "zh"])
def test_every_source_of_the_markdown_can_be_looked_up(conversation: Conversation, words: Words) -> None:
    written = as_markdown(Conversation(conversation.turns[:2]), "渡轮", words, NOW)
    pattern = r"^- \*\*\[\d\]\*\* .*(?:, |，)(\S+) (?:characters|字符) (.+)\n\n  > (.+)$"
    found = re.findall(pattern, written.replace("\\", ""), re.MULTILINE)
    assert len(found) == 3 + len({hit.article.article_id for hit in HITS})
    for source, spans, quote in found:
        places = [(int(start), int(end)) for start, end in re.findall(r"\[(\d+), (\d+)\)", spans)]
        assert at(source, places) == bare(quote)


def test_the_markdown_reads_as_the_conversation_did(conversation: Conversation) -> None:
    written = as_markdown(conversation, "渡轮", EN, NOW)
    assert written.startswith("# 渡轮\n\nwenbao · 2031-05-04 12:30 · questions: 5\n\n## 1. 渡轮多久到对岸？\n")
    assert "十五分钟[1]。票价三元" in written
    assert "**∅ Not in this corpus**" in written
    assert "**What came nearest:**" in written
    assert "渡轮每天往返\n\n*There was no whole answer.*" in written


def test_nothing_of_a_page_acts_in_the_markdown() -> None:
    evil = (
        '<img src="x">\n# 标题\n- 一\n- 二\n![图](http://x)\n[点](http://x)[1]: http://x\n'
        "1. 甲\n---\n`码` *强* _弱_ \x1b[2J[1]"
    )
    turn = settled("渡轮", answer=evil, warnings=("<b>",))
    written = as_markdown(Conversation([turn]), "<script> # [x](y)", EN, NOW)
    body = written.split("**Sources:**")[0]
    for active in (
        r"(?<!\\)<",
        r"^# 标",
        r"(?<!\\)!\[",
        r"(?<!\\)\[点",
        r"(?<!\\)\](?=[(:])",
        r"^1\. ",
        r"^---",
        r"(?<!\\)`",
    ):
        assert not re.search(active, body, re.MULTILINE), active
    assert not STEERING.search(written)
    assert "- 一\n- 二" in body
    assert body.rstrip().endswith("[1]\n\n⚠ note: \\<b\\>")


def test_what_a_model_writes_stays_markdown_without_html_images_and_links() -> None:
    turn = settled(
        "渡轮", answerer="llm", answer="**要点**\n\n- 快[1]\n\n<b>x</b> ![i](http://x) [l](http://x)\n[1]: http://x"
    )
    written = as_markdown(Conversation([turn]), "渡轮", EN, NOW)
    assert "**要点**\n\n- 快[1]\n\n\\<b>x\\</b> \\![i]\\(http://x) [l]\\(http://x)\n[1]\\: http://x" in written


# ----------------------------------------------------------------------------------------------------- what is copied


def test_a_sentence_is_copied_with_where_it_stands() -> None:
    reference = settled("渡轮").references[0]
    quote, line = sentence(reference, EN).split("\n")
    assert quote == reference.quote
    spans = ", ".join(f"[{start}, {end})" for start, end in reference.spans)
    expected = f"— 新渡轮“白鹭号”昨日下水, 浙江省青石港市, 2019-05-04, 港口/page-1.txt characters {spans}"
    assert line == expected
    assert sentence(reference, ZH).endswith(f"，港口/page-1.txt 字符 {spans}")


def test_an_answer_is_copied_with_numbered_sources() -> None:
    turn = settled("渡轮")
    lines = answer(turn, EN).split("\n")
    assert turn.reply is not None
    assert "\n".join(lines[:2]) == turn.reply.answer
    assert [line[:3] for line in lines if line.startswith("[")] == ["[1]", "[2]", "[3]"]
    assert [f"    “{reference.quote}”" in lines for reference in turn.references] == [True] * 3


def test_a_refusal_is_copied_with_what_came_nearest() -> None:
    copied = answer(settled("预算是多少"), ZH)
    assert copied.startswith("没有找到相关报道。\n\n最接近的段落：\n[1] ")
    assert answer(settled("空的预算"), ZH) == "没有找到相关报道。"


# -------------------------------------------------------------------------------------------------------------- files


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("渡轮多久到对岸？", "渡轮多久到对岸-2031-05-04.md"),
        ("  a/b\\c:d*e ", "a-b-c-d-e-2031-05-04.md"),
        ("../..\x1b]0;x", "0-x-2031-05-04.md"),
        ("", "wenbao-2031-05-04.md"),
        ("CON", "wenbao-CON-2031-05-04.md"),
        ("长" * 300, "长" * 40 + "-2031-05-04.md"),
    ],
)
def test_a_name_is_suggested_that_every_system_takes(title: str, name: str) -> None:
    assert suggested_name(title, date(2031, 5, 4), ".md") == name


def test_a_name_leads_from_the_working_folder_or_from_home(workdir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(workdir / "home"))
    assert target_of(" a.md ") == Path.cwd() / "a.md"
    assert target_of("~/a.md") == workdir / "home" / "a.md"
    for nothing in ("", "  ", "a\x1b.md"):
        with pytest.raises(NotWritten):
            target_of(nothing)


def left_in(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


def test_a_file_is_replaced_only_where_that_is_wanted(tmp_path: Path) -> None:
    target = tmp_path / "a.md"
    assert write(target, "一\n") == target
    with pytest.raises(Exists):
        write(target, "二")
    assert target.read_text(encoding="utf-8") == "一\n"
    write(target, "二", overwrite=True)
    assert target.read_text(encoding="utf-8") == "二"
    assert left_in(tmp_path) == ["a.md"]
    assert target.stat().st_mode & 0o777 == 0o666 & ~_umask()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_a_link_is_followed_and_stays(tmp_path: Path) -> None:
    (tmp_path / "real.md").write_text("before")
    link = tmp_path / "link.md"
    link.symlink_to("real.md")
    write(link, "after", overwrite=True)
    assert link.is_symlink()
    assert (tmp_path / "real.md").read_text() == "after"


@pytest.fixture
def loop(tmp_path: Path) -> Path:
    (tmp_path / "loop").symlink_to("loop")
    return tmp_path / "loop"


def test_what_cannot_be_written_says_why(tmp_path: Path, loop: Path) -> None:
    (tmp_path / "file").write_text("x")
    cases = {
        tmp_path / "no" / "a.md": "export.no_folder",
        tmp_path / "file" / "a.md": "export.no_folder",
        tmp_path: "export.not_a_file",
        tmp_path / ("x" * 300): "export.long_name",
        loop: "export.failed",
    }
    for target, key in cases.items():
        with pytest.raises(NotWritten) as told:
            write(target, "text", overwrite=True)
        assert told.value.key == key
        assert EN(key, where=str(told.value.where), reason=told.value.reason)
    assert left_in(tmp_path) == ["file", "loop"]


@pytest.fixture
def closed(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "closed"
    folder.mkdir()
    folder.chmod(0o500)
    yield folder
    folder.chmod(0o700)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_forbidden_folder_says_so(closed: Path) -> None:
    with pytest.raises(NotWritten) as told:
        write(closed / "a.md", "text")
    assert (told.value.key, told.value.where) == ("export.forbidden", closed)


@pytest.mark.parametrize(
    ("number", "key"), [(errno.ENOSPC, "export.full"), (errno.EROFS, "export.forbidden"), (errno.EIO, "export.failed")]
)
def test_a_disk_that_gives_out_leaves_the_file_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, key: str
) -> None:
    target = tmp_path / "a.md"
    target.write_text("before")

    def full(_: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(NotWritten) as told:
        write(target, "after", overwrite=True)
    assert told.value.key == key
    assert target.read_text() == "before"
    assert left_in(tmp_path) == ["a.md"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no device that is always full")
def test_a_device_is_no_place_for_a_file() -> None:
    with pytest.raises(NotWritten) as told:
        write(Path("/dev/full"), "text", overwrite=True)
    assert told.value.key == "export.not_a_file"
