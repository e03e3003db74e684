"""Laws of sentences and chunks over random articles, and the borders that people would draw."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.index.text.chunking import ChunkRules, chunk_article, context_of
from rag.index.text.sentences import split_sentences
from tests.rag.index.fakes import make_article

_PARTS = st.sampled_from(
    ["春耕", "，", "。", "！”", "“", "……", "；", "《去哪儿？》", "（见图）", "  ", "\u3000", "3.5", "a.b", "：", "他说"]
)
TEXTS = st.lists(_PARTS, max_size=60).map("".join)
PARAGRAPHS = st.lists(TEXTS.filter(lambda text: bool(text.strip())), min_size=1, max_size=6)
RULES = st.builds(
    ChunkRules,
    target=st.integers(5, 80),
    overlap=st.integers(0, 40),
    longest_sentence=st.integers(4, 50),
    shortest=st.integers(0, 20),
)


@given(TEXTS, st.data())
def test_sentences_tile_the_range(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    spans = split_sentences(text, start, end)
    assert [low for low, _ in spans] == [start, *(high for _, high in spans[:-1])][: len(spans)]
    assert not spans or spans[-1][1] == end
    assert bool(spans) == (end > start)
    assert all(low < high for low, high in spans)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("桥通了。人笑了！", ["桥通了。", "人笑了！"]),
        ("他说：“桥通了。”大家鼓掌。", ["他说：“桥通了。”", "大家鼓掌。"]),
        ("歌曲《去哪儿？》很红。", ["歌曲《去哪儿？》很红。"]),
        ("增长3.5倍；下降2成。", ["增长3.5倍；", "下降2成。"]),
        ("苹果、梨……等水果上市。", ["苹果、梨……等水果上市。"]),
        ("说来话长……后来呢？", ["说来话长……", "后来呢？"]),
        ("渡口夜景  阿林 摄", ["渡口夜景  ", "阿林 摄"]),
        ("没有句号的一行", ["没有句号的一行"]),
        ("见www.a.cn?b=1。完", ["见www.a.cn?b=1。", "完"]),
        ("It rained. 桥没了。", ["It rained. ", "桥没了。"]),
    ],
)
def test_sentence_borders(text: str, expected: list[str]) -> None:
    assert [text[start:end] for start, end in split_sentences(text)] == expected


@given(PARAGRAPHS, st.sampled_from(["", "夏收开镰"]), RULES)
def test_chunks_are_in_order_and_cover_the_text(paragraphs: list[str], title: str, rules: ChunkRules) -> None:
    article = make_article(paragraphs, title=title)
    chunks = chunk_article(article, rules)
    covered = 0
    for chunk in chunks:
        assert chunk.start <= covered < chunk.end, "no gap, and something new in every chunk"
        covered = chunk.end
    assert covered == len(article.text)


@given(PARAGRAPHS, RULES)
def test_chunk_text_and_spans_are_the_articles(paragraphs: list[str], rules: ChunkRules) -> None:
    article = make_article(paragraphs, title="夏收开镰")
    source = "\n".join(["夏收开镰", *paragraphs])
    for chunk in chunk_article(article, rules):
        assert chunk.text == article.text[chunk.start : chunk.end]
        quoted = "".join(source[start:end] for start, end in chunk.spans)
        assert "".join(quoted.split()) == "".join(chunk.text.split())


@given(PARAGRAPHS, RULES)
def test_chunks_stay_near_their_size(paragraphs: list[str], rules: ChunkRules) -> None:
    limit = rules.target + rules.overlap + rules.longest_sentence + rules.shortest
    article = make_article(paragraphs, title="夏收开镰")
    assert all(len(chunk.text) <= limit + len(article.title) for chunk in chunk_article(article, rules))


def test_chunks_begin_and_end_with_sentences_and_overlap_by_one() -> None:
    sentences = [f"第{number:02}条消息讲的是修桥。" for number in range(12)]
    article = make_article(["".join(sentences)])
    chunks = chunk_article(article, ChunkRules(target=40, overlap=15, shortest=5))
    assert all(chunk.text.startswith("第") and chunk.text.endswith("。") for chunk in chunks)
    assert all(later.start < earlier.end for earlier, later in pairwise(chunks))


def test_paragraph_borders_are_preferred_to_the_middle_of_the_next() -> None:
    first, second = "甲村修路。" * 8, "乙村种茶。" * 8
    chunks = chunk_article(make_article([first, second]), ChunkRules(target=50, overlap=10, shortest=5))
    assert [chunk.text for chunk in chunks] == [first, second]


def test_a_headline_opens_the_chunk_of_what_it_heads() -> None:
    article = make_article(["正文从这里开始。" * 10], title="一个很长很长的标题写在前面")
    chunks = chunk_article(article, ChunkRules(target=14, overlap=0, shortest=0))
    assert chunks[0].text.startswith("一个很长很长的标题写在前面正文")


def test_a_sentence_without_end_is_cut_at_commas_then_hard() -> None:
    with_commas = make_article(["连绵不断，" * 30])
    assert all(chunk.text.endswith("，") for chunk in chunk_article(with_commas, ChunkRules(longest_sentence=32)))
    without = make_article(["山" * 1000])
    assert max(len(chunk.text) for chunk in chunk_article(without, ChunkRules(longest_sentence=32))) <= 300


def test_key_follows_content_and_not_place_on_the_page() -> None:
    one = chunk_article(make_article(["修桥的消息。"], title="修桥", article_id="a"))
    moved = chunk_article(make_article(["修桥的消息。"], title="修桥", article_id="b"))
    other = chunk_article(make_article(["修桥的消息！"], title="修桥", article_id="a"))
    placed = chunk_article(make_article(["修桥的消息。"], title="修桥", place=("江苏省", "无锡市")))
    ruled = chunk_article(make_article(["修桥的消息。"], title="修桥"), ChunkRules(version=2))
    keys = [chunks[0].key for chunks in (one, moved, other, placed, ruled)]
    assert keys[0] == keys[1]
    assert len(set(keys)) == 4


def test_context_is_headline_and_place_and_never_shown() -> None:
    article = make_article(["修桥的消息。"], title="修桥", place=("江苏省", "无锡市"))
    assert context_of(article) == "修桥 江苏省无锡市"
    [chunk] = chunk_article(article)
    assert chunk.indexed_text == "修桥 江苏省无锡市\n修桥修桥的消息。"
    assert chunk.text == "修桥修桥的消息。"


def test_an_article_without_text_has_no_chunks() -> None:
    assert chunk_article(make_article([""])) == []
