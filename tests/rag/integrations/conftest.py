"""The built-in sample, to be searched in process and over HTTP."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from rag.integrations.passages import Searching
from rag.library import Library
from rag.settings import sample_path
from rag.types import Filters
from server.client import Wenbao
from tests.server.conftest import make_state, serve_state

QUESTION = "哪些城市搭建了婚恋交友平台？"
PLACE = "江苏"


@pytest.fixture(scope="session")
def client(sample_library: Library) -> Iterator[Wenbao]:
    """A client of a server over the sample."""
    state = make_state(opener=lambda _: sample_library, watch=False)
    with serve_state(state) as server, Wenbao(str(server.base_url)) as paper:
        paper.ready()
        yield paper


@pytest.fixture(params=["library", "client"])
def paper(request: pytest.FixtureRequest, sample_library: Library) -> Searching:
    """What is searched: the open library, and the client."""
    return sample_library if request.param == "library" else request.getfixturevalue("client")


@pytest.fixture
def in_place(paper: Searching) -> object:
    """Filters that let one province through, as what is searched takes them."""
    return Filters(places=(PLACE,)) if isinstance(paper, Library) else {"places": [PLACE]}


def printed(source: str, spans: list[list[int]]) -> str:
    """The characters of the sample at these spans, without white space."""
    text = (sample_path() / source).read_bytes().decode("utf-8")
    return "".join("".join(text[start:end] for start, end in spans).split())
