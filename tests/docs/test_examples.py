"""Every block of the documents that can be run is run, on the built-in sample, as `blocks.py` says."""

from __future__ import annotations

import configparser
import json
import shutil
import tomllib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, chdir, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import yaml
from openai import OpenAI

from rag.embedding.model import models_folder
from rag.errors import RagError
from rag.index.building.builder import build_index
from rag.index.storage.store import Store
from rag.library import Library
from rag.settings import Settings, load_settings
from server.state import build_state
from tests.docs import desk, staying
from tests.docs.blocks import PAGES, READ, ROOT, RUN, SHOWN, Block, Command, blocks_of, commands_of
from tests.docs.shell import Shell, ShellError
from tests.docs.shown import same
from tests.docs.test_twins import TWINS
from tests.server.conftest import serve_state

if TYPE_CHECKING:
    from rag.embedding.base import Embedder
    from rag.reader.reader import Reader
    from rag.types import Answer

ADDRESS = "http://127.0.0.1:8000"
QUESTION = "哪些城市搭建了婚恋交友平台？"
CLOSED = (Library, OpenAI, httpx.Client)
"""What an example may leave open at its end."""

RUN_ELSEWHERE = {
    ("README.md", "python"): "tests/test_docs.py",
    ("docs/api.md", "python"): "tests/server/routes/test_api_docs.py",
    ("docs/api.md", "sh"): "tests/server/routes/test_api_docs.py",
    ("docs/client.md", "python"): "tests/server/client/test_client_docs.py",
    ("docs/mcp.md", "python"): "tests/server/client/test_client_docs.py",
    ("docs/openai.md", "python"): "tests/server/test_openai_docs.py",
    ("docs/openai.md", "sh"): "tests/server/test_openai_docs.py",
}
"""Pages whose blocks of a language are run by tests of their own, which look closer at what comes."""


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


BLOCKS = {name_of(page): blocks_of(page) for page in PAGES}


def is_run(block: Block) -> bool:
    if block.page in TWINS:  # what they show is what the English page shows, and test_twins.py holds them to it
        return False
    if "not run" in block.marks or (name_of(block.page), block.language) in RUN_ELSEWHERE:
        return False
    return block.language in RUN or "file" in block.marks


@dataclass
class Desk:
    """A reader's working folder, with all that commands in it need."""

    folder: Path
    url: str
    environment: dict[str, str]
    stayed: dict[str, str]
    """What commands that stay have said: the same one need not be started for every page."""

    def here(self, text: str) -> str:
        """The text with the address of a server of ours."""
        return text.replace(ADDRESS, self.url)


@pytest.fixture(scope="module")
def opened(embedder: Embedder, reader: Reader) -> Iterator[None]:
    """Whoever opens the bundled model and the reader in this process gets those that are open already."""
    import rag.embedding.model
    import rag.library

    with pytest.MonkeyPatch.context() as patch:
        for module in (rag.embedding.model, rag.library):
            patch.setattr(module, "open_embedder", lambda *_, **__: embedder)
        patch.setattr(rag.library, "prepare_reader", lambda *_: None)
        patch.setattr(rag.library, "Reader", lambda _: reader)
        yield


@pytest.fixture(scope="module")
def served(opened: None, sample_index: Settings) -> Iterator[str]:
    """The address of a server over the sample."""
    state = build_state(sample_index.model_copy(update={"watch": False}))
    with serve_state(state) as caller:
        state.live.wait()
        yield str(caller.base_url).rstrip("/")


@pytest.fixture(scope="module")
def answer(sample_index: Settings, embedder: Embedder, reader: Reader) -> Answer:
    library = Library(sample_index, Store(sample_index.vectors), embedder, reader)
    try:
        return library.ask(QUESTION)
    finally:
        library.close()


@pytest.fixture(scope="module")
def stayed() -> dict[str, str]:
    return {}


