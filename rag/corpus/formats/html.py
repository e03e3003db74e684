"""HTML → text: what the page is about, without navigation, footers and scripts. Nothing that it names is ever fetched.

The text stands in `main`, or in the only `article`; failing that, in the element that holds most of the paragraphs.
"""

from __future__ import annotations

import codecs
import re
from pathlib import Path

from lxml import etree
from lxml import html as lxml_html

from rag.corpus.formats.base import Extracted, Facts, TextBuilder, Unreadable
from rag.corpus.formats.markup import add_markup, is_skipped, tag_of, text_in
from rag.corpus.formats.metadata import facts_of, page_title

MAX_HTML = 64 * 1024 * 1024
"""Bytes; a page of the web has less than one MiB."""

_BESIDE = frozenset(("nav", "footer", "aside", "form", "dialog", "menu"))
_BESIDE_ROLES = frozenset(("navigation", "banner", "contentinfo", "search", "complementary", "menu", "dialog", "alert"))
_BESIDE_NAMES = re.compile(
    r"(?i)(?:^|[\s_-])(?:nav|navbar|navigation|menu|breadcrumbs?|crumbs?|footer|foot|copyright|sidebar|side|aside|comments?|"
    r"share|sharing|social|related|recommend(?:ed|ation)?s?|advert(?:isement)?s?|ads?|banner|pagination|pager|toolbar|"
    r"login|popup|cookie|subscribe|hot|rank(?:ing)?)(?:$|[\s_-])"
)
_KEPT = frozenset(("html", "body", "main", "article", "h1", "h2", "p"))
_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_CHARSET = re.compile(rb"""(?i)<(?:meta|\?xml)[^>]*?(?:charset|encoding)\s*=\s*["']?\s*([\w.:-]+)""")
_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")
_CHINESE = frozenset(("gb2312", "gbk", "gb_2312-80", "x-gbk", "gb18030", "chinese"))
_LOOKED_AT = 4096
_MOST = 0.4
"""Share of a page's text that its main element must hold to be taken for it."""
_LEAST_PARAGRAPH = 20
_PARAGRAPHS = frozenset(("p", "pre", "blockquote"))


def read_html(path: Path) -> Extracted:
    """Reads an HTML file.

    Raises:
        Unreadable: it is too large, in no encoding that is known, or holds no text.
    """
    if path.stat().st_size > MAX_HTML:
        raise Unreadable(f"is larger than {MAX_HTML // 1024**2} MiB; cut it into several files")
    root, remarks = parse_html(path.read_bytes())
    facts = facts_of(root)
    fallback = page_title(root)
    builder = TextBuilder()
    found = root.find("body")
    body = root if found is None else found
    _drop_beside(body)
    main = _main(body)
    heading = _heading_outside(body, main)
    if heading is not None:
        add_markup(heading, builder)
    add_markup(main, builder)
    title = facts.title or _only_heading(body) or fallback
    builder.end_section(Facts(title, facts.byline, facts.date, facts.place, facts.url))
    if not builder.sections:
        raise Unreadable("; ".join(remarks) or "holds no text outside of navigation and scripts")
    return Extracted(builder.text, tuple(builder.sections), remarks=remarks)


def parse_html(data: bytes) -> tuple[lxml_html.HtmlElement, tuple[str, ...]]:
    """The root of a page, and what the parser left out of it.

    Raises:
        Unreadable: its encoding is not known, or there is nothing to parse.
    """
    text = _DECLARATION.sub("", _decoded(data).replace("\0", ""))
    parser = lxml_html.HTMLParser(no_network=True, remove_comments=True, remove_pis=True, huge_tree=False)
    try:
        root = lxml_html.document_fromstring(text, parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError) as error:
        raise Unreadable("holds no text") from error
    # The parser's own limit, which honest pages keep; what is below it is not in the tree.
    cut = any("depth" in entry.message for entry in parser.error_log)
    return root, ("nests elements too deeply; what lies within the deepest is not read",) if cut else ()


