"""What a line can be by its looks alone, and which line of a heading is the headline.

A heading is what stands between two runs of body text: column name, topic strip, kicker, headline, sub-headline. Where
a heading belongs is `segmentation`'s affair.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto

from rag.corpus import bylines
from rag.corpus.layout import Line, ends_inside, ends_sentence, opens_quote, starts_inside
from rag.types import BlockRole


class Look(Enum):
    """What a line looks like, before its neighbours are asked."""

    BODY = auto()
    SHORT = auto()
    """A headline, kicker, subhead, or a torn piece of a paragraph that looks like one."""
    BYLINE = auto()
    CREDIT = auto()
    SIGNATURE = auto()
    BOX = auto()
    FURNITURE = auto()
    """Page number, date line, editors: belongs to no article."""


@dataclass(slots=True)
class Seen:
    """A line with its looks."""

    line: Line
    look: Look
    lead: str = ""
    """The byline that opens the paragraph."""
    credit: str = ""
    """The photo credit that closes the paragraph."""
    signature: str = ""
    """The author or dateline in brackets that closes the paragraph."""

    @property
    def text(self) -> str:
        return self.line.text


_MAX_SHORT = 46
_BOX = re.compile(
    r"[【\[]?(?:阅读提示|核心提示|内容提要|内容提示|编者按|编者的话|开栏的话|导读|提要|摘要|新闻背景|背景链接|相关链接|延伸阅读|名词解释|小贴士|记者手记)[】\]]?[:：]?"
)
_BOX_START = re.compile(
    r"(?:【?(?:阅读提示|核心提示|编者按|开栏的话|新闻背景|背景链接|相关链接|延伸阅读|记者手记)】?[:： \u3000])"
)
_FURNITURE = re.compile(
    r"(?:第?\s*[A-Z]?\d{1,3}\s*版.{0,24}|.{0,10}(?:\d{4}年)?\d{1,2}月\d{1,2}日\s*星期[一二三四五六日天].{0,30}"
    r"|(?:本版|责任|值班|版面|视觉|美术|执行)?(?:责编|编辑|主编|校对|美编|版式|编审|责任编辑|策划|监制)\s*[:：].{1,60}"
    r"|(?:E-?mail|邮箱|电话|热线|网址|投稿邮箱|新闻热线)\s*[:：].{1,60}|[-—·•=_*~]{3,})",
    re.IGNORECASE,
)
# Words that open a sentence with a comma after them: a headline does not start so.
_ADVERBIAL = re.compile(
    r"(?:据[^,，]{0,8}|此外|同时|近日|日前|目前|随后|另悉|据悉|会上|其中|对此|为此|因此|然而|但是|不过|首先|其次|截至[^,，]{0,10}|今年[^,，]{0,10}"
    r"|去年[^,，]{0,10}|近年来|连日来|下一步|与此同时|在此(?:基础上|背景下|期间)|当[天日晚时]|如今|现在|活动中|[^,，]{0,6}(?:现场|会上|仪式上|期间|之后|以后)|从[^,，]{2,12}起|自[^,，]{2,14}以来"
    r"|为[^,，]{4,24}|在[^,，]{2,20}(?:下|中|后|上|时|里|期间)|(?:\d{4}年)?\d{1,2}月(?:\d{1,2}日)?[^,，]{0,6}|\d{4}年[^,，]{0,8}|作为[^,，]{2,20}|通过[^,，]{2,20})[,，].*"
)
_KICKER_END = re.compile(r"(?:——|—|--|……|…)$")
_COLUMN = re.compile(
    r".{0,8}(?:特写|速递|快讯|简讯|速览|之窗|风采|广角|视点|观察|纪事|短波|小灵通|专栏|人物|动态|在线|论坛|时评|杂谈|链接|访谈|聚焦|关注|资讯|播报"
    r"|要闻|集锦|简报|看台|讲堂|信箱|副刊|连载|新闻|一线|速读|传真|扫描|掠影|微镜头|随笔|视窗|专题|头条|热点|图说|图片新闻|连线|手记|博览|快报|巡礼|短讯|百态|天地|园地)"
)
_STRIP_END = re.compile(r"(?:巡礼|进行时|专栏|特刊|专版|系列报道|主题教育|在行动|大家谈)$")
_ACTOR = re.compile(
    r"(?:省|市|县|州|旗|盟|区|镇|乡|街道|村|工会|总工会|市总|县总|区总|省总|公司|集团|局|厅|学院|大学|医院|中心|协会|银行|法院|全国|我国|我省|我市"
    r"|北京|上海|天津|重庆|河北|山西|辽宁|吉林|黑龙江|江苏|浙江|安徽|福建|江西|山东|河南|湖北|湖南|广东|海南|四川|贵州|云南|陕西|甘肃|青海|台湾|内蒙古|广西|西藏|宁夏|新疆|香港|澳门)"
)
_BLANK = re.compile(r"[ \u3000]+")
_SEPARATOR = re.compile(r"[,，、;；]")
_QUOTED = re.compile(r"[“《‘][^”》’]*[”》’]")
_WORDY = 3
_COUNTED = frozenset("年月日个名项家人次万亿元余多件位场所种倍吨米%")
_UNFINISHED_ACTOR = re.compile(r"(?:工会|公司|集团|局|厅|市总|县总|区总|省总|大学|学院|医院|[省市县区])$")


def look_at(line: Line) -> Seen:
    """Classify a line by itself."""
    text = line.text
    if _BOX.fullmatch(text):
        return Seen(line, Look.BOX)
    if bylines.is_credit(text):
        return Seen(line, Look.CREDIT, credit=text)
    if bylines.is_standalone(text):
        return Seen(line, Look.BYLINE)
    signature = bylines.signature(text)
    if signature == text:
        return Seen(line, Look.SIGNATURE, signature=signature)
    if _FURNITURE.fullmatch(text):
        return Seen(line, Look.FURNITURE)
    if _BOX_START.match(text):
        return Seen(line, Look.BOX)
    lead = bylines.opening(text)
    if lead:
        return Seen(line, Look.BODY, lead=lead, credit=bylines.credit_tail(text), signature=signature)
    if signature or not may_be_heading(text):
        return Seen(line, Look.BODY, credit=bylines.credit_tail(text), signature=signature)
    return Seen(line, Look.SHORT)


def may_be_heading(text: str) -> bool:
    """True when nothing in a line speaks against a headline."""
    if len(text) > _MAX_SHORT or not any(char.isalnum() for char in text):
        return False
    if ends_sentence(text) or "。" in text or text[-1] in ",，、:：" or opens_quote(text) or starts_inside(text):
        return False
    return not (_ADVERBIAL.fullmatch(text) and not is_kicker(text))


def looks_torn(text: str) -> bool:
    """True when a heading-like line has the build of a sentence that stops half way."""
    return not is_kicker(text) and (
        ends_inside(text)
        or text.endswith(("的一", "这", "那", "其"))
        or (len(re.findall(r"[,，、]", text)) >= 2 and len(text) > 24)
    )


def is_wordy(text: str) -> bool:
    """True for a line of more clauses than headlines and kickers have."""
    return not is_kicker(text) and len(_SEPARATOR.findall(_QUOTED.sub("", text))) >= _WORDY


def splits_number(upper: str, lower: str) -> bool:
    """True when a number ends one text and what it counts begins the other."""
    return upper[-1:].isdigit() and lower[:1] in _COUNTED


def names_actor(text: str) -> bool:
    """True when a line names a place, authority or organisation, as headlines of news do."""
    return bool(_ACTOR.search(text))


def is_kicker(text: str) -> bool:
    """True for a line that announces the headline below it."""
    return bool(_KICKER_END.search(text))


def is_column_name(text: str) -> bool:
    """True for the name of a column, such as 新闻特写: a few words that tell nothing."""
    plain = text.strip("“”‘’【】[]《》「」·•|｜□■◆ ")
    bare = re.sub(r"[“”‘’]", "", plain)
    return len(bare) <= 10 and not re.search(r"[,，:：?？!！]", bare) and bool(_COLUMN.fullmatch(bare))


def is_strip(text: str) -> bool:
    """True for a topic strip: slogans of about equal length side by side, or a series name."""
    parts = _BLANK.split(text)
    if re.search(r"[,，:：?？!！\d]", text) or len(parts) < 2:
        return False
    return bool(_STRIP_END.search(text)) and max(map(len, parts)) <= 10


def assign_roles(headings: Sequence[Line]) -> list[BlockRole]:
    """The role of each line of a heading that opens an article: banner strips, kickers, one headline.

    Every heading has exactly one headline, of one line or of the lines over which it is broken.
    """
    roles = [BlockRole.BANNER if len(headings) > 1 and is_strip(line.text) else BlockRole.KICKER for line in headings]
    open_lines = [number for number, role in enumerate(roles) if role is BlockRole.KICKER] or [0]
    chosen = max(open_lines, key=lambda number: (_headline_score(headings, number), -number))
    roles[chosen] = BlockRole.TITLE
    for number in (chosen, chosen - 1):
        if 0 <= number < len(headings) - 1 and _runs_on(headings[number].text, headings[number + 1].text):
            roles[number] = roles[number + 1] = BlockRole.TITLE
    return roles


def _runs_on(upper: str, lower: str) -> bool:
    """True when a headline is broken over two lines: the upper one cannot stand alone."""
    if is_kicker(upper) or is_strip(lower) or len(upper) + len(lower) > _MAX_SHORT:
        return False
    return ends_inside(upper) or (
        len(upper) <= 12 and bool(_UNFINISHED_ACTOR.search(upper)) and not _BLANK.search(upper)
    )


def _headline_score(headings: Sequence[Line], number: int) -> float:
    """How much a line looks like the headline of its heading; print puts it first unless a kicker comes before."""
    text = headings[number].text
    bare = re.sub(r"[^\w]", "", text)
    score = 1.0 if number == 0 and len(headings) <= 2 else 0.0
    if number and is_kicker(headings[number - 1].text):
        score += 2.0
    if is_kicker(text):
        score -= 4.0
    if _ACTOR.search(text):
        score += 1.0
    if 6 <= len(bare) <= 20:
        score += 0.5
    commas = len(re.findall(r"[,，、]", text))
    if commas:
        score -= 0.75 if len(bare) <= 20 else 2.5
    if text[-1] in "?？" and number < len(headings) - 1:
        score -= 1.5
    parts = _BLANK.split(text)
    if len(parts) == 2 and abs(len(parts[0]) - len(parts[1])) <= 1 and not _ACTOR.search(text):
        score -= 1.0
    if re.fullmatch(r"[“《][^”》]+[”》]", text):
        score -= 1.5
    if is_column_name(text):
        score -= 2.0
    return score
