"""Whether passages mention a name, at full length or in a shorter form that it is known by. All texts are folded."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from rag.answering.phrasing.names import Name, NameKind, find_names
from rag.corpus import places
from rag.corpus.places import PlacePath


def mentions(name: Name, folded: str, everything: str, divisions: frozenset[PlacePath]) -> bool:
    """Whether a name of a sentence is mentioned.

    Args:
        name: found in `folded`.
        folded: the sentence.
        everything: the passages with what is known about them.
        divisions: the places of the passages and those that they lie in.
    """
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


def _placed(name: Name, folded: str, everything: str, divisions: frozenset[PlacePath]) -> bool:
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


_BEFORE_NAME = re.compile(r"(?:^|[长任席记员工民师生者匠是由和与、的,])$")
_BEHIND_NAME = re.compile(r"[是的在任说介和与表担兼也都为将把被及等同,，、。;；:：()（）“”]|$")


def _transcribed(name: str, everything: str) -> bool:
    """A name with a dot in it, of which nobody can say where it begins and ends but by what both texts share."""
    first, rest = name.split("·", 1)
    for dot in re.finditer("·", everything):
        before, behind = everything[: dot.start()], everything[dot.end() :]
        shared_before = _common(first[::-1], before[::-1])
        shared_behind = _common(rest, behind)
        begins = shared_before > 1 and _BEFORE_NAME.search(first[: len(first) - shared_before])
        ends = _BEHIND_NAME.match(rest[shared_behind:]) and _BEHIND_NAME.match(behind[shared_behind:])
        if begins and shared_behind > 1 and (ends or shared_behind == len(rest)):
            return True
    return False


def _common(one: str, other: str) -> int:
    """How many characters two texts begin with alike."""
    return next(
        (at for at, pair in enumerate(zip(one, other, strict=False)) if pair[0] != pair[1]), min(len(one), len(other))
    )


def _pieced(name: Name, folded: str, everything: str) -> bool:
    """Whether what was taken for a name is words cut wrongly."""
    return len(name.text) > 2 and _covered(name, folded, everything)


def _covered(name: Name, folded: str, everything: str) -> bool:
    """Whether each character of a name has a neighbour in the sentence that it has in the passage, too."""
    return all(
        any(len(pair) == 2 and pair in everything for pair in (folded[max(at - 1, 0) : at + 1], folded[at : at + 2]))
        for at in range(name.start, name.end)
    )


def impossible_places(folded: str, everything: str) -> Iterator[str]:
    """A county that is said to lie where it does not, unless the passage prints just that."""
    mentions = places.find(folded)
    for above, below in pairwise(mentions):
        text = folded[above.start : below.end]
        deeper = len(below.path) > len(above.path)
        within = below.path[: len(above.path)] == above.path
        if above.end == below.start and deeper and not within and text not in everything:
            yield text
