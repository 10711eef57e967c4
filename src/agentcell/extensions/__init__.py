"""Ready-made pieces around agents: filters and prompts for handoffs, a picture of an agent's graph."""
