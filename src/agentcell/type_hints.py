"""Makes `typing.get_type_hints` and `pydantic.TypeAdapter` work on what modules declare, though imports are circular.

Declarations know each other in circles (an agent has tools, a tool's context knows its agent), so modules import such
names for type checkers only, and the evaluation of an annotation would not find them. The trick: Python sets each
submodule as an attribute of its package when it has been imported, and our packages notice. Once no import is under
way, every new module gets the public names that its annotations mention and that it does not have; and dataclasses and
typed dictionaries tell pydantic that objects of other classes, such as models, are checked by `isinstance`.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterator
from dataclasses import is_dataclass
from importlib import import_module
from types import ModuleType
from typing import Any, get_args

from typing_extensions import is_typeddict

ROOT = __name__.rpartition(".")[0]
PRIVATE = ("__main__", "cli", "demo_agents", "engine", "notebook", "render", "view")
"""Parts whose annotations nobody evaluates."""
UNEXPORTED = {
    "AgentHooksBase": f"{ROOT}.lifecycle",
    "BaseModel": "pydantic",
    "FuncSchema": f"{ROOT}.function_schema",
    "HandoffHistoryMapper": f"{ROOT}.handoffs",
    "RunHooksBase": f"{ROOT}.lifecycle",
    "ToolErrorFunction": f"{ROOT}.tool",
    "TypeAdapter": "pydantic",
}
"""The modules of names that annotations mention and that the package does not export."""

_NAME = re.compile(r"\b[A-Za-z]\w*")
_done: set[str] = set()
_working = False


class LatePackage(ModuleType):
    """A package that completes its modules as they are imported."""

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        if isinstance(value, ModuleType) and value.__name__ == f"{self.__name__}.{name}":
            watch(value)


def watch(module: ModuleType) -> None:
    """Complete the modules that are there, and those that `module` will get when it is a package."""
    if hasattr(module, "__path__"):
        module.__class__ = LatePackage
    complete()


def complete() -> None:
    """Give every imported module what its annotations need, unless an import is under way, which will end here, too."""
    global _working
    if _working or any(_is_loading(name) for name in _ours()):
        return
    _working = True
    try:
        while fresh := [name for name in _ours() if name not in _done and name.split(".")[1] not in PRIVATE]:
            for name in fresh:
                _done.add(name)
                _complete_module(sys.modules[name])
    finally:
        _working = False


def _ours() -> list[str]:
    return [name for name in list(sys.modules) if name.startswith(f"{ROOT}.")]


def _is_loading(name: str) -> bool:
    package, _, child = name.rpartition(".")
    return package in sys.modules and vars(sys.modules[package]).get(child) is not sys.modules.get(name)


def _complete_module(module: ModuleType) -> None:
    public = vars(sys.modules[ROOT])["_HOME"]
    names = vars(module)
    declared = [value for value in list(names.values()) if getattr(value, "__module__", None) == module.__name__]
    aliases = [repr(value) for value in list(names.values()) if get_args(value)]
    mentioned = (text for texts in (*map(_texts, declared), aliases) for text in texts)
    for name in {name for text in mentioned for name in _NAME.findall(text)} - set(names):
        home = UNEXPORTED.get(name) or (f"{ROOT}.{public[name]}" if name in public else None)
        if home is not None:
            names[name] = getattr(import_module(home), name)
    for value in declared:
        by_fields = isinstance(value, type) and (is_dataclass(value) or is_typeddict(value))
        if by_fields and not hasattr(value, "__pydantic_config__"):
            setattr(value, "__pydantic_config__", {"arbitrary_types_allowed": True})  # noqa: B010


def _texts(value: Any) -> Iterator[str]:
    """The annotations of a class or function, methods included, as text."""
    members = map(_function, vars(value).values()) if isinstance(value, type) else ()
    for owner in (value, *members):
        if isinstance(owner, type) or inspect.isfunction(owner):
            yield from map(str, inspect.get_annotations(owner).values())


def _function(member: Any) -> Any:
    """The function behind a member of a class."""
    return member.fget if isinstance(member, property) else getattr(member, "__func__", member)
