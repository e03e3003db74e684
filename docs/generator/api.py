"""The reference of the HTTP API, from `docs/openapi.json`, which a test holds to what the server says of itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from docs.generator.writing import Language, Say, code, escaped, page, table

Schema = dict[str, Any]
FILE = Path(__file__).parents[1] / "openapi.json"
_INTRODUCTION = (
    "Every call and every field. [The API at work](../api.md) shows them used, and the server tells the same under "
    "`/openapi.json`. Fields that are not known are errors."
)
_MODELS = "#/components/schemas/"


def rendered(language: Language) -> str:
    """The page: the calls by what they are about, then the models that they take and reply."""
    say, api = Say(language), json.loads(FILE.read_text(encoding="utf-8"))
    calls = [(method, path, call) for path, methods in api["paths"].items() for method, call in methods.items()]
    tags = dict.fromkeys(call["tags"][0] for _, _, call in calls)
    parts = []
    for tag in tags:
        parts.append(f"## {say(f'Calls: {tag}')}")
        parts += [_call(method, path, call, say) for method, path, call in calls if call["tags"][0] == tag]
    parts.append(f"## {say('Models')}")
    parts += [_model(name, model, say) for name, model in api["components"]["schemas"].items()]
    return page(say("API, field by field"), say(_INTRODUCTION), *parts)


def _call(method: str, path: str, call: Schema, say: Say) -> str:
    parameters = [
        [code(one["name"]), say(one["in"]), *_field(one["schema"], one.get("required", False), one["description"], say)]
        for one in call.get("parameters", ())
    ]
    replies = [
        [status, escaped(say(reply["description"])), " · ".join(_contents(reply.get("content", {})))]
        for status, reply in sorted(call["responses"].items())
    ]
    body = " · ".join(_contents(call.get("requestBody", {}).get("content", {})))
    parts = [
        f"### `{method.upper()} {path}`",
        say.paragraphs(call["description"]),
        say.fact("Body", body) if body else "",
        table([say("parameter"), say("in"), say("type"), say("default"), say("is")], parameters),
        table([say("status"), say("says"), say("body")], replies),
    ]
    return "\n\n".join(filter(None, parts))


def _contents(content: Schema) -> list[str]:
    return [" ".join(filter(None, [code(kind), _type(told.get("schema", {}))])) for kind, told in content.items()]


def _model(name: str, model: Schema, say: Say) -> str:
    required = set(model.get("required", ()))
    fields = [
        [code(field), *_field(told, field in required, told.get("description", ""), say)]
        for field, told in model.get("properties", {}).items()
    ]
    heading = table([say("field"), say("type"), say("default"), say("is")], fields)
    return "\n\n".join(filter(None, [f"### {name}", say.paragraphs(model.get("description", "")), heading]))


def _field(schema: Schema, required: bool, description: str, say: Say) -> list[str]:
    return [_type(schema), _default(schema, required, say), escaped(say(description))]


def _default(schema: Schema, required: bool, say: Say) -> str:
    if required:
        return say("required")
    return code(json.dumps(schema["default"], ensure_ascii=False)) if "default" in schema else ""


def _type(schema: Schema) -> str:
    """A schema in a few signs: names of models are links, `[]` is a list of what stands before it."""
    if "$ref" in schema:
        name = schema["$ref"].removeprefix(_MODELS)
        return f"[{name}](#{name.lower()})"
    if "const" in schema:
        return code(json.dumps(schema["const"], ensure_ascii=False))
    if "enum" in schema:
        return " · ".join(code(json.dumps(value, ensure_ascii=False)) for value in schema["enum"])
    for several in ("anyOf", "oneOf", "allOf"):
        if several in schema:
            return " or ".join(_type(one) for one in schema[several])
    if "prefixItems" in schema:
        return f"({', '.join(_type(one) for one in schema['prefixItems'])})"
    if schema.get("type") == "array":
        return f"{_type(schema.get('items', {}))}\\[\\]"
    if schema.get("type") == "object" and isinstance(schema.get("additionalProperties"), dict):
        return f"object of {_type(schema['additionalProperties'])}"
    return " ".join(filter(None, [schema.get("type", ""), _bounds(schema)]))


_BOUNDS = {
    "minimum": "≥ {:g}", "exclusiveMinimum": "> {:g}", "maximum": "≤ {:g}", "exclusiveMaximum": "< {:g}",
    "minLength": "≥ {} characters", "maxLength": "≤ {} characters", "pattern": "`{}`", "format": "{}",
}  # fmt: skip


def _bounds(schema: Schema) -> str:
    return ", ".join(told.format(schema[name]) for name, told in _BOUNDS.items() if name in schema)
