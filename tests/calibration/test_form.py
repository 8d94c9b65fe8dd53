"""What a calibration reduces of a study, its grid of panels, and how drawn errors depend."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf

from harness.api import prepare_study as prepare
from harness.calibration.drawn_study import Cells, error_parts, fit_linear_truth, shock_response
from harness.calibration.page import Reduction
from harness.calibration.run import CAPS, capped, cheap_form, reductions
from harness.plugin import random_stream
from harness.running.options import RunOptions
from harness.running.varied import greatest
from harness.tables.curves import SUPPORT
from harness.tables.table import ResultTable
from harness_neural.mlp import Mlp
from harness_rab.rab import Rab
from harness_sklearn import Tuned
from panels import panel_from_arrays

SPECS = Path(__file__).parents[2] / "specs"
CHANGES = (
    "estimators=[{id: ols, use: pooled_ols}, {id: net, use: mlp, max_steps: 30},"
    " {id: rab, use: rab, base: {use: mlp, restarts: 4}, draws: 200}]",
    "scenarios=[{use: curve}, {use: conditional, moderator: capital}]",
    "evaluation.protocols=[as_published, held_out_entities]",
)


@pytest.fixture(scope="module")
def study():
    return prepare(RunOptions(spec=SPECS / "grunfeld.yaml", overrides=CHANGES)).plan.study


def test_caps_hold_what_is_more_and_leave_what_is_less():
    network = capped(Mlp(max_steps=50, restarts=3), {"max_steps": 100, "restarts": 1, "clusters": 1})
    assert network == Mlp(max_steps=50, restarts=1)


def test_an_option_left_to_the_estimator_gets_the_cap():
    assert capped(Mlp(patience="auto", hidden=4), {"patience": 20}) == Mlp(patience=20, hidden=4)


def test_estimators_in_a_list_are_held_and_counted_too():
    tuned = Tuned((Rab(base=Mlp(restarts=3), draws=9), Mlp(restarts=1)))
    held = capped(tuned, {"restarts": 2, "draws": 10})
    assert held == Tuned((Rab(base=Mlp(restarts=2), draws=9), Mlp(restarts=1)))
    assert (greatest(tuned, "restarts"), greatest(tuned, "draws"), greatest(tuned, "knots")) == (3, 9, 0)


def test_ensembles_have_fewer_draws_where_predictions_are_compared_than_where_bands_are_asked(study):
    rab = cheap_form(study).estimators[2].estimator
    assert (rab.draws, rab.for_folds().draws) == (CAPS["draws"], CAPS["fold_draws"]) == (40, 5)


def test_every_difference_is_in_the_table(study):
    found = reductions(study, cheap_form(study))
    told = {(one.part, one.id, one.option): (one.in_study, one.here) for one in found}
    assert told["estimator", "rab", "base.restarts"] == ("4", "1")
    assert told["estimator", "rab", "draws"] == ("200", "40")
    assert told["estimator", "rab", "fold_draws"] == ("50", "5")
    assert told["estimator", "net", "patience"] == ("auto", "15")
    assert ("estimator", "net", "max_steps") not in told
    assert told["protocol", "as_published", "repeats"] == ("10", "1")
    assert told["scenario", "curve", "draws"] == ("200", "40")
    assert told["scenario", "conditional", "draws"] == ("200", "40")
    assert not any(part == "evaluation" for part, _, _ in told)


@dataclass(frozen=True)
class Counts:
    """A question that no finding comes of, for the test."""

    tables: tuple[ResultTable, ...] = (SUPPORT,)

    def quick(self):
        return self


def test_questions_that_find_nothing_are_not_asked(study):
    curve, conditional = study.scenarios
    counts = curve.model_copy(update={"id": "counts", "scenario": Counts()})
    more = study.model_copy(update={"scenarios": (curve, conditional, counts)})
    form = cheap_form(more)
    assert [entry.id for entry in form.scenarios] == ["curve", "conditional"]
    assert Reduction("scenario", "counts", "asked", "yes", "no") in reductions(more, form)


N_DRAWS = 80


def lasting(rng, shape, persistence):
    """Return first-order autoregressions along the last axis with variance 1."""
    steps = rng.normal(size=shape) * np.sqrt(1 - persistence**2)
    steps[..., 0] /= np.sqrt(1 - persistence**2)
    for period in range(1, shape[-1]):
        steps[..., period] += persistence * steps[..., period - 1]
    return steps


def make_panel(*, period_sd, persistence=0.0, n_entities=120, n_periods=15, missing=0.0, seed=0):
    """Levels of sd 2, period shocks, errors with autocorrelation .6, and rows that are missing."""
    rng = np.random.default_rng(seed)
    errors = lasting(rng, (n_entities, n_periods), 0.6)
    shocks = period_sd * lasting(rng, (n_periods,), persistence)
    outcome = 2 * rng.normal(size=n_entities)[:, None] + shocks + errors
    kept = np.flatnonzero(rng.random(outcome.size) >= missing)
    return panel_from_arrays(
        entity=np.repeat(np.arange(n_entities), n_periods)[kept],
        period=np.tile(np.arange(n_periods), n_entities)[kept],
        outcome=outcome.ravel()[kept],
        X=rng.normal(size=(outcome.size, 2))[kept],
        columns=("x", "z"),
    )


def errors_of(panel, values):
    """Return errors less their entity's mean as (entity, period), NaN where there is no row."""
    frame = pd.DataFrame({"i": panel.entity.codes, "t": panel.period, "e": values})
    wide = frame.pivot_table(index="i", columns="t", values="e")
    return wide.sub(wide.mean(axis=1), axis=0).to_numpy()


