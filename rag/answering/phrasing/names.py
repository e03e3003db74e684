"""Names that a sentence mentions: people, organisations, places, quotations, Latin words.

Recognised by the dictionary's word classes and by shape, so that invented names are found as well as printed ones. All
texts here are folded.
"""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, lru_cache
from itertools import pairwise
from pathlib import Path

from rag.answering.reading.expectation import SURNAMES
from rag.answering.reading.quantities import find_quantities
from rag.corpus import places
from rag.index.text.terms import cutter


class NameKind(StrEnum):
    """What a name is the name of."""

    PERSON = "person"
    ORGANISATION = "organisation"
    PLACE = "place"
    QUOTED = "quoted"
    """Between quotation or title marks."""
    LATIN = "latin"
    """Letters and digits: G60, LOFT, an address on the web."""
    UNKNOWN = "unknown"
    """A noun that the dictionary lacks: what brands, firms and invented names are."""


@dataclass(frozen=True, slots=True)
class Name:
    """A name in a text; `text[start:end]` is it."""

    kind: NameKind
    text: str
    start: int
    end: int


_QUOTED = re.compile(
    r"“([^”]{1,60})”|‘([^’]{1,60})’|《([^》]{1,60})》|「([^」]{1,60})」|『([^』]{1,60})』|\"([^\"]{1,60})\""
)
_LATIN = re.compile(r"[a-z][a-z0-9]*(?:[.:/@_?=&+-]+[a-z0-9]+)*", re.IGNORECASE)
_FOREIGN = re.compile(r"[\u4e00-\u9fff]{1,6}(?:·[\u4e00-\u9fff]{1,8})+")
_TITLE = r"(?:先生|女士|师傅|老师|教授|大爷|大妈|阿姨|主席|主任|书记|经理|董事长|班长|队长|校长|院长|局长|市长|县长)"
_TITLED = re.compile(
    r"(?:记者|通讯员|主席|书记|主任|经理|董事长|[校院局市县区乡镇村厂班组队会部处科站所馆园店]长|选手|工人|师傅|劳模|工匠|职工)$"
)
_STYLED = re.compile(rf"(?<![\u4e00-\u9fff])([{SURNAMES}]){_TITLE}|([{SURNAMES}])(?:先生|女士|师傅|大爷|大妈|阿姨)")
_BEFORE = re.compile(r"(?:[长任席记员工手民师生客授士者军匠理监人]|记者|名叫|叫做?|是|为|由)$")
_DOUBTFUL = frozenset("于时从和那都经常向相容方能何元成连应单施支解包计通查安平全任居步务高关曾干空广车农水明")
"""Surnames that are ordinary words as well."""
_BEHIND = re.compile(r"说|介绍|告诉|表示|认为|回忆|感慨|坦言|感叹|指出|强调|称|透露|担任|获得|[、,。;:(（]|$")
_ORGANISATION = re.compile(
    r"有限公司|公司|集团|银行|支行|信用社|大学|学院|党校|医院|卫生院|协会|联合会|基金会|妇联|团委|工商联|总工会|工会|研究院|研究所|疗养院|"
    r"日报社?|电视台|广播电台|卫视|法院|检察院|中学|小学|合作社|管理局|[\u4e00-\u9fff](?:局|厅)(?![面长部级]|限)|(?:管理|教育|交通|商务|国防|外交|公安|财政|司法|水利|农村|旅游|环境|宣传|组织|统战|武装|保障|建设|资源|信息化|科技|技术|民政|审计|安全)部(?![门队分长])|"
    r"(?:国资|发改|卫健|经信|住建|教工|政法)委|(?:网信|文明|信访|扶贫)办|(?:医药|化工|钢铁|机械|印染|汽车|水泥|农药|化)厂"
)
_ABOUT_UNIONS = re.compile(r"法人|会员|驿站|阵地|工作|服务|经费|组织|系统|干部|维权|品牌|资源|专线|讲堂")
"""What follows 工会 where it names none."""
_FIRM = re.compile(r"有限公司|公司|集团|银行|支行|信用社")
_TOWN = re.compile(r"街道|苏木|社区|大街|大道|[\u4e00-\u9fff](?:镇|乡|村)(?![民级里内干委落庄容子长])")
# What stands before a kind of organisation or town without naming it.
_RARE = 100
"""Times that a word occurs in the dictionary's corpus, below which it is a name rather than a word."""
_HAN_RUN = re.compile(r"[\u4e00-\u9fff]+")
_HAN_WORD = re.compile(r"[\u4e00-\u9fff]{2,}")
_NUMBERED = re.compile(r"[零〇一二两三四五六七八九十百千万亿几多余]")
_JOINING = frozenset(
    "的了在和与及或对从到向由被把让给各该全每本个这那几多数两些有为是其家所当以跟同等某进入都也还并将自于至称经"
)
_UNNAMING = _JOINING | frozenset("内外上下大小新老")
_ABROAD = frozenset(
    """
    美国 俄罗斯 日本 韩国 朝鲜 印度 德国 英国 法国 意大利 西班牙 葡萄牙 荷兰 比利时 瑞士 瑞典 挪威 芬兰 丹麦 波兰 捷克 匈牙利 希腊
    土耳其 乌克兰 白俄罗斯 哈萨克斯坦 乌兹别克斯坦 蒙古国 巴基斯坦 阿富汗 伊朗 伊拉克 以色列 沙特阿拉伯 埃及 南非 尼日利亚 肯尼亚
    埃塞俄比亚 越南 老挝 柬埔寨 泰国 缅甸 马来西亚 新加坡 印度尼西亚 菲律宾 澳大利亚 新西兰 加拿大 墨西哥 巴西 阿根廷 智利 秘鲁 古巴
    东京 大阪 首尔 莫斯科 伦敦 巴黎 柏林 罗马 纽约 华盛顿 洛杉矶 曼谷 迪拜 开罗 亚洲 欧洲 非洲 北美 南美 大洋洲
    """.split()
)
"""What the gazetteer lacks; the dictionary's own class of places holds too much else (青春, 治安) to go by."""
_ANY = frozenset(
    "基层 各级 当地 上级 地方 国有 民营 所在 相关 有关 企业 单位 职工 员工 本地 同级 外资 下属 多家".split()
)
"""What tells no organisation from another."""


