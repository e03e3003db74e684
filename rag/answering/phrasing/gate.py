"""The support gate: whether a passage says what a sentence says.

Every number, date, name and place of the sentence must occur in the passages that it cites, said of the same thing as
there; the rest of it must be close to them in words or meaning. The thresholds were measured (docs/answering.md).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

import numpy as np

from rag.answering.composing import Quote
from rag.answering.phrasing.alignment import Fact, align
from rag.answering.phrasing.dates import Date, find_dates
from rag.answering.phrasing.figures import Figure, find_figures, same_unit, stated_by, states
from rag.answering.phrasing.names import Name, NameKind, find_names
from rag.answering.phrasing.passages import Passage, Piece, pairs_of
from rag.corpus import places
from rag.embedding.base import Embedder
from rag.index.terms import fold

COVERAGE = 0.3
"""Share of a sentence's character pairs that the evidence must hold, whatever the embedding says."""
CLOSENESS = 0.62
"""What coverage and similarity must come to, on average."""
_FAR, _NEAR = 0.80, 0.96
"""Cosines of sentences from one article about different things, and of a sentence and its paraphrase."""
BOUND_ELSEWHERE = 0.34
"""How much better another figure of the passage must fit the words beside a figure, for it to be the wrong one."""


class FlawKind(StrEnum):
    """Why a sentence fails."""

    NO_PASSAGE = "no passage"
    NUMBER = "number"
    DATE = "date"
    NAME = "name"
    PLACE = "place"
    MISPLACED = "misplaced"
    """The number or name is in the passage, but said of something else."""
    NEGATED = "negated"
    FAR = "far"


@dataclass(frozen=True, slots=True)
class Flaw:
    """One thing that a sentence says and its passages do not."""

    kind: FlawKind
    text: str
    """The piece of the sentence."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the gate found."""

    flaws: tuple[Flaw, ...]
    quotes: tuple[Quote, ...]
    """What of the passages comes nearest to the sentence; where nothing is flawed, its support."""
    coverage: float
    """Share of the sentence's words in the quotations, in [0, 1]."""
    similarity: float
    """Closeness of the embeddings, stretched to [0, 1]; 0 where it was not computed."""

    @property
    def passed(self) -> bool:
        return not self.flaws


class Gate:
    """Checks sentences against passages.

    Args:
        embedder: tells how close in meaning a sentence is to what supports it.
    """

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder

    def check(self, sentence: str, passages: Sequence[Passage]) -> Verdict:
        """Holds a sentence, its marks taken off, against the passages that it cites, taken together."""
        if not passages:
            return Verdict((Flaw(FlawKind.NO_PASSAGE, sentence),), (), 0.0, 0.0)
        folded = fold(sentence)
        flaws = [*_wrong_figures(folded, passages), *_wrong_dates(folded, passages), *_wrong_names(folded, passages)]
        aligned = align(_words(folded), _facts(folded), passages)
        if not flaws:
            flaws += [*_misplaced(folded, passages), *_negated(folded, aligned.quotes)]
        similarity = 0.0
        if not flaws:
            similarity = self._similarity(sentence, aligned.quotes)
            if aligned.coverage < COVERAGE or (aligned.coverage + similarity) / 2 < CLOSENESS:
                flaws.append(Flaw(FlawKind.FAR, aligned.gap or sentence))
        return Verdict(tuple(flaws), aligned.quotes, aligned.coverage, similarity)

    def choose(self, sentence: str, choices: Iterable[Sequence[Passage]]) -> Verdict:
        """The verdict under the first choice of passages that supports a sentence, else under the nearest to it."""
        nearest: Verdict | None = None
        for passages in choices:
            verdict = self.check(sentence, passages)
            if verdict.passed:
                return verdict
            if nearest is None or (verdict.coverage, -len(verdict.flaws)) > (nearest.coverage, -len(nearest.flaws)):
                nearest = verdict
        return nearest or self.check(sentence, ())

    def _similarity(self, sentence: str, quotes: Sequence[Quote]) -> float:
        """The best cosine of the sentence with the quotations, one by one and joined, stretched to [0, 1]."""
        if not quotes:
            return 0.0
        texts = list(dict.fromkeys([*(quote.text for quote in quotes), "".join(quote.text for quote in quotes)]))
        vectors = self._embedder.embed_passages([sentence, *texts])
        return float(np.clip((max(vectors[1:] @ vectors[0]) - _FAR) / (_NEAR - _FAR), 0.0, 1.0))


