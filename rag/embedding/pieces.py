"""A unigram tokenizer that fits into memory: the model's own pieces, cut by sentencepiece.

tokenizers keeps the 250,000 pieces of a multilingual model in a tree of hash tables: 280 MB and most of a second at
every start. sentencepiece finds the same best path in a double array of 20 MB. Folding and the splitting at blanks
stay with tokenizers. Both files are made when a model is prepared, and only if they cut every text they are tried on as
the model's tokenizer does; any other model goes on with that.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import sentencepiece
from tokenizers import Tokenizer

from rag.errors import ModelDamaged

PIECES_FILE = "pieces.model"
RULES_FILE = "pieces.json"
_BLANK = "▁"
_TRIED = (
    "", " ", "\n", "a", "  two  blanks ", "▁", "\u200b\ufeff", "\x00\x01", "ＡＢＣ１２３ｶﾞ㎡①", "é e\u0301 ß Å",
    "漢語資訊", "…… —— ！！？", "😀👨‍👩‍👧", "한국어 עברית العربية ไทย", "\U000e0001\uffff", "2019年3月1.5万", "http://a.example/b?c=d&e=f",
)  # fmt: skip
"""Texts of ours that go beside those of the caller: odd ones."""


class Encoded(Protocol):
    """One text as a model's inputs, lists of one length."""

    @property
    def ids(self) -> list[int]: ...
    @property
    def attention_mask(self) -> list[int]: ...
    @property
    def type_ids(self) -> list[int]: ...


class TextEncoder(Protocol):
    """What tokenizers and this module have in common. Safe to use from several threads."""

    def encode(self, text: str) -> Encoded:
        """The text as a model reads it, cut at its longest."""


@dataclass(frozen=True, slots=True)
class Pieces:
    """A text as ids; it is of one type and nothing of it is padding."""

    ids: list[int]

    @property
    def attention_mask(self) -> list[int]:
        return [1] * len(self.ids)

    @property
    def type_ids(self) -> list[int]:
        return [0] * len(self.ids)


class PieceEncoder:
    """Cuts texts as the tokenizer does that it was made from. Safe to use from several threads.

    Args:
        folder: of the prepared model.
        max_tokens: texts are cut to so many, the marks around them included.
        mending: the hint where a file is damaged.

    Attributes:
        before, after: the ids of the marks around every text.

    Raises:
        ModelDamaged: a file cannot be read.
    """

    def __init__(self, folder: Path, max_tokens: int, mending: str = "") -> None:
        try:
            rules = json.loads((folder / RULES_FILE).read_text(encoding="utf-8"))
            self.before, self.after = list(rules["before"]), list(rules["after"])
            cutting = Tokenizer.from_str(json.dumps(rules["rules"]))
            # Held as bytes only while it is read.
            self._processor = sentencepiece.SentencePieceProcessor(model_proto=(folder / PIECES_FILE).read_bytes())
        except Exception as error:  # neither library raises anything narrower
            raise ModelDamaged(f"the tokenizer in {folder} cannot be read: {error}", hint=mending) from error
        self._normalizer, self._pre_tokenizer = cutting.normalizer, cutting.pre_tokenizer
        self._room = max_tokens - len(self.before) - len(self.after)

    def encode(self, text: str) -> Pieces:
        """The ids of a text with the model's marks around them."""
        words = "".join(word for word, _ in self._pre_tokenizer.pre_tokenize_str(self.fold(text)))
        return Pieces([*self.before, *self._processor.encode(words)[: self._room], *self.after])

    def fold(self, text: str) -> str:
        """The text as the tokenizer sees it: full width as half width, control characters gone."""
        folded: str = self._normalizer.normalize_str(text) if self._normalizer is not None else text
        return folded

    def cut(self, words: str) -> tuple[list[int], list[str]]:
        """The ids of folded text whose blanks are marked, with the text of each; together they are `words`."""
        surfaces: list[str] = self._processor.encode(words, out_type=str)
        return [self._processor.piece_to_id(surface) for surface in surfaces], surfaces


