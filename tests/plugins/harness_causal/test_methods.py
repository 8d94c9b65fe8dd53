"""Differences in differences against other libraries on a public panel, and what is refused."""

from dataclasses import replace

import numpy as np
import pytest
import statsmodels.api as sm
from causaldata import castle
from scipy.stats import f

import harness
from effect_panels import staggered_panel
from harness.findings.run import read_run
from harness.plugin import EstimationError, random_stream
from harness.running.folder import RunFolder
from harness.scenarios.scenario import framed
from harness_causal import DifferenceInDifferences
from harness_causal.event_study import EventStudy, RelativeMagnitudes, least_trend
from harness_causal.methods import (
    NEVER,
    StaggeredDesign,
    callaway_santanna,
    imputation,
    sun_abraham,
    two_way_comparisons,
)
from harness_causal.section import SECTION
from panels import balanced_panel, key_from, panel_from_arrays
from report.fake_run import blocks_of, names_of_figures, said_in, tables_in


def drawn(**options):
    return staggered_panel(random_stream(3, "did"), per_cohort=8, **{"n_never": 12, **options})[0]


def answered(panel, **options):
    answer = DifferenceInDifferences(**options).answer_of(panel, rng=random_stream(1))
    return {name: frame.to_dict("records") for name, frame in framed(answer).items()}


def reasons(panel, table="did_effects", **options):
    return {row.get("method"): row["reason"] for row in answered(panel, **options)[table]}


def test_an_exposure_that_is_no_treatment_is_refused_in_every_table():
    panel = drawn()
    continuous = panel.with_column("zone", panel.X[:, 0] * 2.0)
    for table in ("did_effects", "did_tests", "did_bounds", "did_comparisons"):
        assert all("values other than 0 and 1" in why for why in reasons(continuous, table).values())


def test_entities_that_all_start_together_have_none_to_compare_with():
    found = reasons(drawn(n_never=0, sizes={5: 1.0}))
    assert all("no comparison group" in why for why in found.values())


def test_one_entity_alone_has_no_error():
    panel = drawn()
    one = panel.with_column("zone", panel.X[:, 0] * (panel.entity.codes == 12))
    assert all("a single entity" in why for why in reasons(one).values())
    first = panel.entity.codes == np.flatnonzero(panel.X[:, 0])[0] // 10
    some = panel.with_column("zone", panel.X[:, 0] * (first | (panel.period >= 6)))
    last = [row for row in answered(some)["did_effects"] if row["event_time"] == 6]
    assert len(last) == 6
    assert all(np.isfinite(row["estimate"]) and np.isnan(row["p_value"]) for row in last)


def test_where_all_are_treated_in_the_end_the_last_are_compared_with_until_then():
    design = StaggeredDesign.of(drawn(n_never=0)).compared()
    assert design.period.max() == 7
    assert np.unique(design.start).tolist() == [NEVER, 4, 6]
    assert design.n_late == 24 * 3
    (note,) = DifferenceInDifferences().notes(drawn(n_never=0))
    assert "72 rows" in note.message


def test_entities_that_are_always_treated_are_left_out():
    panel = drawn()
    always = panel.with_column("zone", np.where(panel.entity.codes < 2, 1.0, panel.X[:, 0]))
    design = StaggeredDesign.of(always)
    assert (design.n_always, design.panel.n_entities) == (2, panel.n_entities - 2)
    (note,) = DifferenceInDifferences().notes(always)
    assert note.message.startswith("dropped: 2 entities treated in all of their rows")


def test_the_two_way_weights_of_an_unbalanced_panel_are_refused():
    panel = drawn()
    rows = answered(panel.take(np.arange(1, panel.n_obs)))
    assert "need both periods" in rows["did_comparisons"][0]["reason"]
    assert {row["status"] for row in rows["did_effects"]} == {"ok"}


def test_one_period_before_the_start_is_no_trend():
    panel = drawn(sizes={2: 1.0})
    for table in ("did_tests", "did_bounds"):
        found = reasons(panel, table)
        assert "pre-trends cannot be tested" in found["sun_abraham"]
        assert "pre-trends cannot be tested" in found["callaway_santanna"]
    assert "pre-trends cannot be tested" in reasons(panel, "did_tests")["imputation"]


def test_weights_are_refused():
    panel = drawn()
    weighted = replace(panel, weights=np.ones(panel.n_obs))
    assert "weights" in reasons(weighted)["imputation"]


def test_controls_are_held_fixed():
    panel = drawn()
    rng = random_stream(4)
    income = rng.normal(size=panel.n_obs) + panel.X[:, 0]
    told = replace(panel, controls=("income",), X=np.column_stack([panel.X, income]))
    moved = replace(told, observed=panel.observed + 2.0 * income)
    averages = [row["estimate"] for row in answered(moved)["did_effects"] if row["effect"] == "average"]
    without = [row["estimate"] for row in answered(told)["did_effects"] if row["effect"] == "average"]
    np.testing.assert_allclose(averages[:2], without[:2], rtol=1e-8)
    plain = [answered(one, adjust=adjust)["did_effects"] for one, adjust in ((told, False), (panel, True))]
    assert [row["estimate"] for row in plain[0]] == [row["estimate"] for row in plain[1]]