def period_variance(wide):
    return np.nanvar(np.nanmean(wide, axis=0))


def autocorrelation(wide):
    now, before = wide[:, 1:].ravel(), wide[:, :-1].ravel()
    both = np.isfinite(now * before)
    return np.corrcoef(now[both], before[both])[0, 1]


def test_parts_are_the_least_squares_effects_of_entities_and_periods():
    panel = make_panel(period_sd=0.7, missing=0.3, n_entities=20, n_periods=7)
    parts = error_parts(panel.observed, Cells.of(panel))
    frame = pd.DataFrame({"y": panel.observed, "i": panel.entity.codes, "t": panel.period})
    fit = smf.ols("y ~ C(i) + C(t)", frame).fit()
    assert parts.remainder == pytest.approx(fit.resid.to_numpy(), abs=1e-9)
    assert np.diff(parts.shock)[0] == pytest.approx(fit.params["C(t)[T.1]"], abs=1e-9)


@pytest.mark.parametrize(
    ("period_sd", "persistence", "missing"), [(0.3, 0.0, 0.0), (0.5, 0.8, 0.0), (0.5, 0.8, 0.3)]
)
def test_draws_keep_the_variance_of_period_means_and_the_autocorrelation(period_sd, persistence, missing):
    panel = make_panel(period_sd=period_sd, persistence=persistence, missing=missing)
    truth = fit_linear_truth(panel, effect=0.0)
    of_data = errors_of(panel, panel.observed - truth.systematic)
    drawn = [
        errors_of(panel, truth.draw(random_stream(1, "t", number)).unexplained) for number in range(N_DRAWS)
    ]
    variances = np.array([period_variance(wide) for wide in drawn])
    error = variances.std() / np.sqrt(N_DRAWS)
    assert variances.mean() == pytest.approx(period_variance(of_data), rel=0.05, abs=3 * error)
    assert np.mean([autocorrelation(wide) for wide in drawn]) == pytest.approx(
        autocorrelation(of_data), abs=0.05
    )
    # Signs by entity alone leave of it what a mean over entities of errors of variance 1 has.
    assert variances.mean() > 5 / 120


def test_without_period_shocks_few_are_drawn_beyond_those_of_the_data():
    of_data, drawn = [], []
    for seed in range(30):
        panel = make_panel(period_sd=0.0, seed=seed)
        parts = error_parts(panel.observed, Cells.of(panel))
        rng, response = random_stream(1, "t", seed), shock_response(parts)
        of_data.append(period_variance(errors_of(panel, panel.observed)))
        for _ in range(10):
            signs = rng.choice([-1.0, 1.0], size=120)[panel.entity.codes]
            shocks = response @ rng.choice([-1.0, 1.0], size=len(response))
            values = shocks[panel.period] + signs * parts.remainder
            drawn.append(period_variance(errors_of(panel, values)))
    # Shocks that are not scaled would give twice the variance. It is at least that of remainders, which is
    # above that of the data in about half of panels.
    assert 0.95 < np.mean(drawn) / np.mean(of_data) < 1.35


def test_remainders_keep_their_size_row_by_row_and_their_products_within_entities():
    panel = make_panel(period_sd=0.0, n_entities=30)
    truth = fit_linear_truth(panel, effect=0.0)
    drawn = truth.draw(random_stream(1, "t")).unexplained
    parts = truth.parts
    again = errors_of(panel, drawn)
    own = parts.cells.matrix(parts.remainder)
    common = again - np.sign((again * own).sum(axis=1))[:, None] * own
    assert common == pytest.approx(np.broadcast_to(common[0], common.shape), abs=1e-9)
