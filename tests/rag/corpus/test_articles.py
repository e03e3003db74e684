"""Pages → articles: one invented page for each habit of print, and laws that hold for any text."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.corpus.articles import split_page
from rag.offsets import OffsetMap, text_of
from rag.types import Article, ArticleKind, BlockRole, Page, RecordFields

SHARED = Path(__file__).parents[4] / "shared"


def bare(text: str) -> str:
    return re.sub(r"\s", "", text)


def split(*paragraphs: str, between: str = "\n\n") -> list[Article]:
    """The articles of a page of these paragraphs, the laws checked on the way."""
    text = "\n\n" + between.join(paragraphs)
    articles = split_page(Page("page.txt", text))
    check_laws(text, articles)
    return articles


def check_laws(text: str, articles: list[Article]) -> None:
    owners = Counter(at for one in articles for start, end in one.spans for at in range(start, end))
    assert all(owners[at] == 1 for at, char in enumerate(text) if not char.isspace())
    for one in articles:
        assert one.text == text_of(text, one.spans)
        assert bare(one.text) == bare("".join(text[start:end] for start, end in one.spans))
        assert OffsetMap(one.runs, one.spans).length == len(one.text)
        ends = [0, *(block.end for block in one.blocks)]
        assert [block.start for block in one.blocks] == ends[:-1]
        assert ends[-1] == len(one.text)
        assert re.fullmatch(r"[0-9a-f]{12}", one.article_id)
    assert len({one.article_id for one in articles}) == len(articles)


def block_texts(article: Article, role: BlockRole) -> list[str]:
    return [article.text[block.start : block.end] for block in article.blocks if block.role is role]


TEA = (
    "白鹭镇茶农有了工会",
    "本报讯(记者方知秋)白鹭镇茶农工会昨天成立,首批会员一百二十人。",
    "镇总工会说,茶农一年里有八个月在山上,往后有了难处,可以找自己的工会。",
)
RAIN = (
    "北门街道把雨衣送到扫帚旁",
    "入梅前,三百名环卫工领到新雨衣",
    "本报讯(通讯员程晚)入梅以前,北门街道总工会买来三百件雨衣,送到环卫工手里。",
    "雨衣是橘色的,背上有反光条,夜里扫街也看得见。",
)


def test_headlines_with_bylines_cut_the_page() -> None:
    tea, rain = split(*TEA, *RAIN)
    assert (tea.title, tea.kicker, tea.byline) == (TEA[0], "", "本报讯(记者方知秋)")
    assert (rain.title, rain.kicker, rain.byline) == (RAIN[0], RAIN[1], "本报讯(通讯员程晚)")
    assert tea.text == "".join(TEA)


@pytest.mark.parametrize("between", ["\n", "\r\n", "\n\n", "\r\n\r\n", "\n\u3000\u3000"])
def test_any_spacing_of_lines(between: str) -> None:
    assert [one.title for one in split(*TEA, *RAIN, between=between)] == [TEA[0], RAIN[0]]


@pytest.mark.parametrize(
    "byline",
    [
        "本报讯（记者 方知秋）",
        "【记者方知秋】",
        "【通讯员方知秋 程晚】",
        "本报 记者方知秋 通讯员 程晚报道 ",
        "通讯员 程晚报道 ",
        "新华社杭州4月2日电(记者方知秋)",
    ],
)
def test_bylines_that_open_the_text(byline: str) -> None:
    first, second = split(*TEA, "石桥港的船员上岸有了家", byline + "石桥港务公司工会把旧仓库改成了宿舍。")
    assert first.title == TEA[0]
    assert (second.title, second.byline) == ("石桥港的船员上岸有了家", byline.strip())


def test_a_byline_over_two_lines_and_the_column_above() -> None:
    articles = split(*TEA, "新闻特写", "灯塔下的一夜", "本报记者 方知秋\n本报通讯员 程晚", "风从海上来,灯塔亮了。")
    banner, feature = articles[1:]
    assert (banner.kind, banner.title, banner.byline) == (ArticleKind.BANNER, "新闻特写", "")
    assert feature.kind is ArticleKind.FEATURE
    assert (feature.title, feature.byline, feature.kicker) == (
        "灯塔下的一夜",
        "本报记者 方知秋 本报通讯员 程晚",
        "新闻特写",
    )
    assert block_texts(feature, BlockRole.BYLINE) == ["本报记者 方知秋", "本报通讯员 程晚"]


def test_the_line_that_ends_in_a_dash_is_no_headline() -> None:
    kicker = "石桥港工会把旧仓库改成宿舍,让靠岸的船员睡个安稳觉——"
    article = split(*TEA, kicker, "上岸有个家", "本报记者 方知秋", "船靠了岸,灯也亮了。")[1]
    assert (article.title, article.kicker) == ("上岸有个家", kicker)
    assert article.text.startswith(kicker)


def test_captions_end_at_their_credit() -> None:
    caption = ("灯下练兵", "日前,临江造船厂的夜校开课,四十名焊工在灯下练习仰焊。", "本报通讯员 邹小满 摄")
    articles = split(*TEA, *caption, *RAIN)
    assert [one.kind for one in articles] == [ArticleKind.BRIEF, ArticleKind.CAPTION, ArticleKind.BRIEF]
    assert (articles[1].title, articles[1].byline) == ("灯下练兵", "本报通讯员 邹小满 摄")


def test_names_at_the_end_close_an_article() -> None:
    articles = split(
        "茶山新歌",
        "茶山上传来歌声,采茶的人排成一行。(陶一鸣)",
        "渡口旧事",
        "渡口的老船工摇了四十年的橹。",
        "(程晚 方知秋)",
    )
    assert [(one.title, one.byline) for one in articles] == [("茶山新歌", "(陶一鸣)"), ("渡口旧事", "(程晚 方知秋)")]


def test_an_unsigned_opening_is_told_by_the_names_at_its_end() -> None:
    articles = split(*TEA, "石桥港船员有了宿舍", "在港务公司的支持下,旧仓库隔成了二十间房,有床,有书,有热水。(沈舟)")
    assert [one.title for one in articles] == [TEA[0], "石桥港船员有了宿舍"]
    assert articles[1].byline == "(沈舟)"


def test_subheads_stay_in_their_article() -> None:
    article, rain = split(
        "山里来了修桥人",
        "本报记者 方知秋",
        "桥在涨水的时候断了,修桥的人在天亮前到了。",
        "先搭一条路",
        "没有路,料就进不来。他们用三天搭了一条便道。",
        "再架一座桥",
        "桥墩是旧的,桥面是新的。通车那天,孩子们先跑了过去。",
        *RAIN,
    )
    assert block_texts(article, BlockRole.SUBHEAD) == ["先搭一条路", "再架一座桥"]
    assert rain.title == RAIN[0]


def test_a_paragraph_torn_in_mid_word_is_one_block() -> None:
    article, _ = split(
        TEA[0],
        TEA[1],
        "镇总工会说,茶农一年里有八个月在山上,往后有了难处,可以找自己的工",
        "会,工会就在茶厂的二楼。",
        *RAIN,
    )
    assert block_texts(article, BlockRole.BODY)[-1].endswith("可以找自己的工会,工会就在茶厂的二楼。")


def test_text_printed_above_its_headline_is_read_below_it() -> None:
    articles = split(
        *TEA,
        "本报讯(记者沈舟)石桥港务公司工会把旧仓库改成了船员宿舍,昨天搬进了第",
        "船员上岸有了家",
        "旧仓库里隔出二十间房",
        "一批客人。宿舍有床,有书,有热水。",
    )
    assert [one.title for one in articles] == [TEA[0], "船员上岸有了家"]
    harbour = articles[1]
    assert (harbour.byline, harbour.kicker) == ("本报讯(记者沈舟)", "旧仓库里隔出二十间房")
    assert "搬进了第一批客人" in harbour.text
    assert len(harbour.spans) == 3


def test_a_box_is_read_after_the_sentence_that_it_interrupts() -> None:
    article, _ = split(
        "邻里有了会客厅",
        "本报记者 方知秋",
        "老街的会客厅开张了,街坊们下了班就来这里喝茶、下",
        "阅读提示",
        "老街把空房改成会客厅,街坊有了说话的地方。",
        "棋,孩子们在里屋写作业。",
        *RAIN,
    )
    assert "喝茶、下棋,孩子们" in article.text
    assert block_texts(article, BlockRole.BOX) == ["阅读提示", "老街把空房改成会客厅,街坊有了说话的地方。"]
    assert article.text.endswith("街坊有了说话的地方。")


def test_an_ending_below_a_picture_comes_home() -> None:
    articles = split(
        "清理河道",
        "日前,东河两岸的志愿者下水捞起水草。图为清理现场。",
        "本报记者 邹小满 摄",
        "灯厂的吹制工段。徒弟们围着炉子,看师傅吹灯罩。",
        "老师傅说,玻璃灯罩吹得好,手上要有准头。",
        "玻璃灯厂的老师傅收徒弟——",
        "一口气吹出一盏灯",
        "本报记者 方知秋",
        "玻璃灯厂有十二位老师傅,都会吹制灯罩。今年春天,厂工会让老师傅带徒弟,地点就在玻璃",
    )
    assert [one.title for one in articles] == ["清理河道", "一口气吹出一盏灯"]
    assert articles[1].text.endswith(
        "地点就在玻璃灯厂的吹制工段。徒弟们围着炉子,看师傅吹灯罩。老师傅说,玻璃灯罩吹得好,手上要有准头。"
    )


def test_a_beginning_printed_after_the_rest_is_read_first() -> None:
    articles = split(
        *TEA,
        "海岛工会把服务送上渔船,渔民出海安心——",
        "渔船上的新招牌",
        "民最惦记的是天气。",
        "先听风声",
        "岛上的广播一天播三回,风大了就喊人回来。",
        "本报记者 沈舟",
        "开渔那天,渔船挂上了新招牌。海岛工会主席说,出海的渔",
    )
    article = articles[1]
    assert (article.title, article.byline) == ("渔船上的新招牌", "本报记者 沈舟")
    assert "出海的渔民最惦记的是天气。" in article.text
    assert article.text.index("开渔那天") < article.text.index("先听风声")


def test_sections_after_the_dateline_are_read_before_it() -> None:
    article = split(
        "三个人的集市",
        "本报记者 方知秋",
        "集市上有三个人,各有一个摊。",
        "卖灯的人",
        "灯是纸糊的,一夜卖光。",
        "卖伞的人",
        "伞是油布的,天晴也有人买。",
        "(本报临江4月2日电)",
        "卖书的人",
        "书是旧的,看的人比买的人多。",
    )[0]
    assert block_texts(article, BlockRole.SUBHEAD) == ["卖灯的人", "卖书的人", "卖伞的人"]
    assert article.text.endswith("(本报临江4月2日电)")


def test_a_headline_printed_twice_is_one_article() -> None:
    articles = split(
        "灯厂办起亲子日",
        "本报讯 上周六,灯厂请来职工的孩子,看看父母怎样做一盏灯。",
        "三十个孩子走进车间",
        "灯厂办起亲子日",
        "孩子们亲手装好一盏小灯,带回了家。",
        "(程晚)",
        *RAIN,
    )
    assert [one.title for one in articles] == ["灯厂办起亲子日", RAIN[0]]
    assert articles[0].byline == "(程晚)"


def test_an_ending_below_another_article_comes_home() -> None:
    glass = ("一口气吹出一盏灯", "本报讯(记者程晚)玻璃灯厂有十二位老师傅。今年春天,厂工会让老师傅带徒弟,地点就在玻璃")
    articles = split(*glass, *TEA, "灯厂的吹制工段。徒弟们围着炉子,看老师傅吹玻璃灯罩。", *RAIN)
    assert [one.title for one in articles] == [glass[0], TEA[0], RAIN[0]]
    assert articles[0].text.endswith("地点就在玻璃灯厂的吹制工段。徒弟们围着炉子,看老师傅吹玻璃灯罩。")
    assert articles[1].text == "".join(TEA)


def test_an_article_cut_off_at_its_end_keeps_to_itself() -> None:
    articles = split(*TEA[:2], "镇总工会说,茶农一年里有八个月在山上,同时还为他们准备了雨衣、水壶、药箱,往后", *RAIN)
    assert [one.title for one in articles] == [TEA[0], RAIN[0]]
    assert articles[0].text.endswith("往后")


def test_a_page_without_a_headline_is_one_article() -> None:
    article = split("河水涨了三天,桥墩上的刻度看不见了。", "第四天,雨停了,人们出来看桥。")[0]
    assert (article.title, article.byline, article.place, article.date) == ("", "", (), None)


def test_essays_with_the_author_below_the_headline() -> None:
    articles = split(
        "父亲的工具箱", "□ 苏禾", "父亲退休那天,把工具箱擦了又擦。", "秋夜班", "何宁", "夜班的灯亮到天明。"
    )
    assert [(one.title, one.byline) for one in articles] == [("父亲的工具箱", "□ 苏禾"), ("秋夜班", "何宁")]


def test_paragraphs_wrapped_at_a_fixed_width_are_whole() -> None:
    wrapped = (
        "本报讯(记者方知秋)白鹭镇茶农工会昨天\n成立,首批会员一百二十人,他们来自十二\n"
        "个村子,种的都是高山绿茶,往后有事就找\n自己的工会。"
    )
    article = split(TEA[0], wrapped, *RAIN)[0]
    assert block_texts(article, BlockRole.BODY) == [wrapped.replace("\n", "")]


def test_page_furniture_belongs_to_no_article() -> None:
    articles = split("责任编辑:方知秋 校对:程晚", *TEA, "第3版")
    assert [one.kind for one in articles] == [ArticleKind.BANNER, ArticleKind.BRIEF, ArticleKind.BANNER]


def test_place_and_date_come_from_the_text() -> None:
    article = split(
        "无锡人有了新茶馆", "本报讯(记者方知秋)2021年4月2日,江苏省无锡市第一家职工茶馆在惠山区玉祁街道开门。"
    )[0]
    assert article.place == ("江苏省", "无锡市", "惠山区", "玉祁街道")
    assert article.date == "2021-04-02"


def test_ids_survive_edits_of_the_body_and_tell_equal_titles_apart() -> None:
    before = split("茶山新歌", "歌声起。(陶一鸣)", "茶山新歌", "歌声落。(陶一鸣)")
    after = split("茶山新歌", "歌声在山坳里起。(陶一鸣)", "茶山新歌", "歌声落。(陶一鸣)")
    assert [one.article_id for one in before] == [one.article_id for one in after]


@pytest.mark.parametrize("text", ["", " \n\u3000\r\n\t\n"])
def test_a_blank_page_has_no_articles(text: str) -> None:
    assert split_page(Page("page.txt", text)) == []


def test_a_record_passes_through() -> None:
    fields = RecordFields(
        "r-1", title="题", byline="某人", date="2020-05-01", place=("江苏省",), url="https://example.org"
    )
    (article,) = split_page(Page("a.jsonl#r-1", "  第一行。\n\n第二行。\n", fields))
    assert (article.article_id, article.kind, article.title) == ("r-1", ArticleKind.RECORD, "题")
    assert (article.text, article.spans, article.date) == ("第一行。第二行。", ((2, 12),), "2020-05-01")
    assert (article.byline, article.place, article.url) == ("某人", ("江苏省",), "https://example.org")
    assert article.blocks[-1].end == len(article.text)


LINES = st.sampled_from(
    [
        *TEA,
        *RAIN,
        "新闻特写",
        "阅读提示",
        "(程晚)",
        "本报记者 方知秋",
        "邹小满 摄",
        "同时,镇上的",
        "山里来了修桥人",
        "的人都来了。",
        "(本报临江4月2日电)",
        "团结奋进 喜迎盛会 巡礼",
        "第3版",
        "灯下练兵——",
        "",
        "　",
    ]
)


@settings(max_examples=300, deadline=None)
@given(st.lists(LINES, max_size=24), st.sampled_from(["\n", "\n\n", "\r\n", "\u2028", "\n\n\n\n"]))
def test_laws_hold_for_pages_in_any_disorder(lines: list[str], between: str) -> None:
    text = between.join(lines)
    check_laws(text, split_page(Page("page.txt", text)))


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(
        st.text(max_size=120),
        st.text(alphabet="工会，。“”（）()【】 \n\r\u2028\x85\x1c\u3000\ufeff本报讯记者摄a1——", max_size=160),
    )
)
def test_laws_hold_for_any_text(text: str) -> None:
    check_laws(text, split_page(Page("page.txt", text)))


def gold() -> dict[str, list[dict[str, object]]]:
    found: dict[str, list[dict[str, object]]] = {}
    file = SHARED / "data" / "articles_dev.jsonl"
    if file.is_file():
        for line in file.read_text(encoding="utf-8").splitlines():
            article = json.loads(line)
            found.setdefault(article["source"], []).append(article)
    return found


@pytest.mark.skipif(not (SHARED / "data").is_dir(), reason="needs the gold pages beside the repository")
def test_gold_pages() -> None:
    """B-cubed F1 of at least 0.95 and every headline, on each gold page."""
    for source, wanted in gold().items():
        with (SHARED / "corpus" / "pages" / source).open(encoding="utf-8", newline="") as file:
            text = file.read()
        articles = split_page(Page(source, text))
        check_laws(text, articles)
        got = {at: one.article_id for one in articles for start, end in one.spans for at in range(start, end)}
        pairs = [
            (str(article["article_id"]), got[at])
            for article in wanted
            if article["kind"] != "banner"
            for start, end in article["spans"]  # type: ignore[attr-defined]
            for at in range(start, end)
            if not text[at].isspace()
        ]
        assert b_cubed_f1(pairs) >= 0.95, source
        titles = {bare(one.title) for one in articles}
        assert {bare(str(article["title"])) for article in wanted} <= titles, source


def b_cubed_f1(pairs: list[tuple[str, str]]) -> float:
    both, wanted, got = Counter(pairs), Counter(one for one, _ in pairs), Counter(other for _, other in pairs)
    precision = sum(count**2 / got[pair[1]] for pair, count in both.items()) / len(pairs)
    recall = sum(count**2 / wanted[pair[0]] for pair, count in both.items()) / len(pairs)
    return 2 * precision * recall / (precision + recall)
