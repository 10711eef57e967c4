"""When the built-in demo model may stand in for a model that nobody chose.

Only where a person is looking and can be told: in an IPython session, in this package's own commands, or when
AGENTCELL_DEMO=1 asks for it. AGENTCELL_DEMO=0 forbids it everywhere. A program never gets it unasked.
"""

from __future__ import annotations

import os
import sys

__all__ = ["demo_allowed", "disable", "enable"]

_enabled = False


def enable() -> None:
    """Allow the demo model for the rest of this process, unless AGENTCELL_DEMO=0."""
    global _enabled
    _enabled = True


def disable() -> None:
    """Take `enable` back."""
    global _enabled
    _enabled = False


def demo_allowed() -> bool:
    """Whether the demo model may be used when no model was chosen and there is no key."""
    asked = os.environ.get("AGENTCELL_DEMO", "").strip().lower()
    if asked:
        return asked not in ("0", "false", "no", "off")
    return _enabled or _in_ipython()


def _in_ipython() -> bool:
    """Whether code runs in an IPython session; a module that nobody has imported cannot be running one."""
    get_ipython = getattr(sys.modules.get("IPython"), "get_ipython", None)
    return get_ipython is not None and get_ipython() is not None
