"""wenbao, "ask the paper": cited answers over Chinese newspaper pages.

The public names are resolved when first used, so that `import rag` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rag.errors import RagError as RagError
    from rag.library import Library as Library
    from rag.settings import Settings as Settings
    from rag.settings import load_settings as load_settings
    from rag.types import Answer as Answer
    from rag.types import Article as Article
    from rag.types import Citation as Citation
    from rag.types import Filters as Filters
    from rag.types import Hit as Hit

__version__ = "0.1.0"

_HOME = {
    "Answer": "rag.types",
    "Article": "rag.types",
    "Citation": "rag.types",
    "Filters": "rag.types",
    "Hit": "rag.types",
    "Library": "rag.library",
    "RagError": "rag.errors",
    "Settings": "rag.settings",
    "load_settings": "rag.settings",
}

__all__ = ["__version__", *_HOME]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'rag' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)
