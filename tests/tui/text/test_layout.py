"""An article as paragraphs: every character once, nothing said twice, set as print sets it."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from rag.types import Article, ArticleKind, Block, BlockRole
from server.schemas import ArticleDetail
from tests.tui.paper import FERRY, SPEED
from tui.talk.session import Reference
from tui.text.layout import INDENT, set_article, set_gone
from tui.text.typesetting import RULE

RECORD_TEXT = (
    "港口的早班船六点离岸，船上坐着赶集的人。    船长林禾说，这条航线走了二十年，没有停过一天，"
    "台风天也只是晚半个小时。\u3000\u3000来源：  港口日报  ，有删节，读者可到港口图书馆查阅全文和当天的版面。"
)


def detail(article: Article) -> ArticleDetail:
    return ArticleDetail.from_article(article)


def record(text: str, **known: object) -> ArticleDetail:
    block = Block(BlockRole.BODY, 0, len(text))
    article = Article("r", "r.jsonl#r", ((0, len(text)),), ((0, len(text)),), text, (block,), kind=ArticleKind.RECORD)
    return detail(replace(article, **known))  # type: ignore[arg-type]


def body(article: ArticleDetail) -> list[str]:
    return [paragraph.text for paragraph in set_article(article, ()).paragraphs if paragraph.role == "body"]


def test_a_page_is_set_head_then_text() -> None:
    start = FERRY.text.index(SPEED)
    setting = set_article(detail(FERRY), ((start, start + len(SPEED)),))
    roles = [paragraph.role for paragraph in setting.paragraphs]
    assert roles == ["kicker", "title", "byline", "meta", "rule", "body", "body", "subhead", "body", "body"]
    assert setting.paragraphs[4] is RULE
    assert setting.paragraphs[5].first == INDENT
    assert setting.paragraphs[7].gap == 1
    assert setting.quote is not None
    paragraph, offset = setting.quote
    assert setting.paragraphs[paragraph].text[offset:].startswith(SPEED[:4])


def test_blanks_that_were_line_breaks_part_the_paragraphs_of_a_record() -> None:
    parts = body(record(RECORD_TEXT))
    assert [part[:4] for part in parts] == ["港口的早", "船长林禾", "来源： "]
    assert parts[-1].startswith("来源：  港口日报  ，有删节")


def test_the_cells_of_a_table_stay_in_their_lines() -> None:
    table = "船名  载客  票价  白鹭号  220  3元  沙洲号  96  2元"
    assert body(record(table)) == [table]


def test_a_page_keeps_the_paragraphs_that_were_read_from_its_layout() -> None:
    assert body(record(RECORD_TEXT, kind=ArticleKind.NEWS)) == [RECORD_TEXT]


def test_a_headline_is_said_once() -> None:
    titled = set_article(record(RECORD_TEXT, title="早班船"), ()).paragraphs
    assert [paragraph.text for paragraph in titled if paragraph.role == "title"] == ["早班船"]
    opening = set_article(record(RECORD_TEXT, title="港口的早班船"), ()).paragraphs
    assert not [paragraph for paragraph in opening if paragraph.role == "title"]
    without = set_article(record(RECORD_TEXT), ()).paragraphs
    assert [paragraph.role for paragraph in without[:2]] == ["meta", "rule"]


def test_where_a_record_is_from_is_told() -> None:
    known = {"place": ("浙江省", "青石港市"), "date": "2019-05-04", "byline": "林禾", "url": "https://paper.test/a?b=1"}
    meta = [p.text for p in set_article(record("早班船六点离岸。", **known), ()).paragraphs if p.role == "meta"]
    assert meta == ["林禾 · 浙江省 青石港市 · 2019-05-04 · r.jsonl#r", "https://paper.test/a?b=1"]


def test_boxes_stand_apart() -> None:
    text = "正文一。提要。提要二。正文二。"
    roles = [("body", 0, 4), ("box", 4, 7), ("box", 7, 11), ("body", 11, 15)]
    blocks = tuple(Block(BlockRole(role), start, end) for role, start, end in roles)
    paragraphs = set_article(record(text, blocks=blocks), ()).paragraphs[2:]
    assert [(p.role, p.gap) for p in paragraphs] == [("body", 0), ("box", 1), ("box", 0), ("body", 1)]


def test_an_article_of_headlines_only_has_no_rule() -> None:
    text = "新闻特写"
    paragraphs = set_article(record(text, blocks=(Block(BlockRole.TITLE, 0, 4),)), ()).paragraphs
    assert [(p.role, p.text) for p in paragraphs] == [("title", text), ("meta", "r.jsonl#r")]


def test_what_is_known_of_an_article_that_is_gone() -> None:
    gone = Reference(2, "ferry", "白鹭号下水", ("浙江省",), "2019-05-04", "港口/page-1.txt", ((3, 9),), SPEED)
    title, meta, rule, quote = set_gone(gone)
    assert (title.text, meta.text, rule) == ("白鹭号下水", "浙江省 · 2019-05-04 · 港口/page-1.txt", RULE)
    assert quote.text == SPEED
    assert [(touch.start, touch.end, touch.role) for touch in quote.touches] == [(0, len(SPEED), "quote")]


@given(st.text(alphabet="港口，。： \u3000\t12ab", max_size=200), st.lists(st.integers(0, 200), max_size=5), st.data())
def test_every_character_is_set_once_and_marked_where_it_is_cited(
    text: str, cuts: list[int], data: st.DataObject
) -> None:
    edges = sorted({0, len(text), *(cut for cut in cuts if cut < len(text))})
    roles = [data.draw(st.sampled_from(list(BlockRole))) for _ in edges[1:]]
    blocks = tuple(Block(role, low, high) for role, low, high in zip(roles, edges, edges[1:], strict=False))
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    setting = set_article(record(text, blocks=blocks), ((start, end),))
    printed = [paragraph for paragraph in setting.paragraphs if paragraph.role not in {"meta", "rule"}]
    assert "".join("".join(p.text.split()) for p in printed) == "".join(text.split())
    marked = "".join(p.text[touch.start : touch.end] for p in printed for touch in p.touches)
    assert "".join(marked.split()) == "".join(text[start:end].split())
