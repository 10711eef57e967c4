"""Which way imports point, what `import agentcell` loads, and that what is public is documented."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import agentcell

ROOT = Path(agentcell.__file__).parent
FILES = sorted(ROOT.rglob("*.py"))

HEAVY = ("openai", "rich", "IPython", "ipywidgets", "anywidget", "mcp", "pygments")
"""Packages that cost time to import, or are not everywhere."""

MAY_IMPORT: dict[str, set[str]] = {
    "declarations": {"declarations"},
    "models": {"declarations", "models"},
    "testing": {"declarations", "models", "testing"},
    "engine": {"declarations", "models", "engine"},
    "view": {"events", "view"},
    "render": {"events", "view", "render"},
    "doors": {"declarations", "models", "engine", "doors"},
    "notebook": {"declarations", "events", "models", "engine", "doors", "view", "render", "notebook"},
    "cli": {"declarations", "events", "models", "engine", "doors", "view", "render", "notebook", "cli"},
}
"""What each part may import when it is itself imported. `events` are the modules that views know."""

EXCEPTIONS = {
    ("__init__", "notebook"): "the extension is loaded by IPython through the package",
    ("result", "notebook"): "a result displays itself, and only there",
    ("run_config", "models"): "the default provider is made when it is needed",
    ("agent", "models"): "a model's own settings, and what a model is",
    ("agent", "engine"): "an agent that becomes a tool is run by the engine; only that makes one",
    ("engine", "doors"): "what reads a nested run's output gets its result, as it would outside",
}
"""Arrows against the rule that are allowed inside functions, each with its reason."""


def part_of(module: str) -> str:
    """The part that a module, given below the package, belongs to."""
    head = module.split(".")[0]
    if head in ("models", "testing", "engine", "view", "render", "notebook", "cli"):
        return head
    if head in ("__main__", "repl"):
        return "cli"
    return "doors" if head in ("run", "run_state", "agent_runner", "result", "") else "declarations"


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: Path) -> Iterator[tuple[str, bool, int]]:
    """Modules that a file imports: absolute name, whether inside a function, line; type checking aside."""
    package = [*ROOT.relative_to(ROOT.parent).parts, *path.relative_to(ROOT).parent.parts]

    def names(node: ast.Import | ast.ImportFrom) -> Iterator[str]:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
            return
        base = package[: len(package) - node.level + 1] if node.level else []
        stem = ".".join([*base, *(node.module or "").split(".")]).rstrip(".")
        for alias in node.names:
            inner = ROOT.parent.joinpath(*stem.split("."), alias.name)
            is_module = inner.is_dir() or inner.with_suffix(".py").is_file()
            yield f"{stem}.{alias.name}" if is_module else stem

    def walk(node: ast.AST, inside: bool) -> Iterator[tuple[str, bool, int]]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, (ast.Import, ast.ImportFrom)):
                yield from ((name, inside, child.lineno) for name in names(child))
            elif isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
                for other in child.orelse:
                    yield from walk(other, inside)
            else:
                yield from walk(child, inside or isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)))

    yield from walk(ast.parse(path.read_text(encoding="utf-8")), False)


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_arrows_point_towards_the_data(path: Path) -> None:
    module = module_name(path)
    part = part_of(module)
    for name, inside, line in imports(path):
        top = name.split(".")[0]
        if top != "agentcell" or name == "agentcell":  # the package itself is nothing but names that resolve late
            continue
        inner = name.partition(".")[2]
        target = part_of(inner)
        events = inner in ("items", "stream_events", "rich_results")
        if target in MAY_IMPORT[part] or (events and "events" in MAY_IMPORT[part]):
            continue
        allowed = inside and (module.split(".")[0] or "__init__", target) in EXCEPTIONS
        assert allowed, f"{path.relative_to(ROOT)}:{line} imports {name}: {part} must not import {target}"


ONLY_IN = {
    "IPython": ("notebook",),
    "ipywidgets": ("notebook",),
    "anywidget": ("notebook",),
    "rich": ("render.terminal",),
    "pygments": ("render.highlight",),
}
"""Where a foreign package may be imported at all."""


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_foreign_packages_stay_in_their_corner(path: Path) -> None:
    module = module_name(path)
    for name, inside, line in imports(path):
        top = name.split(".")[0]
        where = f"{path.relative_to(ROOT)}:{line} imports {name}"
        assert top != "agents", f"{where}: the reference is for tests alone"
        if top in ONLY_IN:
            assert module.startswith(ONLY_IN[top]), where
        if top == "openai" and module != "openai_types":
            assert inside, f"{where} when it is imported itself; take it from openai_types or inside a function"


LOADS = {
    "the package": "import agentcell",
    "what most programs import": "from agentcell import Agent, Runner, function_tool",
    "everything that has a name": "import agentcell\nfor n in agentcell.__all__:\n"
    "    if n != 'TResponseInputItem': getattr(agentcell, n)",
    "defining an agent's tool": "from agentcell import function_tool\n@function_tool\ndef f(a: int) -> int: return a",
}


@pytest.mark.parametrize("code", LOADS.values(), ids=LOADS.keys())
def test_importing_loads_nothing_heavy(code: str) -> None:
    check = f"{code}\nimport sys\nprint(sorted(set({HEAVY!r}) & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def modules() -> list[str]:
    found = pkgutil.walk_packages([str(ROOT)], "agentcell.")
    return [m.name for m in found if not m.name.endswith("__main__")]


def test_every_module_can_be_imported_and_names_stay_the_same() -> None:
    """No submodule hides a public name of its parent."""
    before = {name: getattr(agentcell, name) for name in agentcell.__all__}
    for name in modules():
        importlib.import_module(name)
    for name, value in before.items():
        assert getattr(agentcell, name) is value, name


def test_all_is_sorted_complete_and_listed() -> None:
    assert len(set(agentcell.__all__)) == len(agentcell.__all__)
    assert set(agentcell.__all__) <= set(dir(agentcell))
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = agentcell.no_such_name  # type: ignore[attr-defined]


def test_the_list_of_types_matches_the_list_of_names() -> None:
    """What type checkers see is what the program finds."""
    tree = ast.parse((ROOT / "__init__.py").read_text(encoding="utf-8"))
    checked = next(n for n in tree.body if isinstance(n, ast.If) and "TYPE_CHECKING" in ast.unparse(n.test))
    seen = {
        alias.name: node.module for node in checked.body if isinstance(node, ast.ImportFrom) for alias in node.names
    }
    assert set(seen) == set(agentcell.__all__) - {"load_ipython_extension", "unload_ipython_extension"}
    for name, module in seen.items():
        assert agentcell._HOME[name] == module, name


def is_dataclass_node(node: ast.ClassDef) -> bool:
    return any("dataclass" in ast.unparse(decorator) for decorator in node.decorator_list)


def documented(body: list[ast.stmt], index: int) -> bool:
    following = body[index + 1] if index + 1 < len(body) else None
    return (
        isinstance(following, ast.Expr)
        and isinstance(following.value, ast.Constant)
        and isinstance(following.value.value, str)
    )


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_fields_are_documented(path: Path) -> None:
    """Every field of a public dataclass has a text under it."""
    missing = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.ClassDef) or node.name.startswith("_") or not is_dataclass_node(node):
            continue
        for index, statement in enumerate(node.body):
            if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
                public = not statement.target.id.startswith("_")
                if public and not documented(node.body, index):
                    missing.append(f"{node.name}.{statement.target.id} (line {statement.lineno})")
    assert missing == []


def undocumented(body: list[ast.stmt], prefix: str = "") -> Iterator[str]:
    """Public classes, functions and methods without a docstring; a method that implements a base's needs none."""
    for node in body:
        if not isinstance(node, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)) or node.name.startswith("_"):
            continue
        decorators = {ast.unparse(decorator) for decorator in node.decorator_list}
        if ast.get_docstring(node) is None and not decorators & {"overload", "override"}:
            yield f"{prefix}{node.name} (line {node.lineno})"
        if isinstance(node, ast.ClassDef) and not ({ast.unparse(b) for b in node.bases} & {"Protocol"}):
            inherits = bool(node.bases)
            inner = undocumented(node.body, f"{prefix}{node.name}.")
            yield from () if inherits else inner


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_public_things_are_documented(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert ast.get_docstring(tree) or not tree.body, "the module says nothing about itself"
    assert list(undocumented(tree.body)) == []


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_files_and_functions_stay_small(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 600
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            assert length <= 80, f"{node.name} (line {node.lineno}) has {length} lines"


def test_late_types_resolve() -> None:
    """Annotations that name the client's types are found by who asks for them."""
    import typing

    from agentcell import MessageOutputItem, ModelResponse, RawResponsesStreamEvent
    from agentcell import openai_types as oai

    hints: list[Any] = [typing.get_type_hints(MessageOutputItem, localns={"Agent": agentcell.Agent})["raw_item"]]
    assert hints == [oai.ResponseOutputMessage]
    assert typing.get_type_hints(RawResponsesStreamEvent, include_extras=True)["data"] == oai.ResponseStreamEvent
    assert typing.get_type_hints(ModelResponse, include_extras=True)["output"] == list[oai.ResponseOutputItem]
    assert agentcell.TResponseInputItem == oai.ResponseInputItemParam
    with pytest.raises(AttributeError, match="NoSuchType"):
        _ = oai.NoSuchType  # type: ignore[attr-defined]
