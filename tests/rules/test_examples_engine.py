"""Every example of every rule, as the engine answers it: the same as the rule's author says."""

import pytest

from efficiency_monitor.catalogue.authoring import rule_work
from efficiency_monitor.catalogue.catalogue_files import catalogue_folder, pack_names
from efficiency_monitor.workspace.context import Catalogue

CATALOGUE = Catalogue(catalogue_folder(), pack_names(catalogue_folder()))
FILES = rule_work.load(CATALOGUE, None)


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.bound.pack}-{file.bound.rule.id}")
def test_the_engine_agrees_with_every_example(file: rule_work.RuleFile) -> None:
    results = list(rule_work.run_examples(CATALOGUE, [file]))
    assert results
    assert [result for result in results if not result.passed] == []


def test_every_rule_fits_the_kernel() -> None:
    rule_work.check_encodable(CATALOGUE, FILES)