def write_pieces(tokenizer_text: str, folder: Path, max_tokens: int, texts: Sequence[str]) -> bool:
    """Writes the two files for a tokenizer, if there can be such.

    Args:
        tokenizer_text: as tokenizers writes it.
        folder: of the model that is being prepared.
        max_tokens: as of `PieceEncoder`.
        texts: must be cut alike.

    Returns:
        False, with nothing written, for a tokenizer of another kind or one that cuts a text differently.
    """
    rules = json.loads(tokenizer_text)
    tokenizer = Tokenizer.from_str(tokenizer_text)
    tokenizer.no_padding()
    tokenizer.enable_truncation(max_tokens)
    marks = _marks(tokenizer)
    if marks is None or not _is_plain(rules):
        return False
    vocabulary, unknown = rules["model"]["vocab"], rules["model"]["unk_id"]
    special = {token["content"] for token in rules["added_tokens"]}
    (folder / PIECES_FILE).write_bytes(_model_bytes(vocabulary, unknown, special))
    kept = {name: rules[name] for name in ("version", "normalizer", "pre_tokenizer")}
    kept["model"] = {**rules["model"], "vocab": [vocabulary[unknown]], "unk_id": 0}
    written = {"before": marks[0], "after": marks[1], "rules": kept}
    (folder / RULES_FILE).write_text(json.dumps(written, ensure_ascii=False), encoding="utf-8")
    if not _cuts_alike(folder, max_tokens, tokenizer, [*_TRIED, *texts]):
        (folder / PIECES_FILE).unlink()
        (folder / RULES_FILE).unlink()
        return False
    return True


def _is_plain(rules: dict[str, Any]) -> bool:
    """Whether a tokenizer is one of unigram pieces between which blanks alone decide."""
    model, split = rules["model"], rules["pre_tokenizer"] or {}
    return (
        model.get("type") == "Unigram"
        and not model.get("byte_fallback")
        and model.get("unk_id") is not None
        and split.get("type") == "Metaspace"
        and split.get("replacement") == _BLANK
        and not any(_BLANK in piece[1:] for piece, _ in model["vocab"])
        and all(token["special"] for token in rules["added_tokens"])
    )


def _marks(tokenizer: Tokenizer) -> tuple[list[int], list[int]] | None:
    """The ids that a tokenizer puts before and after every text; None where it tells parts of a text apart."""
    encoded = tokenizer.encode("a")
    text = [at for at, special in enumerate(encoded.special_tokens_mask) if not special]
    if not text or any(encoded.type_ids):
        return None
    return encoded.ids[: text[0]], encoded.ids[text[-1] + 1 :]


def _cuts_alike(folder: Path, max_tokens: int, tokenizer: Tokenizer, texts: Iterable[str]) -> bool:
    try:
        pieces = PieceEncoder(folder, max_tokens)
    except ModelDamaged:  # sentencepiece refuses some vocabularies
        return False
    return all(pieces.encode(text).ids == tokenizer.encode(text).ids for text in texts)


_UNKNOWN, _CONTROL = 2, 3
_UNIGRAM = 1


def _model_bytes(vocabulary: Sequence[tuple[str, float]], unknown: int, special: set[str]) -> bytes:
    """A sentencepiece `ModelProto` that changes nothing of a text but to cut it; the row of a piece is its id.

    https://github.com/google/sentencepiece/blob/v0.2.0/src/sentencepiece_model.proto
    """
    parts = []
    for row, (piece, score) in enumerate(vocabulary):
        entry = _field(1, piece.encode()) + b"\x15" + struct.pack("<f", score)
        if row == unknown or piece in special:
            entry += _number(3, _UNKNOWN if row == unknown else _CONTROL)
        parts.append(_field(1, entry))
    trainer = _number(3, _UNIGRAM) + _number(40, unknown)
    unchanged = _field(1, b"identity") + _number(3, 0) + _number(4, 0) + _number(5, 0)
    return b"".join(parts) + _field(2, trainer) + _field(3, unchanged)


def _field(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _number(number: int, value: int) -> bytes:
    return _varint(number << 3) + _varint(value)


def _varint(value: int) -> bytes:
    parts = bytearray()
    while value > 127:
        parts.append(value & 127 | 128)
        value >>= 7
    parts.append(value)
    return bytes(parts)
