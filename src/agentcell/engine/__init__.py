"""The run: one loop, one mutable state, one log."""
