"""Places: names in text → paths of administrative divisions, ("江苏省", "无锡市", "惠山区").

The divisions are jionlp's; its own recogniser takes seconds to load, so the matching is ours: longest name first, short
names only where the context bears them out, ambiguous ones only where a division above them is named nearby. The data
is loaded at the first call.
"""

from __future__ import annotations

import importlib.util
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal
from zipfile import ZipFile

PlacePath = tuple[str, ...]
Level = Literal["province", "city", "county", "town"]


@dataclass(frozen=True, slots=True)
class PlaceMention:
    """A division named in a text: `text[start:end]` names `path`."""

    start: int
    end: int
    path: PlacePath


@dataclass(frozen=True, slots=True)
class _Gazetteer:
    names: Mapping[str, tuple[PlacePath, ...]]
    """Full and short names."""
    full: frozenset[str]
    common: frozenset[str]
    """Short names that are ordinary words too, such as 合作 and 公安."""
    heads: frozenset[str]
    """The first two characters of every name."""
    longest: int
    levels: Mapping[PlacePath, Level]


@dataclass(frozen=True, slots=True)
class _Candidate:
    start: int
    end: int
    name: str
    paths: tuple[PlacePath, ...]


_ORDINARY_CITIES = frozenset(("白银", "朝阳", "东方", "大同", "安康", "三明", "黄山", "中山", "平凉", "通化", "河池"))
# Name, code and short name, indented by level; towns and villages, which we leave out, have neither of the last two.
_DIVISION = re.compile(r"^(\t{0,2})([^\t\r\n]+)\t\d+\t([^\t\r\n]+)\r?$", re.MULTILINE)
_RANK: Mapping[Level, int] = {"province": 0, "city": 1, "county": 2, "town": 3}
_COMPANY = re.compile(r"[\u4e00-\u9fff]{1,12}?(?:公司|集团|厂)")
_MUNICIPALITIES = frozenset(("北京市", "天津市", "上海市", "重庆市"))
_SUFFIX = re.compile(r"(?:省|市|自治区|特别行政区|自治州|地区|盟|县|自治县|区|旗|自治旗)$")
# What follows the short name of a county when it is meant as a place.
_AUTHORITY = re.compile(r"(?:总工会|工会|县委|市委|区委|县总|市总|区总|县政府|市政府|区政府|籍|全[县市区]|[县市区旗])")
_STREET = re.compile(r"[东西南北中]?(?:路|街|大道|大街|巷|桥|话|菜|站|机场)")
_TOWN = re.compile(r"[\u4e00-\u9fff]{1,6}?(?:街道|镇|乡|苏木)")
_NO_TOWN = re.compile(r"[各每全该本这那多数几两乡城]|.*[和与在的为了]")
_LEAD = 160
# A province needs as much as all others together; a division in it rather more, since the larger one is never wrong.
_SHARE = 0.5
_SHARE_BELOW = 0.6
_MAX_BODY = 6_000


def resolve(name: str) -> PlacePath:
    """The path of a division by its full or short name, or by several names from the top down; () where unknown or
    ambiguous."""
    name = name.strip()
    candidates = list(_scan(name))
    if not candidates or "".join(one.name for one in candidates) != re.sub(r"[\s,，、·]", "", name):
        return ()
    paths: Sequence[PlacePath] = ((),)
    for one in candidates:
        paths = [path for path in one.paths for above in paths if path[: len(above)] == above or not above]
    exact = _most_general(paths)
    return exact[0] if len(exact) == 1 else ()


def find(text: str) -> list[PlaceMention]:
    """Every division named in a text, in order; names that stay ambiguous are left out."""
    candidates = list(_scan(text))
    known = _known_paths(candidates)
    spelled_out = {one.name for one in candidates if one.name in _gazetteer().full}
    counts = Counter(one.name for one in candidates)
    mentions: list[PlaceMention] = []
    for one in candidates:
        paths = _in_context(one, mentions, known)
        if len(paths) == 1 and _is_meant(one, paths[0], text, mentions, known, spelled_out, counts):
            mentions.append(PlaceMention(one.start, one.end, paths[0]))
    return mentions


def is_name(word: str) -> bool:
    """Whether a division is called so, in full or short, whatever else the word may mean."""
    return word in _gazetteer().names


def matches(path: Sequence[str], wanted: str) -> bool:
    """True when a place lies in the wanted one, which may be named in full or short: 江苏 matches 惠山区's path."""
    wanted = wanted.strip()
    if not wanted:
        return False
    if any(wanted in (part, _short(part)) or (len(wanted) > 1 and wanted == _plain(part)) for part in path):
        return True
    target = resolve(wanted)
    return bool(target) and tuple(path[: len(target)]) == target


def level(path: Sequence[str]) -> Level:
    """How far down a path goes. A path that no division has ends in a town or the like."""
    return _gazetteer().levels.get(tuple(path), "province" if len(path) <= 1 else "town")


