"""What texts call the things that a study names."""

from dataclasses import replace

import pytest

from harness.study.spec.study import Variable
from harness.text.render import entities
from report.fake_run import OUTCOME, manifest, read_manifest


@pytest.mark.parametrize(
    ("label", "plural"),
    [("city", "cities"), ("", "entities"), ("man", "men"), ("Big box", "Big boxes"), ("城市", "城市")],
)
def test_entities_are_called_what_the_study_calls_them(label, plural):
    study = read_manifest(manifest(outcomes={OUTCOME: ("Log wage", "")})).study
    named = replace(study, variables={**study.variables, study.entity: Variable(label=label)})
    assert entities(named) == plural
