"""JSON schemas of the tools, from the wire models, so that a field has one description and one bound everywhere."""

from __future__ import annotations

import copy
from collections.abc import Collection, Mapping
from typing import Any

from pydantic import BaseModel

_REFERENCE = "#/$defs/"


def input_schema(model: type[BaseModel], fields: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """What a tool takes: some fields of a request.

    Args:
        model: the request.
        fields: which of its fields the tool has, with what its schema says otherwise than over HTTP.
    """
    schema = _narrowed(model.model_json_schema(), fields)
    for name, otherwise in fields.items():
        schema["properties"][name].update(otherwise)
    return schema


def output_schema(model: type[BaseModel], without: Collection[str] = ()) -> dict[str, Any]:
    """What a tool gives: a reply without some of its fields."""
    schema = model.model_json_schema(mode="serialization")
    return _narrowed(schema, [name for name in schema["properties"] if name not in without])


def _narrowed(schema: Mapping[str, Any], fields: Collection[str]) -> dict[str, Any]:
    """The schema of an object with these fields alone, and the definitions that they need."""
    kept = copy.deepcopy({name: value for name, value in schema["properties"].items() if name in fields})
    required = [name for name in schema.get("required", ()) if name in fields]
    narrowed = {"type": "object", "properties": kept, "required": required, "additionalProperties": False}
    definitions = _needed(kept, schema.get("$defs", {}))
    narrowed = narrowed | ({"$defs": definitions} if definitions else {})
    return {key: _untitled(value, names=key in {"properties", "$defs"}) for key, value in narrowed.items()}


def _untitled(part: Any, *, names: bool = False) -> Any:
    """A schema without the titles that pydantic makes of names: a model that reads it gains nothing by them.

    Args:
        part: a part of a schema.
        names: whether the keys of `part` are names of fields, of which one may be called title.
    """
    if isinstance(part, Mapping):
        return {
            key: _untitled(value, names=not names and key in {"properties", "$defs"})
            for key, value in part.items()
            if names or key != "title"
        }
    return [_untitled(one) for one in part] if isinstance(part, list) else part


def _needed(part: Any, definitions: Mapping[str, Any]) -> dict[str, Any]:
    """The definitions that a part of a schema refers to, by way of others too."""
    needed: dict[str, Any] = {}
    waiting = [part]
    while waiting:
        for name in _references(waiting.pop()):
            if name not in needed:
                needed[name] = definitions[name]
                waiting.append(definitions[name])
    return {name: needed[name] for name in sorted(needed)}


def _references(part: Any) -> list[str]:
    if isinstance(part, Mapping):
        named = [str(part["$ref"]).removeprefix(_REFERENCE)] if "$ref" in part else []
        return named + [name for value in part.values() for name in _references(value)]
    if isinstance(part, list):
        return [name for value in part for name in _references(value)]
    return []
