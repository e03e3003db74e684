"""Invented news of what comes back every year, month or day: many editions that differ in little but their date.

Some say their date in the text, most do not; annual and monthly figures are printed in the period after; some name the
edition before. Beside them stand articles that tell of a dated fact long afterwards, or carry no date at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

TODAY = date(2022, 1, 12)
"""The reader's day: the newest article is a few days old."""
YEARS = range(2016, 2022)

_EVENTS = """
boats | annual | 6 | 青浦湾龙舟赛收桨 | 青浦湾龙舟赛有多少支队伍参加？ | 昨天，青浦湾龙舟赛在望江桥下收桨。{n}支队伍划过八百米赛道，两岸看客约{m}人。冠军捧走一尊铜桨，亚军得到两筐粽子。
jobs | annual | 3 | 柳溪县办春风招聘会 | 柳溪县春风招聘会来了多少家企业？ | {mo}月{d}日，柳溪县体育馆里人头攒动，春风招聘会当天开场。到场企业{n}家，提供岗位{m}个。返乡青年卢小满当场签下一份钳工合同。
run | annual | 10 | 环湖马拉松鸣枪 | 云岫湖环湖马拉松有多少名跑者？ | 清晨七点半，云岫湖环湖马拉松鸣枪起跑，{n}名跑者冲出拱门，比{b}年多了一成。沿途设补水站{m}处，志愿者递上热姜茶。
pears | annual | 4 | 梨花节开到第七道湾 | 砀岭乡梨花节开幕三天接待游客多少人次？ | 砀岭乡梨花节日前开幕，游客沿着七道湾看花。开幕三天接待游客{n}人次，农家乐卖出梨膏{m}罐。
books | annual | 7 | 滨河书市收摊 | 滨河书市卖出图书多少册？ | 为期十天的滨河书市收摊，摊主们清点账本：共卖出图书{n}册，其中童书{m}册。旧书摊主老邹说，雨天反而人多。
skills | annual | 9 | 焊花映红比武场 | 秦岩机械厂焊工比武有多少名焊工参加？ | 秦岩机械厂焊工比武落幕。{n}名焊工同场较量，裁判评出能手{m}名。去年的状元这一回只拿到第三。
lamps | annual | 2 | 古渡灯会亮灯 | 古渡镇灯会一共有多少盏花灯？ | 入夜，古渡镇灯会亮灯，{n}盏花灯沿河排开。镇里备下停车位{m}个，临时公交开到夜里十一点。
exam | annual | 6 | 考生走进考场 | 全市高中毕业考试有多少名考生？ | 全市高中毕业考试开考，{n}名考生走进考场，考点共{m}个。交警在校门口划出静音区，出租车司机免费接送。
blood | annual | 5 | 献血车停进校园 | 橡树大学献血周有多少名师生献血？ | 橡树大学的献血周结束，{n}名师生挽起袖子，献血总量{m}毫升。校医说，初次献血者超过一半。
fleet | annual | 8 | 开渔号角吹响 | 石浦澳开渔节有多少艘渔船离港？ | 石浦澳开渔节上号角齐鸣，{n}艘渔船离港。渔政部门当天检查船只{m}艘，均配齐了救生衣。
ice | annual | 12 | 冬捕第一网出鱼 | 镜泊村冬捕第一网出鱼多少斤？ | 镜泊村冬捕第一网出鱼{n}斤，头鱼拍出{m}元。看热闹的人把冰面围了三层。
drill | annual | 11 | 化工园拉响演练警报 | 河口化工园消防演练出动了多少辆消防车？ | 河口化工园举行消防演练，出动消防车{n}辆，疏散职工{m}人。演练比{b}年提早了两周。
grain | annual figures | 1 | 全县粮食账本出炉 | 全县粮食总产量是多少万斤？ | 县统计局公布，去年全县粮食总产量{n}万斤，播种面积{m}亩。大豆单产再创新高。
port | annual figures | 1 | 乌沙港交出成绩单 | 乌沙港吞吐量达到多少万吨？ | 乌沙港发布运行数据，去年港口吞吐量达到{n}万吨，新开航线{m}条。
firms | annual figures | 1 | 新掌柜有多少 | 全区新登记企业多少户？ | 市场监管局晒出家底：去年全区新登记企业{n}户，注销{m}户。餐饮和物流占了大头。
trees | annual figures | 1 | 林场添绿 | 红柳林场共栽下树苗多少棵？ | 红柳林场盘点上一年的造林：{y}年共栽下树苗{n}棵，成活率{m}%。
buses | annual figures | 2 | 公交一年跑了多远 | 全市公交客运量是多少万人次？ | 公交公司公布年报，{y}年全市公交客运量{n}万人次，新添电动车{m}辆。
parcels | annual figures | 2 | 快件堆成山 | 全市寄出快件多少万件？ | 邮政管理局介绍，去年全市寄出快件{n}万件，平均每人{m}件。
air | monthly figures | 0 | 蓝天又多了几天 | 城区空气优良天数为多少天？ | 生态环境局通报，{mo}月份城区空气优良天数为{n}天，细颗粒物平均浓度{m}微克。
flats | monthly figures | 0 | 二手房成交有升有降 | 全市二手房成交多少套？ | 房产交易中心数据显示，上个月全市二手房成交{n}套，均价每平方米{m}元。
calls | monthly figures | 0 | 热线接了多少诉求 | 便民热线共受理诉求多少件？ | 便民热线办公室通报，{mo}月共受理诉求{n}件，按时办结{m}件，噪声扰民排在首位。
veg | monthly | 0 | 菜价每月看 | 城南批发市场黄瓜每斤多少分？ | 城南批发市场的菜价每月一报：黄瓜每斤{n}分，番茄每斤{m}分。摊主说，天一冷叶菜就贵。
match | monthly | 0 | 相亲角热闹起来 | 人民公园相亲角登记的青年有多少名？ | 人民公园相亲角照例开张，登记的青年有{n}名，当天牵手{m}对。红娘忙得顾不上喝水。
clinic | monthly | 0 | 义诊进了山 | 义诊队在麻园村看病多少人次？ | 市医院义诊队照例进山，给麻园村乡亲看病{n}人次，送出药品{m}盒。
night | daily | 10 | 夜市客流播报 | 老码头夜市全天进场多少人次？ | 商务局播报老码头夜市客流：昨日全天进场{n}人次，烤鱼摊卖出{m}条。
"""  # noqa: E501  # a table: slug, kind, month, headline, question behind the date, text