def find_names(text: str) -> list[Name]:
    """The names of a folded text, in order; one inside another is named, too."""
    found = [*_marked(text), *_people(text), *_organisations(text), *_places(text), *_unknown(text)]
    return sorted(set(found), key=lambda name: (name.start, name.end, name.kind))


def _marked(text: str) -> Iterator[Name]:
    for match in _QUOTED.finditer(text):
        inner = next(group for group in match.groups() if group is not None)
        yield Name(NameKind.QUOTED, inner, match.start() + 1, match.end() - 1)
    for match in _LATIN.finditer(text):
        yield Name(NameKind.LATIN, match.group(), match.start(), match.end())


@lru_cache(maxsize=512)
def tagged(text: str) -> tuple[tuple[str, str, int], ...]:
    """Words of a folded text with their classes and where they start; names the dictionary lacks are guessed."""
    found, at = [], 0
    for word, tag in cutter().tag(text):
        start = text.index(word, at)
        found.append((word, tag, start))
        at = start + len(word)
    return tuple(found)


def _people(text: str) -> Iterator[Name]:
    for match in _FOREIGN.finditer(text):
        yield Name(NameKind.PERSON, match.group(), match.start(), match.end())
    for match in _STYLED.finditer(text):
        yield Name(NameKind.PERSON, match.group(), match.start(), match.end())
    for word, tag, start in tagged(text):
        if tag.startswith("nr") and 2 <= len(word) <= 4 and word[0] in SURNAMES:
            yield Name(NameKind.PERSON, word, start, start + len(word))
    for (word, tag, start), (given, _, _) in pairwise(tagged(text)):
        if tag == "nr" and word in SURNAMES and re.fullmatch(r"[\u4e00-\u9fff]{1,2}", given) and given not in _UNNAMING:
            yield Name(NameKind.PERSON, word + given, start, start + 1 + len(given))
    yield from _people_by_shape(text)


def _people_by_shape(text: str) -> Iterator[Name]:
    """Where a surname stands alone among the dictionary's words, between a title and a verb of saying."""
    at = 0
    words = []
    for word in cutter().cut(text, False):
        words.append((word, at))
        at += len(word)
    for number, (word, start) in enumerate(words):
        if len(word) != 1 or word not in SURNAMES or not _BEFORE.search(text[:start]):
            continue
        following = [other for other, _ in words[number + 1 : number + 3]]
        given = "".join(following)
        for length in (2, 1):
            end = start + 1 + length
            if not re.fullmatch(rf"[\u4e00-\u9fff]{{{length}}}", given[:length]):
                continue
            titled = _TITLED.search(text[:start]) and word not in _DOUBTFUL and following[0][:length] == given[:length]
            if titled or _BEHIND.match(text, end):
                yield Name(NameKind.PERSON, text[start:end], start, end)
                break


