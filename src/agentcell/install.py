"""`install_as_agents`: code that imports `agents` gets this library, without a changed line.

The trick: a finder in `sys.meta_path` claims `agents` and everything below it that exists here, and its loader
"creates" a module by importing ours. The import system enters that very object under the second name; all it changes
is the module's spec, which is put back. So `agents.items is agentcell.items`, classes exist once, `isinstance` holds,
and pickles of either name load. Modules that we do not have stay unknown.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType

from .exceptions import UserError

__all__ = ["install_as_agents", "uninstall_as_agents"]

OURS = __name__.rpartition(".")[0]
THEIRS = "agents"


def install_as_agents() -> None:
    """Make `import agents`, and the import of every module below it, mean this library, in the whole process.

    Call it before anything imports the reference; further calls do nothing. Raises `UserError` when another package
    named `agents` is imported already: its classes are in use, and two libraries under one name cannot be told apart.
    """
    taken = sorted(name for name, module in list(sys.modules.items()) if _is_below(name) and not _is_ours(module))
    if taken:
        raise UserError(
            f"another package is already imported as {THEIRS!r}: {sys.modules[taken[0]]!r}; call install_as_agents() "
            f"before the first import of {THEIRS!r} (in a notebook: restart the kernel), or import {OURS!r} itself"
        )
    if _finder not in sys.meta_path:
        sys.meta_path.insert(0, _finder)


def uninstall_as_agents() -> None:
    """Take back `install_as_agents`: the next `import agents` finds whatever is installed; what was imported stays."""
    if _finder in sys.meta_path:
        sys.meta_path.remove(_finder)
    for name, module in list(sys.modules.items()):
        if _is_below(name) and _is_ours(module):
            del sys.modules[name]


class AgentsFinder(MetaPathFinder, Loader):
    """Finds and loads `agents` and what is below it."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """A module that exists here; `None` for everything else."""
        found = find_spec(_our_name(fullname)) if _is_below(fullname) else None
        if found is None:
            return None
        return ModuleSpec(fullname, self, origin=found.origin, is_package=found.submodule_search_locations is not None)

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """Our module, complete."""
        module = import_module(_our_name(spec.name))
        spec.loader_state = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        """Put the module's own spec back; its code has run already."""
        assert module.__spec__ is not None
        module.__spec__ = module.__spec__.loader_state


_finder = AgentsFinder()


def _is_below(name: str) -> bool:
    return name == THEIRS or name.startswith(f"{THEIRS}.")


def _is_ours(module: ModuleType | None) -> bool:
    name = getattr(module, "__name__", "")
    return name == OURS or name.startswith(f"{OURS}.")


def _our_name(fullname: str) -> str:
    return OURS + fullname[len(THEIRS) :]