@pytest.fixture(scope="module")
def vectors(sample_index: Settings, embedder: Embedder, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The index of the sample, with a generation before it to go back to."""
    folder = tmp_path_factory.mktemp("desk")
    shutil.copytree(sample_index.vectors, folder / "vectors")
    desk.lay_pages(folder / "pages")
    store = Store(folder / "vectors")
    sample = store.current_id()
    build_index(Settings(corpus=folder / "pages", vectors=folder / "vectors"), embedder=embedder)
    other = store.current_id()
    store.rollback(sample)
    # As if it had been built after the other one, which would embed it a second time.
    (store.folder / "ORDER").write_text(f"{other}\n{sample}\n", encoding="ascii")
    return folder / "vectors"


@pytest.fixture
def reader_desk(tmp_path: Path, vectors: Path, served: str, answer: Answer, stayed: dict[str, str]) -> Desk:
    folder, home = tmp_path / "desk", tmp_path / "home"
    folder.mkdir()
    home.mkdir()
    desk.lay(folder, vectors, answer)
    cache = home / "cache"  # with the prepared models in it, and what else is kept goes away again
    cache.mkdir()
    (cache / "models").symlink_to(models_folder(), target_is_directory=True)
    environment = {
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "WENBAO_CACHE": str(cache),
        "KEY": "unused",
    }
    return Desk(folder, served, environment, stayed)


@pytest.mark.parametrize("name", [name for name, blocks in BLOCKS.items() if any(map(is_run, blocks))])
def test_what_a_page_shows_works(name: str, reader_desk: Desk) -> None:
    with Shell(reader_desk.folder, reader_desk.environment) as shell:
        for block in filter(is_run, BLOCKS[name]):
            try:
                run_block(block, shell, reader_desk)
            except (AssertionError, ShellError) as error:
                pytest.fail(f"{block}: {error}", pytrace=False)
            except Exception as error:
                raise AssertionError(f"{block} failed") from error


def run_block(block: Block, shell: Shell, at: Desk) -> None:
    """Runs one block.

    Raises:
        AssertionError: something ended as the page does not say, or printed what it does not show.
    """
    if "file" in block.marks:
        path = at.folder / block.marks["file"]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(at.here(block.text), encoding="utf-8")
    elif block.language == "python":
        run_python(at.here(block.text), block, at.folder)
    elif block.language == "console":
        commands = commands_of(block)
        for command in commands:
            expected = int(block.marks.get("exits", 0)) if command is commands[-1] else 0
            run_command(command, expected, "output varies" in block.marks, shell, at)
    else:
        printed, status = shell.run(at.here(block.text), strict="exits" not in block.marks)
        assert status == int(block.marks.get("exits", 0)), f"exit status {status}:\n{printed}"


def run_command(command: Command, expected: int, varies: bool, shell: Shell, at: Desk) -> None:
    typed = at.here(command.text)
    kind = staying.kind_of(typed)
    if kind is None:
        printed, status = shell.run(typed)
        assert status == expected, f"`{typed}` ended with exit status {status}:\n{printed}"
    else:
        typed = typed.removesuffix("&").rstrip()
        if typed not in at.stayed:
            at.stayed[typed] = staying.started(typed, kind, at.folder, at.environment)
        printed = at.stayed[typed]
    if command.shown and not varies and not typed.startswith("make "):
        shown_here = at.here(command.shown)
        assert same(shown_here, printed), f"`{typed}` is shown with\n{shown_here}\n\nand printed\n{printed}"


def run_python(text: str, block: Block, folder: Path) -> None:
    """Runs an example as a program of its own, and closes what it leaves open, as its end would."""
    names: dict[str, Any] = {"__name__": "__main__"}
    with ExitStack() as closing, chdir(folder), redirect_stdout(StringIO()):
        closing.callback(lambda: [value.close() for value in names.values() if isinstance(value, CLOSED)])
        exec(compile(text, str(block), "exec"), names)  # noqa: S102  # what the page tells readers to run


@pytest.mark.parametrize("name", [name for name, blocks in BLOCKS.items() if blocks])
def test_every_block_says_what_it_is(name: str) -> None:
    for block in BLOCKS[name]:
        assert block.language in RUN | READ | SHOWN, f"{block}: no test knows what to do with {block.language!r}"
        if block.page not in TWINS:
            assert not block.marks.keys() & {"exits", "output varies"} or is_run(block), f"{block} is not run at all"


@pytest.mark.parametrize("name", [name for name, blocks in BLOCKS.items() if any(b.language in READ for b in blocks)])
def test_what_a_parser_reads_it_can_read(name: str) -> None:
    for block in BLOCKS[name]:
        if block.language in READ and "not run" not in block.marks:
            try:
                PARSERS[block.language](block.text)
            except (ValueError, yaml.YAMLError, configparser.Error, RagError) as error:
                pytest.fail(f"{block}: {error}", pytrace=False)


def read_toml(text: str) -> None:
    """Reads a `wenbao.toml`: what is in it must be settings, with values that can be used."""
    load_settings(**tomllib.loads(text))


def read_ini(text: str) -> None:
    configparser.ConfigParser(interpolation=None).read_string(text)


PARSERS: dict[str, Callable[[str], Any]] = {
    "json": json.loads,
    "toml": read_toml,
    "yaml": lambda text: list(yaml.safe_load_all(text)),
    "ini": read_ini,
}


def test_every_language_that_is_read_has_a_parser() -> None:
    assert PARSERS.keys() == READ


@pytest.mark.parametrize(("page", "language"), RUN_ELSEWHERE)
def test_what_is_run_elsewhere_is_there_and_run_there(page: str, language: str) -> None:
    assert any(block.language == language for block in BLOCKS[page])
    assert Path(page).name in (ROOT / RUN_ELSEWHERE[page, language]).read_text(encoding="utf-8")