def _wrong_figures(folded: str, passages: Sequence[Passage]) -> Iterator[Flaw]:
    sources = [figure for passage in passages for figure in passage.figures]
    everything = "\n".join(passage.all for passage in passages)
    for figure in find_figures(folded):
        first = figure.ordinal and figure.value == 1
        if first and re.search(r"首|冠军|状元|第[一1]|头[一名]", everything):
            continue
        if not stated_by(figure, sources):
            yield Flaw(FlawKind.NUMBER, figure.text)


def _wrong_dates(folded: str, passages: Sequence[Passage]) -> Iterator[Flaw]:
    for date in find_dates(folded):
        if not any(passage.calendar.holds(date) for passage in passages):
            yield Flaw(FlawKind.DATE, date.text)


def _wrong_names(folded: str, passages: Sequence[Passage]) -> Iterator[Flaw]:
    everything = "\n".join(passage.all for passage in passages)
    divisions = frozenset().union(*(passage.divisions for passage in passages))
    names = find_names(folded)
    for name in names:
        if not _named(name, folded, everything, divisions):
            yield Flaw(FlawKind.PLACE if name.kind is NameKind.PLACE else FlawKind.NAME, name.text)
    yield from _impossible_places(folded, everything)


def _named(name: Name, folded: str, everything: str, divisions: frozenset[places.PlacePath]) -> bool:
    """Whether a passage mentions a name, at full length or in a shorter form that it is known by."""
    if name.text in everything:
        return True
    if name.kind is NameKind.PLACE:
        return _placed(name, folded, everything, divisions)
    if name.kind is NameKind.ORGANISATION:
        return _organised(name, everything)
    if name.kind is NameKind.PERSON:
        if "·" in name.text:
            return _transcribed(name.text, everything)
        return _styled(name, everything) or _pieced(name, folded, everything)
    if name.kind is NameKind.UNKNOWN:
        return _covered(name, folded, everything)
    if name.kind is NameKind.QUOTED:
        plain = re.sub(r"\W", "", name.text)
        return plain in re.sub(r"\W", "", everything)
    return False


_WHOLE_COUNTRY = frozenset({"中国", "我国", "全国", "国内", "中华"})
_LEVEL = re.compile(r"(?:维吾尔|壮族|回族)?自治区$|特别行政区$|[省市县区旗州盟镇乡村]$|街道$|社区$|地区$")


def _placed(name: Name, folded: str, everything: str, divisions: frozenset[places.PlacePath]) -> bool:
    if name.text in _WHOLE_COUNTRY:
        return True
    short = _LEVEL.sub("", name.text)
    if len(short) > 1 and short in everything:
        return True
    found = places.resolve(name.text)
    return bool(found and found in divisions) or _pieced(name, folded, everything)


def _organised(name: Name, everything: str) -> bool:
    own, kind = name.text[:2], name.text[2:]
    if kind in ("总工会", "工会"):
        # 邯郸市总工会 is 市总 for short, and whose it is the place tells.
        if own[1] in "省市县区旗盟州" and re.search(r"工会|[省市县区旗盟州]总", everything):
            return True
        return bool(re.search(rf"{own}.{{0,10}}(?:工会|总)", everything))
    if len(kind) <= 1:
        return False
    if kind[-1] in "局厅":
        return name.text[1:] in everything
    return bool(re.search(rf"{re.escape(own)}.{{0,10}}{kind[-2:]}", everything))


