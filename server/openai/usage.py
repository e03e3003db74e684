"""How long a conversation and its answer are, in tokens.

No language model need be involved, so the count is by a rule that is the same for every model: a Chinese character or
another sign is one token, so is a run of up to four Latin letters or digits; blanks count nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from server.openai.replies import Usage

_TOKEN = re.compile(r"[0-9A-Za-z\u00c0-\u024f]{1,4}|\S")


def count_tokens(text: str) -> int:
    """Tokens of a text."""
    return sum(1 for _ in _TOKEN.finditer(text))


def usage_of(prompts: Iterable[str], answer: str) -> Usage:
    """The usage of all messages together with an answer."""
    prompt, completion = sum(count_tokens(text) for text in prompts), count_tokens(answer)
    return Usage(prompt_tokens=prompt, completion_tokens=completion, total_tokens=prompt + completion)
