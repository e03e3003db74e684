"""Places: divisions named in text, resolved to their paths."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.corpus import places


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("惠山区", ("江苏省", "无锡市", "惠山区")),
        ("江苏", ("江苏省",)),
        ("无锡", ("江苏省", "无锡市")),
        ("吉林", ("吉林省",)),
        ("重庆", ("重庆市",)),
        ("房山区", ("北京市", "房山区")),
        ("汝州市", ("河南省", "平顶山市", "汝州市")),
        ("济源市", ("河南省", "济源市")),
        ("广西", ("广西壮族自治区",)),
        ("江苏省南京市鼓楼区", ("江苏省", "南京市", "鼓楼区")),
        ("鼓楼区", ()),
        ("朝阳区", ()),
        ("桃花源", ()),
        ("", ()),
    ],
)
def test_resolve(name: str, path: tuple[str, ...]) -> None:
    assert places.resolve(name) == path


def paths(text: str) -> list[tuple[str, ...]]:
    return [mention.path for mention in places.find(text)]


def test_mentions_stand_where_they_say() -> None:
    text = "客人从浙江省来，要去无锡。"
    assert [(text[one.start : one.end], one.path[-1]) for one in places.find(text)] == [
        ("浙江省", "浙江省"),
        ("无锡", "无锡市"),
    ]


def test_an_ambiguous_name_means_the_one_whose_parent_is_named() -> None:
    assert ("北京市", "朝阳区") in paths("北京的秋天，朝阳区的银杏黄了。")
    assert ("江苏省", "南京市", "鼓楼区") in paths("南京城里，鼓楼区办起夜校。")
    assert paths("鼓楼区办起夜校。") == []


def test_a_short_county_name_needs_support() -> None:
    assert ("浙江省", "台州市", "天台县") in paths("浙江天台的山里，茶香正浓。")
    assert paths("他在天台上晾衣服。") == []
    assert ("浙江省", "金华市", "浦江县") in paths("浦江县委总工会的窗口换了新牌。")


def test_ordinary_words_are_no_places() -> None:
    assert paths("公安机关与工会合作，互助互利，共和精神长存。") == []
    assert paths("他住在南京西路。") == []


def test_matches_at_any_level_and_in_short() -> None:
    path = ("江苏省", "无锡市", "惠山区")
    assert all(places.matches(path, wanted) for wanted in ("江苏", "江苏省", "无锡", "无锡市", "惠山", "惠山区"))
    assert not any(places.matches(path, wanted) for wanted in ("浙江", "苏州市", "滨湖区", "", "江"))
    assert places.matches(("广西壮族自治区", "南宁市"), "广西")


def test_level() -> None:
    assert places.level(("江苏省",)) == "province"
    assert places.level(("重庆市",)) == "province"
    assert places.level(("江苏省", "无锡市")) == "city"
    assert places.level(("北京市", "房山区")) == "county"
    assert places.level(("河南省", "平顶山市", "汝州市")) == "county"
    assert places.level(("江苏省", "无锡市", "惠山区", "钱桥街道")) == "town"


def test_the_article_is_about_the_place_of_its_headline() -> None:
    body = "日前，县总工会与江西、贵州、四川、河南四省的工会签了协议。江西的代表先到。"
    assert places.of_article("义乌市总工会把网撒到外省", "", body) == ("浙江省", "金华市", "义乌市")


def test_the_first_sentence_takes_the_place_further_down() -> None:
    body = "近日，江苏省无锡市第一家茶馆在惠山区玉祁街道开门。"
    assert places.of_article("无锡人有了新茶馆", "", body) == ("江苏省", "无锡市", "惠山区", "玉祁街道")


def test_several_provinces_of_equal_weight_give_none() -> None:
    assert places.of_article("四方代表同台比武", "", "江苏、浙江、安徽、上海的代表到齐了。") == ()


def test_neighbours_keep_the_place_at_the_level_above() -> None:
    body = "体检车先到广州，再到深圳，然后去东莞、佛山、揭阳。"
    assert places.of_article("广东工会送体检", "", body) == ("广东省",)


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet="江苏省无锡市惠山区北京朝阳鼓楼的在，。县州ab ", max_size=60))
def test_mentions_lie_in_the_text_in_order(text: str) -> None:
    end = 0
    for mention in places.find(text):
        assert end <= mention.start < mention.end <= len(text)
        assert mention.path
        end = mention.end


def test_loading_says_nothing_and_waits_for_the_first_call() -> None:
    """Run in a fresh interpreter: jionlp greets on stdout and stderr when it is imported."""
    program = (
        "import sys, rag.corpus.articles as a\n"
        "assert 'jionlp' not in sys.modules and 'jieba' not in sys.modules\n"
        "from rag.corpus import places\n"
        "assert places.resolve('无锡') == ('江苏省', '无锡市')\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_table_is_the_one_that_jionlp_loads(tmp_path: Path) -> None:
    """Its own loader is asked in another interpreter, where its greeting disturbs nobody."""
    code = (
        "import json, sys\n"
        "from jionlp.dictionary.dictionary_loader import china_location_loader\n"
        "json.dump(china_location_loader(), open(sys.argv[1], 'w', encoding='utf-8'))\n"
    )
    target = tmp_path / "divisions.json"
    subprocess.run([sys.executable, "-c", code, str(target)], check=True, capture_output=True)
    theirs = json.loads(target.read_text(encoding="utf-8"))
    ours = places._load_divisions()
    assert list(places._divisions(ours)) == list(places._divisions(theirs))
