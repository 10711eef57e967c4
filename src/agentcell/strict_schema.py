"""Turning a JSON schema into the strict form that structured outputs ask for.

Strict means: every object lists all its properties as required and allows no others, so that the model must write each
field. A default of `null` says nothing then and is dropped; a `$ref` with siblings is replaced by what it points to;
`oneOf` becomes `anyOf`; an `allOf` of one schema is that schema.
"""

from __future__ import annotations

import copy
from typing import Any

from .exceptions import UserError

Schema = dict[str, Any]
_NESTED_LISTS = ("anyOf", "allOf")
_NESTED_MAPS = ("properties", "$defs", "definitions")


def ensure_strict_json_schema(schema: Schema) -> Schema:
    """`schema` in strict form, as a new object.

    Raises `UserError` where strict mode cannot express it: an object that allows additional properties, a root that is
    nullable or a choice, a reference that leads nowhere.
    """
    if schema == {}:
        return {"additionalProperties": False, "type": "object", "properties": {}, "required": []}
    strict = copy.deepcopy(schema)
    for key in ("anyOf", "oneOf"):
        if key in strict:
            raise UserError(f"the root of a strict schema must be one object, but it has {key}; wrap it in an object")
    if isinstance(strict.get("type"), list):
        raise UserError(f"the root of a strict schema must be one object, but its type is {strict['type']!r}")
    _tighten(strict, strict, "")
    return strict


def _tighten(node: Any, root: Schema, path: str) -> None:
    """Make `node`, found at `path` of `root`, strict in place."""
    if not isinstance(node, dict):
        raise UserError(f"the schema at {path or 'its root'} must be an object, got {node!r}")
    _unwrap(node, root, path)
    if isinstance(node.get("properties"), dict):
        node.setdefault("type", "object")
    if node.get("type") == "object" and node.setdefault("additionalProperties", False) is not False:
        raise UserError(
            f"additionalProperties is {node['additionalProperties']!r} at {path or 'the root'} of the schema, but a "
            "strict schema allows no further keys; declare the fields, or switch strict mode off (strict_mode=False)"
        )
    if isinstance(node.get("properties"), dict):
        node["required"] = list(node["properties"])
    if "oneOf" in node:
        node["anyOf"] = [*node.get("anyOf", []), *node.pop("oneOf")]
    if "default" in node and node["default"] is None:
        del node["default"]
    for key in _NESTED_MAPS:
        for name, child in (node.get(key) or {}).items():
            _tighten(child, root, f"{path}/{key}/{name}")
    for key in _NESTED_LISTS:
        for index, child in enumerate(node.get(key, ())):
            _tighten(child, root, f"{path}/{key}/{index}")
    if isinstance(node.get("items"), dict):
        _tighten(node["items"], root, f"{path}/items")


def _unwrap(node: Schema, root: Schema, path: str) -> None:
    """Put in the place of a `$ref` with siblings, or of an `allOf` of one, what it stands for; siblings win."""
    if len(node.get("allOf", ())) == 1:
        (only,) = node.pop("allOf")
        if isinstance(only, dict) and "$ref" in only:
            only = copy.deepcopy(_resolve(root, only["$ref"]))
        _tighten(only, root, f"{path}/allOf/0")
        siblings = dict(node)
        node.clear()
        node.update({**only, **siblings})
    if len(node) > 1 and "$ref" in node:
        reference = node.pop("$ref")
        target = copy.deepcopy(_resolve(root, reference))
        node.update({key: value for key, value in target.items() if key not in node})
        _unwrap(node, root, path)


def _resolve(root: Schema, reference: str) -> Schema:
    """What a local `$ref` points to."""
    if not reference.startswith("#/"):
        raise UserError(f"the schema refers to {reference!r}; only references inside the schema (#/...) work")
    found: Any = root
    for part in reference[2:].split("/"):
        found = found.get(part) if isinstance(found, dict) else None
    if not isinstance(found, dict):
        raise UserError(f"the schema refers to {reference!r}, which it does not contain")
    return found