def _decoded(data: bytes) -> str:
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return data.decode(encoding, "replace").removeprefix("\ufeff")
    named = _CHARSET.search(data[:_LOOKED_AT])
    declared = named[1].decode("ascii", "replace").lower() if named else ""
    for encoding in dict.fromkeys(("utf-8", "gb18030" if declared in _CHINESE else declared, "gb18030")):
        try:
            return data.decode(encoding)
        except (UnicodeDecodeError, LookupError):
            continue
    if declared in ("utf-8", "utf8", *_CHINESE):  # a byte or two gone wrong are no reason to lose the page
        return data.decode("gb18030" if declared in _CHINESE else "utf-8", "replace")
    raise Unreadable("is in no encoding that is known; save it as UTF-8")


def _drop_beside(body: lxml_html.HtmlElement) -> None:
    """Takes out what stands beside the text of a page."""
    whole = _weight(body)
    for node in list(body.iter()):
        if node is not body and (_is_beside(node) or _is_named_beside(node, whole)):
            node.drop_tree()


def _is_beside(node: etree._Element) -> bool:
    tag = tag_of(node)
    if tag in _BESIDE or is_skipped(node) or (node.get("role") or "").lower() in _BESIDE_ROLES:
        return True
    if node.get("aria-hidden") == "true" or re.search(r"display\s*:\s*none", node.get("style") or ""):
        return True
    if tag == "header":
        return not any(tag_of(above) in ("article", "main") for above in node.iterancestors())
    return False


def _is_named_beside(node: lxml_html.HtmlElement, whole: int) -> bool:
    """True by class or id; `has-sidebar` and the like, around most of the page, only tell of what is within."""
    if tag_of(node) in _KEPT or not _BESIDE_NAMES.search(f"{node.get('class') or ''} {node.get('id') or ''}"):
        return False
    return _weight(node) < _MOST * whole and not any(True for _ in node.iter("main", "article", "h1"))


def _main(body: etree._Element) -> etree._Element:
    """The element that holds what the page is about."""
    whole = _weight(body)
    marked = [node for node in body.iter() if tag_of(node) == "main" or node.get("role") == "main"]
    articles = list(body.iter("article"))
    for candidates in (marked, [node for node in body.iter() if node.get("itemprop") == "articleBody"], articles):
        if len(candidates) == 1 and _weight(candidates[0]) >= _MOST * whole:
            return candidates[0]
    best = _densest(body)
    return best if best is not None and _weight(best) >= _MOST * whole else body


def _densest(body: etree._Element) -> etree._Element | None:
    """The element that holds the most text in paragraphs of its own; those of its children count half."""
    scores: dict[etree._Element, float] = {}
    for node in body.iter("p", "pre", "blockquote", "div", "td", "section", "font"):
        parent = node.getparent()
        if tag_of(node) in _PARAGRAPHS:
            weight, holder, above = _weight(node), parent, parent.getparent() if parent is not None else None
        else:  # old pages part their paragraphs by line breaks
            weight, holder, above = _own_weight(node), node, parent
        if weight < _LEAST_PARAGRAPH or holder is None:
            continue
        scores[holder] = scores.get(holder, 0) + weight
        if above is not None:
            scores[above] = scores.get(above, 0) + weight / 2
    return max(scores, key=lambda node: scores[node]) if scores else None


def _own_weight(node: etree._Element) -> int:
    """Characters that stand in an element itself and not in one within it."""
    return sum(len("".join(piece.split())) for piece in (node.text or "", *(child.tail or "" for child in node)))


def _weight(node: etree._Element) -> int:
    """Characters of an element that are no links."""
    linked = sum(len(text_in(link)) for link in node.iter("a"))
    return len(text_in(node)) - linked


def _heading_outside(body: etree._Element, main: etree._Element) -> etree._Element | None:
    """The page's only `h1` where it stands before the main text and not in it."""
    headings = list(body.iter("h1"))
    if len(headings) != 1 or any(above is main for above in (headings[0], *headings[0].iterancestors())):
        return None
    return headings[0]


def _only_heading(body: etree._Element) -> str:
    headings = list(body.iter("h1"))
    return text_in(headings[0]) if len(headings) == 1 else ""
