"""Finding in texts: whatever the case and the width, across their borders, and in offsets of the texts as they are."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.text.finding import Finder, Piece

ALPHABET = "渡轮ＡaA１1 \u3000éE\u0301㎏kgß\u200bﬁfi"
TEXTS = st.lists(st.text(alphabet=ALPHABET, max_size=12), max_size=4)


def found(texts: list[str], query: str) -> list[str]:
    """What was found, the pieces of a match joined by a bar."""
    return [
        "|".join(texts[piece.text][piece.start : piece.end] for piece in match) for match in Finder(texts).find(query)
    ]


def folded(text: str) -> str:
    drawn = text.replace("\u200b", "")
    return "".join(unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", drawn).casefold()).split())


@pytest.mark.parametrize(
    ("texts", "query", "matches"),
    [
        (["新渡轮昨日下水", "渡轮长42米"], "渡轮", ["渡轮", "渡轮"]),
        (["票价３元，ＡＢＣ"], "3元,abc", ["３元，ＡＢＣ"]),
        (["票价3元，abc"], "３元，ＡＢｃ", ["3元，abc"]),
        (["站长王　磊说"], "王磊", ["王　磊"]),
        (["站长王磊说"], "王 磊", ["王磊"]),
        (["他说到这", "里就停了"], "这里", ["这|里"]),
        (["渡\u200b轮"], "渡轮", ["渡\u200b轮"]),
        (["Cafe\u0301 和 Café"], "CAFÉ", ["Cafe\u0301", "Café"]),
        (["cafe\u0301"], "cafe", []),
        (["哈哈哈哈哈"], "哈哈", ["哈哈", "哈哈"]),
        (["重5㎏的"], "kg", ["㎏"]),
        (["重5㎏的"], "g", ["㎏"]),
        (["STRASSE", "Straße"], "straße", ["STRASSE", "Straße"]),
        (["渡轮"], " \u3000", []),
        (["渡轮"], "", []),
        (["", "渡轮", ""], "轮", ["轮"]),
        ([], "轮", []),
    ],
)
def test_words_are_found(texts: list[str], query: str, matches: list[str]) -> None:
    assert found(texts, query) == matches


@given(TEXTS, st.text(alphabet=ALPHABET, min_size=1, max_size=3))
def test_matches_hold_the_query_are_in_order_and_apart(texts: list[str], query: str) -> None:
    end = (0, 0)
    for match in Finder(texts).find(query):
        assert all(piece.start < piece.end <= len(texts[piece.text]) for piece in match)
        assert (match[0].text, match[0].start) >= end
        end = (match[-1].text, match[-1].end)
        joined = "".join(texts[piece.text][piece.start : piece.end] for piece in match)
        # A character that folds to several may be more than what was asked for, but is never cut.
        assert folded(query) in folded(joined)


@given(TEXTS, st.data())
def test_what_stands_there_is_found(texts: list[str], data: st.DataObject) -> None:
    joined = "".join(texts)
    start = data.draw(st.integers(0, len(joined)))
    query = joined[start : data.draw(st.integers(start, len(joined)))]
    # A character and its accent stand in one text; the Finder does not put them together out of two.
    starts_whole = all(unicodedata.combining(part[0]) == 0 for part in (query, *texts) if part)
    if folded(query) and starts_whole and (start + len(query) == len(joined) or joined[start + len(query)] != "\u0301"):
        assert Finder(texts).find(query)


def test_a_match_is_told_in_offsets_of_each_text() -> None:
    assert Finder(["到岸", "", "了吗"]).find("岸了") == [(Piece(0, 1, 2), Piece(2, 0, 1))]
