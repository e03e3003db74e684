"""A question asked in a conversation → the question that can stand alone.

A follow-up leaves out what was said before (永嘉呢？ 它的主席是谁？). Three things are done, in this order: a
pronoun is replaced by the short answer it points back to; a bare "X呢" takes the place of the like thing in the last
question; else the last question's topic is put in front.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rag.corpus import places
from rag.index.text.terms import simplify
from rag.types import Span, Turn

_TOO_SHORT = 6
"""Characters before the question word up to which a question names no subject of its own (累计多少人, 创造了多少价值)."""
_LONG_ENOUGH = 8
"""Characters behind the question word from which a question says by itself what it is about (哪些城市办了免费夜校)."""
_PRONOUN = re.compile(
    r"它们?|他们?|她们?|该(?:公司|平台|活动|市|县|区|企业|项目)|这(?:个|家|些|位|项|次|座|条|里)?|那(?:个|家|些|位|项|次|座|条|里)?|其中|里面|其"
)
_BARE = re.compile(r"^(?:那么?|还有)?[\s,，]*(.{1,16}?)(?:又|怎么样|的)?呢[?？]*$")
_OPENING = re.compile(r"^(?:那么?(?![个家些位项次座条里么])|还有|另外|再问|然后|接着)[\s,，]*")
_ASKING = re.compile(
    r"(?:一共|总共|分别)?(?:是|有|叫|由|在|给)?(?:什么(?:时候|时间|地方|名字)?|哪[些里儿个家位年天几]?[个家位种类项]?|谁|多少[名个人家项场元钱次]?|几[名个人家项场次]|多久|多长时间|"
    r"为什么|怎么样?|如何).*$"
)
_INTERROGATIVE = re.compile(
    r"什么时候|什么|哪[些里儿个家位年天]?|谁|多少[名个人家项场元次]?|几[名个人家项场次]|多久|为什么|如何"
)


@dataclass(frozen=True, slots=True)
class Standalone:
    """A question that needs no history."""

    text: str
    """To be shown and searched: what was really asked."""
    topic: str
    """What earlier turns contribute; empty when the question stood alone already."""


def make_standalone(question: str, history: Sequence[Turn]) -> Standalone:
    """Reads a question with the conversation before it.

    Args:
        question: as typed.
        history: oldest first; without a user's turn the question stands as it is.
    """
    asked = [turn.content.strip() for turn in history if turn.role == "user" and turn.content.strip()]
    if not asked:
        return Standalone(question, "")
    answers = [turn.content.strip() for turn in history if turn.role == "assistant" and turn.content.strip()]
    bare = _BARE.match(question.strip())
    if bare:
        return _substituted(bare.group(1), asked)
    if not _leans_on_history(question):
        return Standalone(question, "")
    rest = _OPENING.sub("", question.strip())
    topic = _topic(asked)
    pronoun = _PRONOUN.search(rest)
    name = _short_name(answers[-1]) if answers else ""
    if pronoun and name and pronoun.group() not in ("其中", "里面"):
        return Standalone(rest[: pronoun.start()] + name + rest[pronoun.end() :], topic)
    rest = _PRONOUN.sub("", rest, count=1) if pronoun else rest
    return Standalone(f"{topic}{'' if topic.endswith(('的', '中')) else ','}{rest}", topic)


def _leans_on_history(question: str) -> bool:
    """True when a question does not say by itself what it is about."""
    folded = simplify(question)
    if _OPENING.match(folded):
        return True
    if re.search(r"[“《「\"]", folded) or places.find(folded):
        return False
    if any(_points_back(folded, match) for match in _PRONOUN.finditer(folded)):
        return True
    asking = _ASKING.search(folded)
    if asking is None or _letters(folded[: asking.start()]) > _TOO_SHORT:
        return False
    word = _INTERROGATIVE.search(folded)
    return word is None or _letters(folded[word.end() :]) < _LONG_ENOUGH


def _points_back(question: str, pronoun: re.Match[str]) -> bool:
    """False for 那 and 这 behind a name, which say by themselves what they mean: 城东那位修表的师傅."""
    before = question[: pronoun.start()]
    named = _letters(before) >= 2 and _INTERROGATIVE.search(before) is None
    return not (named and pronoun.group()[0] in "这那")


def _letters(text: str) -> int:
    return len(re.sub(r"\W", "", text))


def _topic(asked: Sequence[str]) -> str:
    """What the conversation is about: the last question that says so, without its question words."""
    parts: list[str] = []
    for text in reversed(asked):
        asked_for = re.sub(r"[?？。!！]+$", "", simplify(_OPENING.sub("", text)))
        # A question word that opens the question has the topic behind it.
        part = _ASKING.sub("", asked_for) or _INTERROGATIVE.sub("", asked_for, count=1)
        part = re.sub(r"(?:一共|总共|最终|累计).{0,3}$|(?:的|是|有|了|中|共)+$", "", _PRONOUN.sub("", part)).strip(
            " ,，的"
        )
        if part:
            parts.insert(0, part)
        if not _leans_on_history(text):
            break
    return ",".join(dict.fromkeys(parts))


def _substituted(element: str, asked: Sequence[str]) -> Standalone:
    """ "X呢" after a question: X instead of the like element of that question."""
    last = simplify(asked[-1])
    element = simplify(element).strip()
    topic = _topic(asked)
    old = _named_place(last)
    if old is not None and (places.find(element) or places.resolve(element)):
        return Standalone(last[: old[0]] + element + last[old[1] :], element)
    asking = _ASKING.search(last)
    question_words = asking.group() if asking else ""
    if "的" not in topic and (short := _INTERROGATIVE.search(question_words)):
        # What follows the question word belongs to the element that is replaced.
        return Standalone(f"{topic},{element}{short.group()}?", topic)
    return Standalone(f"{_topic_head(topic)}{element}{question_words or '呢?'}", topic)


def _named_place(text: str) -> Span | None:
    """Where a text names a place, neighbouring divisions taken together; its opening words where only they do."""
    mentions = places.find(text)
    if not mentions:
        ends = (end for end in (4, 3, 2) if places.resolve(text[:end]))
        return next(((0, end) for end in ends), None)
    start, end = mentions[0].start, mentions[0].end
    for mention in mentions[1:]:
        if mention.start - end > 1:
            break
        end = mention.end
    return start, end


def _topic_head(topic: str) -> str:
    """The owner part of a topic: what stands before its last 的, or a place that opens it."""
    if "的" in topic:
        return topic[: topic.rindex("的") + 1]
    mentions = places.find(topic)
    return topic[: mentions[0].end] if mentions and mentions[0].start == 0 else f"{topic},"


def _short_name(answer: str) -> str:
    """An answer that is a name, without its mark and full stop; empty when the answer is a statement."""
    name = re.sub(r"[。.!！\s]+$", "", re.sub(r"\[\d+\]", "", answer)).strip("“”\"' ")
    if re.search(r"^\d|[,，;；。:：]", name):
        return ""
    return name if 2 <= len(name) <= 24 and not re.search(r"由|是|有(?!限)|了|在", name) else ""
