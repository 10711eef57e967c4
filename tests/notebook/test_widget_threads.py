"""A page that asks in another thread while a frame is made."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any

from agentcell.notebook.widget import RunWidget
from agentcell.view.model import EMPTY


def test_a_snapshot_in_another_thread_has_its_own_number() -> None:
    widget = RunWidget(EMPTY, lambda message: "")
    update, found = widget.renderer.update, []
    asking = threading.Thread(target=lambda: found.append(widget.current()))

    def interrupted(view: Any) -> Any:
        operations = update(view)
        asking.start()
        asking.join(0.1)  # ends here if nothing holds it back
        return operations

    widget.renderer.update = interrupted  # type: ignore[method-assign]
    widget.show(replace(EMPTY, prompt="How is Paris?"))
    asking.join()
    (snapshot,) = found
    assert "How is Paris?" in snapshot["html"]
    assert snapshot["seq"] == 1, "the frame would be applied to a page that has it"
    widget.close()
