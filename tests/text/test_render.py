"""What texts call the things that a study names."""

from dataclasses import replace

import pytest

from harness.study.spec.study import Variable
from harness.text.render import entities, entity_word
from report.fake_run import OUTCOME, manifest, read_manifest


@pytest.mark.parametrize(
    ("label", "plural"),
    [("city", "cities"), ("", "entities"), ("man", "men"), ("Big box", "big boxes"), ("城市", "城市")],
)
def test_entities_are_called_what_the_study_calls_them(label, plural):
    study = read_manifest(manifest(outcomes={OUTCOME: ("Log wage", "")})).study
    named = replace(study, variables={**study.variables, study.entity: Variable(label=label)})
    assert entities(named) == plural


@pytest.mark.parametrize(
    ("label", "word", "plural"),
    [
        ("Company identifier", "company", "companies"),
        ("firm_id", "firm", "firms"),
        ("Country code", "country", "countries"),
        ("Name", "name", "names"),
        ("NUTS", "NUTS", "NUTSes"),
        ("企业代码", "企业", "企业"),
    ],
)
def test_a_label_of_a_column_of_identifiers_names_what_it_identifies(label, word, plural):
    study = read_manifest(manifest(outcomes={OUTCOME: ("Log wage", "")})).study
    named = replace(study, variables={**study.variables, study.entity: Variable(label=label)})
    assert (entity_word(named), entities(named)) == (word, plural)
    assert named.label(study.entity).lower() == word.lower()
