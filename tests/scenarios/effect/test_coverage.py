"""How often intervals hold the truth where a nonlinear confounder goes with the entity."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from scipy.stats import binom

from effect_panels import additive_panel, beyond_band, cities_of_many, confounded_panel
from harness.data.simulate.small_panels import InteractionPanel, SCurve
from harness.plugin import great_circle_km, random_stream
from harness.scenarios.effect.dependence import DependentErrors
from harness.scenarios.effect.scenario import EffectScenario
from harness.scenarios.effect.score import EntityFolds, aggregated, partialled_out
from harness.scenarios.scenario import Subject
from harness.scenarios.task import answered_in_parts
from harness_neural.mlp import Mlp
from harness_panel import FixedEffects, PooledOLS
from harness_sklearn.splines import Splines
from known_shapes import KnownShapes
from panels import balanced_panel, small_panel

SLOPE = 0.5

NETWORK = Mlp(sizes_around=0)


def effects(panel, seed, learner, **options):
    question = Subject(panel, learner, "learner", seed)
    return answered_in_parts(EffectScenario(repeats=1, **options), question)["effects"]


def estimates(panel, seed, learner):
    """Return the slope by either method, (2,)."""
    return effects(panel, seed, learner)["estimate"].to_numpy()


def holds(seed, learner):
    """Return whether the interval of either method holds the slope, (2,), as it would hold any other."""
    found = effects(confounded_panel(seed, partial(np.multiply, SLOPE)), seed, learner)
    return found["conf_low"].le(SLOPE).to_numpy() & found["conf_high"].ge(SLOPE).to_numpy()


def holds_curve(seed):
    """Return whether the simultaneous band of either method holds the whole of the simulated S curve."""
    simulation = SCurve(seed=seed)
    panel = small_panel(simulation.draw())
    found = effects(panel, seed, Splines(), forms=("curve",))
    found = found[found["band"] == "simultaneous"]
    at, drawn = found["at"].to_numpy(), panel.column("exposure")
    truth = simulation.response(at, at) - simulation.response(drawn, drawn).mean()
    is_inside = (found["conf_low"] <= truth) & (truth <= found["conf_high"])
    return is_inside.groupby(found["method"]).all().to_numpy()


def holds_derivative(simulated, seed, learner):
    """Return whether the interval of either method holds the mean slope of all cities."""
    panel, truth = cities_of_many(simulated, seed)
    found = effects(panel, seed, learner, forms=("derivative",))
    return ((found["conf_low"] <= truth) & (truth <= found["conf_high"])).to_numpy()


def coefficient_holds(estimator, seed):
    panel = confounded_panel(seed, partial(np.multiply, SLOPE))
    table = estimator.fit(panel, rng=random_stream(seed, "fit")).coefficients()
    low, high = table.conf_int(0.95)[table.terms.index(panel.exposure)]
    return bool(low <= SLOPE <= high)


def test_debiased_slopes_hold_the_truth_where_coefficients_do_not():
    assert holds(3, KnownShapes()).all()
    for estimator in (PooledOLS(), FixedEffects(effects=("entity", "time"))):
        assert not any(coefficient_holds(estimator, seed) for seed in (2, 3))


@pytest.mark.slow
@pytest.mark.parametrize("learner", [Splines(), KnownShapes()], ids=["splines", "known"])
def test_coverage_of_slopes(learner):
    shares = np.mean([holds(seed, learner) for seed in range(200)], axis=0)
    assert ((shares >= 0.92) & (shares <= 0.975)).all()


@pytest.mark.slow
def test_coverage_of_slopes_that_networks_learn():
    held = np.array([holds(seed, NETWORK) for seed in range(20)])
    assert (held.mean(axis=0) >= binom.ppf(0.001, len(held), 0.9) / len(held)).all()


@pytest.mark.slow
def test_penalties_of_their_own_leave_less_bias_than_one_of_all_curves():
    """Beside the estimates of a learner that knows the confounder, on the same panels and folds."""
    panels = [(seed, confounded_panel(seed, np.zeros_like)) for seed in range(3)]
    own, shared, known = (
        np.array([estimates(panel, seed, learner) for seed, panel in panels])
        for learner in (Splines(), Splines(smoothing="selection"), KnownShapes())
    )
    assert (np.abs((own - known).mean(axis=0)) < 0.6 * (shared - known).mean(axis=0)).all()


def holds_additive(seed, n_entities, response):
    """Return whether the band of either method holds a whole curve beside two nonlinear confounders."""
    panel = additive_panel(seed, n_entities=n_entities, confounder="nonlinear", response=response)
    farthest = beyond_band(effects(panel, seed, Splines(), forms=("curve",)), panel, response)
    return (farthest["conf_low"].le(0.0) & farthest["conf_high"].ge(0.0)).to_numpy()


@pytest.mark.slow
@pytest.mark.parametrize("response", ["zero", "bent"])
@pytest.mark.parametrize("n_entities", [100, 270])
def test_coverage_of_curves_beside_nonlinear_confounders(n_entities, response):
    held = np.array([holds_additive(seed, n_entities, response) for seed in range(1, 51)])
    assert (held.mean(axis=0) >= binom.ppf(0.001, len(held), 0.95) / len(held)).all()


@pytest.mark.slow
def test_bands_of_debiased_curves_hold_an_s_curve():
    held = np.array([holds_curve(seed) for seed in range(1, 51)])
    assert (held.mean(axis=0) >= binom.ppf(0.001, len(held), 0.92) / len(held)).all()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("simulated", "learner"),
    [(SCurve, Splines()), (InteractionPanel, Splines(products="moderators"))],
    ids=["s_curve", "interaction"],
)
def test_average_derivatives_are_held(simulated, learner):
    held = np.array([holds_derivative(simulated, seed, learner) for seed in range(1, 41)])
    assert (held.mean(axis=0) >= binom.ppf(0.001, len(held), 0.92) / len(held)).all()


def test_the_interval_of_an_average_derivative_holds_that_of_an_s_curve():
    assert holds_derivative(SCurve, 1, Splines()).all()


SHAPE = 40, 10


def panel_of(shape=SHAPE, seed=1):
    """Return a panel without effects whose entities lie within some 400 km."""
    rng = np.random.default_rng(seed)
    places = rng.uniform(30.0, 34.0, (shape[0], 2))
    panel = balanced_panel(shape, outcome=np.zeros(np.prod(shape)), X=np.zeros(np.prod(shape)))
    return replace(panel, coordinates=np.repeat(places, shape[1], axis=0))


def found(errors, influence, **options):
    root = DependentErrors(panel_of(), errors, **options).root(influence)
    return root @ root.T


@pytest.fixture(scope="module")
def influence():
    return np.random.default_rng(2).standard_normal((400, 2)) * [1.0, 1e4]


def test_by_entity_and_period_it_is_the_sum_of_both(influence):
    table = influence.reshape(*SHAPE, 2)
    entity, period = (np.einsum("ij,ik->jk", one, one) for one in (table.sum(axis=1), table.sum(axis=0)))
    assert found("entity", influence) == pytest.approx(entity, rel=1e-9)
    assert found("entity_and_period", influence) == pytest.approx(entity + period, rel=1e-9)


def test_driscoll_kraay_is_that_of_linearmodels_over_its_bias_with_independent_periods():
    from linearmodels.panel import PanelOLS
    from pandas import DataFrame, MultiIndex

    rng = np.random.default_rng(3)
    x, y = rng.standard_normal((2, 400))
    index = MultiIndex.from_product([range(40), range(10)])
    frame = DataFrame({"x": x, "y": y}, index=index)
    fit = PanelOLS(frame["y"], frame[["x"]]).fit(cov_type="kernel", bandwidth=5, debiased=False)
    influence = (x * (y - x * float(fit.params.iloc[0])) / (x @ x))[:, None]
    own = DependentErrors(panel_of(), "driscoll_kraay")
    series = rng.standard_normal((20_000, 10))
    apart = np.abs(np.subtract.outer(np.arange(10), np.arange(10)))
    centred = series - series.mean(axis=1, keepdims=True)
    variance = np.einsum("ri,ij,rj->r", centred, np.maximum(1.0 - apart / 6.0, 0.0), centred) / 10.0
    # The scores sum to zero, as linearmodels' do.
    expected = fit.cov.to_numpy() / variance.mean()
    assert found("driscoll_kraay", influence) == pytest.approx(expected, rel=0.02)
    assert own.df(40.0) == pytest.approx(2.0 * variance.mean() ** 2 / variance.var(), rel=0.05)


def test_conley_is_the_sum_over_pairs_of_an_entity_and_of_near_ones_in_a_period(influence):
    panel = panel_of()
    distance = great_circle_km(panel.coordinates, panel.coordinates)
    same = panel.period[:, None] == panel.period
    near = np.where(same, np.maximum(1.0 - distance / 150.0, 0.0), 0.0)
    weights = np.maximum(near, panel.entity.codes[:, None] == panel.entity.codes)
    expected = influence.T @ weights @ influence
    assert np.linalg.eigvalsh(expected).min() > 0.0
    assert found("conley", influence, cutoff_km=150.0) == pytest.approx(expected, rel=1e-9)
    alone = found("conley", influence, cutoff_km=1e-9)
    assert alone == pytest.approx(found("entity", influence), rel=1e-9)


def test_degrees_of_freedom_are_those_of_the_fewer():
    rows = panel_of()
    assert [DependentErrors(rows, errors).df(33.5) for errors in ("entity", "conley")] == [32.5, 32.5]
    assert DependentErrors(rows, "entity_and_period").df(33.5) == 9.0
    assert DependentErrors(rows).df(1.06) == 1.0


def test_conley_needs_a_distance_and_coordinates():
    for options in ({"errors": "conley"}, {"cutoff_km": 100.0}):
        with pytest.raises(ValueError, match="cutoff_km"):
            EffectScenario(**options)


def drawn(rng, shape, share):
    """Return exposure and outcome, (2, *shape), unrelated: errors that last, and shocks of periods."""
    noise = rng.standard_normal((2, *shape))
    for at in range(1, shape[1]):
        for own, last in ((0, 0.5), (1, 0.8)):
            noise[own, :, at] = last * noise[own, :, at - 1] + np.sqrt(1.0 - last**2) * noise[own, :, at]
    # Entities are open to the same shocks in the same degree on both sides.
    shocks = rng.standard_normal((shape[0], 1)) * rng.standard_normal((2, 1, shape[1]))
    moved = np.sqrt(1.0 - share) * noise + np.sqrt(share) * shocks
    return moved - moved.mean(axis=1, keepdims=True) - moved.mean(axis=2, keepdims=True)


def rejections(errors, *, share, n_panels, shape=(60, 12), **options):
    rng = np.random.default_rng(4)
    panel = panel_of(shape)
    folds = EntityFolds.drawn(panel.entity.codes, n_folds=5, rng=rng)
    dependence, nothing = DependentErrors(panel, errors, **options), np.zeros(panel.n_obs)
    p_values = []
    for _ in range(n_panels):
        exposure, outcome = (one.ravel() for one in drawn(rng, shape, share))
        one = partialled_out(outcome, exposure[:, None], nothing, nothing[:, None], folds)
        p_values.append(aggregated([one], np.ones((1, 1)), dependence, level=0.95, rng=rng).p_value[0])
    return float(np.mean(np.array(p_values) < 0.05))


@pytest.mark.parametrize(
    ("errors", "share", "low", "high"),
    [
        ("entity", 0.0, 0.02, 0.08),
        ("entity", 0.2, 0.12, 1.0),
        ("entity_and_period", 0.2, 0.01, 0.08),
        ("driscoll_kraay", 0.2, 0.02, 0.10),
    ],
)
def test_no_effect_is_rejected_as_often_as_the_level_says(errors, share, low, high):
    """Errors have a serial correlation of 0.8; shocks of periods are a share of the variance."""
    assert low <= rejections(errors, share=share, n_panels=400) <= high


def test_conley_rejects_no_effect_as_often_without_dependence_in_space():
    assert 0.02 <= rejections("conley", share=0.0, n_panels=400, cutoff_km=100.0) <= 0.08
