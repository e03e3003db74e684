"""The words of the main screen: the line at the top, the conversation, the question box."""

from __future__ import annotations

WORDS: dict[str, tuple[str, str]] = {
    # The line at the top.
    "status.name": ("问报", "wenbao"),
    "link.opening": ("正在启动…", "starting…"),
    "link.connecting": ("正在连接 {where}…", "connecting to {where}…"),
    "link.loading": ("服务正在载入索引…", "the server is loading its index…"),
    "link.ready": ("就绪", "ready"),
    "link.broken": ("未就绪，自动重试中", "not ready, retrying"),
    "index.articles": ("{count} 篇文章", "{count} articles"),
    "index.sample": ("内置样本", "built-in sample"),
    # The conversation.
    "question.placeholder": ("向报纸提问，按 Enter 发送", "Ask the paper, Enter sends"),
    "question.within": ("只问：{label}", "only within: {label}"),
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
    "turn.within": ("在“{label}”范围内", "within: {label}"),
    "turn.found": ("找到 {count} 个相近段落，正在作答…", "{count} passages found, writing the answer…"),
    "turn.phrased": (
        "由语言模型组织语言，逐句与引文核对过。",
        "Phrased by a language model, each sentence checked against its quotes.",
    ),
    "turn.stopped": ("已停止", "Stopped"),
    "turn.broken": ("答到一半断开了", "The answer broke off"),
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
}
