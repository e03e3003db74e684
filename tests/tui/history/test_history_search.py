"""Searching inside conversations: every planted phrase is found, in the right place, with the right marks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import opencc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.cli.analysis import load_analysis
from tui.history.folding import Analysis, Folder
from tui.history.records import Field, Found
from tui.history.search import LIMIT, Search
from tui.history.store import Store

QUESTION = "白鹭號渡輪几点开？"
ANSWER = "渡轮每天往返１２班，Ａｌｐｈａ-7 号泊位，票价3.50元[1]。"
QUOTE = "船厂厂长郑望山说：造得慢，但每一条焊缝都是我们自己的"

INDEX = load_analysis()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "history.sqlite3") as opened:
        yield opened


def keep(store: Store, question: str, answer: str = "", *quotes: str, at: float = 1.0, into: int | None = None) -> int:
    """The id of the turn."""
    _, turn = store.ask(into, question, at)
    if answer:
        store.settle(turn, "{}", answer, quotes, at)
    return turn


def marked(found: Found) -> list[str]:
    return [found.text[low:high] for low, high in found.ranges]


# ------------------------------------------------------------------------------------------------------- what is found


@pytest.mark.parametrize(
    ("typed", "field", "marks"),
    [
        ("渡轮每天", Field.ANSWER, ["渡轮每天"]),
        ("白鹭号渡轮", Field.QUESTION, ["白鹭號渡輪"]),  # printed in traditional characters
        ("白鷺號", Field.QUESTION, ["白鹭號"]),  # typed in them
        ("轮每", Field.ANSWER, ["轮每"]),  # across words
        ("焊", Field.QUOTE, ["焊"]),
        ("郑望", Field.QUOTE, ["郑望"]),
        ("鄭望山", Field.QUOTE, ["郑望山"]),
        ("12班", Field.ANSWER, ["１２班"]),
        ("１２", Field.ANSWER, ["１２"]),
        ("alpha", Field.ANSWER, ["Ａｌｐｈａ"]),
        ("LPH", Field.ANSWER, ["ｌｐｈ"]),
        ("alpha-7", Field.ANSWER, ["Ａｌｐｈａ-7"]),
        ("3.5", Field.ANSWER, ["3.5"]),
        ("50元", Field.ANSWER, ["50元"]),
        ("慢，但", Field.QUOTE, ["慢，但"]),
        ("焊缝 郑望山", Field.QUOTE, ["郑望山", "焊缝"]),  # parts in any order
        ("[1]", Field.ANSWER, ["[1]"]),
    ],
)
def test_what_stands_in_a_conversation_is_found(store: Store, typed: str, field: Field, marks: list[str]) -> None:
    keep(store, "灯会在哪里？", "在沙洲镇的棉田里。", "灯会今年搬进了收过的棉田")
    turn = keep(store, QUESTION, ANSWER, "别的一句", QUOTE)
    findings = Search(store, INDEX).find(typed)
    assert [(found.turn, found.field, marked(found)) for found in findings.found] == [(turn, field, marks)]
    assert findings.total == 1


def test_parts_may_stand_in_different_fields(store: Store) -> None:
    turn = keep(store, QUESTION, ANSWER, QUOTE)
    assert [found.turn for found in Search(store, INDEX).find("几点 郑望山").found] == [turn]
    assert Search(store, INDEX).find("几点 灯会").found == ()


def test_the_same_words_in_another_order_are_found_after_the_phrase(store: Store) -> None:
    words = keep(store, "票价怎样？", "票价不变，渡轮照常。", at=5)
    phrase = keep(store, "什么贵了？", "渡轮票价涨了。", at=1)
    findings = Search(store, INDEX).find("渡轮票价")
    assert [found.turn for found in findings.found] == [phrase, words]
    assert marked(findings.found[1]) == ["票价", "渡轮"]


def test_an_unanswered_question_is_found_and_its_answer_as_soon_as_it_is_there(store: Store) -> None:
    search = Search(store, INDEX)
    turn = keep(store, "渡轮几点开？")
    assert [found.turn for found in search.find("渡轮").found] == [turn]
    assert search.find("七点").found == ()
    with Store(store.path) as other:  # another window answers
        other.settle(turn, "{}", "早上七点。", [], 2.0)
    assert [found.field for found in search.find("七点").found] == [Field.ANSWER]


def test_a_given_title_is_found_and_a_deleted_conversation_is_not(store: Store) -> None:
    search = Search(store, INDEX)
    conversation, _ = store.ask(None, "几点？", 1.0)
    store.rename(conversation, "关于渡轮")
    (found,) = search.find("渡輪").found
    assert (found.turn, found.field, found.conversation.title, marked(found)) == (
        None,
        Field.TITLE,
        "关于渡轮",
        ["渡轮"],
    )
    assert [place.field for place in search.find("几点").found] == [Field.QUESTION]
    store.delete(conversation)
    assert search.find("渡轮").found == search.find("几点").found == ()
    store.restore(conversation)
    assert len(search.find("几点").found) == 1


def test_of_equals_the_newest_comes_first_and_no_more_than_can_be_read(store: Store) -> None:
    turns = [keep(store, "渡轮几点开？", at=float(number)) for number in range(LIMIT + 20)]
    findings = Search(store, INDEX).find("渡轮")
    assert [found.turn for found in findings.found] == turns[::-1][:LIMIT]
    assert findings.total == LIMIT + 20


@pytest.mark.parametrize("typed", ["", "   ", "\u200b"])
def test_nothing_typed_finds_nothing(store: Store, typed: str) -> None:
    keep(store, QUESTION, ANSWER)
    assert Search(store, INDEX).find(typed).found == ()


@pytest.mark.parametrize(
    "typed", ['"', "渡轮\"'", "渡轮 OR 票", "NOT", "渡*", "(", "question:渡轮", "%", "_", "\x00", "\ud83d", "a " * 900]
)
def test_operators_are_text(store: Store, typed: str) -> None:
    keep(store, "灯会", "票")
    assert Search(store, INDEX).find(typed).found == ()
    keep(store, f"{typed[:150]}！", "x")
    assert Search(store, INDEX).find("！").total == 1


def test_without_a_dictionary_the_characters_are_found_all_the_same(store: Store) -> None:
    turn = keep(store, QUESTION, ANSWER, QUOTE)
    search = Search(store, Analysis())
    assert [found.turn for found in search.find("ALPHA-7").found] == [turn]
    assert [found.turn for found in search.find("郑望").found] == [turn]
    assert search.find("鄭望").found == ()
    # What knows the words makes it searchable anew, and what does not leaves that alone.
    assert Search(store, INDEX).catch_up() == 1
    assert Search(store, Analysis()).catch_up() == 0
    assert Search(store, INDEX).catch_up() == 0


# --------------------------------------------------------------------------------------------------------------- laws

TEXTS = st.text(
    st.one_of(
        st.sampled_from("渡轮輪票價价白鷺鹭號号，。 ABｃ１2é\u0301\u200b㎏ﬁ"),
        st.characters(codec="utf-8", exclude_categories=["Cs"]),
    ),
    max_size=30,
)


@given(TEXTS, st.data())
def test_any_part_of_a_text_is_found_in_it_and_marked(text: str, data: st.DataObject) -> None:
    folder = Folder(INDEX)
    # Accents go with their letter, as they are drawn.
    cuts = [0, *(at for at in range(1, len(text)) if not 0x300 <= ord(text[at]) < 0x370), len(text)]
    low, high = sorted((data.draw(st.sampled_from(cuts)), data.draw(st.sampled_from(cuts))))
    for part in folder.parts(text[low:high]):
        assert part in folder.fold(text)
        ranges = folder.ranges(text, [part])
        assert all(part in folder.fold(text[start:end]) for start, end in ranges)
        assert ranges


@given(st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5), min_size=1, max_size=8))
def test_simplified_finds_traditional(text: str) -> None:
    folder = Folder(INDEX)
    simple = opencc.OpenCC("t2s")
    typed = "".join(map(simple.convert, text))
    assert folder.ranges(text, folder.parts(typed)) == ((0, len(text)),)