def _styled(name: Name, everything: str) -> bool:
    """周师傅 for someone whose whole name is printed."""
    if re.fullmatch(r".(?:先生|女士|师傅|老师|教授|大爷|大妈|阿姨)", name.text):
        people = (other for other in find_names(everything) if other.kind is NameKind.PERSON)
        return any(person.text.startswith(name.text[0]) for person in people)
    return False


_BEHIND_NAME = re.compile(r"[是的在任说介和与表担兼也都为将把被及等同,，、。;；:：()（）“”]|$")


def _transcribed(name: str, everything: str) -> bool:
    """A name with a dot in it, of which nobody can say where it ends but by what both texts go on with."""
    first, rest = name.split("·", 1)
    for at in range(len(everything)):
        if everything.startswith(f"{first}·", at):
            printed = everything[at + len(first) + 1 :]
            same = next(
                (at for at, pair in enumerate(zip(rest, printed, strict=False)) if len(set(pair)) > 1),
                min(len(rest), len(printed)),
            )
            if (
                same > 1
                and _BEHIND_NAME.match(rest[same:])
                and (_BEHIND_NAME.match(printed[same:]) or same == len(rest))
            ):
                return True
    return False


def _pieced(name: Name, folded: str, everything: str) -> bool:
    """Whether what was taken for a name is words cut wrongly."""
    return len(name.text) > 2 and _covered(name, folded, everything)


def _covered(name: Name, folded: str, everything: str) -> bool:
    """Whether each character of a name has a neighbour in the sentence that it has in the passage, too."""
    return all(
        any(len(pair) == 2 and pair in everything for pair in (folded[max(at - 1, 0) : at + 1], folded[at : at + 2]))
        for at in range(name.start, name.end)
    )


def _impossible_places(folded: str, everything: str) -> Iterator[Flaw]:
    """A county that is said to lie where it does not, unless the passage prints just that."""
    mentions = places.find(folded)
    for above, below in pairwise(mentions):
        text = folded[above.start : below.end]
        deeper = len(below.path) > len(above.path)
        within = below.path[: len(above.path)] == above.path
        if above.end == below.start and deeper and not within and text not in everything:
            yield Flaw(FlawKind.PLACE, text)


_EDGE = re.compile(r"[,，;；。、:：()（）“”?!\n]")
_NEAR_FIGURE = 12


def _labels(text: str, figures: Sequence[Figure]) -> list[frozenset[str]]:
    """The character pairs beside each figure: back to the mark or figure before it, on to the next mark."""
    labels = []
    for number, figure in enumerate(figures):
        start, end = figure.quantity.start, figure.quantity.end
        floor = figures[number - 1].quantity.end if number else 0
        gap = _EDGE.split(text[max(start - _NEAR_FIGURE, floor) : start])
        # What stands between two figures of one clause is what the first of them counts.
        before = gap[-1] if not number or len(gap) > 1 or start - _NEAR_FIGURE >= floor else ""
        behind = _EDGE.split(text[end : end + _NEAR_FIGURE])[0]
        labels.append(pairs_of(before) | pairs_of(behind))
    return labels


@dataclass(frozen=True, slots=True)
class _Labelled:
    """A figure of a passage with the words beside it and the sentence that it stands in."""

    figure: Figure
    label: frozenset[str]
    piece: Piece


