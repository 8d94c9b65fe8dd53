"""Test of a linear effect, given entity effects."""

from __future__ import annotations

import numpy as np

from harness.arrays import Floats, Ints
from harness.data.panel import Panel, means_by
from harness.errors import EstimationError
from harness.estimators.refusals import require_continuous
from harness.evaluation.residual_tests import EntityTest
from harness.language import marked
from harness.scenarios.effect.terms import control_names

# Quantiles of the exposure at which its restricted cubic splines have knots (Harrell 2015).
KNOTS = (0.05, 0.275, 0.5, 0.725, 0.95)

# Share of a bend's variation that the columns held fixed must leave.
LEAST_RESIDUAL = 1e-10


def linearity_test(panel: Panel) -> EntityTest:
    """Test whether the exposure's effect is a straight line, by a regression with bends.

    Restricted cubic splines of the exposure join a regression on the exposure, the controls, period dummies
    and the entity means of all of these, which stand for entity effects (Mundlak 1978). Their coefficients
    are tested together, with errors clustered by entity.

    Raises
    ------
    EstimationError
        Where the exposure has levels, or too few values for bends, or nothing is left of them.
    """
    from scipy.stats import f

    require_continuous(panel)
    exposure = panel.column(panel.exposure)
    knots = np.quantile(exposure, KNOTS)
    if np.unique(knots).size < len(KNOTS):
        raise _too_few(panel, marked("too few distinct values to test for nonlinearity"))
    bends = restricted_cubic_splines(exposure, knots)
    numbers = np.column_stack([panel.column(name) for name in (panel.exposure, *control_names(panel))])
    own = np.column_stack([bends, numbers])
    means = means_by(panel.entity.codes, own)
    periods = np.unique(panel.time.codes)
    dummies = (panel.time.codes[:, None] == periods[1:]).astype(np.float64)
    held = np.column_stack([numbers, means, dummies, means_by(panel.entity.codes, dummies)])
    held = held[:, np.ptp(held, axis=0) > 0.0]
    held = np.column_stack([np.ones(panel.n_obs), (held - held.mean(axis=0)) / held.std(axis=0)])
    residuals = residuals_on(np.column_stack([panel.observed, bends]), held)
    outcome, terms = residuals[:, 0], residuals[:, 1:]
    if (np.square(terms).sum(axis=0) < LEAST_RESIDUAL * bends.var(axis=0) * panel.n_obs).any():
        raise _too_few(panel, marked("controls and entity means leave no nonlinear variation in it"))
    slopes, covariance = clustered_slopes(outcome, terms, panel.entity.codes)
    n_entities, n_terms = panel.n_entities, terms.shape[1]
    statistic = float(slopes @ np.linalg.solve(covariance, slopes)) / n_terms
    return EntityTest(statistic, float(f.sf(statistic, n_terms, n_entities - 1)), n_entities)


def restricted_cubic_splines(column: Floats, knots: Floats) -> Floats:
    """Return the bends of cubic splines that are straight beyond the outer knots, (n_obs, n_knots - 2).

    Parameters
    ----------
    column : (n_obs,)
    knots : (n_knots,), increasing
    """

    def cube(at: float) -> Floats:
        return np.asarray(np.maximum((column - at) / (knots[-1] - knots[0]), 0.0) ** 3)

    last, before = knots[-1], knots[-2]
    width, of_last, of_before = last - before, cube(last), cube(before)
    bends = [
        cube(knot) - of_before * (last - knot) / width + of_last * (before - knot) / width
        for knot in knots[:-2]
    ]
    return np.stack(bends, axis=1)


def clustered_slopes(outcome: Floats, terms: Floats, codes: Ints) -> tuple[Floats, Floats]:
    """Return slopes of an outcome on terms, (n_terms,), and their covariance, clustered by codes."""
    inverse = np.linalg.inv(terms.T @ terms)
    slopes = inverse @ terms.T @ outcome
    present, entity = np.unique(codes, return_inverse=True)
    scores = np.zeros((present.size, slopes.size))
    np.add.at(scores, entity, terms * (outcome - terms @ slopes)[:, None])
    covariance = inverse @ scores.T @ scores @ inverse * present.size / (present.size - 1)
    return np.asarray(slopes), np.asarray(covariance)


def residuals_on(columns: Floats, held: Floats) -> Floats:
    """Return what least squares on some columns leave of others, (n_obs, n_columns)."""
    slopes, *_ = np.linalg.lstsq(held, columns, rcond=None)
    return np.asarray(columns - held @ slopes)


def _too_few(panel: Panel, what: str) -> EstimationError:
    return EstimationError.at(
        panel.exposure, what, expected="an exposure of many values that changes within entities"
    )
