"""Synthetic differences against R's synthdid on cigarettes sold in 39 states.

Packs a head are of The Tax Burden on Tobacco, which the CDC publishes, of the states that Abadie, Diamond and
Hainmueller (2010) chose and R's synthdid 0.0.9 ships.
"""

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from diff_diff import SyntheticDiD

import harness
from harness.findings.run import read_run
from harness.plugin import EstimationError, random_stream
from harness.plugin.reporting import ReportFigure
from harness.running.folder import RunFolder
from harness_causal import DifferenceInDifferences
from harness_causal.methods import StaggeredDesign, quietly
from harness_causal.section import SECTION
from harness_causal.synthetic import synthetic
from panels import panel_from_arrays
from report.fake_run import blocks_of, tables_in

with Path(__file__).with_name("cigarettes.csv").open(encoding="utf-8", newline="") as text:
    STATES, *ROWS = csv.reader(text)
YEARS = np.array([int(row[0]) for row in ROWS])
# To ten digits of single precision, as that package has them.
SALES = np.array([[float(f"{np.float32(packs):.10g}") for packs in row[1:]] for row in ROWS]).T
STATES = STATES[1:]

PROPOSITION = ("California",)
SEVERAL = ("California", "Colorado", "Ohio")


def smoking(treated=PROPOSITION, since=1989):
    is_treated = np.isin(STATES, treated)[:, None] & (since <= YEARS)
    entity, period = np.indices(SALES.shape)
    return panel_from_arrays(
        entity=entity.ravel(),
        period=YEARS[period.ravel()],
        outcome=SALES.ravel(),
        X=is_treated.ravel().astype(float),
        columns=("law",),
    )


def study_of(panel, variance="placebo", **options):
    design = StaggeredDesign.of(panel, **options).compared()
    return synthetic(design, variance, n_draws=500, rng=random_stream(1))


def test_the_effect_of_proposition_99_is_that_of_synthdid():
    study = study_of(smoking())
    assert study.average == pytest.approx(-15.6038278727, abs=5e-11)
    after = study.event_time >= 0
    assert study.event_time[after].tolist() == list(range(12))
    assert study.estimate[after].mean() == pytest.approx(study.average, abs=1e-9)


def test_errors_of_placebos_are_the_spread_of_effects_on_every_other_state():
    """One state at a time, with the penalty of the fit; 500 draws have an error of about 4%."""
    panel = smoking()
    rows = StaggeredDesign.of(panel).frame()
    after = list(range(20, 32))

    def fitted(rows, state, **penalty):
        method = SyntheticDiD(n_bootstrap=2, seed=1, **penalty)
        with quietly():
            return method.fit(
                rows.assign(d=(rows["unit"] == state).astype(int)),
                *("y", "d", "unit", "time"),
                post_periods=after,
            )

    treated = STATES.index("California")
    fit, others = fitted(rows, treated), rows[rows["unit"] != treated]
    penalty = {"zeta_omega": fit.zeta_omega, "zeta_lambda": fit.zeta_lambda}
    effects = [fitted(others, state, **penalty).att for state in others["unit"].unique()]
    assert study_of(panel).std_error == pytest.approx(np.std(effects), rel=0.12)


def test_leaving_out_states_has_the_error_of_synthdid():
    study = study_of(smoking(SEVERAL), "jackknife")
    assert (study.average, study.std_error) == pytest.approx((-5.39564262296, 7.91957461382), abs=5e-11)
    assert np.isinf(study.df)


@pytest.mark.parametrize(
    ("panel", "variance", "message"),
    [
        (lambda: smoking().take(np.arange(1, 1209)), "placebo", "the panel is unbalanced"),
        (lambda: smoking(since=1971), "placebo", "one period before the start"),
        (smoking, "jackknife", "1 treated and 38 other entities give no standard error"),
        (lambda: smoking(STATES[:20]), "placebo", "20 treated and 19 other entities give no standard"),
    ],
)
def test_panels_without_weights_or_errors_are_refused(panel, variance, message):
    with pytest.raises(EstimationError, match=message):
        study_of(panel(), variance)


def test_several_starts_and_further_regressors_are_refused():
    panel, later = smoking(), smoking(("Ohio",), 1995)
    staggered = panel.with_column("law", panel.X[:, 0] + later.X[:, 0])
    with pytest.raises(EstimationError, match=r"law: treatments start in 2 periods, synthetic needs one"):
        study_of(staggered)
    priced = replace(panel, controls=("price",), X=np.column_stack([panel.X, SALES.ravel()]))
    with pytest.raises(EstimationError, match="holds no further regressors fixed"):
        study_of(priced)
    assert study_of(priced, adjust=False).average == study_of(panel).average


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    import pandas as pd

    panel = smoking(SEVERAL)
    columns = {
        "state": panel.entity.codes,
        "year": panel.period,
        "packs": panel.observed,
        "law": panel.X[:, 0],
    }
    spec = {
        "spec_version": 1,
        "study": "smoking",
        "data": {"path": "rows.csv"},
        "roles": {"entity": "state", "time": "year", "outcomes": ["packs"], "exposure": "law"},
        "estimators": [{"id": "fe", "use": "fixed_effects", "effects": ["entity", "time"]}],
        "evaluation": {"protocols": [{"use": "in_sample"}]},
        "scenarios": [
            {"use": "did", "id": "alone", "methods": ["synthetic"], "draws": 20},
            {"use": "did", "id": "both", "methods": ["imputation", "synthetic"], "draws": 20},
        ],
    }
    out = tmp_path_factory.mktemp("synthetic") / "run"
    harness.run(spec, data=pd.DataFrame(columns), out=out, progress=False)
    return read_run(RunFolder.open(out))


def test_the_error_does_not_depend_on_which_other_methods_are_asked_for():
    errors = []
    for methods in (("synthetic",), ("imputation", "synthetic")):
        scenario = DifferenceInDifferences(methods=methods, draws=20)
        effects = scenario.answer_of(smoking(SEVERAL), rng=random_stream(1))["did_effects"]
        errors += [row["std_error"][0] for row in effects if row["method"] == "synthetic"]
    assert len(errors) == 4
    assert len(set(errors[::2])) == 1


def test_the_report_compares_with_weighted_states_and_draws_no_intervals(run):
    blocks = blocks_of(SECTION, run)
    assert [row[-2:] for table in tables_in(blocks) for row in table.texts if row[0] == "Synthetic DiD"] == [
        ("–", "–"),
        ("–", "–"),
    ]
    alone, both = (block.caption for block in blocks if isinstance(block, ReportFigure))
    assert "against the period before it" in both
    assert "against the period before it" not in alone
    assert all("effects by period have no intervals" in caption for caption in (alone, both))


def test_every_number_of_the_run_can_be_read_by_other_programs(run):
    """JSON has no infinity, which is what statistics of normal draws have for degrees of freedom."""

    def refuse(word):
        raise AssertionError(word)

    for path in run.folder.path.rglob("*.json"):
        json.loads(path.read_text(encoding="utf-8"), parse_constant=refuse)
    row = run.frame("did_effects").query("method == 'synthetic'").iloc[0]
    assert np.isinf(row["df"])