def _misplaced(folded: str, passages: Sequence[Passage]) -> Iterator[Flaw]:
    """Figures that the passage gives for something else, or for another time, than the sentence does.

    The words beside each of the passage's figures are its label. Words count by how few figures share them: what all
    of them are about tells none apart. A figure whose sentence holds more of what else the reply says stands firm.
    """
    labelled = [
        _Labelled(figure, label, piece)
        for passage in passages
        for piece in passage.pieces
        for figure, label in zip(piece.figures, _labels(piece.folded, piece.figures), strict=True)
    ]
    shares = Counter(pair for one in labelled for pair in one.label)
    facts = _facts(folded)
    anchors = {one.piece: sum(fact(one.piece) for fact in facts) for one in labelled}
    dates = find_dates(folded)
    figures = find_figures(folded)
    for figure, words in zip(figures, _labels(folded, figures), strict=True):
        comparable = [one for one in labelled if _comparable(figure, one.figure)]
        fits = [one for one in comparable if states(figure, one.figure)]
        if not fits or figure.ordinal:
            continue
        if all(_dated_otherwise(dates, one.piece) for one in fits):
            yield Flaw(FlawKind.MISPLACED, figure.text)
            continue
        likeness = max(_likeness(words, one.label, shares) for one in fits)
        anchored = max(anchors[one.piece] for one in fits)
        others = (
            one
            for one in comparable
            if one not in fits
            and anchors[one.piece] >= anchored
            and bool(one.figure.quantity.unit) == bool(figure.quantity.unit)
        )
        if any(_likeness(words, one.label, shares) - likeness >= BOUND_ELSEWHERE for one in others):
            yield Flaw(FlawKind.MISPLACED, figure.text)


def _comparable(figure: Figure, source: Figure) -> bool:
    return not source.ordinal and same_unit(figure.quantity.unit, source.quantity.unit)


def _dated_otherwise(dates: Sequence[Date], piece: Piece) -> bool:
    """Whether the passage's sentence names a time of the same kind as the reply's, and another one."""
    printed = find_dates(piece.folded)
    for part in ("year", "month", "day"):
        said = {getattr(date, part) for date in dates} - {None}
        known = {getattr(date, part) for date in printed} - {None}
        if said and known and not said & known:
            return True
    return False


def _likeness(words: frozenset[str], label: frozenset[str], shares: Mapping[str, int]) -> float:
    """How much of a label the words repeat, in [0, 1]; 0 where they have hardly anything of it."""
    weight = sum(1 / shares[pair] for pair in label)
    return sum(1 / shares[pair] for pair in label & words) / weight if weight >= 0.5 else 0.0


_NOT = re.compile(r"(?:没有|没能|尚未|并未|未能|从未|未|无法|不再|并不|不)(?=[\u4e00-\u9fff]{2})")


def _negated(folded: str, quotes: Sequence[Quote]) -> Iterator[Flaw]:
    """What the sentence denies and its evidence affirms in the same words."""
    evidence = fold("\n".join(quote.text for quote in quotes))
    for match in _NOT.finditer(folded):
        word = folded[match.end() : match.end() + 2]
        if word in evidence and not re.search(rf"[没未无不非免]\w{{0,3}}{word}", evidence):
            yield Flaw(FlawKind.NEGATED, match.group() + word)


def _words(folded: str) -> str:
    """The sentence with its figures and dates, which are compared by value, blanked out."""
    spans = [(figure.quantity.start, figure.quantity.end) for figure in find_figures(folded)]
    for start, end in [*spans, *((date.start, date.end) for date in find_dates(folded))]:
        folded = folded[:start] + " " * (end - start) + folded[end:]
    return folded


def _facts(folded: str) -> list[Fact]:
    """Tests for the facts of a sentence, by which the piece of a passage that holds most of them is found."""
    return [
        *(_figure_fact(figure) for figure in find_figures(folded)),
        *(_date_fact(date) for date in find_dates(folded)),
        *(_name_fact(name) for name in find_names(folded)),
    ]


def _figure_fact(figure: Figure) -> Fact:
    return lambda piece: bool(stated_by(figure, piece.figures))


def _date_fact(date: Date) -> Fact:
    return lambda piece: piece.calendar.holds(date)


def _name_fact(name: Name) -> Fact:
    return lambda piece: name.text in piece.folded
