"""`wenbao index --list`, `--rollback` and `--anew`, and an index of another format."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from rag.cli.main import run
from rag.corpus import places
from rag.embedding.base import Embedder
from rag.errors import ExitCode, IndexMismatch
from rag.index.storage.inventory import RULE
from rag.index.storage.lock import writer_lock
from rag.index.storage.manifest import FILE as MANIFEST
from rag.index.storage.store import CURRENT, Store
from rag.library import Library
from rag.settings import Settings
from tests.rag.index.fakes import write_records

pytestmark = pytest.mark.usefixtures("opened_once", "loaded_once")


@pytest.fixture
def loaded_once(embedder: Embedder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever loads the bundled model himself gets the one that is loaded, too."""
    monkeypatch.setattr("rag.embedding.onnx.OnnxEmbedder", lambda model: embedder)


@pytest.fixture
def names(workdir: Path, capsys: pytest.CaptureFixture[str]) -> list[str]:
    """Ids of three generations, of which each holds an article more."""
    places.find("北京")  # a library loads the gazetteer in a thread, which silences stdout meanwhile
    for count in (1, 2, 3):
        texts = [f"第{number}座灯塔今夜换上新灯。" for number in range(count)]
        write_records(workdir / "corpus" / "a.jsonl", [{"id": f"n{n}", "text": text} for n, text in enumerate(texts)])
        assert run(["index", "corpus"]) == ExitCode.OK
    capsys.readouterr()
    return Store(Path("vectors")).generations()


def listed(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    assert run(["index", "--list", "--json"]) == ExitCode.OK
    found: list[dict[str, Any]] = json.loads(capsys.readouterr().out)["generations"]
    return found


def test_the_list_names_every_generation_and_the_rule(names: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["index", "--list"]) == ExitCode.OK
    told = capsys.readouterr().out.splitlines()
    assert [line.split()[1] for line in told if line.startswith("*")] == names[-1:]
    assert [line.split()[0] for line in told if line[2:4] == "20" and not line.startswith("*")] == names[-2::-1]
    assert "1 files, 3 articles" in told[2]
    assert told[-1] == RULE


def test_the_list_as_json(names: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    found = listed(capsys)
    assert [one["generation"] for one in found] == names[::-1]
    assert [one["live"] for one in found] == [True, False, False]
    assert [one["counts"]["articles"] for one in found] == [3, 2, 1]
    assert all(one["bytes"] > 0 and one["model"] == "bundled" and not one["problem"] for one in found)


def test_back_and_forward(names: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    library = Library.open(Settings(vectors=Path("vectors")))
    assert library.status().counts.articles == 3
    assert run(["index", "--rollback"]) == ExitCode.OK
    assert capsys.readouterr().out == f"generation {names[1]} is live in vectors\nbefore it was {names[2]}\n"
    assert library.status().counts.articles == 2, "who has it open hops back"
    assert run(["index", "--rollback", names[2], "--json"]) == ExitCode.OK
    assert json.loads(capsys.readouterr().out) == {"generation": names[2], "before": names[1]}
    assert library.status().counts.articles == 3
    assert run(["index", "--rollback", names[0]]) == ExitCode.OK
    assert run(["index"]) == ExitCode.OK, "forward again, from the corpus"
    assert library.status().counts.articles == 3
    library.close()
    assert run(["index", "--rollback", names[2]]) == ExitCode.OK
    capsys.readouterr()
    assert [one["live"] for one in listed(capsys)].count(True) == 1


def test_back_to_where_it_is(names: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["index", "--rollback", names[2]]) == ExitCode.OK
    assert "is live already" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "status", "told"),
    [
        (["--rollback", "nonsense"], ExitCode.USAGE, "Name one of those there are: 20"),
        (["--list", "--rollback"], ExitCode.USAGE, "--list and --rollback exclude each other"),
        (["--list", "--anew"], ExitCode.USAGE, "exclude each other"),
        (["corpus", "--list"], ExitCode.USAGE, "Leave CORPUS out"),
    ],
)
def test_what_cannot_be_done_says_so(
    arguments: list[str], status: int, told: str, names: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["index", *arguments]) == status
    assert told in capsys.readouterr().err
    assert Store(Path("vectors")).current_id() == names[-1]


def test_nothing_before_the_first(names: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["index", "--rollback", names[0]]) == ExitCode.OK
    assert run(["index", "--rollback"]) == ExitCode.INDEX
    assert "there is no generation before" in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--list", "--rollback"])
def test_where_nothing_is_indexed(option: str, workdir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["index", option]) == ExitCode.INDEX
    assert "there is no index in vectors" in capsys.readouterr().err
    assert not Path("vectors").exists(), "asking makes nothing"


def test_a_damaged_target_and_a_writer_at_work(names: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with writer_lock(Path("vectors")):
        assert run(["index", "--rollback"]) == ExitCode.INDEX
    assert "is writing the index" in capsys.readouterr().err
    (Path("vectors") / "generations" / names[1] / "articles.sqlite").write_bytes(b"damaged")
    assert run(["index", "--rollback"]) == ExitCode.INDEX
    assert "articles.sqlite is damaged" in capsys.readouterr().err
    assert Store(Path("vectors")).current_id() == names[2]


def test_a_current_that_names_nothing_is_mended(names: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    (Path("vectors") / CURRENT).write_text("damaged", encoding="utf-8")
    assert run(["index", "--rollback", names[2]]) == ExitCode.OK
    assert "before it was none" in capsys.readouterr().out
    assert run(["search", "灯塔"]) == ExitCode.OK


def test_anew_embeds_everything_again(names: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["index", "--anew", "--json"]) == ExitCode.OK
    report = json.loads(capsys.readouterr().out)
    assert (report["changed"], report["embedded"], report["kept"]) == (True, 3, 0)
    assert run(["index", "nowhere", "--anew"]) == ExitCode.CORPUS
    capsys.readouterr()
    assert run(["index", "corpus", "--json"]) == ExitCode.OK
    assert json.loads(capsys.readouterr().out)["changed"] is False, "a mistyped corpus costs nothing"


def test_another_format_is_refused_with_the_command_that_rebuilds_it(
    names: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    path = Path("vectors") / "generations" / names[2] / MANIFEST
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | {"format": 0}), encoding="utf-8")
    with pytest.raises(IndexMismatch, match="format 0") as caught:
        Library.open(Settings(vectors=Path("vectors")))
    assert "`wenbao index`" in caught.value.hint
    for command in (["ask", "灯塔换灯了吗？"], ["search", "灯塔"], ["status"]):
        assert run(command) == ExitCode.INDEX
        told = capsys.readouterr().err
        assert "format 0" in told
        assert "wenbao index" in told
    assert "format 0" in listed(capsys)[0]["problem"]
    assert run(["index", "corpus", "--json"]) == ExitCode.OK
    report = json.loads(capsys.readouterr().out)
    assert (report["changed"], report["embedded"]) == (True, 0), "the vectors are kept"
    assert run(["search", "灯塔"]) == ExitCode.OK
