"""Letting go of agents: what a run leaves behind need not keep its agents, and all they hold, alive.

The trick: an attribute that is let go leaves the object's dictionary, which makes Python ask `__getattr__` for it, and
that follows a weak reference. So the attribute reads as before while somebody else holds the agent, and as `None`
afterwards; `repr`, `==`, `copy` and `dataclasses` read attributes and need not know. Names are kept, for views.
"""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any, ClassVar


class HoldsAgents:
    """Something with attributes that are agents."""

    AGENTS: ClassVar[tuple[str, ...]] = ()
    """The names of those attributes."""

    def let_go(self) -> None:
        """Keep the agents only weakly from now on; attributes that are set later are kept again."""
        held = vars(self)
        found = {name: agent for name in self.AGENTS if (agent := held.get(name)) is not None}
        weak = {name: (weakref.ref(agent), agent.name) for name, agent in found.items()}
        held["_let_go"] = {**held.get("_let_go", {}), **weak}
        for name in found:
            del held[name]

    def name_of(self, attribute: str) -> str:
        """The name of the agent in an attribute, which need not be there any more."""
        agent = getattr(self, attribute)
        return vars(self)["_let_go"][attribute][1] if agent is None else agent.name

    if not TYPE_CHECKING:  # type checkers know the attributes, and would believe in any other with this

        def __getattr__(self, name: str) -> Any:
            released = self.__dict__.get("_let_go", {})
            if name in released:
                return released[name][0]()
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
