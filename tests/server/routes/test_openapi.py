"""docs/openapi.json is what the server says of itself: every field described, examples that hold, errors listed.

The file is written anew by `python -m tests.server.routes.test_openapi` from the checkout's root; its diff is the
change of the API that a release note has to tell.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from jsonschema_specifications import REGISTRY as SPECIFICATIONS

from server.openai.errors import is_openai_path
from tests.server.conftest import make_state

FILE = Path(__file__).parents[3] / "docs" / "openapi.json"
WRITE = "python -m tests.server.routes.test_openapi"
Schema = dict[str, Any]


def told() -> Schema:
    """What `GET /openapi.json` answers, without a server: nothing of it depends on settings."""
    from server.app import build_app

    return build_app(make_state()).openapi()


def rendered(schema: Schema) -> str:
    return json.dumps(schema, ensure_ascii=False, indent=2) + "\n"


@pytest.fixture(scope="module")
def api() -> Schema:
    return told()


def operations(api: Schema) -> Iterator[tuple[str, Schema]]:
    for path, calls in api["paths"].items():
        for method, call in calls.items():
            yield f"{method.upper()} {path}", call


def properties(node: object, where: str) -> Iterator[tuple[str, Schema]]:
    """Every property of every object below, with the way to it."""
    if isinstance(node, dict):
        if isinstance(node.get("properties"), dict) and node.get("type") == "object":
            for name, field in node["properties"].items():
                yield f"{where}.{name}", field
        for name, below in node.items():
            yield from properties(below, f"{where}.{name}")
    elif isinstance(node, list):
        for number, below in enumerate(node):
            yield from properties(below, f"{where}.{number}")


def examples(node: object, where: str) -> Iterator[tuple[str, Schema, object]]:
    """Every example below, with the schema that it has to fit."""
    if isinstance(node, dict):
        if isinstance(node.get("examples"), list):
            for number, example in enumerate(node["examples"]):
                yield f"{where}.examples.{number}", node, example
        if isinstance(node.get("schema"), dict) and isinstance(node.get("examples"), dict):
            for name, example in node["examples"].items():
                yield f"{where}.examples.{name}", node["schema"], example["value"]
        for name, below in node.items():
            yield from examples(below, f"{where}.{name}")
    elif isinstance(node, list):
        for number, below in enumerate(node):
            yield from examples(below, f"{where}.{number}")


def check(api: Schema, schema: Schema, value: object) -> None:
    """Raises ValidationError where the value does not fit a schema of the API."""
    Draft202012Validator({**schema, "components": api["components"]}).validate(value)


def test_the_file_is_what_the_server_says(api: Schema) -> None:
    assert FILE.read_text(encoding="utf-8") == rendered(api), (
        f"the API has changed and docs/openapi.json has not: look the change over, then write it anew with `{WRITE}`"
    )


def test_every_field_and_parameter_is_described(api: Schema) -> None:
    fields = dict(properties(api, "api"))
    assert len(fields) > 150
    assert [where for where, field in fields.items() if not str(field.get("description", "")).strip()] == []
    parameters = {f"{name} {one['name']}": one for name, call in operations(api) for one in call.get("parameters", ())}
    assert parameters
    assert [where for where, one in parameters.items() if not one.get("description")] == []


def test_every_model_call_and_reply_is_described(api: Schema) -> None:
    models = api["components"]["schemas"]
    assert [name for name, model in models.items() if "properties" in model and not model.get("description")] == []
    for name, call in operations(api):
        assert call["summary"], name
        assert call["description"], name
        assert [status for status, reply in call["responses"].items() if not reply["description"]] == [], name


def test_bounds_are_told_in_the_words_of_json_schema(api: Schema) -> None:
    known = set(Draft202012Validator.META_SCHEMA["properties"])
    for part in ("applicator", "validation", "meta-data", "core", "format-annotation", "content", "unevaluated"):
        uri = f"https://json-schema.org/draft/2020-12/meta/{part}"
        known |= set(SPECIFICATIONS[uri].contents["properties"])
    for where, field in properties(api, "api"):
        assert set(field) <= known, where


def test_every_example_fits_its_schema(api: Schema) -> None:
    found = list(examples(api, "api"))
    assert len(found) >= 8
    for where, schema, example in found:
        try:
            check(api, schema, example)
        except ValidationError as error:
            pytest.fail(f"{where}: {error.message}")


def test_the_check_of_examples_can_fail(api: Schema) -> None:
    asked = {"$ref": "#/components/schemas/AskRequest"}
    check(api, asked, {"question": "几点关门？"})
    for wrong in ({"question": 1}, {"question": "谁？", "top_k": 0}, {"question": "谁？", "colour": "red"}):
        with pytest.raises(ValidationError):
            check(api, asked, wrong)


def test_every_guarded_call_lists_its_errors(api: Schema) -> None:
    expected = {"400", "401", "403", "408", "413", "421", "422", "429", "500", "503", "504"}
    for name, call in operations(api):
        path = name.split()[1]
        if not path.startswith("/v1"):
            continue
        errors = {status: reply for status, reply in call["responses"].items() if int(status) >= 400}
        assert expected <= set(errors), name
        kind = "application/json" if is_openai_path(path) else "application/problem+json"
        model = "ErrorReply" if is_openai_path(path) else "Problem"
        for status, reply in errors.items():
            told_as = {kind: {"schema": {"$ref": f"#/components/schemas/{model}"}}}
            assert reply["content"] == told_as, f"{name} {status}"
        assert call["security"], name


if __name__ == "__main__":
    FILE.write_text(rendered(told()), encoding="utf-8")