def test_weights_before_differences_are_those_of_santanna_and_zhao():
    """Their estimators of panels (2020) by a logit and least squares.

    R's DRDID divides the weighted changes of the untreated by the sum of weights, as the second number does;
    diff-diff 3 does so without the regression alone, and next to it by the number of treated.
    """
    rng = np.random.default_rng(6)
    w, is_treated = rng.normal(size=(2, 80)), np.repeat([0.0, 1.0], 40)
    w[0] += 0.5 * is_treated
    change = 1.0 + is_treated + w[0] + 0.5 * w[1] ** 2 + rng.normal(size=80)
    levels = [np.column_stack([np.zeros(80), after]).ravel() for after in (is_treated, change)]
    panel = balanced_panel(
        (80, 2), outcome=levels[1], X=np.column_stack([levels[0], *np.repeat(w, 2, axis=1)])
    )
    design = sm.add_constant(w.T)
    share = sm.Logit(is_treated, design).fit(disp=False).predict()
    untreated = sm.OLS(change[:40], design[:40]).fit().predict(design)
    weights = share / (1.0 - share) * (1.0 - is_treated)

    def difference(values):
        return np.average(values, weights=is_treated) - np.average(values, weights=weights)

    residual = change - untreated
    expected = {"doubly_robust": residual[40:].mean() - weights @ residual / 40.0}
    expected |= {"inverse_probability": difference(change), "regression": residual[40:].mean()}
    assert difference(residual) == pytest.approx(expected["doubly_robust"], rel=1e-3)
    for weighting, number in expected.items():
        found = answered(panel, methods=("callaway_santanna",), weighting=weighting)["did_effects"]
        assert found[0]["estimate"] == pytest.approx(number, rel=1e-6)


def test_a_breakdown_is_where_the_interval_reaches_zero():
    study = sun_abraham(StaggeredDesign.of(drawn(sizes={4: 2.0, 6: 2.0})), 5)
    bounds = RelativeMagnitudes.of(study, window=5, level=0.95)
    at = bounds.at(bounds.breakdown)
    assert min(abs(at["conf_low"]), abs(at["conf_high"])) == pytest.approx(0.0, abs=1e-8)
    assert bounds.at(bounds.breakdown - 1e-3)["conf_low"] > 0.0
    none = replace(study, estimate=0.0 * study.estimate)
    assert RelativeMagnitudes.of(none, window=5, level=0.95).breakdown == 0.0


def test_simultaneous_limits_are_the_quantile_of_the_greatest_statistic():
    """Of two independent t statistics it is known (Sidak)."""
    from scipy.stats import t

    unit = np.eye(2)
    study = EventStudy(np.array([0, 1]), np.ones(2), unit, "", np.ones(2, int), 1.0, 1.0, 800, 399, None)
    found = np.quantile(study.greatest(random_stream(1)), 0.95)
    assert found == pytest.approx(t.ppf((1.0 + 0.95**0.5) / 2.0, 399), rel=0.01)


def test_trends_before_are_decided_on_by_their_p_values():
    panel, *_ = staggered_panel(random_stream(3, "size"))
    tests = answered(panel)["did_tests"]
    expected = ["above" if row["p_value"] < 0.05 else "open" for row in tests]
    assert [row["decision"] for row in tests] == expected
    assert len(tests) == 3


@pytest.mark.slow
def test_no_trend_before_is_rejected_as_often_as_is_said():
    rejected = {}
    for seed in range(60):
        panel, *_ = staggered_panel(random_stream(seed, "size"))
        for row in answered(panel)["did_tests"]:
            rejected.setdefault(row["method"], []).append(row["p_value"] < 0.05)
    assert all(sum(own) <= 9 for own in rejected.values())


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
    table, cohorts = tables_in(blocks)
    assert {row[1] for row in cohorts.texts[1:]} == {"2004", "2006", "2008"}
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


def test_the_least_trend_before_the_start_is_found_four_times_in_five():
    """By drawing estimates around it: of 4,000 tests their share has an error of .006."""
    rng, line, df = np.random.default_rng(1), np.array([-3.0, -2.0, -1.0]), 20
    covariance = 0.04 * (0.5 + 0.5 * np.eye(3))
    slope = least_trend(line, covariance, df)
    drawn = rng.multivariate_normal(slope * line, covariance, 4000)
    squares = np.einsum("di,ij,dj->d", drawn, np.linalg.inv(covariance), drawn)
    statistic = squares / 3.0 / (rng.chisquare(df, 4000) / df)
    assert abs(np.mean(statistic > f.isf(0.05, 3, df)) - 0.8) < 0.02


