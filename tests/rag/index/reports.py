"""Invented reports: one that several papers print, and any number that are unlike each other."""

from __future__ import annotations

import random

REPORT = (
    "新华社云溪3月5日电（记者 何一帆）云溪镇的老水磨坊修复工程今天通过验收，停转了四十年的水轮重新转动起来。",
    "磨坊建在镇北的青石滩上，木轮直径6.4米，一昼夜能磨面粉1200斤。当年镇上三个村子的口粮都从这里出。",
    "修复由浙江丽水的文物专家主持，历时18个月，花费86万元，更换了腐朽的木料，保留下来的旧构件占到七成。",
    "负责施工的木匠冯大有今年六十八岁，他说最难的是找合适的青冈木，走遍了附近的山场才凑齐三十二根轮辐。",
    "验收之后，磨坊将在每个星期六开放，参观的人可以自己推一推石磨，也可以买一袋现磨的荞麦面带回家。",
    "镇里还打算把下游的两座廊桥一并修好，让沿河的小路重新连成一线，方便住在对岸的学生上学。",
)
"""The paragraphs of a report."""

_PAIRS = (
    "渔船出海归来码头风浪渔民盐场晒盐海堤灯塔老人学校合唱比赛果园苹果丰收公路通车班车桥梁隧道图书阅览"
    "志愿帮扶医院义诊药材种植技术培训工厂车间工人夜校电影放映广场舞蹈剧团演出博物展览古城城墙考古陶器"
    "森林防火巡护鸟类湿地保护水库灌溉稻田插秧收割粮仓集市茶馆手艺竹编剪纸风筝龙舟节日灯会游客民宿山村"
)
_WORDS = [_PAIRS[at : at + 2] for at in range(0, len(_PAIRS), 2)]


def unlike(number: int, words: int = 160) -> str:
    """A text that has little in common with those of other numbers."""
    drawn = random.Random(number)  # the same text every time
    return "".join(drawn.choice(_WORDS) + ("。" if at % 9 == 8 else "") for at in range(words)) + f"第{number}篇。"
