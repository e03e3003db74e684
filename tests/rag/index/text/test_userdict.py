"""User dictionaries: what a line may be, and that words are cut as jieba would with the same file."""

from __future__ import annotations

from pathlib import Path

import jieba
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.errors import SettingsError
from rag.index.text.analyzer import Analyzer
from rag.index.text.terms import hash_terms
from rag.index.text.userdict import FILE, UserDictionary, UserWord, WordFinder

SENTENCE = "老街口的拾光铺子与云栖里驿站都挂了牌，ai巡线员轮流值守。"


def _dictionary(folder: Path, text: str, encoding: str = "utf-8") -> UserDictionary:
    path = folder / "names.txt"
    path.write_bytes(text.encode(encoding))
    return UserDictionary.read(path)


def test_a_line_holds_a_word_and_perhaps_its_frequency_and_tag(tmp_path: Path) -> None:
    found = _dictionary(tmp_path, "\n# 铺子的名字\n拾光铺子\n云栖里 12\n巡线员 n\n雲棲裡驛站　5  nt\n")
    assert found.words == (
        UserWord("拾光铺子"),
        UserWord("云栖里", 12),
        UserWord("巡线员", None, "n"),
        UserWord("云栖里驿站", 5, "nt"),
    )
    assert not found.skipped


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_encodings(tmp_path: Path, encoding: str) -> None:
    assert _dictionary(tmp_path, "拾光铺子 3\r\n", encoding).words == (UserWord("拾光铺子", 3),)


def test_the_last_line_that_names_a_word_counts(tmp_path: Path) -> None:
    assert _dictionary(tmp_path, "拾光铺子 3\n云栖里\n拾光铺子 8\n").words == (
        UserWord("拾光铺子", 8),
        UserWord("云栖里"),
    )


@pytest.mark.parametrize("line", ["一 二 三 四", "云栖里！", "里" * 65])
def test_a_line_that_cannot_be_used_is_named(tmp_path: Path, line: str) -> None:
    found = _dictionary(tmp_path, f"拾光铺子\n{line}\n")
    assert found.words == (UserWord("拾光铺子"),)
    assert [skipped.where for skipped in found.skipped] == ["names.txt:2"]


def test_what_is_no_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"names\.txt"):
        _dictionary(tmp_path, "拾光\0铺子")
    with pytest.raises(SettingsError, match="no-such-file"):
        UserDictionary.read(tmp_path / "no-such-file")


def test_a_generation_keeps_it(tmp_path: Path) -> None:
    kept = UserDictionary((UserWord("拾光铺子"), UserWord("云栖里", 0), UserWord("驿站", 7, "n")))
    kept.save(tmp_path)
    assert UserDictionary.open(tmp_path).words == kept.words
    assert UserDictionary.open(tmp_path).digest == kept.digest != UserDictionary().digest == ""


def test_no_words_leave_no_file(tmp_path: Path) -> None:
    UserDictionary().save(tmp_path)
    assert not (tmp_path / FILE).exists()


def test_changed_words_are_those_that_only_one_has_or_has_otherwise() -> None:
    one = UserDictionary((UserWord("甲乙"), UserWord("丙丁", 3), UserWord("戊己")))
    other = UserDictionary((UserWord("甲乙"), UserWord("丙丁", 4), UserWord("庚辛")))
    assert one.changed_words(other) == {"丙丁", "戊己", "庚辛"} == other.changed_words(one)


def test_words_are_cut_as_jieba_cuts_with_the_same_file(tmp_path: Path) -> None:
    path = tmp_path / "names.txt"
    path.write_text("拾光铺子 50000\n云栖里 50000 nz\nai巡线员 50000\n", encoding="utf-8")
    reference = jieba.Tokenizer()
    with path.open("rb") as file:  # given a path, jieba leaves the file open
        reference.load_userdict(file)
    expected = {word for word in reference.cut_for_search(SENTENCE) if len(word) > 1}
    found = {term for term in Analyzer(UserDictionary.read(path)).terms(SENTENCE) if term[0] != "_" and len(term) > 1}
    assert found == expected
    assert {"拾光铺子", "云栖里", "ai巡线员"} <= found


def test_the_words_of_one_dictionary_do_not_reach_another() -> None:
    own = Analyzer(UserDictionary((UserWord("拾光铺子"),)))
    assert "拾光铺子" in own.terms(SENTENCE)
    assert "拾光铺子" not in Analyzer().terms(SENTENCE)


@given(st.text(alphabet="老街口拾光铺子ai1， 雲裡\U00020000\ue000", max_size=40))
def test_digests_are_those_of_the_terms(text: str) -> None:
    analyzer = Analyzer(UserDictionary((UserWord("拾光铺子"),)))
    assert sorted(analyzer.term_hashes(text).tolist()) == sorted(hash_terms(analyzer.terms(text)).tolist())


@given(
    st.lists(st.text(alphabet="甲乙丙丁", min_size=1, max_size=4), max_size=6),
    st.text(alphabet="甲乙丙丁戊", max_size=12),
)
def test_the_finder_finds_what_stands_in_a_text(words: list[str], text: str) -> None:
    assert WordFinder(words).in_text(text) == any(word in text for word in words)
