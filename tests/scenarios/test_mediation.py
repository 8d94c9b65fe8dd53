"""Indirect effects: what they add up to, how sensitive they are, the three steps, and error rates."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from statsmodels.api import OLS

from harness import EstimationError
from harness.scenarios.mediation import MediationScenario, stepwise
from harness.scenarios.scenario import Subject
from harness.scenarios.task import answered_in_parts
from panels import balanced_panel
from scenarios.least_squares import LeastSquares, Nothing

N, T = 60, 6


def mediated_panel(seed, *, to=0.5, own=0.4, direct=0.3, shape=(N, T)):
    """Return a panel in which a bent control goes into exposure, mediator and outcome.

    Constants of mediator and outcome go with the entity's means of what comes before them.
    """
    rng = np.random.default_rng([37, seed])

    def mean(values):
        return np.repeat(values.reshape(shape).mean(axis=1), shape[1])

    control, *noise = rng.standard_normal((4, shape[0] * shape[1]))
    level = np.repeat(rng.standard_normal((3, shape[0])), shape[1], axis=1)
    shared = np.square(control) / 2.0
    exposure = level[0] + shared + noise[0]
    mediator = to * exposure + 0.5 * mean(exposure) + level[1] + shared + noise[1]
    constant = 0.5 * mean(exposure) + 0.5 * mean(mediator) + level[2]
    outcome = direct * exposure + own * mediator + constant + shared + noise[2]
    panel = balanced_panel(shape, outcome=outcome, X=np.column_stack([exposure, control]))
    return replace(panel, mediators=("m",), M=mediator[:, None])


LEARNER = LeastSquares(lambda panel: np.column_stack([panel.X**power for power in range(4)]))


def rows(panel, learner=LEARNER, **options):
    scenario = MediationScenario(**{"repeats": 1, **options})
    subject = Subject(panel, learner, "learner", 3)
    return answered_in_parts(scenario, subject)["mediation"]


def at(found, path, rho=0.0, method="first_differences"):
    return found[(found["path"] == path) & (found["rho"] == rho) & (found["method"] == method)].iloc[0]


def test_direct_and_indirect_effect_add_up_where_least_squares_learn():
    found = rows(mediated_panel(1), methods=("first_differences",), repeats=3)
    assert (found["status"] == "ok").all()
    total, direct, indirect = (at(found, path) for path in ("total", "direct", "indirect"))
    assert direct["estimate"] + indirect["estimate"] == pytest.approx(total["estimate"], abs=0.01)
    assert indirect["share"] == pytest.approx(indirect["estimate"] / total["estimate"])


@pytest.mark.parametrize("rho", [-0.3, 0.5])
def test_at_the_true_correlation_of_errors_the_indirect_effect_is_the_true_one(rho):
    """Errors of changes are uncorrelated with the exposure, and have this correlation exactly."""
    rng = np.random.default_rng(5)
    exposure, own, other = np.linalg.qr(rng.standard_normal((40, 3)))[0].T
    mediator = 0.5 * exposure + own
    outcome = 0.3 * exposure + 0.4 * mediator + 2.0 * (rho * own + np.sqrt(1.0 - rho**2) * other)
    levels = [np.column_stack([np.zeros(40), change]).ravel() for change in (exposure, mediator, outcome)]
    X = np.column_stack([levels[0], rng.standard_normal(80)])
    panel = replace(balanced_panel((40, 2), outcome=levels[2], X=X), mediators=("m",), M=levels[1][:, None])
    found = rows(panel, Nothing(), methods=("first_differences",), folds=2)
    assert at(found, "indirect", rho)["estimate"] == pytest.approx(0.2, abs=1e-12)
    biased = at(found, "indirect")
    assert biased["estimate"] == pytest.approx(0.5 * (0.4 + 2.0 * rho), abs=1e-12)
    of_outcome, of_mediator = outcome - exposure * (exposure @ outcome), own
    norms = np.linalg.norm(of_outcome) * np.linalg.norm(of_mediator)
    assert biased["rho_zero"] == pytest.approx(of_outcome @ of_mediator / norms, abs=1e-12)


def test_a_mediator_is_no_control_and_without_one_the_reason_is_told():
    panel = mediated_panel(1)
    as_control = replace(
        panel, controls=(*panel.controls, "m"), X=np.hstack([panel.X, panel.M]), mediators=(), M=None
    )
    one, other = (rows(own, methods=("first_differences",), mediators=("m",)) for own in (panel, as_control))
    assert one["estimate"].tolist() == other["estimate"].tolist()
    with pytest.raises(EstimationError, match="there are no mediators"):
        rows(replace(panel, mediators=(), M=None))


def test_three_steps_are_two_way_fixed_effects():
    panel = mediated_panel(4)
    panel = panel.take(np.flatnonzero(np.random.default_rng(1).random(panel.n_obs) < 0.9))
    entity, period = (pd.get_dummies(own).to_numpy(dtype=float) for own in (panel.entity.codes, panel.period))
    held = panel.column("x1"), entity, period[:, 1:]
    design = np.column_stack([panel.column("x0"), panel.M, *held])
    fit = OLS(panel.observed, design).fit(cov_type="cluster", cov_kwds={"groups": panel.entity.codes})
    total, to_mediator, last = stepwise(panel, panel.M[:, 0], level=0.95)
    np.testing.assert_allclose(last["estimate"], fit.params[:2], rtol=1e-9)
    # reghdfe and fixest do not count the entities that errors are clustered by, but for a constant.
    counted = fit.df_resid / (fit.df_resid + entity.shape[1] - 1)
    np.testing.assert_allclose(last["std_error"], np.sqrt(counted) * fit.bse[:2], rtol=1e-9)
    product = to_mediator["estimate"][0] * last["estimate"][1]
    assert last["estimate"][0] + product == pytest.approx(total["estimate"][0], rel=1e-9)
    with pytest.raises(EstimationError, match="determine the exposure or the mediator"):
        stepwise(panel, panel.column("x0"), level=0.95)


@pytest.mark.slow
def test_error_rates_of_indirect_effects():
    """200 panels each: intervals hold an effect of 0.2, and none is found where a path is missing."""
    for paths, least, most in (({}, 0.92, 0.975), ({"own": 0.0}, 0.93, 1.0), ({"to": 0.0}, 0.93, 1.0)):
        every = [rows(mediated_panel(seed, **paths)) for seed in range(200)]
        found = pd.concat(one[(one["path"] == "indirect") & (one["rho"] == 0.0)] for one in every)
        holds = found["conf_low"].le(0.2 * (not paths)) & found["conf_high"].ge(0.2 * (not paths))
        assert holds.groupby(found["method"]).mean().between(least, most).all()
        assert paths == {} or (found["p_value"] < 0.05).groupby(found["method"]).mean().le(0.07).all()
