"""MkDocs hook: links between `docs/` and the rest of the repository, which must work here and in a checkout alike.

Pages link as the checkout needs it: `../bench/README.md`, `docs/api.md` from the README. On the site such a link leads
to the page that stands for that file; where there is none, to the file under `repo_url`, and while that is not set,
nowhere: its words are kept and the link is taken away. A page that names a `repository_file` in its front matter shows
that file.
"""

from __future__ import annotations

import logging
import posixpath
import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page

META = "repository_file"
"""Field of a page's front matter: the file of the repository that the page shows, by its path from the root."""

_CODE_OR_LINK = re.compile(
    r"(?P<code>^(?P<fence>```+|~~~+).*?^(?P=fence)[ \t]*$|`[^`\n]*`(?!\]))"
    r"|(?P<bang>!?)\[(?P<words>(?:`[^`]*`|[^\]\[`])*)\]\((?P<target>[^)\s#]+)(?P<anchor>#[^)\s]*)?\)",
    re.DOTALL | re.MULTILINE,
)


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Anchors as a forge makes them, Chinese headings included: Python-Markdown's own would be `_1`, `_2`."""
    import jieba  # by which the search plugin cuts Chinese, and which tells of its start
    from pymdownx.slugs import slugify  # of the extra docs, which those who only read this module may lack

    jieba.setLogLevel(logging.WARNING)
    config.mdx_configs.setdefault("toc", {})["slugify"] = slugify(case="lower")
    return config


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """A page's Markdown with its links as the site needs them, or that of the file which the page stands for.

    Raises:
        FileNotFoundError: the front matter names a file that is not there.
    """
    root = Path(config.docs_dir).parent
    docs = Path(config.docs_dir).name
    shown = page.meta.get(META)
    if shown:
        markdown = (root / shown).read_text(encoding="utf-8")
    here = str(shown) if shown else f"{docs}/{page.file.src_uri}"
    return rewritten(markdown, here, page.file.src_uri, site_pages(files, docs), config.repo_url or "")


def on_page_content(html: str, page: Page, config: MkDocsConfig, files: Files) -> str:  # noqa: ARG001  # mkdocs' names
    """A built page with its links to Chinese pages, which the build of the English ones does not know."""
    return with_chinese_links(html, page.file.src_uri, page.url)


def with_chinese_links(html: str, site_uri: str, url: str) -> str:
    """A page's HTML with links to `page.zh.md` led to where that page is built.

    Args:
        html: the page.
        site_uri: its path in `docs/`, which links start from.
        url: where it is built, from the site's root.
    """

    def link(found: re.Match[str]) -> str:
        source = posixpath.normpath(posixpath.join(posixpath.dirname(site_uri), found["path"]))
        built = posixpath.relpath(f"zh/{source}.html", posixpath.dirname(url) or ".")
        return f'href="{built}{found["anchor"] or ""}"'

    return re.sub(r'href="(?P<path>[^":#]+)\.zh\.md(?P<anchor>#[^"]*)?"', link, html)


def site_pages(files: Files, docs: str) -> dict[str, str]:
    """Every file that the site has, by its path from the repository's root: its own, and those that pages stand for."""
    own = {f"{docs}/{file.src_uri}": file.src_uri for file in files}
    shown = {
        found[1]: file.src_uri
        for file in files.documentation_pages()
        if (found := re.match(rf"---\n{META}: (\S+)\n---\n", file.content_string))
    }
    return own | shown | {docs: "index.md"}


def rewritten(markdown: str, here: str, site_uri: str, pages: dict[str, str], repo_url: str) -> str:
    """Markdown with every relative link made one of the site.

    Args:
        markdown: the text; code in it is left alone.
        here: the path from the repository's root that its links start from.
        site_uri: the path in `docs/` of the page that will show it.
        pages: site paths by paths from the root.
        repo_url: where the repository can be looked at; empty: nowhere.
    """

    def link(found: re.Match[str]) -> str:
        target, anchor = found["target"], found["anchor"] or ""
        if found["code"] is not None or re.match(r"[a-z][a-z0-9+.-]*:|/", target):
            return found[0]
        path = posixpath.normpath(posixpath.join(posixpath.dirname(here), target))
        if path in pages:
            relative = posixpath.relpath(pages[path], posixpath.dirname(site_uri) or ".")
            return f"{found['bang']}[{found['words']}]({relative}{anchor})"
        if path.startswith("docs/"):  # a page that is not there: the build says so
            return (
                f"{found['bang']}[{found['words']}]({posixpath.relpath(path, posixpath.dirname(f'docs/{site_uri}'))})"
            )
        if not repo_url:
            return str(found["words"])
        return f"{found['bang']}[{found['words']}]({repo_url.rstrip('/')}/blob/main/{path}{anchor})"

    return _CODE_OR_LINK.sub(link, markdown)
