"""Where things lie on this machine, kept out of replies: a caller needs the name of a file, and never the way to it.

Messages of the library name whole paths, for whoever runs it. Over HTTP only their last parts are told. The folders
that a server is set to are known, so that blanks in them are no matter; of other paths, what looks like one is cut.
"""

from __future__ import annotations

import re
import sys
import tempfile
from functools import partial
from pathlib import Path

from rag.settings import Settings

_OURS = r"(?!(?:v1|healthz|readyz|metrics|openapi\.json|mcp)(?![\w-]))"
"""Paths of the API itself, which hints name."""
_END = r"\s/'\"`()\[\]{}<>,;:，。、；：！？（）「」《》"
_QUOTED = re.compile(r"(['\"`])/(?:[^'\"`\n]*/)?([^'\"`\n/]+)/?\1")
_ABSOLUTE = re.compile(rf"(?<![\w/.:~\-])/{_OURS}(?:[^{_END}]+/)*([^{_END}]+)/?")

_known: dict[str, str] = {}
"""Folders, and what stands for each; of every server of this process: what one hides, none needs to show."""


def hide(settings: Settings) -> None:
    """Has the folders that the settings name, and those that wenbao runs in, kept out of replies from here on."""
    around = (Path.cwd(), Path.home(), Path(tempfile.gettempdir()), Path(sys.prefix), Path(__file__).parents[1])
    _known.update({str(path): "" for path in around if path.name})
    for path in (settings.corpus_path, settings.vectors, settings.userdict, Path(settings.embedding_model)):
        if path is not None and (path.is_absolute() or path.exists()):
            _known.update({str(one): path.name for one in (path.absolute(), path.resolve()) if path.name})


def without_paths(text: str) -> str:
    """The text with every absolute path cut down to its last part, or to what follows a folder that is known."""
    if "/" not in text:
        return text
    for known in sorted(_known, key=len, reverse=True):  # a folder goes before the one that it lies in
        if known in text:
            name = _known[known]
            text = re.sub(
                rf"(?<![\w/.:~\-]){re.escape(known)}(?:(/)(?=[^\s])|(?![\w.\-]))",
                partial(_in_its_place, name, Path(known).name),
                text,
            )
    text = _QUOTED.sub(lambda match: f"{match[1]}{match[2]}{match[1]}", text)
    return _ABSOLUTE.sub(lambda match: match[1], text)


def name_of(path: str) -> str:
    """The last part of a path; what is no absolute path stays as it is."""
    return Path(path).name if path.startswith("/") else path


def _in_its_place(name: str, last: str, found: re.Match[str]) -> str:
    if not found[1]:
        return name or last
    return f"{name}/" if name else ""
