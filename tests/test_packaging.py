"""The container, the services beside it and the unit of systemd: what they name is there, and they are shut."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from rag.cli.main import cli
from rag.cli.options import Flags
from rag.errors import IndexMissing
from rag.settings import Settings
from server.app import build_app
from server.state import build_state
from tests.server.conftest import make_state, serve_state

ROOT = Path(__file__).parents[1]
PACKAGING = ROOT / "packaging"
VARIABLES = {f"WENBAO_{name.upper()}" for name in Settings.model_fields} | {"WENBAO_CACHE"}
EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
PORT = 8000


@dataclass(frozen=True)
class Step:
    """An instruction of the Dockerfile."""

    name: str
    arguments: str

    @property
    def words(self) -> list[str]:
        return shlex.split(self.arguments)

    @property
    def operands(self) -> list[str]:
        return [word for word in self.words if not word.startswith("--")]

    def flag(self, name: str) -> str | None:
        return next((word.partition("=")[2] for word in self.words if word.startswith(f"--{name}=")), None)


def steps() -> list[Step]:
    lines = (ROOT / "Dockerfile").read_text(encoding="utf-8").splitlines()
    joined = "\n".join(line for line in lines if not line.lstrip().startswith("#")).replace("\\\n", " ")
    return [Step(*line.split(None, 1)) for line in joined.splitlines() if line.strip()]


def stages() -> list[list[Step]]:
    """The instructions of each stage, its FROM first."""
    found: list[list[Step]] = []
    for step in steps():
        if step.name == "FROM":
            found.append([])
        if found:
            found[-1].append(step)
    return found


def values(step: Step) -> dict[str, str]:
    return dict(word.split("=", 1) for word in step.words)


FINAL = stages()[-1]


def one(name: str) -> Step:
    """The final stage's only instruction of that name."""
    (step,) = (step for step in FINAL if step.name == name)
    return step


def command_line(arguments: list[str]) -> None:
    """Parses arguments as wenbao does, and runs nothing; an unknown command or flag is an error."""
    name, command, rest = cli.resolve_command(click.Context(cli), arguments)
    assert command is not None
    command.make_context(name, rest, obj=Flags())


def test_what_the_image_copies_is_there_and_reaches_the_build() -> None:
    rules = [line for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines() if line[:1] not in "#"]
    assert rules[0] == "*"
    sent = {rule[1:] for rule in rules if rule.startswith("!")}
    copied = {
        source for step in steps() if step.name == "COPY" and step.flag("from") is None for source in step.operands[:-1]
    }
    assert {source for source in copied if not (ROOT / source).exists()} == set()
    assert {source.split("/")[0] for source in copied} == sent
    assert not {".git", ".venv", "vectors", "tests"} & sent


def test_the_build_has_what_the_package_is_built_of() -> None:
    """What pyproject.toml reads at a build must be copied before it, as setuptools fails or leaves it out."""
    build = stages()[0]
    last = max(number for number, step in enumerate(build) if "pip install --no-deps ." in step.arguments)
    copied = {word for step in build[:last] if step.name == "COPY" for word in step.operands[:-1]}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    packages = {pattern.rstrip("*") for pattern in project["tool"]["setuptools"]["packages"]["find"]["include"]}
    licences = {name.split("/")[0] for name in project["project"]["license-files"]}
    assert {"pyproject.toml", project["project"]["readme"], *packages, *licences} <= copied


def test_stages_and_bases_are_named() -> None:
    names = {step.words[2] for stage in stages() for step in stage if step.name == "FROM" and "AS" in step.words}
    asked = {step.flag("from") for step in steps() if step.name == "COPY"} - {None}
    assert asked == names
    (base,) = (step for step in steps() if step.name == "ARG" and step.arguments.startswith("BASE="))
    assert re.fullmatch(r"BASE=python:3\.\d+-slim-\w+", base.arguments)


