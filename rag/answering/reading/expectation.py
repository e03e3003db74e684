"""Does a sentence hold the kind of thing that a question asks for?

Recognisers for numbers with their measure words, money, dates, durations, people, places, organisations, telephone
numbers and enumerations. They find candidates; whether a candidate answers is for the evidence score to say.
"""

from __future__ import annotations

import re

import rjieba

from rag.answering.reading.question import Expected, Question
from rag.corpus import places
from rag.types import Span

_DIGIT = r"[0-9０-９]+(?:[.．,，][0-9０-９]+)*"
_HAN_NUMBER = r"[零〇一二两三四五六七八九十百千]+"
_MANY = r"(?:余|多|几|近)?"
_SCALE = rf"{_MANY}[十百千万亿]*{_MANY}"
_NUMBER = rf"(?:{_DIGIT}{_SCALE}|{_HAN_NUMBER}{_SCALE}|数[十百千万亿]+)"

_UNIT_FAMILIES: tuple[frozenset[str], ...] = (
    frozenset({"名", "人", "位", "人次", "个", "万人", "万名", "万人次"}),
    frozenset(
        {
            "个",
            "家",
            "所",
            "座",
            "处",
            "支",
            "户",
            "间",
            "门",
            "台",
            "项",
            "类",
            "种",
            "条",
            "篇",
            "件",
            "部",
            "套",
            "级",
            "期",
            "班",
        }
    ),
    frozenset({"场", "次", "届", "期", "个", "项"}),
    frozenset({"辆", "台", "部"}),
    frozenset({"年", "个月"}),
    frozenset({"周岁", "岁"}),
    frozenset({"天", "日"}),
)
_ANY_UNIT = (
    r"人次|课时|平方米|平方公里|公里|公斤|周岁|[万亿]?元|[万亿]?(?:个|家|名|位|人|场|项|次|件|辆|篇|种|类|条|所|支|批|户|对|台|座|处|张|份|期|"
    r"届|门|间|岁|级|部|套|起|天|年|月|日|米|吨|亩|倍|成|份|块|根|本|艘|架|班|组|队|字|点|度|只)|%|％|个百分点"
)