_OTHERS = """
bridge | 2021-05-20 | 守桥人的账本 | 2018年6月望江桥大修换下了多少根钢索？ | 守桥人廖阿公翻开账本：望江桥在2018年6月大修，换下钢索46根。那个月他没有回过一次家。
mill |  | 老面粉厂的钟 | 2019年3月村民集资多少元修好面粉厂的钟？ | 面粉厂旧址挂着一口钟。2019年3月，村民集资9800元把它修好，如今整点还会响。
school | 2020-11-02 | 山顶小学搬家 | 2017年9月山顶小学搬下山后新校舍有多少间教室？ | 山顶小学早在2017年9月就搬下了山，新校舍有教室12间。校长说，学生再也不用摸黑赶路。
well |  | 古井有了管护员 | 2018年3月普查时柳溪县登记了多少口古井？ | 柳溪县给古井聘了管护员。二〇一八年三月普查时，全县共登记古井73口。
tram | 2021-08-15 | 有轨电车进了展厅 | 2016年10月跑完最后一班的电车总里程是多少？ | 一辆退役电车进了展厅。它在2016年10月跑完最后一班，总里程31万公里。
"""  # noqa: E501  # a table: id, date, headline, question, text


@dataclass(frozen=True, slots=True)
class Event:
    """Something that comes back."""

    slug: str
    kind: str
    """`annual`, `annual figures`, `monthly`, `monthly figures` or `daily`."""
    month: int
    """In which an annual event is held, or annual figures are printed; 0 for the others."""
    title: str
    asked: str
    """The question behind the date."""
    text: str
    """{n} and {m} are the edition's figures; {y}, {mo} and {d} its year, month and day, {b} the year before."""