def test_the_image_does_not_run_as_root_and_owns_its_folder() -> None:
    user = one("USER").arguments
    assert user not in {"root", "0"}
    (making,) = (step for step in FINAL if step.name == "RUN" and "useradd" in step.arguments)
    assert f" {user}" in making.arguments
    (folder,) = yaml.safe_load(one("VOLUME").arguments)
    assert one("WORKDIR").arguments == folder
    (owned,) = (step for step in FINAL if step.name == "COPY" and step.operands[-1] == folder)
    assert owned.flag("chown") == f"{user}:{user}"
    # Whatever comes after it is run and read by that user.
    after = FINAL[FINAL.index(one("USER")) :]
    assert {step.name for step in after} & {"RUN", "COPY", "ADD"} == set()


def test_the_images_variables_are_settings_and_its_commands_commands() -> None:
    settings = {name: value for name, value in values(one("ENV")).items() if name.startswith("WENBAO_")}
    assert settings.keys() <= VARIABLES
    Settings(**{name[7:].lower(): value for name, value in settings.items() if name != "WENBAO_CACHE"})
    assert settings["WENBAO_PORT"] == one("EXPOSE").arguments == str(PORT)
    assert settings["WENBAO_VECTORS"].startswith(yaml.safe_load(one("VOLUME").arguments)[0])
    (indexing,) = (step for step in stages()[0] if step.name == "RUN" and "wenbao index" in step.arguments)
    assert f"WENBAO_CACHE={settings['WENBAO_CACHE']} " in indexing.arguments
    command_line(shlex.split(indexing.arguments.split("/bin/wenbao ", 1)[1]))
    assert yaml.safe_load(one("ENTRYPOINT").arguments) == ["wenbao"]
    command_line(yaml.safe_load(one("CMD").arguments))


def health(port: int) -> int:
    """The exit status of the health check against a port of this machine."""
    check = subprocess.run(
        [sys.executable, PACKAGING / "healthcheck.py"],
        env={**os.environ, "WENBAO_PORT": str(port), "http_proxy": "http://127.0.0.1:9"},
        capture_output=True,
        timeout=60,
        check=False,
    )
    return check.returncode


def test_the_health_check_is_that_of_the_app() -> None:
    (copy,) = (step for step in FINAL if step.name == "COPY" and "packaging/healthcheck.py" in step.operands)
    command = one("HEALTHCHECK").arguments.partition("CMD ")[2]
    assert Path(copy.operands[-1]).name == yaml.safe_load(command)[0]
    assert str(Path(copy.operands[-1]).parent) in values(one("ENV"))["PATH"].split(":")
    (path,) = re.findall(r'^PATH = "(.+)"$', (PACKAGING / "healthcheck.py").read_text(encoding="utf-8"), re.MULTILINE)
    assert path in build_app(build_state(Settings())).openapi()["paths"]


def test_a_server_is_healthy_once_its_index_is_loaded() -> None:
    ready = make_state()
    with serve_state(ready) as server:
        ready.live.wait()
        assert health(server.base_url.port or 0) == 0

    def missing(_: object) -> Any:
        raise IndexMissing("there is none", hint="Build it.")

    with serve_state(make_state(opener=missing)) as server:
        assert health(server.base_url.port or 0) == 1
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        assert health(unused.getsockname()[1]) == 1


def requirements(extras: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, PACKAGING / "requirements.py", extras],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_libraries_of_the_image_are_those_of_the_package() -> None:
    base = requirements("").stdout.splitlines()
    assert "fastapi>=0.115" in base
    assert not any(line.startswith("torch") for line in base)
    assert requirements("models, otel").stdout.splitlines() == [*base, *EXTRAS["models"], *EXTRAS["otel"]]
    unknown = requirements("nonsense")
    assert unknown.returncode == 2
    assert "nonsense" in unknown.stderr


COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]


def test_wenbao_alone_is_the_default() -> None:
    assert [name for name, service in SERVICES.items() if "profiles" not in service] == ["wenbao"]
    assert {profile for service in SERVICES.values() for profile in service.get("profiles", ())} == {"milvus"}
    for service in SERVICES.values():
        for name, wanted in service.get("depends_on", {}).items():
            assert "healthcheck" in SERVICES[name]
            # What another profile brings may be absent.
            assert wanted.get("required", True) is (set(service.get("profiles", ())) == set(SERVICES[name]["profiles"]))


