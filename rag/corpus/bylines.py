"""Bylines in the shapes that print has: opening a paragraph, on a line of their own, as a photo credit, or at the end.

Each function looks at one line and answers for that line only; which article it belongs to is `segmentation`'s affair.
Lines of names are read word by word, not by one pattern: a pattern with names of open number within groups of open
number takes exponential time on a line that is almost a byline.
"""

from __future__ import annotations

import re

_HAN = r"[\u3400-\u9fff]"
# A name of two to four characters, or a longer one with dots; function words do not stand in names.
_DOTTED = rf"(?:[·•・]{_HAN}{{1,8}})"
_NAME = rf"(?:(?:(?![的了在是和与为被从]){_HAN}){{2,4}}{_DOTTED}{{0,3}}|{_HAN}{{2,6}}{_DOTTED}{{1,3}})"
_OUTLET = r"(?:本报|本刊|本网|本台|新华社|人民日报|工人日报|中新社|新华网)"
_ROLE = (
    r"(?:(?:见习|实习|特约|首席|全媒体|融媒体?|特派|驻站|驻地|摄影|文字|视频|特邀){0,3}"
    r"(?:记者|通讯员|撰稿人?|撰文|评论员|编辑|作者|摄影报道|摄影|报道组|报道员|实习生))"
)
_CREDITS = r"(?:摄影报道|摄影|摄|供图|图片)"
_WORDS = r"(?:文[/／·]图|图[/／·]文|摄影报道|摄影|摄|供图|制图|绘图|漫画|整理|报道|采写|编译|撰文|文|图|画)"

_NEWS = rf"(?:本报|本刊|本网|本台)(?:{_HAN}{{0,6}}\d{{1,2}}月\d{{1,2}}日)?[ \u3000]?(?:讯|消息|专讯)"
_WIRE = r"(?:本报|新华社|中新社|新华网|据新华社)[^\s,，。()（）“]{0,10}?\d{1,2}(?:月\d{1,2})?日?(?:电|讯)"
_ROUND = r"[（(][^（）()]{2,60}[）)]"

# 本报讯(记者…), 新华社北京3月5日电(记者 …)
_NEWS_OPENING = re.compile(rf"(?:{_NEWS}|{_WIRE})[ \u3000]*(?:{_ROUND})?")
# 【记者…】, and (记者… 通讯员…) before the first word of a paragraph
_BRACKET_OPENING = re.compile(
    rf"【[ \u3000]*{_OUTLET}?[ \u3000]*{_ROLE}[^【】]{{1,60}}】"
    rf"|[（(][ \u3000]*{_OUTLET}?[ \u3000]*{_ROLE}[^（）()]{{1,60}}[）)](?=\S)"
)
# 本报 记者…通讯员…报道, found by its last word
_REPORTED = re.compile(r"[^,，。!！?？“”:：]{4,60}?报道(?=[ \u3000:：]|$)")

_WORD = re.compile(rf"(?:{_NEWS})?{_OUTLET}?(?P<role>{_ROLE}?)[:：]?(?P<name>{_NAME}?)(?:[/／]?{_WORDS})?")
_MARK = re.compile(r"[□■○●◎☆★△▲◇◆]")
_SLASHED = re.compile(
    rf"(?:文图|图文|文|图|撰文|摄影|作者|记者|编译|整理)[ \u3000]*[/／:：][ \u3000]*(?P<after>.+)"
    rf"|(?P<before>.+?)[ \u3000]*[/／][ \u3000]*{_WORDS}"
)
_SPLIT = re.compile(r"[ \u3000、,，]+")
_CREDIT_END = re.compile(rf"(?:[/／]|[ \u3000]+|(?<=[\u3400-\u9fff]))[ \u3000]*{_CREDITS}$")
_PICTURE = re.compile(r"(?:图片|照片)(?:均?由|来源|来自|提供)[:：]?[^。!！?？]{2,24}")
_TAIL = re.compile(rf"(?:(?<=[。！？!?”])|(?<=\s))[（(]?([^。！？!?”，,（）()]{{2,40}}?[/／ \u3000]*{_CREDITS})[）)]?$")

