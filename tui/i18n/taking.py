"""The words for copying, and for writing a conversation to a file."""

from __future__ import annotations

WORDS: dict[str, tuple[str, str]] = {
    # Keys.
    "key.copy": ("复制", "Copy"),
    "key.copy_answer": ("复制回答", "Copy answer"),
    "key.export": ("写文件", "File"),
    "help.copy_sentence": ("复制引文和出处", "copy the sentence with its source"),
    "help.copy_answer": ("复制回答和全部出处", "copy the answer with its sources"),
    "help.export": ("把对话写成文件", "write the conversation to a file"),
    "help.last_message": ("再看一遍刚才的消息", "show the last message again"),
    "notice.none": ("还没有消息。", "No message yet."),
    # What is copied.
    "copy.source": ("——{line}", "— {line}"),
    "copy.join": ("，", ", "),
    "copy.at": ("{source} 字符 {spans}", "{source} characters {spans}"),
    "copy.quote": ("“{quote}”", "“{quote}”"),
    "copy.sources": ("出处：", "Sources:"),
    "copy.nearest": ("最接近的段落：", "What came nearest:"),
    # What is said of it.
    "copy.sentence": ("引文和出处", "The sentence and its source"),
    "copy.answer": ("回答和出处", "The answer and its sources"),
    "copy.by_program": ("{what}已复制（{program}）。", "{what} copied, by {program}."),
    "copy.by_tmux": (
        "{what}已放入 tmux，并由它交给终端的剪贴板。若贴不出来，用 tmux 前缀键加 ] 粘贴。",
        "{what} copied to tmux, which hands it on to the terminal. Should that take nothing, paste with tmux's prefix "
        "and ].",
    ),
    "copy.by_terminal": (
        "{what}已交给终端的剪贴板。若贴不出来，就是终端不支持；按 w 可写成文件。",
        "{what} handed to the terminal's clipboard. Should that stay empty, the terminal does not take it: "
        "w writes a file instead.",
    ),
    "copy.too_long": (
        "{count} 个字符，多于终端剪贴板能收的。按 w 写成文件。",
        "{count} characters are more than a terminal's clipboard takes. Press w to write a file.",
    ),
    "copy.no_sentence": (
        "还没有选中引文。有了回答之后，按 n 或数字键选一处。",
        "No citation is chosen. Once there is an answer, n or a digit chooses one.",
    ),
    "copy.no_answer": ("还没有可以复制的回答。", "There is no answer to copy yet."),
    # What a conversation is written as.
    "export.written": ("问报 · {time} · {count} 个问题", "wenbao · {time} · questions: {count}"),
    "export.selection": ("范围：{label}", "Within: {label}"),
    "export.unanswered": ("没有得到完整的回答。", "There was no whole answer."),
    "export.generation": ("索引 {generation}", "Index {generation}"),
    # The dialog, and what can go wrong.
    "export.title": ("写成文件", "Write to a file"),
    "export.markdown": ("Markdown，给人读", "Markdown, to be read"),
    "export.json": ("JSON，带字符位置，给程序读", "JSON, with spans, for programs"),
    "export.name": ("文件名", "File"),
    "export.write": ("写入", "Write"),
    "export.overwrite": ("覆盖", "Overwrite"),
    "export.cancel": ("取消", "Cancel"),
    "export.into": ("写入：{where}", "Will be written to {where}"),
    "export.done": ("已写入 {where}", "Written to {where}"),
    "export.nothing": (
        "还没有可以写的对话。先问一个问题。",
        "There is no conversation to write yet. Ask a question first.",
    ),
    "export.exists": (
        "{where} 已经有了。再按一次 Enter 覆盖，或换一个名字。",
        "{where} is there already. Enter again overwrites it; or choose another name.",
    ),
    "export.no_name": ("请填写文件名，不要含控制字符。", "Give a file name, without control characters."),
    "export.no_folder": (
        "没有这个文件夹：{where}。先建好它，或换一个。",
        "There is no folder {where}. Make it first, or choose another.",
    ),
    "export.forbidden": (
        "不能写入 {where}。换一个自己的文件夹，例如 ~。",
        "{where} may not be written to. Choose a folder of your own, such as ~.",
    ),
    "export.full": (
        "{where} 所在的磁盘满了。腾出空间，或换一个地方；没有留下半个文件。",
        "The disk of {where} is full. Make room or choose another place; no half file was left.",
    ),
    "export.long_name": ("文件名太长：{where}。换一个短的。", "The name is too long: {where}. Choose a shorter one."),
    "export.not_a_file": (
        "{where} 不是普通文件。换一个名字。",
        "{where} is not an ordinary file. Choose another name.",
    ),
    "export.failed": (
        "没能写入 {where}（{reason}）。换一个地方再试。",
        "{where} could not be written ({reason}). Try another place.",
    ),
}
