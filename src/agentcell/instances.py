"""`checked_by_instance`: leave for pydantic to take data whose fields are objects of other classes, such as models.

Pydantic knows dataclasses and typed dictionaries by their fields, and refuses those with a field of a class that it
does not know, unless they allow it to check that field by `isinstance`.
"""

from __future__ import annotations

from pydantic import ConfigDict, with_config

checked_by_instance = with_config(ConfigDict(arbitrary_types_allowed=True))
