"""The list of mutants is true to the source: each changes one place, and each rule that has scripts has a mutant."""

from __future__ import annotations

from mutants import HERE, SOURCE, listed
from report import LATER, RULES

MUTANTS = listed()


def test_every_mutant_changes_one_place() -> None:
    wrong = []
    for mutant in MUTANTS:
        text = (SOURCE / "agentcell" / f"{mutant.file}.py").read_text()
        if text.count(mutant.old) != 1 or mutant.old == mutant.new:
            wrong.append((mutant.rule, mutant.file, mutant.old, text.count(mutant.old)))
    assert wrong == []


def test_every_rule_has_a_mutant() -> None:
    assert {int(mutant.rule) for mutant in MUTANTS} == set(RULES) - set(LATER)


def test_the_scripts_of_the_mutants_exist() -> None:
    modules = {module for mutant in MUTANTS for module in mutant.tests.split()}
    assert [module for module in modules if not (HERE / f"test_{module}.py").exists()] == []