@dataclass(frozen=True, slots=True)
class Edition:
    """One edition: when it was and when it was printed."""

    event: Event
    held: date
    printed: date

    @property
    def article_id(self) -> str:
        return f"{self.event.slug}-{self.held:%Y%m%d}"

    def record(self) -> dict[str, object]:
        """As a line of a corpus file."""
        seed = 31 * sum(map(ord, self.event.slug)) + 7 * self.held.toordinal()
        day = {"y": self.held.year, "b": self.held.year - 1, "mo": self.held.month, "d": self.held.day}
        text = self.event.text.format(n=100 + seed % 7919, m=20 + seed % 83, **day)
        return {"id": self.article_id, "title": self.event.title, "date": self.printed.isoformat(), "text": text}


@dataclass(frozen=True, slots=True)
class Asked:
    """A question that names a date, and the article that answers it."""

    question: str
    article_id: str
    kind: str


def events() -> list[Event]:
    """All events."""
    rows = [line.split(" | ") for line in _EVENTS.strip().splitlines()]
    return [Event(slug, kind, int(month), *rest) for slug, kind, month, *rest in rows]


def editions(event: Event) -> list[Edition]:
    """All editions of an event, oldest first."""
    if event.kind == "annual":
        days = [date(year, event.month, 5 + (year * 7 + event.month) % 20) for year in YEARS]
        return [Edition(event, day, day + timedelta(days=1)) for day in days]
    if event.kind == "annual figures":
        return [Edition(event, date(year - 1, 12, 31), date(year, event.month, 8)) for year in YEARS]
    if event.kind == "daily":
        return [Edition(event, date(2021, 10, day), date(2021, 10, day + 1)) for day in range(1, 8)]
    months = [date(year, month, 1) for year in (2020, 2021) for month in range(1, 13)]
    if event.kind == "monthly":
        return [Edition(event, day.replace(day=18), day.replace(day=19)) for day in months]
    return [Edition(event, day, (day + timedelta(days=31)).replace(day=10)) for day in months]


def records() -> list[dict[str, object]]:
    """All records; those told of long afterwards last, one of them without a date."""
    found = [edition.record() for event in events() for edition in editions(event)]
    for article_id, day, title, _, text in (line.split(" | ") for line in _OTHERS.strip().splitlines()):
        found.append({"id": article_id, "title": title, "text": text, **({"date": day} if day else {})})
    return found


def questions() -> list[Asked]:
    """Questions about some editions of every event, and about the other articles."""
    asked: list[Asked] = []
    for number, event in enumerate(events()):
        all_of_it = editions(event)
        for edition in all_of_it[number % 2 + 1 : -1 : max(2, len(all_of_it) // 4)]:
            asked.append(Asked(_when(edition, len(asked)) + event.asked, edition.article_id, event.kind))
        if relative := {"annual": "去年", "monthly": "上个月"}.get(event.kind):
            asked.append(Asked(relative + event.asked, all_of_it[-1].article_id, f"{event.kind}, relative"))
    rows = (line.split(" | ") for line in _OTHERS.strip().splitlines())
    return [*asked, *(Asked(question, article_id, "told later") for article_id, _, _, question, _ in rows)]


def _when(edition: Edition, turn: int) -> str:
    """The edition's date in one of the ways that it is asked for."""
    held = edition.held
    spelt = "".join("〇一二三四五六七八九"[int(digit)] for digit in str(held.year))
    ways = {
        "annual figures": (f"{held.year}年", f"{held.year}年度", f"{spelt}年"),
        "annual": (f"{held.year}年", f"{held.year}年{held.month}月", f"{held.year}年的", f"{spelt}年"),
        "daily": (f"{held.year}年{held.month}月{held.day}日",),
    }.get(edition.event.kind, (f"{held.year}年{held.month}月", f"{held.year}年{held.month}月份"))
    return ways[turn % len(ways)]
