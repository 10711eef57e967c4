"""What a tool accepts, as a JSON schema: the one that a view checks arguments against.

A strict schema asks the model for every argument and drops a default of null. The function itself has its defaults all
the same, so a call that leaves such an argument out is right.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..tool import FunctionTool


def accepted_schema(tool: FunctionTool) -> Mapping[str, Any]:
    """The schema of a tool, in which what its function has a default for is not required."""
    schema, model = tool.params_json_schema, tool._arguments_model
    required, properties = schema.get("required"), schema.get("properties")
    if model is None or not isinstance(required, list) or not isinstance(properties, dict):
        return schema
    optional = {field.alias or name: field for name, field in model.model_fields.items() if not field.is_required()}
    if not optional.keys() & set(required):
        return schema
    told = {
        name: {**properties[name], "default": None}
        for name, field in optional.items()
        if field.default is None and isinstance(properties.get(name), dict) and "default" not in properties[name]
    }
    wanted = [name for name in required if name not in optional]
    return {**schema, "properties": {**properties, **told}, "required": wanted}