def test_the_services_variables_are_settings_that_can_be_left_out() -> None:
    given = SERVICES["wenbao"]["environment"]
    assert given.keys() <= VARIABLES
    for name, value in given.items():
        assert str(value).startswith(f"${{{name}:")
        assert fnmatch(str(value), "*:-*}") or name == "WENBAO_API_KEYS"
    assert str(given["WENBAO_API_KEYS"]).startswith("${WENBAO_API_KEYS:?")


def test_nothing_but_the_api_can_be_reached_and_that_from_this_machine() -> None:
    assert SERVICES["wenbao"]["ports"] == [f"127.0.0.1:{PORT}:{PORT}"]
    for name, service in SERVICES.items():
        assert not service.get("privileged")
        if name != "wenbao":
            assert "ports" not in service
            assert [COMPOSE["networks"][network]["internal"] for network in service["networks"]] == [True]
            assert re.search(r":v\d|:RELEASE", service["image"])


def test_wenbaos_root_is_read_only_and_its_volumes_are_there() -> None:
    wenbao = SERVICES["wenbao"]
    assert wenbao["read_only"] is True
    assert wenbao["cap_drop"] == ["ALL"]
    mounts = [mount.split(":") for mount in wenbao["volumes"]]
    assert [mount[1] for mount in mounts if mount[2:] != ["ro"]] == yaml.safe_load(one("VOLUME").arguments)
    named = {mount.split(":")[0] for service in SERVICES.values() for mount in service["volumes"]}
    assert {name for name in named if name[0] not in "./"} == set(COMPOSE["volumes"])


def test_the_variables_for_milvus_name_its_service_and_its_extra() -> None:
    lines = (PACKAGING / "milvus.env").read_text(encoding="utf-8").splitlines()
    given = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    assert given["COMPOSE_PROFILES"] in SERVICES["milvus"]["profiles"]
    assert given["EXTRAS"] in EXTRAS
    assert given["WENBAO_STORE"].startswith("milvus://milvus:19530/")
    Settings(store=given["WENBAO_STORE"])
    assert set(SERVICES["milvus"]["networks"]) <= set(SERVICES["wenbao"]["networks"])
    used = set(re.findall(r"\$\{(\w+)", (ROOT / "compose.yaml").read_text(encoding="utf-8")))
    assert given.keys() - {"COMPOSE_PROFILES"} <= used


UNIT = PACKAGING / "wenbao.service"


def directives(name: str) -> list[str]:
    return re.findall(rf"^{name}=(.*)$", UNIT.read_text(encoding="utf-8"), re.MULTILINE)


def test_the_unit_starts_a_command_with_settings_that_exist() -> None:
    for call in directives("ExecStartPre") + directives("ExecStart"):
        program, *arguments = call.lstrip("-").split()
        assert program.endswith("/bin/wenbao")
        command_line(arguments)
    (variables,) = directives("Environment")
    given = dict(word.split("=", 1) for word in variables.split())
    assert given.keys() - {"HOME"} <= VARIABLES
    (state,), (working,) = directives("StateDirectory"), directives("WorkingDirectory")
    assert {working, *given.values()} <= {f"/var/lib/{state}{below}" for below in ("", "/vectors", "/cache")}
    (patience,) = directives("TimeoutStopSec")
    assert float(patience) > Settings.model_fields["shutdown_timeout_s"].default


def test_systemd_finds_nothing_wrong_and_little_exposed(tmp_path: Path) -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("systemd-analyze is not installed")
    program = Path(sys.executable).parent / "python"
    copy = tmp_path / UNIT.name
    copy.write_text(UNIT.read_text(encoding="utf-8").replace("/opt/wenbao/bin/wenbao", str(program)), encoding="utf-8")
    verified = subprocess.run([analyze, "verify", copy], capture_output=True, text=True, timeout=60, check=False)
    assert (verified.returncode, verified.stderr) == (0, "")
    # 0 is shut, 100 is open.
    exposed = [analyze, "security", "--offline=true", "--threshold=20", copy]
    assert subprocess.run(exposed, capture_output=True, timeout=60, check=False).returncode == 0
