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

    Raises `UserError` where an object allows additional properties, which strict mode cannot express.
    """
    if schema == {}:
        return {"additionalProperties": False, "type": "object", "properties": {}, "required": []}
    strict = copy.deepcopy(schema)
    _tighten(strict, strict, "")
    return strict


def _tighten(node: Any, root: Schema, path: str) -> None:
    """Make `node`, found at `path` of `root`, strict in place."""
    if not isinstance(node, dict):
        raise UserError(f"the schema at {path or 'its root'} must be an object, got {node!r}")
    reference = node.get("$ref")
    if reference is not None and len(node) > 1:
        siblings = {key: value for key, value in node.items() if key != "$ref"}
        node.clear()
        node.update({**copy.deepcopy(_resolve(root, reference)), **siblings})
    if node.get("type") == "object":
        extra = node.setdefault("additionalProperties", False)
        if extra:
            raise UserError(
                f"additionalProperties is {extra!r} at {path or 'the root'} of the schema, but a strict schema "
                "allows no further keys; declare the fields, or switch strict mode off (strict_mode=False)"
            )
    if isinstance(node.get("properties"), dict):
        node["required"] = list(node["properties"])
    if "oneOf" in node:
        node["anyOf"] = [*node.get("anyOf", []), *node.pop("oneOf")]
    if len(node.get("allOf", ())) == 1:
        (only,) = node.pop("allOf")
        node.update({**only, **node})
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
