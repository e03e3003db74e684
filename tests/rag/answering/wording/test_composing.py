"""Marks and citations are made together."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from rag.answering.wording.composing import Composer, Draft, Mark, Quote, chunk_holding
from rag.index.storage.generation import Generation


def test_the_same_quotation_twice_has_one_number(generation: Generation) -> None:
    ice, bridge = generation.article("ice"), generation.article("bridge")
    first, second = Quote(ice, 0, 9), Quote(bridge, 0, 6)
    text, citations = Composer(generation).compose(Draft(("先说", first, "，再说", second, "，又说", first, "。")))
    assert text == f"先说{first.text}[1]，再说{second.text}[2]，又说{first.text}[1]。"
    assert [(citation.n, citation.quote) for citation in citations] == [(1, first.text), (2, second.text)]


def test_a_draft_without_quotations_has_no_citations(generation: Generation) -> None:
    assert Composer(generation).compose(Draft(("没有。",))) == ("没有。", ())


def test_a_citation_says_where_it_stands(generation: Generation) -> None:
    ice = generation.article("ice")
    start = ice.text.index("海丰")
    _, (citation,) = Composer(generation).compose(Draft((Quote(ice, start, start + 6),)))
    assert (citation.article_id, citation.title, citation.byline) == (ice.article_id, ice.title, ice.byline)
    assert (citation.source, citation.date, citation.quote) == (ice.source, "2021-06-18", "海丰冷链公司")
    chunk = next(chunk for chunk in generation.chunks_of("ice") if chunk.chunk_id == citation.chunk_id)
    assert "海丰冷链公司" in chunk.text


@given(st.data())
def test_marks_and_citations_match_both_ways(generation: Generation, data: st.DataObject) -> None:
    articles = list(generation.articles())

    def quote(number: int, start: int, length: int) -> Quote:
        article = articles[number % len(articles)]
        return Quote(article, start, min(start + length, article.chars))

    quotes = st.builds(quote, st.integers(0, 9), st.integers(0, 20), st.integers(1, 60))
    parts = data.draw(st.lists(st.one_of(quotes, st.sampled_from(["，", "再说"])), max_size=8))
    text, citations = Composer(generation).compose(Draft(tuple(parts)))
    assert list(dict.fromkeys(map(int, re.findall(r"\[(\d+)\]", text)))) == [citation.n for citation in citations]
    assert {citation.quote for citation in citations} == {part.text for part in parts if isinstance(part, Quote)}


def test_the_chunk_that_holds_most_is_cited(generation: Generation) -> None:
    chunks = generation.chunks_of("ice")
    for chunk in chunks:
        assert chunk_holding(chunks, chunk.start, chunk.end) == chunk


def test_a_mark_alone_cites_without_showing(generation: Generation) -> None:
    article = generation.article("ice")
    quote = Quote(article, 0, 10)
    text, citations = Composer(generation).compose(Draft(("冰库投用了。", Mark(quote), "原文：", quote)))
    assert text == f"冰库投用了。[1]原文：{quote.text}[1]"
    assert [citation.quote for citation in citations] == [quote.text]
