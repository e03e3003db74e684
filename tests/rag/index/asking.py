"""A reader as a process of its own: asks without pause until it is told to stop, and tells what it saw.

    python -m tests.rag.index.asking VECTORS OUTPUT [URL]

With a URL it asks a server, else a library over the folder. Every text of the corpus bears the number of its edition
(第3版), so a reply that mixes two generations gives itself away.
"""

from __future__ import annotations

import json
import re
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

QUERIES = ("水库放水灌溉", "邮局的夜间窗口", "候鸟飞抵湿地")
STOP_FILE = "stop"

_EDITION = re.compile(r"第(\d+)版")

Ask = Callable[[str], tuple[str, list[str]]]


@dataclass
class Seen:
    """What a reader saw."""

    replies: int = 0
    empty: int = 0
    mixed: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    editions: dict[str, int] = field(default_factory=dict)
    """By generation."""
    first: dict[str, float] = field(default_factory=dict)
    """Seconds since the epoch at which the first reply named a generation."""

    def note(self, generation: str, texts: list[str]) -> None:
        """Takes down a reply."""
        now = time.time()
        self.replies += 1
        self.empty += not texts
        editions = {int(number) for text in texts for number in _EDITION.findall(text)}
        if len(editions) > 1 or (texts and editions != {self.editions.setdefault(generation, min(editions))}):
            self.mixed.append(f"{generation}: {sorted(editions)}")
        self.first.setdefault(generation, now)


def asks_library(vectors: Path) -> Ask:
    from rag.library import Library
    from rag.settings import Settings

    library = Library.open(Settings(vectors=vectors))

    def ask(query: str) -> tuple[str, list[str]]:
        result = library.search(query, top_k=5)
        return result.generation, [hit.chunk.text for hit in result.hits]

    return ask


def asks_server(url: str) -> Ask:
    import httpx

    client = httpx.Client(base_url=url, timeout=60, trust_env=False)

    def ask(query: str) -> tuple[str, list[str]]:
        reply = client.post("/v1/search", json={"query": query, "top_k": 5})
        reply.raise_for_status()
        found = reply.json()
        return found["generation"], [hit["text"] for hit in found["hits"]]

    return ask


def main(vectors: Path, output: Path, url: str = "") -> None:
    """Asks until there is a file `stop` beside the output, in which what was seen is kept up to date."""
    seen = Seen()
    try:
        ask = asks_server(url) if url else asks_library(vectors)
        while not (output.parent / STOP_FILE).exists():
            known = len(seen.first)
            seen.note(*ask(QUERIES[seen.replies % len(QUERIES)]))
            if len(seen.first) > known:
                _tell(seen, output)
    except Exception:  # whatever it is, the test must hear of it
        seen.errors.append(traceback.format_exc())
    _tell(seen, output)


def _tell(seen: Seen, output: Path) -> None:
    written = output.with_suffix(".tmp")
    written.write_text(json.dumps(asdict(seen)), encoding="utf-8")
    written.replace(output)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), *sys.argv[3:])
