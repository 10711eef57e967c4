"""Measurements, by one command: `python -m tests.benchmarks`. It writes `RESULTS.md`."""
