"""The pages that this project was asked to implement: every snippet of their code, run.

`TABLE.md` lists them. `program.py` runs a snippet as a cell or a program of its own would run it.
"""