def of_article(title: str, kicker: str, body: str) -> PlacePath:
    """The place that an article is about, as far down as it is printed; () where none stands out.

    The headline counts most, then the first sentences; a division further down counts when the first sentences name it
    and the article does not name its neighbours as often.
    """
    heading = f"{title}。{kicker}。"
    text = heading + body[:_MAX_BODY]
    mentions = find(text)
    weights: dict[PlacePath, float] = defaultdict(float)
    counts: Counter[PlacePath] = Counter()
    early: set[PlacePath] = set()
    headed = {mention.path[:1] for mention in mentions if mention.end <= len(heading)}
    for mention in mentions:
        above = [mention.path[:depth] for depth in range(1, len(mention.path) + 1)]
        weight = 4.0 if mention.end <= len(title) else 3.0 if mention.end < len(heading) else 0.4
        if len(heading) <= mention.start < len(heading) + _LEAD:
            weight = 2.0
        # The name of a company says where it sits, not where the news is.
        is_company = text[mention.start : mention.end] != mention.path[-1] and bool(_COMPANY.match(text, mention.end))
        if mention.start < len(heading) + _LEAD and not (is_company and headed and weight == 2.0):
            early.update(above)
        for path in above:
            weights[path] += weight
            counts[path] += 1
    # Where the headline names a province or something in it, the others are only where the news reaches.
    found: PlacePath = ()
    if headed:
        weights = {path: weight for path, weight in weights.items() if path[:1] in headed}
    while child := _dominant_child(found, weights if not found else counts, early):
        found = child
    return found + _town(text[: len(heading) + _LEAD], found, mentions) if found else ()


def _dominant_child(path: PlacePath, weights: Mapping[PlacePath, float], early: Iterable[PlacePath]) -> PlacePath:
    """The division right below `path` that is named early and clearly more than its neighbours, or ()."""
    children = {
        other: weight for other, weight in weights.items() if len(other) == len(path) + 1 and other[:-1] == path
    }
    if not children:
        return ()
    best = max(children, key=lambda other: children[other])
    share = children[best] / sum(children.values())
    return best if best in early and share >= (_SHARE_BELOW if path else _SHARE) else ()


def _town(text: str, path: PlacePath, mentions: Sequence[PlaceMention]) -> PlacePath:
    """The street office, town or township printed right behind the place."""
    if level(path) != "county" and path[-1] not in _MUNICIPALITIES:
        return ()
    for mention in mentions:
        if mention.path == path:
            match = _TOWN.match(text, mention.end)
            if match and not _NO_TOWN.match(match.group()):
                return (match.group(),)
    return ()


def _scan(text: str) -> Iterable[_Candidate]:
    """Names in a text, longest first, none overlapping."""
    gazetteer = _gazetteer()
    at = 0
    while at < len(text) - 1:
        if text[at : at + 2] in gazetteer.heads:
            for length in range(min(gazetteer.longest, len(text) - at), 1, -1):
                name = text[at : at + length]
                if name in gazetteer.names:
                    yield _Candidate(at, at + length, name, gazetteer.names[name])
                    at += length - 1
                    break
        at += 1


def _known_paths(candidates: Iterable[_Candidate]) -> set[PlacePath]:
    """Provinces and cities that a text names beyond doubt."""
    known: set[PlacePath] = set()
    gazetteer = _gazetteer()
    for one in candidates:
        paths = _most_general(one.paths)
        if len(paths) != 1 or one.name in gazetteer.common:
            continue
        if one.name in gazetteer.full or gazetteer.levels[paths[0]] != "county":
            known.update(paths[0][:depth] for depth in range(1, len(paths[0]) + 1))
    return known


def _most_general(paths: Sequence[PlacePath]) -> list[PlacePath]:
    """A name that stands for a province and for something in it means the province; likewise for a city."""
    levels = _gazetteer().levels
    highest = min((_RANK[levels[path]] for path in paths), default=0)
    return [path for path in dict.fromkeys(paths) if _RANK[levels[path]] == highest]


def _in_context(one: _Candidate, before: Sequence[PlaceMention], known: Iterable[PlacePath]) -> list[PlacePath]:
    """What a name can mean, given the name right before it and the divisions named anywhere in the text."""
    if before and before[-1].end == one.start:
        inside = [path for path in one.paths if len(path) > len(before[-1].path) and _is_under(path, before[-1].path)]
        if inside:
            return _most_general(inside)
    general = _most_general(one.paths)
    if len(general) <= 1:
        return general
    supported = [path for path in general if any(_is_under(path, above) for above in known if above != path)]
    nearest = max((_shared(path, known) for path in supported), default=0)
    return [path for path in supported if _shared(path, known) == nearest]


def _shared(path: PlacePath, known: Iterable[PlacePath]) -> int:
    """How many divisions above a path are named."""
    above = set(known)
    return sum(path[:depth] in above for depth in range(1, len(path)))


def _is_under(path: PlacePath, above: PlacePath) -> bool:
    return path[: len(above)] == above


