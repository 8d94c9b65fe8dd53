"""``estimators: ladder`` stands for all entries, in their order."""

from __future__ import annotations

from pathlib import Path

import jsonschema
import pytest

from harness import SpecError
from harness.installed import installed
from harness.registry.sources import PluginChoice
from harness.study.spec.json_schema import spec_schema
from harness.study.spec.load import load_study

SPEC = Path(__file__).parents[3] / "specs" / "grunfeld.yaml"


def ladder(*overrides):
    return load_study(SPEC, catalogs=installed().catalogs, overrides=("estimators=ladder", *overrides))


def test_the_word_stands_for_every_rung():
    study = ladder().study
    assert [entry.id for entry in study.estimators] == [
        *("mean", "entity_mean", "last_value", "ols", "fe", "twfe", "curved", "threshold", "mundlak", "enet"),
        *("boosting", "forest", "mlp", "mlp_effects", "ann", "rab"),
    ]
    assert study.estimators[5].estimator.effects == ("entity", "time")
    assert study.estimators[-1].label == "RAB (bootstrapped SOM + ANN)"


def test_the_rungs_are_those_of_the_plugins_that_are_there():
    catalogs = installed(PluginChoice(off=("harness_rab", "harness_neural"))).catalogs
    study = load_study(SPEC, catalogs=catalogs, overrides=("estimators=ladder",)).study
    assert study.estimators[-1].id == "forest"


def test_the_reference_must_be_a_rung():
    assert ladder("evaluation.reference=twfe").study.evaluation.reference == "twfe"
    with pytest.raises(SpecError, match="no estimator has the id 'olss'"):
        ladder("evaluation.reference=olss")


def test_the_schema_knows_the_word():
    document = ladder().document
    jsonschema.validate(dict(document.data), spec_schema(installed().catalogs))