_PATTERNS: dict[Expected, str] = {
    Expected.NUMBER: rf"(?:约|近|超|超过|逾|不少于|不超过)?{_NUMBER}(?:{_ANY_UNIT})?(?:以上|左右|多)?|百分之{_HAN_NUMBER}|翻了?[一两几]?番|翻倍|[减过]半|一半",
    Expected.MONEY: rf"{_NUMBER}(?:美元|欧元|港元|日元|元|块钱|英镑)(?:以上|左右|多)?|[0-9.]+[万亿]",
    Expected.TIME: (
        rf"(?:(?:{_DIGIT}|[零〇一二三四五六七八九]{{4}})年(?:底|初|末|度)?)?(?:(?:第?[一二三四1-4])季度|(?:{_DIGIT}|[一二三四五六七八九十]{{1,3}})月"
        rf"(?:份|底|初|末|中旬|上旬|下旬)?(?:(?:{_DIGIT}|[一二三四五六七八九十]{{1,3}})[日号])?(?:[早晚]|上午|下午|凌晨|傍晚)?)|"
        rf"(?:{_DIGIT}|[零〇一二三四五六七八九]{{4}})年(?:底|初|末|度|以来|起)?|正月[初一二三四五六七八九十]+|(?:去|今|明|前)年|(?:上|本|下)个?月|春节|国庆|"
        rf"[\u4e00-\u9fff]{{2}}(?:元|[一二三四五六七八九十]{{1,3}})年(?=[(（])|(?:{_DIGIT}|[一二三四五六七八九十]{{1,3}})(?:世纪|年代)|"
        rf"(?:{_DIGIT}|[一二三四五六七八九十两]{{1,3}})[点时](?:半|整|{_DIGIT}分)?(?!名|多)|\d{{1,2}}[:：]\d{{2}}|"
        r"[春夏秋冬][季天]|[春秋]分|[夏冬]至|中世纪|[\u4e00-\u9fff]{1,3}时[期代]"
    ),
    Expected.DURATION: rf"(?:为期)?(?:{_NUMBER}|半)(?:多)?个?(?:半)?(?:天|年|月|小时|分钟|周|星期|日|秒|课时)|(?:当|隔|次|即)[天日]|立等可取",
    Expected.PHONE: r"(?<!\d)(?:1\d{10}|0\d{2,3}[-—]?\d{7,8}|400[-—]?\d{3}[-—]?\d{4}|1[012]\d{3}|96\d{3,4})(?!\d)",
    Expected.ORGANISATION: (
        r"[\u4e00-\u9fff()（）A-Za-z0-9“”·]{2,24}?(?:公司|集团|总工会|工会|委员会|协会|联合会|银行|支行|医院|学校|学院|大学|中学|小学|幼儿园|党校|研究院|"
        r"研究所|中心|局|厅|部|委|政府|办事处|厂|社|站|基地|联盟|法院|检察院|队|馆|店|餐饮|文化宫|疗养院|基金会)"
    ),
    Expected.PLACE: (
        r"[\u4e00-\u9fffA-Za-z0-9]{1,16}?(?:省|市|县|区|旗|州|盟|镇|乡|村|街道|社区|路|街|广场|中心|大厦|宫|馆|站|基地|院|校|园|场|厅|山|河|港|厂|店|楼|树|"
        r"集散站|会展|剧院|影院|饭店|宾馆|酒店|现场|平台|大学|学院|公司)"
    ),
    Expected.REASON: r"因为?|由于|为了|为(?=[\u4e00-\u9fff])|原因|所以|因此|导致|才能|以便|加上|考虑到|只能",
    Expected.NAME: r"[“《「][^”》」]{1,40}[”》」]|名为|取名|叫做?|称为|全称|名叫",
    Expected.ITEMS: r"[^、。;；]{1,30}、[^。;；]{1,40}|[”》]“|[”》]《|以及|和|及|一是",
}
# The four hundred commonest family names cover all but a few per mille of names in print.
SURNAMES = (
    "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜戚谢邹喻柏窦章云苏潘葛奚范彭郎鲁韦昌马苗凤花方俞任袁柳鲍史唐费廉岑薛雷贺倪汤滕殷"
    "罗毕郝邬安常乐于时傅皮卞齐康伍余元卜顾孟平黄和穆萧尹姚邵湛汪祁毛禹狄米贝明臧计伏成戴谈宋茅庞熊纪舒屈项祝董梁杜阮蓝闵席季麻强贾路娄危江童颜郭梅盛林"
    "刁钟徐邱骆高夏蔡田樊胡凌霍虞万支柯管卢莫经房裘缪干解应宗丁宣邓郁单杭洪包诸左石崔吉钮龚程嵇邢滑裴陆荣翁荀羊惠甄曲封储靳邴糜松井段富巫乌焦巴弓牧"
    "隗山谷车侯宓蓬全郗班仰秋仲伊宫宁仇栾暴甘厉戎祖武符刘景詹束龙叶幸司韶黎薄印宿白怀蒲邰从鄂索咸籍赖卓蔺屠蒙池乔阴闻莘党翟谭贡劳逄姬申扶堵冉宰"
    "雍璩桑桂濮牛寿通边扈燕冀郏浦尚农温别庄晏柴瞿阎充慕连茹习宦艾鱼容向古易慎戈廖庾终暨居衡步都耿满弘匡国文寇广禄阙东欧殳沃利蔚越夔隆师巩厍聂晁勾敖融冷"
    "訾辛阚那简饶空曾毋沙乜养鞠须丰巢关蒯相查后荆红游竺权逯盖益桓公肖岳帅缑亢况有琴鹿芮郜杲仉苟"
)
_NAME_SHAPE = rf"(?:欧阳|司马|上官|诸葛|司徒|皇甫|令狐|尉迟|[{SURNAMES}])[\u4e00-\u9fff]{{1,2}}|[\u4e00-\u9fff]{{2,6}}·[\u4e00-\u9fff·]{{2,10}}"
_PERSON = re.compile(
    rf"(?<=[记讯通编作]者)\s?(?:{_NAME_SHAPE})|(?<=通讯员)\s?(?:{_NAME_SHAPE})|"
    rf"(?<=[长任席记员工事手元民师人生友客授士家表者军兵匠理监])(?:{_NAME_SHAPE})|"
    rf"(?:{_NAME_SHAPE})(?=说|介绍|告诉|表示|认为|回忆|感慨|坦言|感叹|看到|激动|高兴|指出|强调|、|等|是|在|的|,|,|“|:|\)|，|\s|出席|主持|担任|获|从)"
)
_SIZES = {
    "多大": "平方|亩|公顷|岁|米",
    "面积": "平方|亩|公顷",
    "占地": "平方|亩|公顷",
    "多高": "米|层",
    "多重": "斤|吨|克",
    "多远": "米|里",
}
_SIZE = re.compile("|".join(_SIZES))
_DIVISION = re.compile(r"哪.{0,2}(?:省份?|城市|市|县|区|旗|州|自治区)(?!级|场)")
"""A division of the country is asked for: the gazetteer knows them all."""
_COMPILED = {expected: re.compile(pattern) for expected, pattern in _PATTERNS.items()} | {Expected.PERSON: _PERSON}


