"""What intervals and curves of effects keep to, on panels whose entities have errors in common."""

from dataclasses import replace

import numpy as np
import pytest

from harness.data.simulate.simulation import spread_evenly
from harness.plugin import Key, random_stream
from harness.scenarios.curve.scenario import CurveScenario
from harness.scenarios.full_fit import answer_in_process
from harness.scenarios.heterogeneity import HeterogeneityScenario
from harness.scenarios.scenario import Subject
from harness_neural.mlp import Mlp
from harness_panel import FixedEffects, PooledOLS
from harness_rab.rab import Rab
from harness_sklearn.splines import Splines
from panels import balanced_panel
from shares import least

NETWORK = Rab(base=Mlp(optimiser="levenberg_marquardt", draw_restarts=3), draws=40)


def shared(rng, n_entities, n_periods, *, share=0.5):
    """Return a column of variance 1, of which entities share a part."""
    own = np.repeat(rng.normal(size=n_entities), n_periods)
    return np.sqrt(share) * own + np.sqrt(1.0 - share) * rng.normal(size=own.size)


def panel_with(truth, *, seed, n_entities, n_periods, correlation=0.0, error=1.0):
    """Return a panel of exposure and control, correlated as asked; half of all variances is entities'."""
    rng = np.random.default_rng(seed)
    x, other, noise = (shared(rng, n_entities, n_periods) for _ in range(3))
    z = correlation * x + np.sqrt(1.0 - correlation**2) * other
    return balanced_panel(
        (n_entities, n_periods),
        outcome=truth(x) + z + error * noise,
        X=np.column_stack([x, z]),
        columns=("x", "z"),
    )


def subject_of(estimator, panel, *, seed):
    return Subject(panel, estimator, "it", seed)


@pytest.mark.slow
@pytest.mark.parametrize(
    "estimator", [PooledOLS(), FixedEffects(effects=("entity",))], ids=["pooled_ols", "fixed_effects"]
)
def test_clustered_intervals_cover_the_coefficient(estimator):
    """50 entities, 8 periods."""
    covered = []
    for seed in range(1000):
        panel = panel_with(lambda x: x, seed=seed, n_entities=50, n_periods=8)
        table = estimator.fit(panel, rng=random_stream(seed, "fit")).coefficients()
        assert table.correction.kind == "clustered by entity"
        low, high = table.conf_int(0.95)[table.terms.index("x")]
        covered.append(low <= 1.0 <= high)
    assert 0.925 <= np.mean(covered) <= 0.972


@pytest.mark.slow
def test_groups_with_equal_curves_do_not_differ():
    """The bands of differences hold zero in at least 93 % of panels, from one fit and from a fit each."""
    held = {"pooled": [], "refit": []}
    for seed in range(400):
        panel = panel_with(lambda x: x, seed=seed, n_entities=80, n_periods=5, correlation=0.5)
        halves = Key("half", ("first", "second"), (panel.entity.codes % 2).astype(np.int64))
        panel = replace(panel, groups=(halves,))
        subject = subject_of(Splines(products="none"), panel, seed=seed)
        found = answer_in_process(HeterogeneityScenario(by="half", draws=100, grid=12), subject)[
            "heterogeneity_differences"
        ]
        for row in found[found["measure"] == "effect"].itertuples():
            held[row.mode].append(row.conf_low <= 0.0 <= row.conf_high)
    for mode, is_inside in held.items():
        assert np.mean(is_inside) >= 0.93, mode


@pytest.mark.slow
def test_a_correlated_control_does_not_bend_the_curves_of_bootstrapped_networks():
    """Exposure and control are correlated by 0.8 and add up: both kinds of curves find the truth."""
    n_entities, n_periods = 200, 6
    rng = np.random.default_rng(3)
    trait, other, noise = (shared(rng, n_entities, n_periods) for _ in range(3))
    x, z = spread_evenly(trait), 0.8 * trait + 0.6 * other
    assert np.corrcoef(x, z)[0, 1] == pytest.approx(0.8, abs=0.02)
    panel = balanced_panel(
        (n_entities, n_periods), outcome=np.sin(4.0 * x) + 0.5 * z + 0.3 * noise, X=np.column_stack([x, z])
    )
    curves = answer_in_process(CurveScenario(grid=20), subject_of(NETWORK, panel, seed=3))["curves"]
    for kind in ("level", "ale"):
        own = curves[(curves["kind"] == kind) & (curves["band"] == "pointwise") & curves["supported"]]
        true = np.sin(4.0 * own["at"].to_numpy())
        assert np.std(own["estimate"].to_numpy() - true) < 0.10 * np.ptp(true), kind


@pytest.mark.slow
@pytest.mark.parametrize(("estimator", "n_panels"), [(Splines(), 400), (NETWORK, 40)])
def test_a_flat_line_is_inside_the_band_where_the_exposure_does_nothing(estimator, n_panels):
    """The exposure and the control that matters are correlated by 0.5."""
    inside = []
    for seed in range(n_panels):
        panel = panel_with(np.zeros_like, seed=seed, n_entities=80, n_periods=5, correlation=0.5)
        curves = answer_in_process(
            CurveScenario(grid=12, draws=100), subject_of(estimator, panel, seed=seed)
        )["curves"]
        own = curves[(curves["kind"] == "slope") & (curves["band"] == "pointwise") & curves["supported"]]
        inside.append(((own["conf_low"] <= 0.0) & (own["conf_high"] >= 0.0)).mean())
    assert np.mean(inside) >= (0.93 if n_panels == 400 else least(0.93, n_panels))