def _is_meant(
    one: _Candidate,
    path: PlacePath,
    text: str,
    before: Sequence[PlaceMention],
    known: set[PlacePath],
    spelled_out: set[str],
    counts: Mapping[str, int],
) -> bool:
    """True unless a short name may be something else."""
    gazetteer = _gazetteer()
    if one.name in gazetteer.full:
        return True
    if _STREET.match(text, one.end):
        return False
    adjoining = bool(before) and before[-1].end == one.start and _is_under(path, before[-1].path)
    if adjoining or _AUTHORITY.match(text, one.end) or path[-1] in spelled_out:
        return True
    if one.name in gazetteer.common:
        return False
    if gazetteer.levels[path] != "county":
        return True
    # A county by its short name alone: its province or city is named too, or the text keeps coming back to it.
    return any(path[:depth] in known for depth in range(1, len(path))) or counts[one.name] >= 2


def _short(name: str) -> str:
    return _SUFFIX.sub("", name)


def _plain(name: str) -> str:
    """The short name of an autonomous division: 广西 for 广西壮族自治区."""
    return next((short for short in _aliases().get(name, ()) if short), "")


@cache
def _aliases() -> dict[str, tuple[str, ...]]:
    names: dict[str, list[str]] = defaultdict(list)
    for name, paths in _gazetteer().names.items():
        for path in paths:
            if name != path[-1]:
                names[path[-1]].append(name)
    return {full: tuple(short) for full, short in names.items()}


@cache
def _gazetteer() -> _Gazetteer:
    """The divisions of the country, about 3,400 of them, loaded once."""
    names: dict[str, list[PlacePath]] = defaultdict(list)
    full: set[str] = set()
    levels: dict[PlacePath, Level] = {}
    for path, alias, depth in _divisions(_load_divisions()):
        levels[path] = depth
        full.add(path[-1])
        names[path[-1]].append(path)
        for short in alias:
            # 经开区, 高新区 and the like are in every city.
            if len(short) >= 2 and short != path[-1] and not _SUFFIX.search(short):
                names[short].append(path)
    aliases = set(names) - full
    # The dictionary's tags are unsound for cities (包头 is a verb there), whose names are seldom ordinary words.
    cities = {name for name in aliases if any(levels[path] != "county" for path in names[name])}
    return _Gazetteer(
        names={name: tuple(dict.fromkeys(paths)) for name, paths in names.items()},
        full=frozenset(full),
        common=frozenset(_ORDINARY_CITIES | _ordinary_words(aliases - cities)),
        heads=frozenset(name[:2] for name in names),
        longest=max(map(len, names)),
        levels=levels,
    )


def _divisions(tree: Mapping[str, Any]) -> Iterable[tuple[PlacePath, list[str], Level]]:
    """(path, short names, level) of every division; a level that only repeats or collects is left out of the path."""
    for province, cities in tree.items():
        yield (province,), [cities["_alias"]], "province"
        for city, counties in cities.items():
            if city.startswith("_"):
                continue
            collects = city == province or province in _MUNICIPALITIES or "直辖" in city or city in ("香港", "澳门")
            above: PlacePath = (province,) if collects else (province, city)
            if not collects:
                yield above, counties["_alias"], "city"
            for county, fields in counties.items():
                if not county.startswith("_") and county != above[-1] and "_alias" in fields:
                    yield (*above, county), [fields["_alias"]], "county"


def _load_divisions() -> Mapping[str, Any]:
    """jionlp's table, as its own loader gives it: names nested down to the county, each with its short names.

    It is read from the package's archive. Importing jionlp would print a greeting to whoever reads our output, and
    unpack thirteen dictionaries into a folder that may be read only.
    """
    spec = importlib.util.find_spec("jionlp")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("jionlp, which wenbao requires, is not installed")
    with ZipFile(Path(spec.origin).parent / "dictionary" / "china_location.zip") as archive:
        text = archive.read("china_location.txt").decode("utf-8")
    tree: dict[str, Any] = {}
    province = city = ""
    for match in _DIVISION.finditer(text):
        depth, name, alias = len(match[1]), match[2], match[3]
        if depth == 0:
            province = name
            tree[province] = {"_alias": alias}
        elif depth == 1:
            city = name
            tree[province][city] = {"_alias": alias.split("/")}
        else:
            tree[province][city][name] = {"_alias": alias}
    return tree


def _ordinary_words(names: set[str]) -> set[str]:
    """Those of `names` that jieba's dictionary has as something other than a place name."""
    spec = importlib.util.find_spec("jieba")
    if spec is None or spec.origin is None:
        return set()
    words: set[str] = set()
    with (Path(spec.origin).parent / "dict.txt").open(encoding="utf-8") as lines:
        for line in lines:
            word, _, rest = line.partition(" ")
            if word in names and not rest.strip().endswith(("ns", "nr", "nz")):
                words.add(word)
    return words
