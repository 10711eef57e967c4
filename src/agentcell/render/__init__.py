"""Renderers: each takes a whole `RunView` and never an event."""