def _organisations(text: str) -> Iterator[Name]:
    for match in _ORGANISATION.finditer(text):
        kind = match.group()
        if kind.endswith("工会") and _ABOUT_UNIONS.match(text, match.end()):
            continue
        # Two characters before the kind of organisation tell it from others of its kind.
        start = max(match.start() - 2, 0)
        own = text[start : match.start()]
        if kind[-1] in "部委办":
            yield Name(NameKind.UNKNOWN, kind, match.start(), match.end())
        elif re.fullmatch(r"[\u4e00-\u9fffa-z]{2}", own) and not _UNNAMING & set(own) and not _joining(own):
            yield Name(NameKind.ORGANISATION, text[start : match.end()], start, match.end())
        elif len(kind) == 2 and kind[1] in "局厅":
            yield Name(NameKind.ORGANISATION, kind, match.start(), match.end())
        yield from _parts(text, match.start(), firm=bool(_FIRM.match(kind)))


def _parts(text: str, kind: int, *, firm: bool) -> Iterator[Name]:
    """The nouns right before the kind of an organisation, each a part of its name; a firm's may be verbs (快递)."""
    for word, tag, start in reversed([word for word in tagged(text) if word[2] + len(word[0]) <= kind]):
        if start + len(word) != kind or tag[0] not in ("njgv" if firm else "njg") or len(word) < 2:
            return
        if word not in _ANY:
            yield Name(NameKind.UNKNOWN, word, start, start + len(word))
        kind = start


def _places(text: str) -> Iterator[Name]:
    for mention in places.find(text):
        yield Name(NameKind.PLACE, text[mention.start : mention.end], mention.start, mention.end)
    for word, tag, start in tagged(text):
        levelled = tag == "ns" and len(word) > 2 and word[-1] in "省市县区旗州盟" and not word.endswith("城市")
        if levelled or word in _ABROAD or (places.is_name(word) and word not in _common_words()):
            yield Name(NameKind.PLACE, word, start, start + len(word))
    for match in _TOWN.finditer(text):
        kind = match.start() + (1 if len(match.group()) == 2 and match.group()[1] in "镇乡村" else 0)
        own = text[max(kind - 2, 0) : kind]
        own = own[1:] if own[:1] in _JOINING else own
        if (
            _HAN_RUN.fullmatch(own)
            and own[-1] not in _JOINING
            and own not in _common_words()
            and text[kind - 1 : match.end()] not in _common_words()
        ):
            yield Name(NameKind.PLACE, text[kind - len(own) : match.end()], kind - len(own), match.end())


@cache
def _common_words() -> frozenset[str]:
    """The dictionary's words but for the rare ones: 武义 is a county wherever it stands, 和平 mostly is not."""
    spec = importlib.util.find_spec("jieba")
    if spec is None or spec.origin is None:
        return frozenset()
    with (Path(spec.origin).parent / "dict.txt").open(encoding="utf-8") as lines:
        entries = (line.split() for line in lines)
        return frozenset(word for word, count, tag in entries if int(count) >= _RARE and tag != "ns")


def _unknown(text: str) -> Iterator[Name]:
    counted = [(quantity.start, quantity.end) for quantity in find_quantities(text)]
    for word, tag, start in tagged(text):
        if not tag.startswith("n") or not _HAN_WORD.fullmatch(word) or _NUMBERED.search(word):
            continue
        if cutter().has_word(word):
            if tag.startswith(("nr", "nz")) and _is_brand(word):
                yield Name(NameKind.UNKNOWN, word, start, start + len(word))
            continue
        # Cut wrongly: a measure word, or a word that joins, with what stands beside it.
        within = any(low < start + len(word) and start < high for low, high in counted)
        if not within and word[0] not in _JOINING and word[-1] not in _JOINING:
            yield Name(NameKind.UNKNOWN, word, start, start + len(word))


def _is_brand(word: str) -> bool:
    """Whether the dictionary's word for someone or something (特斯拉) is no compound of common words (法律援助)."""
    common = _common_words()
    return len(word) > 2 and not {word, word[:2], word[-2:]} & common


@lru_cache(maxsize=2048)
def _joining(word: str) -> bool:
    """Whether the dictionary has the word as one that says when, how or what is done: no part of a name."""
    (_, tag), *more = cutter().tag(word)
    return not more and tag[0] in "trdpcmfuzyal"
