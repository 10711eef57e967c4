"""A function's parameters as a JSON schema and a pydantic model.

The signature gives names, types and defaults, the docstring (through griffe) descriptions. Both meet in one pydantic
model: its JSON schema is what the model sees, and its validation turns the model's JSON back into call arguments.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

from pydantic import BaseModel, ConfigDict, Field, create_model
from pydantic.fields import FieldInfo

from .exceptions import UserError
from .instances import checked_by_instance
from .run_context import RunContextWrapper
from .strict_schema import ensure_strict_json_schema

DocstringStyle = Literal["google", "numpy", "sphinx"]
_Kind = inspect.Parameter


@checked_by_instance
@dataclass
class FuncSchema:
    """What is known of a function that is to be a tool."""

    name: str
    """The tool's name."""
    description: str | None
    """What the function does, from its docstring."""
    params_pydantic_model: type[BaseModel]
    """Validates the arguments."""
    params_json_schema: dict[str, Any]
    """The arguments' JSON schema, as the model sees it."""
    signature: inspect.Signature
    """The function's signature."""
    takes_context: bool = False
    """Whether the first parameter is a `RunContextWrapper` or `ToolContext`, filled by the runner."""
    strict_json_schema: bool = True
    """Whether the schema is in strict form."""
    return_annotation: Any = inspect.Signature.empty
    """What the function returns, as it is annotated."""

    def to_call_args(self, data: BaseModel) -> tuple[list[Any], dict[str, Any]]:
        """Positional and keyword arguments for the function, without the context parameter."""
        positional: list[Any] = []
        keyword: dict[str, Any] = {}
        seen_variadic = False
        for name, parameter in self._own_parameters():
            value = getattr(data, _field_name(name))
            if parameter.kind is _Kind.VAR_POSITIONAL:
                positional.extend(value or [])
                seen_variadic = True
            elif parameter.kind is _Kind.VAR_KEYWORD:
                keyword.update(value or {})
            elif parameter.kind is _Kind.KEYWORD_ONLY or seen_variadic:
                keyword[name] = value
            else:
                positional.append(value)
        return positional, keyword

    def _own_parameters(self) -> list[tuple[str, inspect.Parameter]]:
        """The parameters that the model fills."""
        return list(self.signature.parameters.items())[1 if self.takes_context else 0 :]


def _field_name(parameter: str) -> str:
    """The pydantic field of a parameter: pydantic forbids leading underscores and shadows its own methods."""
    return f"field_{parameter}" if parameter.startswith("_") or hasattr(BaseModel, parameter) else parameter


@dataclass
class FuncDocumentation:
    """What a docstring says."""

    name: str
    """The function's name."""
    description: str | None
    """The text before the parameters."""
    param_descriptions: dict[str, str] | None
    """A description for each parameter that has one."""


_STYLE_MARKS: tuple[tuple[DocstringStyle, re.Pattern[str]], ...] = (
    ("sphinx", re.compile(r"^\s*:(param|type|return|rtype|raises)\b", re.M)),
    ("numpy", re.compile(r"^\s*(Parameters|Returns|Yields|Raises)\s*\n\s*-{3,}\s*$", re.M)),
    ("google", re.compile(r"^\s*(Args|Arguments|Parameters|Returns|Yields|Raises):\s*$", re.M)),
)

_TIGHT_SECTION = re.compile(r"(?<=\S)[ \t]*\n([ \t]*(?:args|arguments|parameters|params):[ \t]*\n[ \t]+\S)", re.I)
"""A section of parameters right under a text; griffe wants a blank line between them."""


def generate_func_documentation(func: Callable[..., Any], style: DocstringStyle | None = None) -> FuncDocumentation:
    """The description and parameter texts of `func`'s docstring; the style is recognised when not given."""
    name = _function_name(func)
    doc = inspect.getdoc(func)
    if not doc:
        return FuncDocumentation(name, None, None)
    recognised: list[DocstringStyle] = [name for name, mark in _STYLE_MARKS if mark.search(doc)]
    found: DocstringStyle = style or (recognised[0] if recognised else "google")
    from griffe import Docstring, DocstringSectionKind

    if found == "google":
        doc = _TIGHT_SECTION.sub(r"\n\n\1", doc)
    sections = Docstring(doc).parse(found, warnings=False)
    texts = [s.value for s in sections if s.kind is DocstringSectionKind.text]
    params = {
        p.name.lstrip("*"): p.description
        for s in sections
        if s.kind is DocstringSectionKind.parameters
        for p in s.value
        if p.description
    }
    return FuncDocumentation(name, texts[0] if texts else None, params or None)


