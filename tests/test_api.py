"""The API of the reference, read from the installed package with `inspect`, name by name.

A name is there at the same path, or `api_scope.py` says why not. A callable takes the reference's parameters with the
same names, kinds, defaults and order; ours follow, by keyword and with a default. A dataclass has its fields, and a
class its methods, asynchronous where they are. The tables of `api_scope.py` are exact: what stands there and exists
is a failure, too.
"""

from __future__ import annotations

import dataclasses
import enum
import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from typing import Any

import agents
import api_scope as scope
import pytest
from pydantic import BaseModel
from typing_extensions import is_typeddict

import agentcell

NOTHING = inspect.Parameter.empty
FREE = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


def listed(table: dict[str, str] | None) -> dict[str, str]:
    """The names of a table, each with its reason."""
    return {name: reason for reason, names in (table or {}).items() for name in names.split()}


def below(path: str, packages: tuple[str, ...]) -> bool:
    return any(path == name or path.startswith(f"{name}.") for name in packages)


def found(library: Any) -> Iterator[str]:
    """The public modules of a library, the package itself as the empty path."""
    yield ""
    prefix = f"{library.__name__}."
    for module in pkgutil.walk_packages(library.__path__, prefix, onerror=lambda name: None):
        path = module.name.removeprefix(prefix)
        if not any(part.startswith("_") for part in path.split(".")):
            yield path


def module_of(library: Any, path: str) -> Any:
    """A module, or `None` where it needs something that is not installed."""
    try:
        return importlib.import_module(f"{library.__name__}.{path}".rstrip("."))
    except ImportError:
        return None


def names_of(module: Any, path: str) -> list[str]:
    """The public names of one of the reference's modules."""
    told = getattr(module, "__all__", None)
    if told is None:
        things = vars(module).items()
        told = [n for n, v in things if callable(v) and getattr(v, "__module__", None) == module.__name__]
    known = scope.ALIASES.get(path, "").split()
    assert not [name for name in known if not hasattr(module, name)], path
    return sorted({name for name in (*told, *known) if not name.startswith("_") or name == "__version__"})


THEIR_MODULES = [path for path in found(agents) if not below(path, scope.IGNORED)]
OUR_MODULES = set(found(agentcell))
WITHOUT_MODULE = listed(scope.MODULES)
PATHS = [path for path in THEIR_MODULES if path not in WITHOUT_MODULE]
NAMES = [(path, name) for path in PATHS if (m := module_of(agents, path)) for name in names_of(m, path)]


def shapes() -> dict[str, tuple[Any, Any]]:
    """What both have, by the place where the reference defines it: functions and classes."""
    both: dict[str, tuple[Any, Any]] = {}
    for path, name in NAMES:
        theirs = getattr(module_of(agents, path), name)
        ours = getattr(module_of(agentcell, path), name, None)
        if ours is not None and (inspect.isclass(theirs) or inspect.isfunction(theirs)):
            where = theirs.__module__.removeprefix("agents").lstrip(".")
            both[f"{where}.{theirs.__qualname__}".lstrip(".")] = (ours, theirs)
    return both


SHAPES = shapes()


def parameters(thing: Any) -> dict[str, inspect.Parameter]:
    try:
        all_of_them = inspect.signature(thing).parameters.items()
    except ValueError:
        return {}
    return {name: p for name, p in all_of_them if name not in ("self", "cls") and not name.startswith("_")}


def comparable(thing: Any, parameter: inspect.Parameter) -> Any:
    """A default in a form that can be compared across the libraries."""
    default = parameter.default
    if repr(default) == "<factory>":
        default = next(f for f in dataclasses.fields(thing) if f.name == parameter.name)
        assert default.default_factory is not dataclasses.MISSING
        made = default.default_factory()
        default = made if made == default.default_factory() else type(made).__name__  # an id is another each time
    if isinstance(default, enum.Enum):
        return default.name
    if dataclasses.is_dataclass(default):
        return type(default).__name__, sorted((k, str(v)) for k, v in vars(default).items() if v is not None)
    if inspect.isfunction(default):
        return default.__name__
    if default is NOTHING or isinstance(default, (str, int, float, bool, list, tuple, dict, type(None))):
        return default
    return "an object"


def compared(path: str, ours: Any, theirs: Any) -> set[str]:
    """Check the parameters that both have; returns those that are missing."""
    mine, wanted = parameters(ours), parameters(theirs)
    optional = scope.OPTIONAL_HERE.get(path, "").split()
    variadic = [name for name, p in wanted.items() if p.kind in FREE and name not in mine]
    missing = [name for name in wanted if name not in mine and name not in variadic]
    shared = [name for name in mine if name in wanted]
    placed = [name for name in shared if mine[name].kind is not mine[name].KEYWORD_ONLY]
    assert placed == [name for name in wanted if name in placed], f"{path}: the order differs"
    # A missing parameter would move those behind it to other places.
    places = [name for name, p in wanted.items() if p.kind is not p.KEYWORD_ONLY and p.kind not in FREE]
    behind = [n for n in placed if any(places.index(n) > places.index(m) for m in missing if m in places)]
    assert not behind, f"{path}: {behind} have other places"
    for name in shared:
        if name not in optional:
            expected = comparable(theirs, wanted[name])
            assert comparable(ours, mine[name]) == expected, f"{path}({name}): the default differs"
        assert mine[name].kind is wanted[name].kind, f"{path}({name}) is {mine[name].kind.description}"
    for name in set(mine) - set(wanted):
        free = mine[name].kind in FREE
        assert free or mine[name].kind is mine[name].KEYWORD_ONLY, f"{path}({name}), ours alone, takes a place"
        assert free or mine[name].default is not NOTHING, f"{path}({name}), ours alone, must have a default"
    return set(missing)


