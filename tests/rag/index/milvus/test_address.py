"""What the setting `store` may say."""

from __future__ import annotations

from pathlib import Path

import pytest

from rag.errors import SettingsError
from rag.index.milvus.address import parse_store


@pytest.mark.parametrize(
    ("text", "uri", "collection"),
    [
        ("milvus://db.example:1234/papers", "http://db.example:1234", "papers"),
        ("milvus://db.example", "http://db.example:19530", "wenbao"),
        ("milvus://[::1]:7/a_b", "http://[::1]:7", "a_b"),
        ("milvus+https://cloud.example/papers", "https://cloud.example", "papers"),
        ("milvus+https://cloud.example:444/papers/", "https://cloud.example:444", "papers"),
        ("milvus:///srv/papers.db", "/srv/papers.db", "wenbao"),
        ("/srv/papers.db", "/srv/papers.db", "wenbao"),
    ],
)
def test_addresses_are_read(text: str, uri: str, collection: str) -> None:
    address = parse_store(text)
    assert address is not None
    assert (address.uri, address.collection, address.is_file) == (uri, collection, uri.startswith("/"))
    assert parse_store(str(address)) == address  # a manifest holds it as text


def test_a_file_is_one_wherever_the_command_is_given(workdir: Path) -> None:
    address = parse_store("papers.db")
    assert address is not None
    assert address.uri == str(workdir.resolve() / "papers.db")


@pytest.mark.parametrize("text", [None, "", "local"])
def test_passages_may_stay_where_they_are(text: str | None) -> None:
    assert parse_store(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "elsewhere",
        "http://db.example:19530/papers",
        "milvus://user:secret@db.example/papers",
        "milvus://db.example/papers?token=secret",
        "milvus://db.example:port/papers",
        "milvus://db.example/no-such-name",
        "milvus://db.example/9lives",
        "milvus:///srv/papers",
    ],
)
def test_what_names_no_store_is_refused(text: str) -> None:
    with pytest.raises(SettingsError) as caught:
        parse_store(text)
    assert caught.value.hint
    assert "secret" not in str(caught.value)
