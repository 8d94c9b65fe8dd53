"""What expected numbers rest on."""

from __future__ import annotations

import pytest

from harness.installed import installed
from harness.study.expectations.narrow import narrowed
from harness.study.spec.load import load_study
from harness.study.spec.written import written_spec

STUDY = {
    "spec_version": 1,
    "study": "narrow",
    "title": "Narrow",
    "seed": 1,
    "data": {"dataset": "grunfeld"},
    "roles": {
        "entity": "firm",
        "time": "year",
        "outcomes": ["invest"],
        "exposure": "value",
        "controls": ["capital"],
    },
    "estimators": [
        {"id": "ols", "use": "pooled_ols"},
        {"id": "fe", "use": "fixed_effects"},
        {"id": "net", "use": "mlp"},
    ],
    "evaluation": {"reference": "ols", "protocols": ["in_sample", "forward"]},
    "scenarios": [{"use": "curve"}, {"id": "wide", "use": "curve", "grid": 9}],
    "multiverse": {"estimator": "net", "references": ["ols"]},
    "claims": [{"outcome": "invest", "quantity": "mse", "estimator": "fe", "value": 1.0}],
}


def parts(*expected):
    """Return what is left of the study: estimators, protocols, scenarios, and whether it has a multiverse."""
    cells = [{"column": "reason", "value": "x", "from": "run"} | one for one in expected]
    study = load_study(written_spec(STUDY | {"expect": cells}), catalogs=installed().catalogs).study
    left = narrowed(study)
    assert left.expect == study.expect
    lists = (left.estimators, left.evaluation.protocols, left.scenarios)
    return (*(" ".join(entry.id for entry in entries) for entries in lists), left.multiverse is not None)


@pytest.mark.parametrize(
    ("expected", "left"),
    {
        "a gain": (
            {"table": "gain", "where": {"estimator": "fe", "protocol": "forward"}},
            ("ols fe", "forward", "", False),
        ),
        "gains of all": (
            {"table": "gain", "where": {"sample": "test"}},
            ("ols fe net", "in_sample forward", "", False),
        ),
        "a coefficient": ({"table": "coefficients", "where": {"estimator": "fe"}}, ("ols fe", "", "", False)),
        "a detail": (
            {"table": "details/networks", "where": {"estimator": "net"}},
            ("ols net", "", "", False),
        ),
        "a curve": (
            {"table": "curves", "where": {"estimator": "net", "scenario": "wide"}},
            ("ols net", "", "wide", False),
        ),
        "a curve of any scenario": (
            {"table": "curves", "where": {"estimator": "net"}},
            ("ols net", "", "curve wide", False),
        ),
        "support": (
            {"table": "support", "where": {"scenario": "curve"}, "column": "at"},
            ("ols", "", "curve", False),
        ),
        "moments": (
            {"table": "summary", "where": {"variable": "value"}, "column": "role"},
            ("ols", "", "", False),
        ),
        "parts of a gain": (
            {"table": "decomposition", "where": {"estimator": "fe"}, "column": "part"},
            ("ols fe", "in_sample forward", "", False),
        ),
        "claims": (
            {"table": "claims", "where": {"estimator": "fe"}},
            ("ols fe net", "in_sample forward", "curve wide", True),
        ),
        "what no scenario gives": (
            {"table": "thresholds", "where": {"estimator": "fe"}},
            ("ols fe net", "in_sample forward", "curve wide", True),
        ),
    }.values(),
)
def test_a_study_keeps_what_a_number_rests_on(expected, left):
    assert parts(expected) == left
