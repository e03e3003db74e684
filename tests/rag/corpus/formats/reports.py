"""Reading a file of a corpus as the index does, and what must hold of whatever is read."""

from __future__ import annotations

from pathlib import Path

from rag.corpus.articles import split_page
from rag.corpus.files import read_corpus, read_pages
from rag.types import Article, Page, Skipped


def read(path: Path) -> tuple[list[Page], list[Skipped]]:
    """The pages of the only file of a corpus, and what was left out."""
    [file] = read_corpus(path).files
    found = list(read_pages(file))
    pages = [page for page in found if isinstance(page, Page)]
    for page in pages:
        check(page)
    return pages, [page for page in found if isinstance(page, Skipped)]


def articles(path: Path) -> list[Article]:
    """The articles of a file of which nothing is left out."""
    pages, skipped = read(path)
    assert skipped == []
    return [article for page in pages for article in split_page(page)]


def reason(path: Path) -> str:
    """Why nothing of a file is read."""
    pages, [skipped] = read(path)
    assert pages == []
    assert skipped.where == path.name
    return skipped.reason


def check(page: Page) -> None:
    """Spans give the text, blocks cover it, and no character of an extracted text is lost or told twice."""
    held = 0
    for article in split_page(page):
        assert squashed("".join(page.text[start:end] for start, end in article.spans)) == squashed(article.text)
        assert [block.start for block in article.blocks] == [0, *(block.end for block in article.blocks[:-1])]
        assert article.blocks[-1].end == len(article.text)
        held += len(squashed(article.text))
    if page.layout is not None and page.layout.is_stored:
        assert held == len(squashed(page.text))
        assert list(page.layout.page_starts) == sorted(page.layout.page_starts)


def squashed(text: str) -> str:
    return "".join(text.split())