def without(panel, *, entity, period):
    """Return a panel without a row."""
    return panel.take(np.flatnonzero((panel.entity.codes != entity) | (panel.period != period)))


def with_starts(panel, starts):
    """Return a panel with a grouping column that has a value for each entity."""
    first = np.array([starts[code] for code in panel.entity.codes])
    return replace(panel, groups=(key_from("first", first),))


def small_panel():
    """Return ten entities never treated, three that start in period 4, three in 6, and one in 5, of 8."""
    first = {
        **dict.fromkeys(range(10), 0),
        **dict.fromkeys((10, 11, 12), 4),
        **dict.fromkeys((13, 14, 15), 6),
    }
    first[16] = 5
    entity, period = (grid.ravel() for grid in np.meshgrid(np.arange(17), np.arange(1, 9), indexing="ij"))
    start = np.array([first[code] for code in entity])
    treated = ((start > 0) & (period >= start)).astype(float)
    y = np.random.default_rng(3).normal(size=entity.size) + 0.1 * entity + treated
    columns = {"entity": entity, "period": period, "outcome": y}
    return panel_from_arrays(**columns, X=treated, columns=("law",)), first


def test_a_collinear_cell_is_dropped_and_the_others_are_those_of_least_squares():
    """The one entity of a cohort lacks the period that others are compared with."""
    panel, first = small_panel()
    panel = with_starts(without(panel, entity=16, period=4), first)
    design = StaggeredDesign.of(panel, starts="first")
    study = sun_abraham(design, 3)
    (dropped,) = [one for one in study.cohorts if np.isnan(one.estimate)]
    assert (dropped.start, dropped.n_treated) == ("5", 1)
    since = design.period - design.start
    cells = [(one.start, one.event_time) for one in study.cohorts if one is not dropped]
    dummies = [((design.start == int(start)) & (since == time)).astype(float) for start, time in cells]
    entities, times = np.eye(17)[panel.entity.codes], np.eye(9)[design.period][:, 1:]
    fitted = np.linalg.lstsq(np.column_stack([*dummies, entities, times[:, 1:]]), panel.observed, rcond=None)[
        0
    ]
    estimates = [one.estimate for one in study.cohorts if one is not dropped]
    assert estimates == pytest.approx(fitted[: len(cells)], abs=1e-8)
    assert np.isfinite(study.errors).all()
    rows = answered(panel, starts="first")["did_cohorts"]
    (reason,) = {row["reason"] for row in rows if row["method"] == "sun_abraham" and row["status"] != "ok"}
    assert reason.startswith("dropped: collinear")


def test_a_start_is_behind_the_last_untreated_row_or_where_a_column_says():
    panel, first = small_panel()
    gap = with_starts(without(panel, entity=16, period=5), first)
    design, named = StaggeredDesign.of(gap), StaggeredDesign.of(gap, starts="first")
    assert {int(one.start[panel_rows(one, 16)][0]) for one in (design, named)} == {5}
    assert (design.n_undated, named.n_undated) == (1, 0)
    notes = {note.code: note.message for note in DifferenceInDifferences().notes(gap)}
    assert "of 1 entities: their start is taken" in notes["W-DIDSTART"]
    assert "1 entities that are not observed in every period" in notes["W-DIDGAPS"]
    with pytest.raises(EstimationError, match="does not start when this column says"):
        StaggeredDesign.of(with_starts(gap, first | {12: 7}), starts="first")


def panel_rows(design, entity):
    return design.panel.entity.codes == entity


def test_changes_are_compared_among_entities_observed_in_every_period():
    panel, _ = small_panel()
    whole = callaway_santanna(StaggeredDesign.of(panel.take(np.flatnonzero(panel.entity.codes != 3))), 3)
    gaps = callaway_santanna(StaggeredDesign.of(without(panel, entity=3, period=2)), 3)
    assert gaps.estimate == pytest.approx(whole.estimate, abs=1e-12)
    assert gaps.n_entities == 16


def test_comparison_with_those_never_treated_is_that_of_means():
    panel, _ = small_panel()
    cells = callaway_santanna(StaggeredDesign.of(panel, comparison="never_treated"), 3).cohorts
    (cell,) = [one for one in cells if (one.start, one.event_time) == ("4", 2)]
    y = panel.observed[panel.canonical_order].reshape(17, 8)
    change = y[:, 5] - y[:, 2]
    assert cell.estimate == pytest.approx(change[10:13].mean() - change[:10].mean(), abs=1e-12)
    cells = callaway_santanna(StaggeredDesign.of(panel), 3).cohorts
    (late,) = [one for one in cells if (one.start, one.event_time) == ("4", 0)]
    untreated = np.r_[y[:10], y[13:17]]
    expected = (y[10:13, 3] - y[10:13, 2]).mean() - (untreated[:, 3] - untreated[:, 2]).mean()
    assert late.estimate == pytest.approx(expected, abs=1e-12)
