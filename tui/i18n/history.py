"""The words of the list of conversations."""

from __future__ import annotations

WORDS: dict[str, tuple[str, str]] = {
    "history.title": ("对话", "Conversations"),
    "history.count": ("共 {count} 段", "{count} kept"),
    "history.found": ("{count} 处", "{count} found"),
    "history.found_more": ("{count} 处，列出最相近的 {shown} 处", "{count} found, the best {shown} listed"),
    "history.search": ("搜索问题、答案和引文", "Search questions, answers and quotes"),
    "history.turn": ("{count} 问", "{count} question"),
    "history.turns": ("{count} 问", "{count} questions"),
    "history.current": ("当前 · {rest}", "open · {rest}"),
    "history.in_title": ("题 ", "title "),
    "history.in_question": ("问 ", "question "),
    "history.in_answer": ("答 ", "answer "),
    "history.in_quote": ("引 ", "quote "),
    "history.loading": ("正在读取…", "reading…"),
    "history.empty": (
        "还没有对话。问过的问题和答案会留在这里，可以接着问，也可以搜索。",
        "No conversations yet. What you ask is kept here with its answers, to go on with and to search.",
    ),
    "history.nothing": (
        "没有哪段对话里有“{query}”。少输几个字试试，或按 Esc 看全部。",
        "No conversation holds “{query}”. Try fewer words, or press Esc to see all.",
    ),
    "history.off": ("这次运行不保存对话。", "Conversations are not kept in this session."),
    "history.deleted": ("已删除“{title}”。按 {press} 撤销。", "Deleted “{title}”. Press {press} to undo."),
    "history.restored": ("已恢复“{title}”。", "“{title}” is back."),
    "history.no_undo": ("没有可撤销的删除。", "There is no deletion to undo."),
    "history.vanished": ("这段对话已经不在了。", "That conversation is gone."),
    "history.offered": (
        "上次没等到回答的问题已放回输入框，按 Enter 再问。",
        "The question that got no answer last time is in the box again; Enter asks it.",
    ),
    "turn.unanswered": ("上次没有等到回答。", "It got no answer at the time."),
    # What has become of a cited article since.
    "fate.moved": ("文章已变", "article changed"),
    "fate.lost": ("引文已不在文中", "quote no longer in it"),
    "fate.gone": ("文章已不在索引中", "article no longer indexed"),
    # The file.
    "history.detail": ("（{detail}）", " ({detail})"),
    "history.broken": (
        "对话文件 {path} 已损坏或不是问报的文件{detail}，对话不会保存。把它移到别处，就会新建一个。",
        "{path} is damaged or not wenbao's{detail}: nothing is kept. Move it away, and a new one is made.",
    ),
    "history.newer": (
        "对话文件 {path} 是更新版本的问报写的{detail}，对话不会保存。请升级问报。",
        "{path} was written by a later wenbao{detail}: conversations are not kept. Upgrade wenbao.",
    ),
    "history.disk": (
        "对话文件 {path} 写不了{detail}，之后的对话不会保存。看看磁盘空间和权限，或用 WENBAO_DATA 换个文件夹。",
        "{path} cannot be written{detail}: what you ask is not kept. See to space and permissions, or name another "
        "folder with WENBAO_DATA.",
    ),
    "history.busy": (
        "对话文件 {path} 被别的程序占着{detail}，这一问没有保存。关掉那个程序，之后的会照常保存。",
        "{path} is in use by another program{detail}: this question is not kept. Close that program; the next ones "
        "will be.",
    ),
    # Keys.
    "help.searching": ("搜索对话时", "While searching conversations"),
    "help.conversations.show": ("以前的对话", "earlier conversations"),
    "help.conversations.move": ("上下移动", "move up and down"),
    "help.conversations.open": ("接着这段对话", "go on with the conversation"),
    "help.conversations.rename": ("改名", "rename"),
    "help.conversations.delete": ("删除", "delete"),
    "help.conversations.undo": ("撤销删除", "undo a deletion"),
    "help.conversations.search": ("在对话里搜索", "search inside conversations"),
    "help.conversations.back": ("回到问答", "back to asking"),
    "help.searching.open": ("打开选中的一处", "open the chosen place"),
    "help.searching.back": ("到列表；没有输入时回到问答", "to the list; back to asking where nothing is typed"),
    "key.conversations": ("对话", "Conversations"),
    "key.open": ("打开", "Open"),
    "key.rename": ("改名", "Rename"),
    "key.delete": ("删除", "Delete"),
    "key.undo": ("撤销", "Undo"),
    "key.search": ("搜索", "Search"),
    "key.leave": ("返回", "Back"),
    "key.list": ("列表", "List"),
}
