"""What a question asks for, read from its words.

The rules know Chinese question words and measure words, and nothing of any corpus.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from rag.corpus import places
from rag.errors import InputError
from rag.index.text.terms import cutter, simplify


class Expected(StrEnum):
    """What kind of thing an answer must hold."""

    PERSON = "person"
    PLACE = "place"
    ORGANISATION = "organisation"
    TIME = "time"
    DURATION = "duration"
    MONEY = "money"
    NUMBER = "number"
    PHONE = "phone"
    REASON = "reason"
    ITEMS = "items"
    """Several things, named side by side."""
    NAME = "name"
    """What something is called."""
    ANY = "any"


class Form(StrEnum):
    """How the answer is put together."""

    PASSAGE = "passage"
    """From the sentence that answers."""
    AGGREGATE = "aggregate"
    """One line an entity, over all articles."""
    COMPARISON = "comparison"
    """Which of two has more."""
    YES_NO = "yes-no"


class Level(StrEnum):
    """What an aggregate counts or lists."""

    PROVINCE = "province"
    CITY = "city"
    COUNTY = "county"
    PLACE = "place"
    """A place at whatever level is printed."""
    ORGANISATION = "organisation"
    REPORT = "report"


@dataclass(frozen=True, slots=True)
class Question:
    """A question with what its words say about the answer."""

    text: str
    """Folded: full width to half width, traditional to simplified, fillers taken out."""
    form: Form
    expected: Expected
    unit: str
    """What is counted ("名", "人次", "家"); empty when nothing is."""
    level: Level | None
    """Set for an aggregate."""
    wanted: int | None
    """How many items the question itself says there are (哪7个, 哪两家); None when it does not say."""
    focus: tuple[str, ...]
    """The nouns beside the question word: what the answer is one of (牌子 of 什么牌子, 队长 of 队长是谁)."""
    quoted: tuple[str, ...]
    """Names in quotation marks or title marks."""
    english: bool
    """True when the question holds no Chinese but English words."""


FUNCTION_CHARACTERS = frozenset(
    "谁什么哪几多少吗呢吧啊是的了在有和与给被把就都也还会能要不没这那个名家位项场次叫做搞说到从向为由及或去来着呀嘛头第一二三两共总"
)
"""Characters that ask, count or join: a pair with one of them names nothing."""

_NUMERAL = "一二两三四五六七八九十百千0-9"
_FILLERS = re.compile(
    r"^(那个|就是|请问一?下?|我想(问|知道)一?下?|想问一?下?|麻烦问一?下?|帮我(查|看)一?下?|你好|您好|嗯|呃|哎|咱们?)+[\s,、]*|"
    r"(来着|呀|啊|哦|嘛)(?=[?？\s]*$)|(?<=\s)(那个|就是|嗯|呃)(?=\s)"
)
_QUOTED = re.compile(r"[“‘「『《\"]([^”’」』》\"]{1,40})[”’」』》\"]")

_PLACE_WORD = "城市|地方|地区|地市|省份?|自治区|直辖市|市|县|区|旗|乡|镇|街道|村|国家|州"
_REPORT_WORD = "报道|文章|新闻|稿件|消息"
_ORG_WORD = "企业|公司|单位|机构|部门|银行|学校|医院|工厂|组织"
_COUNTER = "个|家|名|位|人|场|项|次|件|辆|篇|种|类|条|所|支|批|户|对|台|座|处|张|份|期|届|门|间|岁|级|部|套|起|天|年|元|吨|亩|米|公里|公斤|层|字"
_PERSON_WORD = "人|记者|通讯员|作者|主席|主任|书记|经理|董事长|负责人|选手|冠军|状元|工人|职工|老师|师傅|居民|[\u4e00-\u9fff]长|司机|创始人|带头人|代表|志愿者|劳模|工匠|先生|女士"

_RULES: tuple[tuple[Expected, str], ...] = (
    (Expected.PHONE, r"电话|手机号|联系方式|热线"),
    (Expected.REASON, r"为什么|为何|为啥|原因|怎么会|何以"),
    (
        Expected.MONEY,
        r"多少(?:万|亿)?(?:元|钱|(?:财政|社会|专项)?资金|经费|补助|补贴|奖金|工资|月薪|年薪|收入|收益|价值|产值|营业额|利润|效益|额度|贷款|外资|投资|租金|学费|票价)|几(?:百|千|万|亿)?(?:元|块)|(?:资金|经费|金额|补助|补贴|津贴|奖金|奖励|价格?|标准|收益|收入|费用|销售额|营业额|产值|利润|工资|月薪|年薪|外资|租金|票价|学费|额度|投资)(?:标准|金额)?(?:是|为|有|达)?多少|(?:多少|省下?了?|花了?|掏了?|卖了?|赚了?|投了?)多少(?:钱)?$|多少钱|省下多少",
    ),
    (Expected.DURATION, r"多久|多长时间|(?<![西公]元)(?:几|多少)(?:天|年|个月|小时|分钟|周|个?星期|日)|为期|赛程"),
    (
        Expected.TIME,
        r"什么时候|什么时间|何时|几时|啥时候?|哪一?[天年日月]|哪个(?:月|年份|季度|时间)|几月|几号|几点|哪一?个?(?:月份|年度)|何年|何月|何日|[西公]元几年|时间是",
    ),
    (
        Expected.NUMBER,
        rf"多少|几(?:{_COUNTER}|成|倍|分之|十|百|千|万)|多(?:大(?!学)|高(?![校中等])|重|长|宽|深(?!圳)|远)|占比|百分之几|比例是|面积",
    ),
    (
        Expected.ORGANISATION,
        rf"(?:{_ORG_WORD})(?:都|分别)?(?:有|是|为)谁|由?谁(?:负责)?(?:主办|承办|举办|组织|牵头|提供|出资|运营|建设|开发)",
    ),
    (
        Expected.PERSON,
        rf"谁|哪一?位|哪[{_NUMERAL}]+位|何人|哪[{_NUMERAL}几]*名?(?:{_PERSON_WORD})|(?:{_PERSON_WORD})(?:的?名字)?(?:叫|是)(?:什么|啥)|他叫|她叫|叫什么名字的人",
    ),
    (
        Expected.ORGANISATION,
        rf"哪(?:一|[{_NUMERAL}几])?(?:家|所|个)?(?:{_ORG_WORD})|哪[{_NUMERAL}]?家|什么(?:{_ORG_WORD})|(?:{_ORG_WORD})(?:的?名字|全称|名称)?(?:叫|是)(?:什么|啥|哪)",
    ),
    (Expected.PLACE, rf"哪里|哪儿|在哪|何地|何处|啥地方|什么地方|哪一?个?(?:{_PLACE_WORD})|场地|地点|地址"),
    (Expected.NAME, r"叫什么|叫啥|名称|什么名字|口号|全称|主题|什么牌子|名叫"),
)
_ITEMS = re.compile(rf"哪些|哪几|哪[{_NUMERAL}]+|分别(?:是|为|有|叫)|有什么|包括什么|什么和什么|都有|包含")
_YES_NO = re.compile(
    r"(吗|(?<![什怎多那这])么)[?？!。]*$|是不是|是否|有没有|能不能|可不可以|要不要|会不会|对不对|能否|可否"
)
_WH = re.compile(r"什么|啥|哪|谁|多少|几(?!乎)|如何|怎|为何|何时|是[?？]?$")
_MORE = "更?(?:多|少|大|小|高|低|早|晚|长|短|快|慢|贵|便宜|远|近|强)"
_COMPARISON = re.compile(
    rf"(?:谁|哪一?个?(?:更|家|方|边|地|县|市|区)?|哪里)的?[^,,。?]{{0,12}}{_MORE}(?:一?些|一点)?(?:呢)?[?？]*$"
)
_BOTH = re.compile(r"和|与|跟|同|比|还是|、|及")


def check_question(text: str, limit: int, name: str) -> str:
    """The text without blanks at both ends.

    Raises:
        InputError: it is empty or longer than `limit` characters.
    """
    text = text.strip()
    if not text:
        raise InputError(f"The {name} is empty.", hint="Ask in plain words, for example: 哪些城市搭建了婚恋交友平台？")
    if len(text) > limit:
        raise InputError(
            f"The {name} has {len(text)} characters; at most {limit} are read.",
            hint="Shorten it to what you want to know.",
        )
    return text


def parse_question(text: str) -> Question:
    """Reads a question.

    Args:
        text: the standalone question, as the reader typed it.
    """
    folded = simplify(text).strip()
    spoken = _FILLERS.sub("", _FILLERS.sub("", folded)).strip() or folded
    expected, form = _expected(spoken), Form.PASSAGE
    level = _aggregate_level(spoken)
    if _COMPARISON.search(spoken) and _BOTH.search(spoken):
        form, level = Form.COMPARISON, None
    elif re.search(r"吗[?？!。]*$", spoken) or (_YES_NO.search(spoken) and not _WH.search(spoken)):
        form, level = Form.YES_NO, None
    elif level is not None:
        form, expected = Form.AGGREGATE, Expected.ANY  # the lines are counted, no sentence has to hold a number
    elif _ITEMS.search(spoken) and expected in (Expected.ANY, Expected.NUMBER, Expected.NAME):
        expected = Expected.ITEMS
    return Question(
        text=spoken,
        form=form,
        expected=expected,
        unit=_unit(spoken),
        level=level,
        wanted=_wanted(spoken),
        focus=_focus(spoken),
        quoted=tuple(_QUOTED.findall(spoken)),
        english=not re.search(r"[\u3400-\u9fff]", spoken) and bool(_ENGLISH.search(spoken)),
    )


# Pinyin without tones is Latin too; English shows in its function words.
_ENGLISH = re.compile(
    r"\b(?:the|of|is|are|was|were|did|does|do|how|what|who|whom|whose|where|when|which|why|many|much|for|in|on|at|by|to|and)\b",
    re.IGNORECASE,
)
_ENGLISH_RULES: tuple[tuple[Expected, str], ...] = (
    (Expected.MONEY, r"how much (?:money|did|does|was|is|were|do)|cost|price|budget|spend"),
    (Expected.DURATION, r"how long|how many (?:days|months|years|weeks|hours|minutes)"),
    (Expected.NUMBER, r"how many|how much|how large|how big|what (?:number|percentage|share)"),
    (Expected.PERSON, r"\bwho\b|\bwhom\b|what is the name of the (?:man|woman|person|reporter|worker)"),
    (Expected.TIME, r"\bwhen\b|what (?:date|day|time|year|month)|which (?:date|day|year|month)"),
    (Expected.PLACE, r"\bwhere\b|which (?:city|province|county|district|place|town)"),
    (Expected.ORGANISATION, r"which (?:company|organi[sz]ation|union|firm|bank|school|hospital)"),
    (Expected.REASON, r"\bwhy\b"),
)


def _expected(text: str) -> Expected:
    if text.isascii():
        for expected, pattern in _ENGLISH_RULES:
            if re.search(pattern, text, re.IGNORECASE):
                return expected
    for expected, pattern in _RULES:
        if re.search(pattern, text):
            return expected
    if _ITEMS.search(text):
        return Expected.ITEMS
    return Expected.ANY


def _unit(text: str) -> str:
    """The measure word after 多少 or 几, or the noun that follows."""
    match = re.search(rf"(?:多少|几)(人次|课时|平方米|万?亿?元|[万亿]?(?:{_COUNTER}))", text)
    return match.group(1) if match else ""


def _wanted(text: str) -> int | None:
    match = re.search(rf"哪([{_NUMERAL}]+)", text)
    return number_of(match.group(1)) if match else None


_INTERROGATIVE = re.compile(
    rf"什么样?|啥|哪一?(?:[个家位支项种条座名件类块所场间]|[{_NUMERAL}几]+[个家位支项种条座名件类块所场间]?)|哪些|(?:多少|几)(?:人次|课时|[万亿]?(?:{_COUNTER}))?|谁|哪"
)
# Nouns that any answer of the kind is one of.
_PLAIN_FOCUS = re.compile(
    rf"^(?:{_PLACE_WORD}|{_REPORT_WORD}|{_ORG_WORD}|名字|名称|时候|时间|人|地方|东西|内容|情况|钱|元|事|方面|工作|办法|方式|方法|叫|是|在|有|由|办|做|得|了|的|人次|个|全称|活动|内容|参加)$"
)


def _focus(text: str) -> tuple[str, ...]:
    """The noun behind 什么, 哪个 or 多少名, else the noun before 是谁, 叫什么 or 有多少."""
    asked = _INTERROGATIVE.search(text)
    if asked is None:
        return ()
    cut = cutter().cut
    behind = next(iter(cut(text[asked.end() :])), "")
    if re.fullmatch(r"[\u4e00-\u9fff]{2,}", behind) and not _PLAIN_FOCUS.match(behind):
        return (behind,)
    before = list(
        cut(re.sub(r"(?:分别|一共|总共|共|都|各|累计)?(?:是|叫|有|为|由|在|达)?$", "", text[: asked.start()]))
    )
    last = before[-1] if before else ""
    if re.fullmatch(r"[\u4e00-\u9fff]{2,}", last) and not _PLAIN_FOCUS.match(last):
        return (last,)
    return ()


_DAY = r"(?:[0-9]{{1,4}}年)?[0-9]{{1,2}}月[0-9]{{1,2}}[日号]"
# An aggregate asks about places, organisations or reports as such: they are the subject, nobody is named before them.
_AGGREGATES: tuple[tuple[Level, str], ...] = (
    (
        Level.REPORT,
        rf"^(?:有|都有)?{{which}}(?:篇|条|则)?(?:{_REPORT_WORD})|{{which}}(?:篇|条|则)?(?:{_REPORT_WORD})[?？]?$|"
        rf"(?:{_REPORT_WORD})(?:里|中|都|分别|主要)?(?:分别)?(?:讲|说|写|是关于|关于|介绍|报道)了?(?:的是)?(?:什么|啥|哪)|{{which}}篇|(?:报纸|{_REPORT_WORD})[上里中]?.{{{{0,6}}}}{{which}}件(?:大|新鲜)?事|"
        rf"^{_DAY}.{{{{0,8}}}}{{which}}件(?:大|新鲜)?事",
    ),
    (Level.PROVINCE, r"{which}个?(?:省份?|自治区|直辖市)(?![级总内直外])|按省"),
    (Level.CITY, r"^(?:.{{0,12}}?有)?{which}个?(?:城市|地级市|地市|市)(?!场|民|总|区)"),
    (Level.COUNTY, r"^(?:.{{0,12}}?有)?{which}个?(?:县区?|区县|区|县级市|旗)(?!域|别)"),
    (Level.PLACE, r"^(?:.{{0,12}}?有)?{which}个?(?:地方|地区|地(?!级)|省市)|报道过?(?:哪里|哪些地方)"),
    (Level.ORGANISATION, rf"^{{which}}(?:家|个)?(?:{_ORG_WORD}|工会)"),
)
_WHICH = r"(?:哪些|哪几|哪[二两三四五六七八九十2-9]|多少|几)"
# The same asked from behind: 有夜班公交的城市有哪些?
_BEHIND: tuple[tuple[Level, str], ...] = (
    (Level.REPORT, _REPORT_WORD),
    (Level.PROVINCE, "省份?|自治区|直辖市"),
    (Level.CITY, "城市|地级市|地市"),
    (Level.COUNTY, "县区?|区县|县级市"),
    (Level.PLACE, "地方|地区"),
    (Level.ORGANISATION, f"{_ORG_WORD}|工会"),
)
_EVENTS = re.compile(rf"^(?:有|都有)?{_WHICH}(?:场|次|项|届|个)?(?:比赛|竞赛|大赛|赛事|活动|平台|项目)")
"""Of such there is one or two an article: where nobody is named whose they are, all articles are meant."""
_ABOUT_REPORTS = re.compile(rf"(?:{_REPORT_WORD}).{{0,8}}(?:哪些|哪几|哪里|什么)|报道过|被?单独报道")


def _aggregate_level(text: str) -> Level | None:
    bare = re.sub(
        rf"^(?:在?(?:这些|所有|全部)?(?:{_REPORT_WORD}|资料|报纸|版面)[里中]?,?|按.{{1,3}}看,?|一共|总共)", "", text
    )
    for level, pattern in _AGGREGATES:
        compiled = pattern.replace("{which}", _WHICH).replace("{{", "{").replace("}}", "}")
        if re.search(compiled, text if level in (Level.PROVINCE,) else bare):
            return level
    for level, nouns in _BEHIND:
        if re.search(rf"的(?:{nouns})(?:一共|总共|共|都)?(?:有|是){_WHICH}[个家篇座]?[?？]?$", text):
            return level
    if _ABOUT_REPORTS.search(text) or (_EVENTS.search(bare) and not _QUOTED.search(text) and not places.find(text)):
        return Level.REPORT
    return None


_DIGITS = {"零": 0, "〇": 0, "一": 1, "二": 2, "两": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9}
_SCALES = {"十": 10, "百": 100, "千": 1000, "万": 10_000, "亿": 100_000_000}


def number_of(text: str) -> int | None:
    """The value of a whole number in digits or Chinese numerals below 10,000; None if it is neither."""
    if text.isdecimal():
        return int(text)
    total, digit = 0, 0
    for character in text:
        if character in _DIGITS:
            digit = _DIGITS[character]
        elif _SCALES.get(character, 10_000) < 10_000:
            total, digit = total + (digit or 1) * _SCALES[character], 0
        else:
            return None
    return total + digit if text else None
