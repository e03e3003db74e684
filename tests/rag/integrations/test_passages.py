"""Both ways of searching come out in one shape."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from rag.errors import InputError
from rag.integrations.passages import Searching, found_passages
from rag.library import Library
from server.client import Rejected, Wenbao
from tests.rag.integrations.conftest import PLACE, QUESTION, printed


def test_a_passage_says_where_its_characters_stand(paper: Searching, sample_library: Library) -> None:
    found = found_passages(paper, QUESTION, 5, "hybrid")
    assert len(found) == 5
    for rank, passage in enumerate(found, start=1):
        told = passage.metadata
        assert printed(told["source"], told["spans"]) == "".join(passage.text.split()) != ""
        assert (told["rank"], told["chunk_id"], told["article_id"]) == (rank, passage.chunk_id, passage.article_id)
        article = sample_library.article(passage.article_id)
        assert (told["title"], told["byline"], told["date"]) == (article.title, article.byline, article.date)
        assert (tuple(told["place"]), told["source"]) == (article.place, article.source)
        assert told["generation"] == sample_library.generation
    assert [passage.score for passage in found] == sorted((passage.score for passage in found), reverse=True)


@pytest.mark.parametrize("mode", ["hybrid", "dense", "lexical"])
def test_a_server_gives_what_the_library_gives(sample_library: Library, client: Wenbao, mode: str) -> None:
    here = found_passages(sample_library, QUESTION, 10, mode)
    there = found_passages(client, QUESTION, 10, mode)
    assert here == there
    assert json.loads(json.dumps(here[0].metadata)) == here[0].metadata


def test_the_legs_are_asked_as_told(sample_library: Library) -> None:
    first = {mode: found_passages(sample_library, QUESTION, 10, mode) for mode in ("dense", "lexical")}
    assert [one.chunk_id for one in first["dense"]] != [one.chunk_id for one in first["lexical"]]


def test_filters_go_along(paper: Searching, in_place: object) -> None:
    everywhere = found_passages(paper, QUESTION, 20, "hybrid")
    there = found_passages(paper, QUESTION, 20, "hybrid", in_place)
    assert there
    assert all(any(name.startswith(PLACE) for name in passage.metadata["place"]) for passage in there)
    assert not all(any(name.startswith(PLACE) for name in passage.metadata["place"]) for passage in everywhere)


def test_what_cannot_be_searched_is_refused_in_the_words_of_what_was_asked(paper: Searching) -> None:
    with pytest.raises(InputError if isinstance(paper, Library) else Rejected, match="top_k"):
        found_passages(paper, QUESTION, 101, "hybrid")


@pytest.mark.parametrize(("module", "package"), [("langchain", "langchain_core"), ("llamaindex", "llama_index")])
def test_without_its_framework_a_retriever_says_what_to_install(module: str, package: str) -> None:
    code = f"import sys; sys.modules[{package!r}] = None\nimport rag.integrations.{module}"
    told = subprocess.run(
        [sys.executable, "-c", code], cwd=Path(__file__).parents[3], capture_output=True, text=True, check=False
    )
    assert told.returncode == 1
    assert f"pip install 'wenbao[{module}]'" in told.stderr.splitlines()[-1]
