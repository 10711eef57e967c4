"""Golden transcripts: whole runs as JSON, with what the page and the record show of them.

`python -m tests.golden.make` plays the scenes and writes the files again.
"""
