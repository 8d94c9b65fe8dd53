"""What expected numbers rest on."""

from __future__ import annotations

import pytest

from harness.installed import installed
from harness.study.expectations.narrow import narrowed
from harness.study.spec.load import load_study
from harness.study.spec.written import WrittenSpec

STUDY = """\
spec_version: 1
study: narrow
data: {dataset: grunfeld}
roles: {entity: firm, time: year, outcomes: invest, exposure: value, controls: capital}
estimators: [{id: ols, use: pooled_ols}, {id: fe, use: fixed_effects}, {id: net, use: mlp}]
evaluation: {reference: ols, protocols: [in_sample, forward]}
scenarios: [curve, {id: wide, use: curve, grid: 9}]
multiverse: {estimator: net, references: ols}
claims: [{outcome: invest, quantity: mse, estimator: fe, value: 1.0}]
expect: [CELLS]
"""
WHOLE = ("ols fe net", "in_sample forward", "curve wide", True)


def parts(cells):
    """Return what is left of the study: estimators, protocols, scenarios, and whether it has a multiverse."""
    text = STUDY.replace("CELLS", cells)
    study = load_study(WrittenSpec(text), catalogs=installed().catalogs).study
    left = narrowed(study)
    assert left.expect == study.expect
    lists = (left.estimators, left.evaluation.protocols, left.scenarios)
    return (*(" ".join(entry.id for entry in entries) for entries in lists), left.multiverse is not None)


def cell(table, where, column="reason"):
    return f"{{table: {table}, where: {{{where}}}, column: {column}, value: x, from: run}}"


GAIN = cell("gain", "estimator: fe, protocol: forward")
CURVE = cell("curves", "estimator: net, scenario: wide")


@pytest.mark.parametrize(
    ("cells", "left"),
    [
        (GAIN, ("ols fe", "forward", "", False)),
        (cell("gain", "sample: test"), ("ols fe net", "in_sample forward", "", False)),
        (cell("coefficients", "estimator: fe"), ("ols fe", "", "", False)),
        (cell("details/networks", "estimator: net"), ("ols net", "", "", False)),
        (CURVE, ("ols net", "", "wide", False)),
        (cell("curves", "estimator: net"), ("ols net", "", "curve wide", False)),
        (cell("support", "scenario: curve", "at"), ("ols", "", "curve", False)),
        (cell("summary", "variable: value", "role"), ("ols", "", "", False)),
        (cell("decomposition", "estimator: fe", "part"), ("ols fe", "in_sample forward", "", False)),
        (cell("claims", "estimator: fe"), WHOLE),
        (cell("thresholds", "estimator: fe"), WHOLE),
        (f"{GAIN}, {CURVE}", ("ols fe net", "forward", "wide", False)),
    ],
)
def test_a_study_keeps_what_its_numbers_rest_on(cells, left):
    assert parts(cells) == left
