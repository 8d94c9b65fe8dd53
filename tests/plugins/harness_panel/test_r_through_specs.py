"""The R reference through specs: csv, spec, run folder and tables between the data and the numbers."""

from __future__ import annotations

from itertools import product

import pytest

import harness
from harness import StudyResult
from r_reference import PANELS, R_FOLDER, reference

MODELS = {
    "pooled": {"use": "pooled_ols"},
    "fe_entity": {"use": "fixed_effects"},
    "fe_time": {"use": "fixed_effects", "effects": ["time"]},
    "fe_twoway": {"use": "fixed_effects", "effects": ["entity", "time"]},
    "re_swar": {"use": "random_effects"},
    "fd": {"use": "first_difference"},
    "fd_intercept": {"use": "first_difference", "constant": True},
}
COVARIANCES = {
    "classical": {"use": "classical"},
    "white1_HC0": {"use": "robust", "variant": "HC0"},
    "cl_entity_sss": {"use": "clustered"},
    "cl_time_HC0": {"use": "clustered", "by": ["time"], "correction": "none"},
    "cl_twoway_sss": {"use": "clustered", "by": ["entity", "time"]},
    "dk_HC0_lag2": {"use": "driscoll_kraay", "bandwidth": 2},
}

# Where plm differences adjacent rows across gaps, and a spec adjacent periods.
BY_ROW = {("edge", "fd"), ("edge", "fd_intercept")}


# The panel that is always run; estimators alone are compared with R on all of them, unbalanced ones too.
QUICK = ("grunfeld",)

CELLS = [*product(MODELS, COVARIANCES), ("between", "classical")]


def identifier(model: str, name: str) -> str:
    return f"{model}__{name.lower()}"


@pytest.fixture(
    scope="module",
    params=[pytest.param(name, marks=[] if name in QUICK else pytest.mark.slow) for name in PANELS],
)
def study(request, tmp_path_factory) -> tuple[str, StudyResult]:
    panel = request.param
    roles = reference()[panel]["spec"]
    estimators = [
        {"id": identifier(model, name), **options, "covariance": covariance}
        for model, options in MODELS.items()
        for name, covariance in COVARIANCES.items()
    ]
    spec = {
        "spec_version": 1,
        "study": panel,
        "title": panel,
        "seed": 1,
        "data": {"path": str(R_FOLDER / roles["csv"])},
        "roles": {
            "entity": roles["entity"],
            "time": roles["time"],
            "outcomes": [roles["y"]],
            "exposure": roles["x"][0],
            "controls": roles["x"][1:],
        },
        "estimators": [*estimators, {"id": identifier("between", "classical"), "use": "between"}],
        "evaluation": {
            "reference": identifier("pooled", "classical"),
            "protocols": ["in_sample"],
        },
        "report": {"formats": []},
    }
    return panel, harness.run(spec, out=tmp_path_factory.mktemp("r") / panel, progress=False)


def test_coefficients_and_errors_of_a_run_are_those_of_r(study):
    panel, result = study
    table = result.coefficients.set_index(["estimator", "term"])
    assert set(table["status"]) == {"ok"}
    compared = 0
    for model, name in CELLS:
        if (panel, model) in BY_ROW:
            continue
        expected = reference()[panel][model]
        for term, value in expected["coef"].items():
            row = table.loc[identifier(model, name), term.replace("(Intercept)", "const")]
            assert row["estimate"] == pytest.approx(value, rel=1e-9), (model, name, term)
            rel = 1e-9 if name == "classical" else 1e-8
            error = expected["se"][name][term]
            assert row["std_error"] == pytest.approx(error, rel=rel), (model, name, term)
            if name == "classical":
                assert (row["df_resid"], row["n_obs"]) == (expected["df_resid"], expected["nobs"])
            compared += 1
    assert compared > 80
