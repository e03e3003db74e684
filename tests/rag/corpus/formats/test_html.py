"""HTML: the main text and nothing beside it, in any encoding, with what the page says of itself."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rag.types import Article, BlockRole
from tests.rag.corpus.formats.reports import articles, read, reason

SCHOOL = "石桥村的夜校上周开课，第一晚来了六十一个学员，教室是从前的粮仓。"
LESSONS = "课程有记账、修车和普通话三门，每周二和周四晚上七点开始，不收学费。"
NAVIGATION = '<nav><a href="/">首页</a><a href="/n">新闻</a></nav>'


def write(path: Path, body: str, head: str = "", encoding: str = "utf-8") -> Path:
    path.write_bytes(f"<!doctype html><html><head>{head}</head><body>{body}</body></html>".encode(encoding))
    return path


def article_of(path: Path, body: str, head: str = "", encoding: str = "utf-8") -> Article:
    [article] = articles(write(path / "a.html", body, head, encoding))
    return article


def lines_of(article: Article) -> list[str]:
    return [article.text[block.start : block.end] for block in article.blocks]


@pytest.mark.parametrize(
    "body",
    [
        "<header><h2>云溪晚报</h2></header>{nav}<main><h1>夜校</h1><p>{one}</p><p>{two}</p></main><footer>版权所有</footer>",
        "{nav}<article><header><h1>夜校</h1></header><p>{one}</p><p>{two}</p></article><aside><p>点击排行榜</p></aside>",
        "<div class='top-nav'><a href='/'>首页</a></div><h1>夜校</h1><div id='c'><p>{one}</p><p>{two}</p></div>"
        "<div class='related'><ul><li><a href='/1'>别的新闻</a></li></ul></div><div id='footer'>京ICP备0000号</div>",
        "<div class='page has-sidebar'><h1>夜校</h1><div><p>{one}</p><p>{two}</p></div></div>"
        "<script>var x = '不是正文';</script>",
        "<h1>夜校</h1><div itemprop='articleBody'><p>{one}</p><p>{two}</p></div><form>请登录后评论</form>",
        "<table><tr><td><a href='/'>首页</a><br><a href='/n'>新闻</a><br>今天多云</td><td><h1>夜校</h1>"
        "　　{one}<br><br>　　{two}</td></tr></table><table><tr><td>京ICP备0000号</td></tr></table>",
        "<h1>夜校</h1><p>{one}</p><p style='display: none'>看不见的字</p><p>{two}</p><p hidden>看不见的字</p>",
    ],
)
def test_only_what_the_page_is_about_is_read(tmp_path: Path, body: str) -> None:
    article = article_of(tmp_path, body.format(nav=NAVIGATION, one=SCHOOL, two=LESSONS))
    assert lines_of(article) == ["夜校", SCHOOL, LESSONS]
    assert article.title == "夜校"
    assert article.blocks[0].role is BlockRole.TITLE


@pytest.mark.parametrize(
    ("head", "title", "byline", "date"),
    [
        ("<title>夜校开课 - 云溪晚报</title>", "夜校开课", "", None),
        (
            '<meta property="og:title" content="夜校开课"><meta name="author" content="林晓舟">'
            '<meta property="article:published_time" content="2023-04-12T23:30:00+08:00">',
            "夜校开课",
            "林晓舟",
            "2023-04-12",
        ),
        ('<meta name="PubDate" content="2023年4月"><title>夜校</title>', "夜校", "", "2023-04"),
        ('<meta name="date" content="2023-13-45"><title>夜校</title>', "夜校", "", None),
        ('<script type="application/ld+json">{"@type": broken</script><title>夜校</title>', "夜校", "", None),
    ],
)
def test_the_head_tells_title_author_and_day(
    tmp_path: Path, head: str, title: str, byline: str, date: str | None
) -> None:
    article = article_of(tmp_path, f"<p>{SCHOOL}</p>", head)
    assert (article.title, article.byline, article.date) == (title, byline, date)


def test_linked_data_goes_first(tmp_path: Path) -> None:
    data = {
        "@graph": [
            {"@type": "Organization", "name": "云溪晚报"},
            {
                "@type": "NewsArticle",
                "headline": "夜校开课",
                "datePublished": "2023-04-12",
                "author": [{"name": "林晓舟"}, {"name": "https://x.example"}, "韩青"],
                "contentLocation": {"name": "无锡市"},
            },
        ]
    }
    head = f'<title>别的</title><script type="application/ld+json">{json.dumps(data)}</script>'
    article = article_of(tmp_path, f"<p>{SCHOOL}</p>", head + '<link rel="canonical" href="https://x.example/1">')
    assert (article.title, article.byline, article.date) == ("夜校开课", "林晓舟 韩青", "2023-04-12")
    assert article.place == ("江苏省", "无锡市")
    assert article.url == "https://x.example/1"


@pytest.mark.parametrize(
    ("encoding", "head"),
    [
        ("utf-8", ""),
        ("utf-8-sig", '<meta charset="gbk">'),
        ("utf-16", ""),
        ("gb18030", '<meta http-equiv="Content-Type" content="text/html; charset=gb2312">'),
        ("gb18030", ""),
        ("big5", '<meta charset="big5">'),
    ],
)
def test_every_encoding_gives_the_same_text(tmp_path: Path, encoding: str, head: str) -> None:
    text = "渡口水手收了五枚古幣，今日上岸。" if encoding == "big5" else SCHOOL
    assert article_of(tmp_path, f"<p>{text}</p>", head, encoding).text == text


def test_lines_of_the_file_tables_breaks_and_preformatted_text(tmp_path: Path) -> None:
    body = (
        "<p>石桥村的夜校\n   上周开课，\n来了 <b>sixty\none</b> 个学员。</p><p>第一行<br>第二行</p><pre>三\n  四</pre>"
        "<table><tr><th>课程</th><th>人数</th></tr><tr><td>记账</td><td>25</td></tr></table><ul><li>甲</li><li>乙</li></ul>"
        "<ruby>漢<rp>(</rp><rt>hàn</rt><rp>)</rp></ruby>字"
    )
    assert lines_of(article_of(tmp_path, body)) == [
        "石桥村的夜校上周开课，来了 sixty one 个学员。",
        *("第一行", "第二行", "三", "四"),
        *("课程 | 人数", "记账 | 25", "甲", "乙", "漢字"),
    ]


def test_what_nobody_sees_is_not_in_the_text(tmp_path: Path) -> None:
    assert article_of(tmp_path, "<p>石桥\u200b村\u202e的夜\u00ad校\ufeff</p>").text == "石桥村的夜校"


def test_an_htm_file_is_one_too(tmp_path: Path) -> None:
    assert [one.text for one in articles(write(tmp_path / "a.HTM", f"<p>{SCHOOL}</p>"))] == [SCHOOL]


@pytest.mark.parametrize("body", ["", "<script>var x = 1;</script>", NAVIGATION, "<!-- 注释 -->"])
def test_a_page_without_text_is_named(tmp_path: Path, body: str) -> None:
    assert "holds no text" in reason(write(tmp_path / "a.html", body))


def test_what_the_parser_leaves_out_is_named(tmp_path: Path) -> None:
    depth = 20_000
    [page], [skipped] = read(
        write(tmp_path / "a.html", f"<p>{SCHOOL}</p>" + "<div>" * depth + LESSONS + "</div>" * depth)
    )
    assert page.text.strip() == SCHOOL
    assert "too deeply" in skipped.reason


def test_bytes_of_no_encoding_are_named(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_bytes(b"<p>" + bytes(range(128, 256)) * 40)
    assert "encoding" in reason(tmp_path / "a.html")
