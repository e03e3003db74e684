"""A corpus that may be changed over HTTP, and a client that may change it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.server.uploads.calls import uploading


@pytest.fixture
def corpus(workdir: Path) -> Path:
    (workdir / "pages").mkdir()
    return workdir / "pages"


@pytest.fixture
def client(corpus: Path) -> Iterator[httpx.Client]:
    with uploading(corpus) as caller:
        yield caller
