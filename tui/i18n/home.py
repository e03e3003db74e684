"""The words of preferences, themes, the key file and the command palette."""

from __future__ import annotations

WORDS: dict[str, tuple[str, str]] = {
    # Preferences.
    "preference.unreadable": (
        "读不了 {path}（{detail}）。先用默认设置；检查这个文件的权限。",
        "{path} cannot be read ({detail}). The defaults are used; see who may read the file.",
    ),
    "preference.broken": (
        "{path} 不是可用的设置，已改名为 {aside}，设置从头开始。",
        "{path} holds no usable preferences. It is now called {aside}, and you start afresh.",
    ),
    "preference.value": (
        "{path} 里 {name} 的值用不了，这一项用默认值。",
        "{path}: the value of {name} cannot be used; its default is.",
    ),
    "preference.unwritable": (
        "写不了 {path}（{detail}）。选择只在这次有效；检查文件夹的权限。",
        "{path} cannot be written ({detail}). Your choice holds for this session; see who may write the folder.",
    ),
    # The question box.
    "question.cut": (
        "粘贴的文字有 {total} 个字，问题最多 {limit} 个字，只留下了前 {kept} 个字。",
        "The pasted text has {total} characters and a question at most {limit}: the first {kept} were kept.",
    ),
    "question.long": (
        "问题有 {total} 个字，最多 {limit} 个字。缩短后再发送。",
        "The question has {total} characters, and {limit} are the most. Make it shorter, then send it.",
    ),
    # Themes.
    "theme.dark": ("深色", "dark"),
    "theme.light": ("浅色", "light"),
    "theme.contrast": ("高对比度", "high contrast"),
    "theme.now": ("主题：{name}", "Theme: {name}"),
    "motion.off": ("动画已关闭", "Motion is off"),
    "motion.on": ("动画已打开", "Motion is on"),
    "quit.how": ("退出请按 {keys}", "{keys} quits"),
    # The key file.
    "keyfile.unreadable": (
        "读不了 {path}（{detail}）。先用默认按键。",
        "{path} cannot be read ({detail}). The default keys are used.",
    ),
    "keyfile.broken": (
        "{path} 不是可用的 TOML：{detail}。先用默认按键。",
        "{path} is no usable TOML: {detail}. The default keys are used.",
    ),
    "keyfile.table": (
        "{path} 第 {line} 行：[{name}] 用不了，按键都写在 [keys] 下。",
        "{path}, line {line}: [{name}] means nothing here; keys go under [keys].",
    ),
    "keyfile.unknown": (
        "{path} 第 {line} 行：没有叫 {name} 的命令。用 wenbao chat --write-keys 看有哪些。",
        "{path}, line {line}: no command is called {name}. wenbao chat --write-keys lists them all.",
    ),
    "keyfile.near": (
        "{path} 第 {line} 行：没有叫 {name} 的命令，是不是 {near}？",
        "{path}, line {line}: no command is called {name}. Is it {near}?",
    ),
    "keyfile.fixed": (
        "{path} 第 {line} 行：{name} 的按键不能改。",
        "{path}, line {line}: the keys of {name} cannot be changed.",
    ),
    "keyfile.value": (
        '{path} 第 {line} 行：{name} 要写成 "ctrl+k" 或 ["ctrl+k", "f8"]。',
        '{path}, line {line}: write {name} as "ctrl+k" or ["ctrl+k", "f8"].',
    ),
    "keyfile.key": (
        "{path} 第 {line} 行：{name} 用不了 {key} 这个键。换一个，比如 ctrl+k 或 f8。",
        "{path}, line {line}: {key} cannot be a key of {name}. Take another, such as ctrl+k or f8.",
    ),
    "keyfile.clash": (
        "{path} 第 {line} 行：{key} 已是 {other} 的键，{name} 仍用默认键。",
        "{path}, line {line}: {key} is a key of {other} already; {name} keeps its default.",
    ),
    "keyfile.written": (
        "按键写在 {path}，改好后重新打开问报。",
        "The keys are in {path}. Change them, then start again.",
    ),
    "keyfile.unwritable": (
        "写不了 {path}（{detail}）。检查文件夹的权限。",
        "{path} cannot be written ({detail}). See who may write the folder.",
    ),
    "keyfile.intro": (
        "问报的按键。去掉行首的 # 并改成别的键，下次打开时生效。\n"
        '一个命令可以有几个键：["ctrl+k", "f8"]；不要键就写 []。\n'
        "键的写法：a、Y、?、f8、ctrl+k、alt+up、shift+tab、pagedown。",
        "The keys of wenbao chat. Take the # away and write another key; it counts from the next start.\n"
        'A command can have several keys, ["ctrl+k", "f8"], or none, [].\n'
        "Keys are written a, Y, ?, f8, ctrl+k, alt+up, shift+tab, pagedown.",
    ),
    # The command palette.
    "palette.title": ("命令", "Commands"),
    "palette.placeholder": ("找命令", "Find a command"),
    "palette.nothing": ("没有这样的命令", "No such command"),
}
