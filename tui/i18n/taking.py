"""The words for copying, and for writing a conversation to a file."""

from __future__ import annotations

WORDS: dict[str, tuple[str, str]] = {
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
        "{what}已放入 tmux 缓冲区，并交给终端的剪贴板。贴不出来时，用 tmux 的前缀键加 ] 粘贴。",
        "{what} copied to tmux, which hands it on to the terminal. Should that have nothing, paste with tmux's prefix and ].",
    ),
    "copy.by_terminal": (
        "{what}已交给终端的剪贴板。贴不出来时，说明这个终端不支持，可按 w 写成文件。",
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
}