def find_expected(question: Question, sentence: str) -> list[Span]:
    """Ranges of the sentence that could be what is asked for; empty when it holds nothing of the kind.

    A question that says nothing about the kind (`Expected.ANY`) is met by any sentence as a whole.
    """
    if question.expected is Expected.ANY:
        return [(0, len(sentence))] if sentence else []
    if question.expected is Expected.PLACE and _DIVISION.search(question.text):
        return [(mention.start, mention.end) for mention in places.find(sentence)]
    found = [match.span() for match in _COMPILED[question.expected].finditer(sentence) if match.end() > match.start()]
    if question.expected is Expected.DURATION:
        found = [span for span in found if not re.fullmatch(r"[12]\d{3}年", sentence[span[0] : span[1]])]
        if question.unit:
            found = [span for span in found if _same_unit(question.unit, sentence[span[0] : span[1]], "")]
    if question.expected is Expected.NUMBER and (size := _SIZE.search(question.text)):
        return [span for span in found if re.search(_SIZES[size.group()], sentence[span[0] : span[1] + 2])]
    if question.expected is Expected.NUMBER and question.unit:
        return [span for span in found if _same_unit(question.unit, sentence[span[0] : span[1]], sentence[span[1] :])]
    if question.expected is Expected.ITEMS and question.wanted:
        return found or [match.span() for match in _COMPILED[Expected.NUMBER].finditer(sentence)]
    return found


_TAGS = {
    Expected.PERSON: ("nr",),
    Expected.PLACE: ("ns", "nt", "s"),
    Expected.ORGANISATION: ("nt", "nz", "nr", "ns"),
}
"""Parts of speech, in the dictionary's marks, of which a name of each kind has one: an organisation's may be any."""
_NAME = re.compile(_NAME_SHAPE)


def is_named_so(expected: Expected, answer: str) -> bool:
    """Whether a short answer, without the words around it, could be the name of a person, place or organisation."""
    bare = answer.strip('“”‘’"《》()（）,，。、;；:： ')
    if expected not in _TAGS or not bare:
        return False
    if "·" in bare or (expected is Expected.PERSON and _NAME.fullmatch(bare)):
        return True
    named = sum(len(word) for word, tag in rjieba.tag(bare) if tag.startswith(_TAGS[expected]))
    # A company may be called after somebody: of a person's name, the name is most.
    return named * 2 >= len(bare) if expected is Expected.PERSON else named > 0


def _same_unit(unit: str, number: str, following: str) -> bool:
    """Whether a number is counted in the unit asked for, or in one that print uses for it."""
    bare = unit.lstrip("万亿")
    written = re.sub(rf"^(?:约|近|超过?|逾)?{_NUMBER}", "", number)
    if unit == "元" or bare == "元":
        return written.endswith("元")
    if not written:
        # 3辆 is 3 with the unit behind it; "7.4万" is met by whatever it counts.
        return following.startswith(bare) or not following[:1].strip("，,。;；、)）%％")
    if bare in written:
        return True
    return any(bare in family and written.lstrip("万亿") in family for family in _UNIT_FAMILIES)
