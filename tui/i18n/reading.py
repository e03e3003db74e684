"""The words of an article over the whole screen, and of finding within it."""

from __future__ import annotations

WORDS: dict[str, tuple[str, str]] = {
    "key.full": ("全屏", "Full screen"),
    "key.find": ("查找", "Find"),
    "key.back": ("返回", "Back"),
    "key.match": ("下一处", "Next"),
    "key.match.back": ("上一处", "Previous"),
    "help.full": ("全屏看这篇文章", "this article on the whole screen"),
    "help.find": ("在文章里查找", "find within the article"),
    "help.back": ("回到原处", "back to where it was opened"),
    "help.finding": ("在文章里查找时", "While finding within an article"),
    "help.match": ("下一处；离开查找框后 n 也行", "next match; outside the field n does the same"),
    "help.match.back": ("上一处；离开查找框后 p 也行", "previous match; outside the field p does the same"),
    "help.find.close": ("不再查找，回到引文", "stop finding, back to the quote"),
    "find.label": ("查找", "Find"),
    "find.placeholder": ("输入要找的字词", "words to find"),
    "find.count": ("{number}/{total}", "{number}/{total}"),
    "find.none": ("没有找到", "not found"),
    "reading.length": ("{chars} 字 · {percent}%", "{chars} characters · {percent}%"),
    "reading.gone": (
        "索引里已经没有这篇文章了。当时的引文和出处如下：",
        "This article is no longer in the index. What was cited, and where from:",
    ),
}
