"""What is no treatment in stages is refused with a reason, and who is compared with whom."""

from dataclasses import replace

import numpy as np
import pytest
import statsmodels.api as sm

from effect_panels import staggered_panel
from harness.plugin import random_stream
from harness.scenarios.scenario import framed
from harness_causal import DifferenceInDifferences
from harness_causal.event_study import EventStudy, RelativeMagnitudes
from harness_causal.methods import NEVER, StaggeredDesign, sun_abraham
from panels import balanced_panel


def drawn(**options):
    return staggered_panel(random_stream(3, "did"), per_cohort=8, **{"n_never": 12, **options})[0]


def answered(panel, **options):
    answer = DifferenceInDifferences(**options).answer_of(panel, rng=random_stream(1))
    return {name: frame.to_dict("records") for name, frame in framed(answer).items()}


def reasons(panel, table="did_effects", **options):
    return {row.get("method"): row["reason"] for row in answered(panel, **options)[table]}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda panel: panel.X[:, 0] * 2.0, "values other than 0 and 1"),
        (lambda panel: panel.X[:, 0] * (panel.period < 10), "returns from 1 to 0"),
        (lambda panel: (panel.entity.codes < 5).astype(float), "both before and after its start"),
    ],
    ids=["continuous", "switched off", "never starts"],
)
def test_other_exposures_are_refused(change, reason):
    panel = drawn()
    for table in ("did_effects", "did_tests", "did_bounds", "did_comparisons"):
        found = reasons(panel.with_column("zone", change(panel)), table)
        assert all(reason in why for why in found.values())


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


def test_an_unbalanced_panel_is_refused_where_changes_are_compared():
    panel = drawn()
    found = reasons(panel.take(np.arange(1, panel.n_obs)))
    assert "need both periods" in found["callaway_santanna"]
    assert (found["sun_abraham"], found["imputation"]) == ("", "")


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
    study = EventStudy(np.array([0, 1]), np.ones(2), unit, True, np.ones(2, int), 1.0, 1.0, 800, 399, None)
    found = np.quantile(study.greatest(random_stream(1)), 0.95)
    assert found == pytest.approx(t.ppf((1.0 + 0.95**0.5) / 2.0, 399), rel=0.01)


@pytest.mark.slow
def test_no_trend_before_is_rejected_as_often_as_is_said():
    rejected = {}
    for seed in range(60):
        panel, *_ = staggered_panel(random_stream(seed, "size"))
        for row in answered(panel)["did_tests"]:
            rejected.setdefault(row["method"], []).append(row["p_value"] < 0.05)
    assert all(sum(own) <= 9 for own in rejected.values())
