"""``estimators: ladder`` stands for all rungs, in their order."""

from __future__ import annotations

from pathlib import Path

import jsonschema
import pytest

from harness import SpecError
from harness.execution.plan import catalogs
from harness.registry.registry import installed
from harness.spec.json_schema import spec_schema
from harness.spec.ladder import RUNGS
from harness.spec.load import load_study

SPEC = Path(__file__).parents[2] / "specs" / "grunfeld.yaml"


def ladder(*overrides):
    return load_study(SPEC, catalogs=catalogs(installed()), overrides=("estimators=ladder", *overrides))


def test_the_word_stands_for_every_rung():
    study = ladder().study
    assert [entry.id for entry in study.estimators] == [rung.get("id", rung["use"]) for rung in RUNGS]
    assert [entry.use for entry in study.estimators][:5] == [
        *("mean", "entity_mean", "last_value", "pooled_ols", "fixed_effects")
    ]
    assert study.estimators[-1].use == "rab"


def test_the_reference_must_be_a_rung():
    assert ladder("evaluation.reference=twfe").study.evaluation.reference == "twfe"
    with pytest.raises(SpecError, match="no estimator has the id 'olss'"):
        ladder("evaluation.reference=olss")


def test_the_schema_knows_the_word():
    document = ladder().document
    jsonschema.validate(dict(document.data), spec_schema(catalogs(installed())))
