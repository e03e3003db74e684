"""The words of the interface, in Chinese and English, and the choice between them.

Widgets hold no text of their own: they ask `Words` by key, each time they draw.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from enum import StrEnum


class Language(StrEnum):
    """Languages of the interface."""

    ZH = "zh"
    EN = "en"

    @property
    def other(self) -> Language:
        """The one to switch to."""
        return Language.EN if self is Language.ZH else Language.ZH


# Each key has its Chinese and its English words side by side, so that neither can be forgotten.
CATALOGUE: dict[str, tuple[str, str]] = {
    # The line at the top.
    "app.name": ("问报", "wenbao"),
    "link.opening": ("正在启动…", "starting…"),
    "link.connecting": ("正在连接 {where}…", "connecting to {where}…"),
    "link.loading": ("服务正在载入索引…", "the server is loading its index…"),
    "link.ready": ("就绪", "ready"),
    "link.broken": ("未就绪，自动重试中", "not ready, retrying"),
    "index.articles": ("{count} 篇文章", "{count} articles"),
    "index.sample": ("内置样本", "built-in sample"),
    # The conversation.
    "question.placeholder": ("向报纸提问，按 Enter 发送", "Ask the paper, Enter sends"),
    "conversation.title": ("问答", "Conversation"),
    "welcome.title": ("向报纸提问", "Ask the paper"),
    "welcome.how": (
        "在下方输入问题。答案逐字摘自报纸，每个 [n] 都指向一处原文："
        "点它，或按 Esc 离开输入框再按数字键，原文就在文章里标出来。",
        "Type a question below. Answers quote the paper character for character, and every [n] points to its place: "
        "click it, or leave the box with Esc and press its digit, to see it marked in the article.",
    ),
    "welcome.follow": (
        "可以接着追问；之前的问答会一并考虑。语料里没有依据时，会照实说没有。",
        "Follow-up questions know what was said before. Where the corpus supports no answer, you are told so.",
    ),
    "welcome.sample": (
        "现在用的是内置样本。要读自己的报纸，退出后运行 wenbao index 文件夹。",
        "This is the built-in sample. To read papers of your own, quit and run: wenbao index FOLDER",
    ),
    "welcome.empty": (
        "索引里还没有文章。退出后运行 wenbao index 文件夹。",
        "The index holds no articles yet. Quit and run: wenbao index FOLDER",
    ),
    "welcome.articles": ("可以先看看这些文章：", "Some of what is here to read:"),
    "turn.waiting": ("等服务就绪后自动发送…", "will be sent as soon as the server is ready…"),
    "turn.asking": ("正在查找…", "looking it up…"),
    "turn.refused": ("语料中没有找到依据", "Not in this corpus"),
    "turn.nearest": ("最接近的段落（按数字键或点击阅读）：", "What came nearest (digit or click to read):"),
    "turn.nothing_near": ("也没有相近的段落。", "Nothing came near either."),
    "turn.sources": ("出处", "Sources"),
    "turn.understood": ("按此查找：{question}", "looked up as: {question}"),
    "turn.warning": ("注意：{text}", "note: {text}"),
    "turn.failed": ("没能得到回答", "No answer"),
    "turn.kept": (
        "问题没有丢：按 ↑ 取回，Enter 再发。",
        "Your question is kept: ↑ brings it back, Enter sends it again.",
    ),
    "article.untitled": ("（无题）", "(untitled)"),
    "article.others": ("另见 {count} 篇相同报道", "the same report elsewhere: {count}"),
    # The citation pane.
    "article.title": ("原文", "Article"),
    "article.citation": ("引文 {number}（{position}/{total}）", "Citation {number} ({position} of {total})"),
    "article.hit": ("相近段落 {number}（{position}/{total}）", "Passage {number} ({position} of {total})"),
    "article.loading": ("正在取文章…", "fetching the article…"),
    "article.empty": (
        "这里显示被引用的文章，引用的字会标出来。",
        "The cited article is shown here, with the quoted characters marked.",
    ),
    "article.empty.how": ("n / p 看下一处、上一处引文。", "n and p walk through the citations."),
    "article.changed": (
        "回答之后这篇文章变过，标出的位置按字句重新找到。",
        "This article has changed since the answer; the quote was found again by its words.",
    ),
    "article.gone": (
        "这篇文章在回答之后变过，引文已不在其中。引文原为：{quote}",
        "This article has changed since the answer and holds the quote no more. It was: {quote}",
    ),
    # Failures, and what to do about them.
    "error.address": ("“{where}”不是可用的服务地址", "“{where}” is not the address of a server"),
    "error.unreachable": ("连不上 {where}", "{where} cannot be reached"),
    "error.timeout": ("{where} 迟迟没有答复", "{where} takes too long to reply"),
    "error.key": ("{where} 不接受这个密钥", "{where} does not accept this key"),
    "error.problem": ("{where} 报告：{detail}", "{where} says: {detail}"),
    "error.reply": ("{where} 的答复不是问报接口的格式", "{where} does not reply as wenbao's API does"),
    "error.start": ("服务没能启动：{detail}", "the server did not start: {detail}"),
    "hint.address": ("地址要像 http://127.0.0.1:8000 这样写。", "Write it like http://127.0.0.1:8000."),
    "hint.unreachable": (
        "看看服务是否在运行、地址是否正确；会自动重试，F5 立即重试。",
        "See whether the server runs and the address is right; it is tried again by itself, or at once with F5.",
    ),
    "hint.timeout": ("稍后再问一次，或把问题改短。", "Ask again in a while, or more briefly."),
    "hint.key": ("用 --api-key 或 WENBAO_API_KEY 给出密钥。", "Give the key with --api-key or WENBAO_API_KEYS."),
    "hint.problem": ("F5 重试。", "F5 tries again."),
    "hint.reply": ("看看地址是否正确、两端版本是否一致。", "See whether the address is right and both versions agree."),
    "hint.start": ("退出后用 wenbao doctor 检查。", "Quit and look with: wenbao doctor"),
    "error.detail": ("（{detail}）", "({detail})"),
    "error.hint": ("→ {hint}", "→ {hint}"),
    # Keys.
    "key.send": ("发送", "Send"),
    "key.history": ("历史", "History"),
    "key.read": ("阅读", "Read"),
    "key.ask": ("提问", "Ask"),
    "key.next": ("下一处", "Next"),
    "key.previous": ("上一处", "Previous"),
    "key.number": ("第几处", "Citation"),
    "key.pane": ("换栏", "Pane"),
    "key.flip": ("问答/原文", "Answer/article"),
    "key.help": ("帮助", "Help"),
    "key.language": ("English", "中文"),
    "key.new": ("新对话", "New"),
    "key.quit": ("退出", "Quit"),
    "key.close": ("关闭", "Close"),
    # The help screen.
    "help.title": ("按键", "Keys"),
    "help.box": ("输入框", "In the question box"),
    "help.reading": ("阅读时（Esc 离开输入框）", "While reading (Esc leaves the box)"),
    "help.always": ("随时", "Anywhere"),
    "help.send": ("发送问题", "send the question"),
    "help.newline": ("另起一行", "start a new line"),
    "help.history": ("取回以前的问题", "bring back earlier questions"),
    "help.next": ("下一处引文", "next citation"),
    "help.previous": ("上一处引文", "previous citation"),
    "help.number": ("第几处引文；点 [n] 也行", "that citation; a click on [n] does the same"),
    "help.scroll": ("滚动", "scroll"),
    "help.escape": ("在输入框和阅读之间来回", "between the question box and reading"),
    "help.pane": ("下一栏 / 上一栏", "next or previous pane"),
    "help.flip": ("窄屏上换看问答或原文", "on a narrow screen, the answer or the article"),
    "help.help": ("这张表（输入框空着时按 ? 也行）", "this table (? works too while the box is empty)"),
    "help.language": ("中文 / English", "English / 中文"),
    "help.retry": ("立即重新连接", "connect again at once"),
    "help.new": ("开始新对话", "start a new conversation"),
    "help.quit": ("退出", "quit"),
}


class Words:
    """The catalogue in one language, which can change at any time.

    Args:
        language: the language to begin with.
    """

    def __init__(self, language: Language = Language.EN) -> None:
        self.language = language

    def __call__(self, key: str, **values: object) -> str:
        """The words for a key, values filled in.

        Raises:
            KeyError: no such key, or a value that the words need is not given.
        """
        words = CATALOGUE[key][0 if self.language is Language.ZH else 1]
        return words.format(**values) if values else words


def choose_language(given: str | None = None, environment: Mapping[str, str] = os.environ) -> Language:
    """The language to begin with: the one given, else the locale's, else English.

    Args:
        given: `zh` or `en`, or a locale name such as `zh_CN`; anything else counts as English.
        environment: where `LC_ALL`, `LC_MESSAGES`, `LANG` and `LANGUAGE` are looked up, by gettext's rules.
    """
    if given:
        return _of_locale(given)
    locale = next((environment[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if environment.get(name)), "")
    # gettext ignores LANGUAGE in the C locale, and so must we.
    if environment.get("LANGUAGE") and locale.split(".")[0] not in {"", "C", "POSIX"}:
        locale = environment["LANGUAGE"].split(":")[0]
    return _of_locale(locale)


def _of_locale(name: str) -> Language:
    return Language.ZH if name.lower().replace("-", "_").split("_")[0].split(".")[0] == "zh" else Language.EN
