"""What a web page says of itself in its head: title, author, day, place and address, from meta tags and JSON-LD."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from lxml import etree

from rag.corpus import places
from rag.corpus.formats.base import Facts, one_line
from rag.corpus.formats.markup import text_in

_TITLES = ("og:title", "twitter:title", "dc.title", "articletitle")
_AUTHORS = ("author", "article:author", "dc.creator", "byl")
_DAYS = (
    *("article:published_time", "datepublished", "pubdate", "publishdate", "publish_date"),
    *("dc.date", "dc.date.issued", "date"),
)
_PLACES = ("geo.placename", "place")
_ARTICLES = re.compile(r"(?:\w*Article|BlogPosting|Report|WebPage)")
_DAY = re.compile(r"((?:19|20)\d{2})(?:[-/.年]\s*(\d{1,2})(?:[-/.月]\s*(\d{1,2}))?)?")
_SITE = re.compile(r"\s*[-_|–—·]\s*[^-_|–—·]{1,30}$")
_MAX_JSON = 1_000_000
_MAX_AUTHOR = 60


def facts_of(root: etree._Element) -> Facts:
    """The facts of a page; what it does not say is empty."""
    metas = _metas(root)
    linked = _linked_data(root)
    return Facts(
        title=one_line(_text(linked.get("headline")) or _first(metas, _TITLES)),
        byline=one_line(_author(linked.get("author")) or _author(_first(metas, _AUTHORS))),
        date=day_of(_text(linked.get("datePublished")) or _first(metas, _DAYS) or _time(root)),
        place=place_of(_place(linked) or _first(metas, _PLACES)),
        url=_address(root, metas),
    )


def page_title(root: etree._Element) -> str:
    """The `title` element without the name of the site behind it."""
    for node in root.iter("title"):
        whole = one_line(_raw_text(node))
        return _SITE.sub("", whole) or whole
    return ""


def _raw_text(node: etree._Element) -> str:
    """Text of a `title` or `script` element, which is never shown in the page."""
    return "".join(map(str, node.itertext()))


def day_of(value: str) -> str | None:
    """ISO 8601 day, month or year at the start of a value; None where there is none."""
    match = _DAY.match(value.strip())
    if match is None:
        return None
    year, month, day = match[1], match[2], match[3]
    try:
        date(int(year), int(month or 1), int(day or 1))
    except ValueError:
        return None
    return "-".join([year, *(f"{int(part):02d}" for part in (month, day) if part)])


def place_of(name: str) -> tuple[str, ...]:
    """The path of a place from the province down; the name as it is where the gazetteer does not know it."""
    known = one_line(name)
    return places.resolve(known) or ((known,) if known else ())


def _metas(root: etree._Element) -> dict[str, str]:
    found: dict[str, str] = {}
    for node in root.iter("meta"):
        name = node.get("property") or node.get("name") or node.get("itemprop") or ""
        content = node.get("content") or ""
        if content.strip():
            found.setdefault(name.strip().lower(), content.strip())
    return found


def _first(metas: Mapping[str, str], names: tuple[str, ...]) -> str:
    return next((metas[name] for name in names if name in metas), "")


def _linked_data(root: etree._Element) -> dict[str, Any]:
    """The first JSON-LD object that describes an article."""
    for node in root.iter("script"):
        if (node.get("type") or "").strip().lower() != "application/ld+json":
            continue
        text = _raw_text(node)
        if len(text) > _MAX_JSON:
            continue
        try:
            parsed = json.loads(text, strict=False)
        except (ValueError, RecursionError):
            continue  # of no use, and the page can do without
        for item in _objects(parsed):
            if any(_ARTICLES.fullmatch(kind) for kind in _strings(item.get("@type"))):
                return item
    return {}


def _objects(parsed: object) -> Iterator[dict[str, Any]]:
    items = parsed if isinstance(parsed, list) else [parsed]
    for item in items:
        if isinstance(item, dict):
            yield item
            graph = item.get("@graph")
            yield from (one for one in graph if isinstance(one, dict)) if isinstance(graph, list) else ()


def _strings(value: object) -> list[str]:
    return [one for one in (value if isinstance(value, list) else [value]) if isinstance(one, str)]


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _author(value: object) -> str:
    """Names of one author or several; addresses, which some give instead, are no names."""
    people = value if isinstance(value, list) else [value]
    names = [_text(one.get("name")) if isinstance(one, dict) else _text(one) for one in people]
    return " ".join(name for name in names if name and "://" not in name and len(name) <= _MAX_AUTHOR)


def _place(linked: Mapping[str, Any]) -> str:
    location = linked.get("contentLocation") or linked.get("locationCreated")
    return _text(location.get("name")) if isinstance(location, dict) else _text(location)


def _time(root: etree._Element) -> str:
    for node in root.iter("time"):
        value = node.get("datetime") or text_in(node)
        if day_of(value):
            return value
    return ""


def _address(root: etree._Element, metas: Mapping[str, str]) -> str | None:
    for node in root.iter("link"):
        if (node.get("rel") or "").lower() == "canonical" and (node.get("href") or "").startswith("http"):
            return one_line(node.get("href") or "")
    address = metas.get("og:url", "")
    return one_line(address) if address.startswith("http") else None
