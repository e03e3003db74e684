"""Words of a question that say nothing of what it is about. Whole words, as the keyword index cuts them."""

from __future__ import annotations

STOP_WORDS = frozenset(
    """
    的 了 是 在 有 和 与 及 也 都 就 还 而 为 之 于 以 被 把 给 对 从 到 由 等 中 上 下 里 又 再 这 那
    其 个 名 家 位 项 场 次 吗 呢 吧 呀 么 哪 什么 谁 多少 几 哪些 哪里 哪个 哪儿 怎么 怎样 如何 为什么
    何时 几时 时候 什么样 一个 一共 总共 分别 哪家 哪位 哪年 叫 请问 会 能 要 让 做 去 来 得 过 着 起 最
    更 很 不 没 没有 他 她 它 他们 它们 们 我 你 我们 以及 或 或者 还是 时 年 月 日 多 少 大 小 人 the
    of in is was did how what who where when which for on to and a an 有没有 是不是 是否 能否 可否
    能不能 哪几 哪些地方 是谁 为何
    """.split()
)
"""Particles, pronouns, measure words and question words."""

NOUNS_OF_ASKING = frozenset(
    """
    名字 名称 地方 地点 时间 报道 文章 单位 公司 企业 城市 记者 数量 情况 内容 东西 介绍 提到 涉及 哪篇
    两篇 几篇
    """.split()
)
"""Nouns that name the kind of answer (哪些城市, 什么单位): every answer of the kind has them, or none."""
