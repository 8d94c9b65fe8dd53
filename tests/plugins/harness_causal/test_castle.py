"""Numbers of a public panel equal those of other libraries: homicide and self-defence laws of 50 states."""

import numpy as np
import pytest
from causaldata import castle

import harness
from effect_panels import staggered_panel
from harness.findings.run import read_run
from harness.plugin import random_stream
from harness.running.folder import RunFolder
from harness_causal.event_study import RelativeMagnitudes
from harness_causal.methods import (
    StaggeredDesign,
    callaway_santanna,
    imputation,
    sun_abraham,
    two_way_comparisons,
)
from harness_causal.section import SECTION
from panels import panel_from_arrays
from report.shown_blocks import blocks_of, names_of_figures, said_in, tables_in

# pyfixest 0.60, event_study(estimator="saturated").aggregate(): by periods since the law.
SATURATED = {
    -3: (-0.039299351980, 0.044840841809),
    -2: (-0.097215365455, 0.040378791046),
    0: (0.014333750572, 0.056302918493),
    1: (0.014621566324, 0.041439089635),
    4: (0.232218945784, 0.044999392367),
}

# pyfixest 0.60, did2s: the same mean of effects in two steps (Gardner 2022).
TWO_STAGE = 0.0668998

# differences 0.3.0, ATTgt(base_period="universal"), not yet treated: by periods since the law, and the mean.
BY_COHORTS = {
    -10: -0.506598363149,
    -2: -0.102576106252,
    0: 0.010335571438,
    1: 0.014900444605,
    4: 0.232218945849,
}
BY_COHORTS_MEAN = (0.017412044921, 0.039620467443)


def castle_panel():
    rows = castle.load_pandas().data
    treated = (rows["post"].to_numpy() > 0).astype(float)
    return panel_from_arrays(
        entity=rows["sid"].to_numpy(int),
        period=rows["year"].to_numpy(int),
        outcome=rows["l_homicide"].to_numpy(float),
        X=treated,
        columns=("law",),
    )


@pytest.fixture(scope="module")
def design():
    return StaggeredDesign.of(castle_panel())


@pytest.fixture(scope="module")
def by_cohorts(design):
    return callaway_santanna(design, 5)


def test_sun_and_abraham_as_pyfixest(design):
    study = sun_abraham(design, 5)
    found = dict(zip(study.event_time.tolist(), zip(study.estimate, study.errors, strict=True), strict=True))
    for time, numbers in SATURATED.items():
        assert found[time] == pytest.approx(numbers, abs=1e-6)


def test_imputation_as_two_stages_of_pyfixest(design):
    study = imputation(design, 5)
    assert study.average == pytest.approx(TWO_STAGE, abs=1e-6)
    assert study.weights @ study.estimate == pytest.approx(study.average, abs=1e-9)


def test_callaway_and_santanna_as_differences(by_cohorts):
    found = dict(zip(by_cohorts.event_time.tolist(), by_cohorts.estimate, strict=True))
    for time, number in BY_COHORTS.items():
        assert found[time] == pytest.approx(number, abs=1e-6)
    assert (by_cohorts.average, by_cohorts.std_error) == pytest.approx(BY_COHORTS_MEAN, abs=1e-6)
    assert by_cohorts.weights @ by_cohorts.estimate == pytest.approx(by_cohorts.average, abs=1e-9)


def test_comparisons_add_up_to_the_two_way_coefficient(design):
    comparisons = two_way_comparisons(design)
    panel = design.panel
    outcome, law = (
        values.reshape(50, 11) - values.reshape(50, 11).mean(axis=1, keepdims=True)
        for values in (panel.observed[panel.canonical_order], panel.X[panel.canonical_order, 0])
    )
    law = law - law.mean(axis=0)
    coefficient = (law * outcome).sum() / (law * law).sum()
    assert sum(one["weight"] for one in comparisons) == pytest.approx(1.0)
    assert sum(one["weight"] * one["estimate"] for one in comparisons) == pytest.approx(coefficient, abs=1e-8)


def test_identified_sets_are_those_of_linear_programmes(by_cohorts):
    """As `HonestDiD` of diff-diff solves them."""
    from diff_diff.honest_did import _solve_rm_bounds_union

    bounds = RelativeMagnitudes.of(by_cohorts, window=5, level=0.95)
    before = by_cohorts.estimate[(by_cohorts.event_time < 0) & (by_cohorts.event_time >= -5)]
    after = by_cohorts.event_time >= 0
    shares = by_cohorts.weights[after]
    for m_bar in (0.5, 1.0):
        own = bounds.at(m_bar)
        expected = _solve_rm_bounds_union(before, by_cohorts.estimate[after], shares, before.size, m_bar)
        assert (own["set_low"], own["set_high"]) == pytest.approx(expected, abs=1e-9)
        assert own["conf_low"] < own["set_low"] <= own["set_high"] < own["conf_high"]
    own = bounds.at(0.0)
    half = bounds.critical * np.sqrt(bounds.variance)
    assert (own["conf_low"], own["conf_high"]) == pytest.approx(
        (bounds.average - half, bounds.average + half), rel=1e-9
    )


SPEC = {
    "spec_version": 1,
    "study": "stages",
    "data": {"path": "rows.csv"},
    "roles": {"entity": "entity", "time": "year", "outcomes": ["y"], "exposure": "zone"},
    "estimators": [{"id": "fe", "use": "fixed_effects", "effects": ["entity", "time"]}],
    "evaluation": {"protocols": [{"use": "in_sample"}]},
    "scenarios": [{"use": "did"}],
}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    panel, *_ = staggered_panel(random_stream(1, "section"), per_cohort=12, n_never=20)
    columns = {"entity": panel.entity.codes, "year": 2000 + panel.period, "y": panel.observed}
    import pandas as pd

    rows, out = pd.DataFrame(columns | {"zone": panel.X[:, 0]}), tmp_path_factory.mktemp("did") / "run"
    harness.run(SPEC, data=rows, out=out, progress=False)
    return read_run(RunFolder.open(out))


def test_methods_stand_side_by_side(run):
    blocks = blocks_of(SECTION, run)
    (table,) = tables_in(blocks)
    assert [row[0] for row in table.texts[1:]] == ["Sun & Abraham", "Imputation", "Callaway & Sant'Anna"]
    assert names_of_figures(blocks) == ["did-y-did"]
    said = " ".join(said_in(blocks))
    assert "By every method the average effect is significantly different from zero." in said
    assert "By no method do effects before the start differ significantly from zero" in said
    assert "% of its weight is on comparisons with entities that were treated already" in said


def test_tables_are_those_of_the_run(run):
    (cell,) = [cell for cell in run.manifest.cells if cell.cell.endswith("did")]
    assert (cell.cell, cell.status) == ("y · all rows · did", "ok")
    bounds = run.frame("did_bounds")
    done = bounds[bounds["status"] == "ok"]
    assert done.groupby("method")["m_bar"].apply(list).to_dict() == {
        method: [0.5, 1.0, 2.0] for method in ("callaway_santanna", "sun_abraham")
    }
    assert set(bounds["status"]) == {"ok", "refused"}
    starts = run.frame("did_comparisons")["start"].astype(str)
    assert set(starts) == {"2004", "2006", "2008"}
