"""Words for the instructions of agents that hand off to each other."""

from __future__ import annotations

RECOMMENDED_PROMPT_PREFIX = (
    "# System context\n"
    "You work in a system of several agents that share one conversation. Each **agent** has its own instructions and "
    "tools. An agent passes the conversation on by a **handoff**: it calls a tool that is usually named "
    "`transfer_to_<agent_name>`, and the other agent goes on from there. The system carries handoffs out in the "
    "background, and the user does not see them; do not mention them or point them out when you talk to the user.\n"
)
"""Tells a model what handoffs are; to be put before the agent's own instructions."""


def prompt_with_handoff_instructions(prompt: str) -> str:
    """`prompt` with `RECOMMENDED_PROMPT_PREFIX` before it."""
    return f"{RECOMMENDED_PROMPT_PREFIX}\n\n{prompt}"
