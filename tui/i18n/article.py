"""The words of the citation pane."""

from __future__ import annotations

WORDS: dict[str, tuple[str, str]] = {
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
}
