"""Models: the interface, the OpenAI clients behind it, and the demo model."""