_BRACKET_END = re.compile(r"[（(【]([^（）()【】]{2,60})[）)】]$")
_DATELINE = re.compile(rf"(?:据|{_OUTLET}).{{0,40}}(?:电|讯)")
_ORIGIN = re.compile(r"(?:据|来源|转自|作者单位|原载|作者系|作者为)[:：]?.{2,58}")
_NAMED = re.compile(_NAME)
_SURNAMES = frozenset(
    "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜戚谢邹喻柏窦章苏潘葛范彭郎鲁韦马苗方俞任袁柳鲍史唐费廉岑薛雷贺倪汤滕殷罗毕郝邬"
    "安常乐于傅卞齐康伍余顾孟黄穆萧尹姚邵汪祁毛狄臧戴谈宋庞熊纪舒屈项祝董梁杜阮蓝闵席季贾路娄江童颜郭梅盛林刁钟徐邱骆高夏蔡田樊胡凌霍虞万柯管卢莫房"
    "裘缪解应宗丁宣邓郁单杭洪包诸左石崔吉钮龚程邢裴陆荣翁荀甄曲封储靳段焦谷侯宓全班仰秋仲伊宁仇栾甘厉祖武符刘景詹龙叶幸司黎薄印宿白蒲邰赖卓蔺屠乔阳闻党翟谭"
    "申扈冉桑桂濮牛寿边燕冀浦尚农温庄晏柴瞿阎慕连茹习艾鱼容向古易廖庾终衡步耿满匡国文寇广欧师巩聂晁勾敖冷辛阚那简饶曾沙丰巢关查后荆游竺权盖益桓公肖涂鹿旦"
)
_MAX_LINE = 80


def opening(text: str) -> str:
    """The byline that opens a paragraph, as printed, or the empty string."""
    head = text[:140]
    match = _NEWS_OPENING.match(head)
    if match:
        rest = head[match.end() :]
        crew = _REPORTED.match(rest)
        if crew and _is_crew(crew.group()):
            return match.group() + crew.group()
        return match.group().strip()
    match = _BRACKET_OPENING.match(head)
    if match:
        return match.group()
    match = _REPORTED.match(head)
    return match.group() if match and _is_crew(match.group()) else ""


def is_standalone(text: str) -> bool:
    """True for a line that is nothing but a byline."""
    if len(text) > _MAX_LINE:
        return False
    bracketed = _BRACKET_END.fullmatch(text)
    if bracketed:
        return _is_crew(bracketed.group(1))
    if _MARK.match(text):
        return _is_crew(text[1:].strip(), needs_role=False)
    slashed = _SLASHED.fullmatch(text)
    if slashed:
        return _is_crew((slashed["after"] or slashed["before"]).strip(), needs_role=False)
    return _is_crew(text)


def is_names(text: str) -> bool:
    """True for a line of personal names without a role, by their surnames; sound only below a headline."""
    words = _SPLIT.split(text)
    return len(words) <= 4 and all(
        2 <= len(word) <= 3 and word[0] in _SURNAMES and _NAMED.fullmatch(word) for word in words
    )


def is_credit(text: str) -> bool:
    """True for a line that is nothing but the credit of a picture."""
    if len(text) > _MAX_LINE:
        return False
    if text[0] in "（(" and text[-1] in "）)":
        text = text[1:-1].strip()
    if _PICTURE.fullmatch(text):
        return True
    match = _CREDIT_END.search(text)
    if not match:
        return False
    crew = text[: match.start()].rstrip(" \u3000/／")
    # Without a role or a blank before the last word, 师傅摄 or 工人画 would do.
    return _is_crew(crew, needs_role=not match.group()[0].isspace() and match.group()[0] not in "/／")


def credit_tail(text: str) -> str:
    """The photo credit that closes a paragraph, or the empty string."""
    match = _TAIL.search(text[-60:])
    return match.group() if match and is_credit(match.group(1).strip()) else ""


def signature(text: str) -> str:
    """Names, or a dateline, in brackets at the end of a text that closes an article there; else the empty string."""
    tail = text[-80:]
    match = _BRACKET_END.search(tail)
    if not match:
        return ""
    before = tail[: match.start()].rstrip()
    if before and before[-1] not in "。！？!?…”’":
        return ""
    inner = match.group(1).strip()
    signed = _is_crew(inner, needs_role=False) or _DATELINE.fullmatch(inner) or _ORIGIN.fullmatch(inner)
    return match.group() if signed else ""


def is_dateline(signed: str) -> bool:
    """True when a signature names a wire dateline and no author."""
    return bool(_DATELINE.fullmatch(signed[1:-1].strip()))


def _is_crew(text: str, *, needs_role: bool = True) -> bool:
    """True for names with their roles, and nothing else: 本报记者 张三 李四 本报通讯员 王五."""
    words = [word for word in _SPLIT.split(text.strip()) if word]
    if not words or len(words) > 16:
        return False
    roles = names = 0
    initial = False
    for number, word in enumerate(words):
        if len(word) == 1:
            # Two-character names are set with a blank between: 张 三.
            if not re.fullmatch(_HAN, word):
                return False
            last_word = number == len(words) - 1
            if word in "摄文图" and last_word:
                continue
            names += initial
            initial = not initial
            continue
        match = _WORD.fullmatch(word)
        if not match or initial:
            return False
        roles += bool(match["role"])
        names += bool(match["name"])
    return names > 0 and not initial and (roles > 0 or not needs_role)