def fields_of(thing: Any) -> set[str]:
    """The public fields of a class that is data; also its annotated attributes."""
    if is_typeddict(thing):
        return set(thing.__annotations__)
    if issubclass(thing, enum.Enum):
        return set(thing.__members__)
    if issubclass(thing, BaseModel):
        return set(thing.model_fields)
    data = dataclasses.is_dataclass(thing)
    return {f.name for f in dataclasses.fields(thing) if not f.name.startswith("_")} if data else set()


def members_of(thing: Any) -> dict[str, Any]:
    """The public methods and properties that a class has from its library."""
    library = thing.__module__.partition(".")[0]
    classes = [c for c in reversed(thing.__mro__) if c.__module__.partition(".")[0] == library]
    members = {name: value for c in classes for name, value in vars(c).items() if not name.startswith("_")}
    kinds = (property, classmethod, staticmethod)
    return {name: v for name, v in members.items() if inspect.isfunction(v) or isinstance(v, kinds)}


def plain_function(member: Any) -> Any:
    return inspect.unwrap(getattr(member, "__func__", member))


def is_async(function: Any) -> bool:
    return inspect.iscoroutinefunction(function)


def missing_of_class(path: str, ours: Any, theirs: Any) -> set[str]:
    """Check what both classes have; returns fields, methods and constructor parameters that are missing."""
    missing = {name for name in fields_of(theirs) if name not in fields_of(ours) and not hasattr(ours, name)}
    for name, member in members_of(theirs).items():
        if not hasattr(ours, name) and name not in fields_of(ours):
            missing.add(name)
        elif not isinstance(member, property) and f"{path}.{name}" not in SHAPES:
            method = inspect.getattr_static(ours, name)
            assert isinstance(method, (classmethod, staticmethod)) == isinstance(member, (classmethod, staticmethod)), (
                f"{path}.{name} is called in another way"
            )
            assert is_async(plain_function(method)) == is_async(plain_function(member)), f"{path}.{name}: async differs"
            gone = compared(f"{path}.{name}", plain_function(method), plain_function(member))
            missing |= {f"{name}({parameter})" for parameter in gone}
    data = is_typeddict(theirs) or issubclass(theirs, (enum.Enum, BaseModel))
    if not data and path not in scope.NOT_CONSTRUCTED.split():
        missing |= compared(path, ours, theirs)
    return missing


def test_missing_modules_are_listed() -> None:
    assert sorted(set(THEIR_MODULES) - OUR_MODULES) == sorted(WITHOUT_MODULE)


@pytest.mark.parametrize("path", PATHS)
def test_missing_names_are_listed(path: str) -> None:
    ours, theirs = module_of(agentcell, path), module_of(agents, path)
    if theirs is None:
        pytest.skip("the reference needs a package for it that is not installed")
    missing = [name for name in names_of(theirs, path) if not hasattr(ours, name)]
    assert missing == sorted(listed(scope.NAMES.get(path)))


def test_tables_speak_of_what_is_there() -> None:
    assert set(scope.NAMES) <= set(PATHS)
    assert set(scope.WITHOUT) <= set(SHAPES)
    assert set(scope.NOT_CONSTRUCTED.split()) <= set(SHAPES)


def test_nothing_of_the_runner_is_owed() -> None:
    """What is missing belongs to a part that comes as a whole, or never does."""
    tables = (scope.MODULES, *scope.NAMES.values(), *scope.WITHOUT.values())
    reasons = {reason for table in tables for reason in table}
    assert {reason.partition(":")[0] for reason in reasons} == {"later", "never"}


@pytest.mark.parametrize("path", sorted(SHAPES))
def test_shapes_are_those_of_the_reference(path: str) -> None:
    ours, theirs = SHAPES[path]
    if inspect.isclass(theirs):
        assert inspect.isclass(ours), f"{path} is a class there"
        if dataclasses.is_dataclass(theirs) and path not in scope.NOT_CONSTRUCTED.split():
            assert dataclasses.is_dataclass(ours), f"{path} is a dataclass there"
        missing = missing_of_class(path, ours, theirs)
    else:
        assert is_async(ours) == is_async(theirs)
        missing = compared(path, ours, theirs)
    assert sorted(missing) == sorted(listed(scope.WITHOUT.get(path)))


@pytest.mark.parametrize("name", [n for n in agentcell.__all__ if isinstance(getattr(agents, n, None), type)])
def test_classes_have_the_same_bases(name: str) -> None:
    """`except AgentsException` and `isinstance(model, Model)` catch what they catch there."""
    ours, theirs = getattr(agentcell, name), getattr(agents, name)
    known = {base.__name__ for base in theirs.__mro__ if hasattr(agentcell, base.__name__)}
    assert known <= {base.__name__ for base in ours.__mro__}


def test_summary(capsys: pytest.CaptureFixture[str]) -> None:
    """Says how much was compared, and how much is missing for which reason."""
    reasons: dict[str, int] = {}
    for table in scope.NAMES.values():
        for reason in listed(table).values():
            reasons[reason] = reasons.get(reason, 0) + 1
    absent = sum(reasons.values())
    exported = [name for path, name in NAMES if not path]
    there = [name for name in exported if hasattr(agentcell, name)]
    lines = [
        f"\nAPI: {len(NAMES)} names in {len(PATHS)} modules, {len(NAMES) - absent} of them here; "
        f"{len(there)} of {len(exported)} exported; {len(SHAPES)} functions and classes compared",
        *(f"  {count:4} {reason}" for reason, count in sorted(reasons.items())),
    ]
    with capsys.disabled():
        print("\n".join(lines))
    assert len(exported) == 253
