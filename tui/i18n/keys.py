"""Keys: a short name for the bottom line, and what each does."""

from __future__ import annotations

WORDS: dict[str, tuple[str, str]] = {
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
