"""Where a setting comes from, and what is said when it cannot be used."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import pytest

from rag.errors import SettingsError
from rag.settings import SETTINGS_FILE, Settings, load_settings, sample_path

_SECRET = "tide-table-91"  # noqa: S105  # invented, to be looked for in what is printed
_LAYERS = ("flag", "environment", "file", "default")
_PORTS = {"flag": 4001, "environment": 4002, "file": 4003, "default": 8000}
_PATHS = {"flag": "by-flag", "environment": "by-environment", "file": "by-file", "default": "vectors"}


def given(layer: str, name: str, value: object, flags: dict[str, object], monkeypatch: pytest.MonkeyPatch) -> None:
    """Sets a setting in one place."""
    if layer == "flag":
        flags[name] = value
    elif layer == "environment":
        monkeypatch.setenv(f"WENBAO_{name.upper()}", str(value))
    elif layer == "file":
        text = value if isinstance(value, int) else f'"{value}"'
        Path(SETTINGS_FILE).write_text(f"{name} = {text}\n", encoding="utf-8")


@pytest.mark.usefixtures("workdir")
@pytest.mark.parametrize(("stronger", "weaker"), list(combinations(_LAYERS, 2)))
def test_the_nearer_source_wins(stronger: str, weaker: str, monkeypatch: pytest.MonkeyPatch) -> None:
    flags: dict[str, object] = {}
    for layer in (weaker, stronger):
        given(layer, "port", _PORTS[layer], flags, monkeypatch)
    assert load_settings(**flags).port == _PORTS[stronger]


@pytest.mark.usefixtures("workdir")
@pytest.mark.parametrize(("stronger", "weaker"), list(combinations(_LAYERS, 2)))
def test_the_nearer_source_wins_for_folders(stronger: str, weaker: str, monkeypatch: pytest.MonkeyPatch) -> None:
    flags: dict[str, object] = {}
    for layer in (weaker, stronger):
        given(layer, "vectors", _PATHS[layer], flags, monkeypatch)
    assert load_settings(**flags).vectors == Path(_PATHS[stronger])


@pytest.mark.usefixtures("workdir")
def test_sources_are_read_setting_by_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    Path(SETTINGS_FILE).write_text('host = "0.0.0.0"\nport = 9001\n', encoding="utf-8")
    monkeypatch.setenv("WENBAO_PORT", "9002")
    settings = load_settings(log_level="INFO", vectors=None)
    assert (settings.host, settings.port, settings.log_level) == ("0.0.0.0", 9002, "info")  # noqa: S104  # never bound
    assert settings.vectors == Path("vectors")


@pytest.mark.usefixtures("workdir")
def test_an_empty_environment_variable_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WENBAO_CORPUS", "")
    assert load_settings().sample_corpus


@pytest.mark.usefixtures("workdir")
def test_the_sample_is_the_corpus_until_one_is_set() -> None:
    assert load_settings().corpus_path == sample_path()
    assert sorted(sample_path().glob("*.txt"))
    mine = load_settings(corpus="pages")
    assert not mine.sample_corpus
    assert mine.corpus_path == Path("pages")


@pytest.mark.usefixtures("workdir")
@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("corpsu = 'pages'", "corpsu"),
        ("port = 70000", "port"),
        ("port = 'eight'", "port"),
        ("log_level = 'loud'", "log_level"),
    ],
)
def test_a_line_that_cannot_be_used_is_named(line: str, said: str) -> None:
    Path(SETTINGS_FILE).write_text(line, encoding="utf-8")
    with pytest.raises(SettingsError, match=said) as raised:
        load_settings()
    assert SETTINGS_FILE in raised.value.hint


def test_a_file_that_is_not_toml_is_named(workdir: Path) -> None:
    (workdir / SETTINGS_FILE).write_text("port 8000\n", encoding="utf-8")
    with pytest.raises(SettingsError, match="not a settings file") as raised:
        load_settings()
    assert str(workdir.resolve() / SETTINGS_FILE) in str(raised.value)
    assert raised.value.hint


@pytest.mark.usefixtures("workdir")
def test_a_bad_value_in_the_environment_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WENBAO_PORT", "-1")
    with pytest.raises(SettingsError, match="port"):
        load_settings()


@pytest.mark.usefixtures("workdir")
def test_an_unknown_flag_is_refused() -> None:
    with pytest.raises(SettingsError, match="colour"):
        load_settings(colour="red")


@pytest.mark.usefixtures("workdir")
@pytest.mark.parametrize("name", ["llm_api_key", "api_keys"])
@pytest.mark.parametrize("layer", ["flag", "environment", "file"])
def test_a_secret_is_read_and_never_shown(name: str, layer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    flags: dict[str, object] = {}
    given(layer, name, _SECRET, flags, monkeypatch)
    settings = load_settings(**flags)
    secrets = settings.api_keys if name == "api_keys" else (settings.llm_api_key,)
    assert [secret.get_secret_value() for secret in secrets if secret] == [_SECRET]
    for shown in (repr(settings), str(settings), settings.model_dump_json(), str(settings.model_dump())):
        assert _SECRET not in shown


@pytest.mark.usefixtures("workdir")
def test_a_secret_is_not_shown_by_the_error_beside_it() -> None:
    with pytest.raises(SettingsError) as raised:
        load_settings(llm_api_key=_SECRET, port=99999)
    assert _SECRET not in f"{raised.value} {raised.value.hint}"


@pytest.mark.usefixtures("workdir")
def test_several_keys_stand_between_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WENBAO_API_KEYS", " north , south,, ")
    assert [key.get_secret_value() for key in load_settings().api_keys] == ["north", "south"]


def test_settings_do_not_change() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Settings().port = 1
