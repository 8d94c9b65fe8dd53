"""Which effect of a study is its headline, before anything is fitted."""

import json

import pytest

from harness.installed import installed
from harness.running.plan import headline_records, in_words
from harness.study.spec.document import WrittenSpec
from harness.study.spec.load import load_study

SPEC = {
    "spec_version": 1,
    "study": "ranked",
    "data": {"path": "rows.csv"},
    "roles": {"entity": "id", "time": "year", "outcomes": "y", "exposure": "x", "instruments": ["z"]},
    "estimators": [
        {"id": "ols", "use": "pooled_ols"},
        {"id": "by_period", "use": "fixed_effects", "effects": ["time"]},
        {"id": "fe", "use": "fixed_effects"},
        {"id": "means", "use": "pooled_ols", "entity_means": True},
        {"id": "durbin", "use": "spatial_durbin"},
        {"id": "gmm", "use": "gmm"},
        {"id": "iv", "use": "instrumental"},
        {"id": "other_rows", "use": "fixed_effects", "rows": {"x": {"from": 1}}},
        {"id": "trees", "use": "boosting"},
    ],
    "evaluation": {"protocols": ["in_sample"]},
    "scenarios": [
        "curve",
        {"use": "effect"},
        {"id": "groups", "use": "effect", "by": "region"},
        {"id": "by_z", "use": "effect", "methods": ["instrumented"]},
        {"use": "mediation", "mediators": ["m"]},
        {"use": "did"},
    ],
}
RANKED = ["did", "by_z", "iv", "gmm", "durbin", "effect", "mediation", "fe", "means", "ols", "by_period"]


def ranked(**changes):
    study = load_study(WrittenSpec(json.dumps(SPEC | changes)), catalogs=installed().catalogs).study
    return headline_records(study)


def test_effects_are_ranked_by_what_they_identify_then_in_the_order_of_the_spec():
    records = ranked()
    assert [one.scenario or one.estimator for one in records] == RANKED
    assert in_words(records[2]) == "iv (instruments)"


@pytest.mark.parametrize("name", ["fe", "other_rows"])
def test_what_is_declared_comes_first_whatever_it_identifies(name):
    estimators = [one | {"primary": True} if one["id"] == name else one for one in SPEC["estimators"]]
    first, *others = ranked(estimators=estimators)
    assert (first.estimator, first.is_declared, in_words(first)) == (name, True, f"{name} (declared primary)")
    assert [one.scenario or one.estimator for one in others] == [one for one in RANKED if one != name]
