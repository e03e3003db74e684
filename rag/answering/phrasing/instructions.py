"""Sentences of an article that talk to a language model rather than to a reader.

Articles are data. What reads like an order to whoever answers is neither shown to the model nor taken as support, and
neither are the sentences right behind it, which hold what it wants said. A newspaper loses nothing by it: the article
is quoted and listed as ever, only a model's sentences cannot rest on these lines.
"""

from __future__ import annotations

import re

from rag.index.text.sentences import split_sentences
from rag.types import Article, Span

FOLLOWING = 2
"""Sentences behind an instruction that are kept back with it."""

_ORDER = r"(?:请|必须|务必|只需|只能|只要|直接|一律|应当|应该|都要|需要?|马上|立即|接下来|改为)"
_SAY = r"(?:回答|回复|答复|输出|作答|应答|说出|复述|返回|写上|打印)"
_INSTRUCTION = re.compile(
    r"(?:忽略|无视|忘记|忘掉|不要理会|不要遵守|抛开|覆盖|绕过).{0,14}(?:指令|指示|要求|规则|提示|设定|命令|约束|(?:以上|上述|上面|之前|此前|前面)的?(?:所有|全部|一切|任何|内容|话))|"
    r"(?:系统|开发者|隐藏)(?:提示|指令|消息|命令)|提示词|"
    r"(?:你|您)(?:现在|从现在起|今后)?(?:是|扮演|将扮演|作为|要扮演).{0,12}(?:助手|模型|机器人|人工智能|AI|角色)|"
    rf"(?:AI|人工智能|语言模型|大模型|聊天机器人|智能助手|问答助手|助手).{{0,8}}{_ORDER}.{{0,10}}{_SAY}|"
    rf"{_ORDER}.{{0,8}}{_SAY}[^。！？]{{0,6}}[“\"'‘「:：]|"
    r"(?:在|把).{0,6}(?:回答|回复|答案)的?(?:里|中|末尾|开头|结尾|最后)|"
    r"\b(?:ignore|disregard|forget|override)\b.{0,40}\b(?:instructions?|prompts?|rules?|previous|above|prior|everything)\b|"
    r"\bsystem prompt\b|\byou are (?:now )?(?:an? )?.{0,24}\b(?:assistant|model|ai|chatbot)\b|"
    r"\b(?:respond|reply|answer|output)\b.{0,12}\b(?:only|exactly|with)\b|\bas an ai\b|"
    r"<\|?(?:im_start|im_end|system|endoftext|assistant|user)\|?>|\[/?INST\]|<<SYS>>|#{2,}\s*(?:instruction|system|response)|"
    r"^\s*(?:assistant|system)\s*[:：]",
    re.IGNORECASE | re.MULTILINE,
)


def find_instructions(article: Article) -> tuple[Span, ...]:
    """Ranges of the article's text that read like instructions, each with the sentences right behind."""
    if not _INSTRUCTION.search(article.text):
        return ()
    sentences = split_sentences(article.text)
    found: list[Span] = []
    for number, (start, end) in enumerate(sentences):
        if _INSTRUCTION.search(article.text[start:end]):
            found.append((start, sentences[min(number + FOLLOWING, len(sentences) - 1)][1]))
    # A pattern may stretch over a full stop: the sentences on both sides of it are kept back then.
    for match in _INSTRUCTION.finditer(article.text):
        touched = [span for span in sentences if span[0] < match.end() and match.start() < span[1]]
        found.append((touched[0][0], touched[-1][1]))
    return tuple(sorted(set(found)))