def function_schema(
    func: Callable[..., Any],
    docstring_style: DocstringStyle | None = None,
    name_override: str | None = None,
    description_override: str | None = None,
    use_docstring_info: bool = True,
    strict_json_schema: bool = True,
) -> FuncSchema:
    """The schema of `func`.

    Raises `UserError` when a type is unknown to pydantic, when the context is not the first parameter, or when strict
    mode cannot express the parameters.
    """
    name = name_override or _function_name(func)
    docs = FuncDocumentation(name, None, None)
    if use_docstring_info:
        docs = generate_func_documentation(func, docstring_style)
    signature = inspect.signature(func)
    try:
        hints = get_type_hints(_annotated_function(func), include_extras=True)
    except NameError as error:
        raise UserError(
            f"tool {name!r} has an annotation that cannot be resolved ({error}); import the name where the function "
            "is defined, or define it before the function"
        ) from error
    takes_context = False
    fields: dict[str, Any] = {}
    for index, (parameter_name, parameter) in enumerate(signature.parameters.items()):
        annotation = hints.get(parameter_name, parameter.annotation)
        if _is_context(annotation):
            if index:
                raise UserError(
                    f"tool {name!r} takes its context as parameter {index + 1} ({parameter_name!r}); "
                    "make it the first parameter"
                )
            takes_context = True
            continue
        texts = docs.param_descriptions or {}
        fields[_field_name(parameter_name)] = _field(parameter_name, parameter, annotation, texts)
    # What a function takes as **keywords travels under that parameter's name, so other names are a mistake.
    variadic = any(parameter.kind is _Kind.VAR_KEYWORD for parameter in signature.parameters.values())
    config = ConfigDict(extra="forbid") if variadic else None
    model = create_model(f"{name}_args", __config__=config, **fields)
    try:
        schema = model.model_json_schema()
    except Exception as error:
        raise UserError(f"tool {name!r} has parameters that JSON cannot express: {error}") from error
    if strict_json_schema:
        schema = ensure_strict_json_schema(schema)
    return FuncSchema(
        name=name,
        description=description_override or docs.description,
        params_pydantic_model=model,
        params_json_schema=schema,
        signature=signature,
        takes_context=takes_context,
        strict_json_schema=strict_json_schema,
        return_annotation=hints.get("return", signature.return_annotation),
    )


def _function_name(func: Callable[..., Any]) -> str:
    """The name of a function, or of the class of a callable object."""
    return getattr(func, "__name__", None) or type(func).__name__


def _annotated_function(func: Callable[..., Any]) -> Callable[..., Any]:
    """What carries the annotations: a callable object has them on its `__call__`, a partial on its function."""
    return func if inspect.isroutine(func) else getattr(func, "func", type(func).__call__)


def _is_context(annotation: Any) -> bool:
    origin = get_origin(annotation) or annotation
    return isinstance(origin, type) and issubclass(origin, RunContextWrapper)


def _field(name: str, parameter: inspect.Parameter, annotation: Any, docs: dict[str, str]) -> tuple[Any, Any]:
    """The pydantic field of one parameter."""
    if annotation is inspect.Parameter.empty:
        annotation = Any
    alias: dict[str, Any] = {"alias": name} if _field_name(name) != name else {}
    described = docs.get(name) or _annotated_text(annotation)
    text: dict[str, Any] = {"description": described} if described else {}
    if parameter.kind is _Kind.VAR_POSITIONAL:
        return list[annotation], Field(default_factory=list, **alias, **text)
    if parameter.kind is _Kind.VAR_KEYWORD:
        return dict[str, annotation], Field(default_factory=dict, **alias, **text)
    default = parameter.default
    if default is inspect.Parameter.empty:
        return annotation, Field(..., **alias, **text)
    if isinstance(default, FieldInfo):
        keep = default.description and name not in docs
        merged = FieldInfo.merge_field_infos(default, **alias, **({} if keep else text))
        return annotation, merged
    return annotation, Field(default=default, **alias, **text)


def _annotated_text(annotation: Any) -> str | None:
    """The first plain string of `Annotated[T, "text"]`."""
    if get_origin(annotation) is not Annotated:
        return None
    return next((extra for extra in get_args(annotation)[1:] if isinstance(extra, str)), None)


__all__ = [
    "DocstringStyle",
    "FuncDocumentation",
    "FuncSchema",
    "function_schema",
    "generate_func_documentation",
]
