"""Test of a linear effect, given entity effects."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from harness.arrays import Floats, Ints, numbered
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

# Most entities for which the statistic is bootstrapped, and draws; with more it follows F closely.
MOST_BOOTSTRAPPED, DRAWS = 500, 1999


def linearity_test(panel: Panel, *, rng: Generator) -> EntityTest:
    """Test whether the exposure's effect is a straight line, by a regression with bends.

    Restricted cubic splines of the exposure join a regression on the exposure, the controls, period dummies
    and the entity means of all of these, which stand for entity effects (Mundlak 1978). Their coefficients
    are tested together, by a Wald statistic with errors clustered by entity. With few entities that is too
    large too often, so that its p-value comes from a wild cluster bootstrap with the straight line imposed
    (Cameron, Gelbach and Miller 2008), by the six weights of Webb (2023).

    Parameters
    ----------
    rng : of the weights

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
    n_entities, n_terms = panel.n_entities, terms.shape[1]
    if n_entities > MOST_BOOTSTRAPPED:
        slopes, covariance = clustered_slopes(outcome, terms, panel.entity.codes)
        statistic = float(slopes @ np.linalg.solve(covariance, slopes)) / n_terms
        return EntityTest(statistic, float(f.sf(statistic, n_terms, n_entities - 1)), n_entities)
    weights = rng.choice(WEBB, size=(DRAWS, n_entities))
    weights = np.concatenate([np.ones((1, n_entities)), weights])
    statistic, *drawn = wald_statistics(outcome, terms, held, panel.entity.codes, weights).tolist()
    n_greater = np.count_nonzero(np.array(drawn) >= statistic)
    return EntityTest(statistic, (1 + n_greater) / (1 + DRAWS), n_entities)


# Weights of mean zero and variance one, each as likely as the others (Webb 2023).
WEBB = (np.sqrt([0.5, 1.0, 1.5])[:, None] * [-1.0, 1.0]).ravel()


def wald_statistics(outcome: Floats, terms: Floats, held: Floats, codes: Ints, weights: Floats) -> Floats:
    """Return Wald statistics over the number of terms, of outcomes weighted by entity, (n_draws,).

    Parameters
    ----------
    outcome : (n_obs,), what columns held fixed leave of it: residuals without the terms
    terms : (n_obs, n_terms), what they leave of these
    held : (n_obs, n_held)
    codes : (n_obs,), of entities
    weights : (n_draws, n_entities), that each residual is multiplied by
    """
    from scipy.linalg import orth

    present, entity = numbered(codes)
    n_entities, n_terms = present.size, terms.shape[1]
    basis = orth(held)

    def sums(columns: Floats) -> Floats:
        """Return sums by entity, (n_entities, n_columns)."""
        return np.stack([np.bincount(entity, one, n_entities) for one in columns.T], axis=1)

    scores, of_basis = sums(terms * outcome[:, None]), sums(basis * outcome[:, None])
    products = sums((terms[:, :, None] * np.column_stack([terms, basis])[:, None, :]).reshape(len(terms), -1))
    products = products.reshape(n_entities, n_terms, -1)
    inverse = np.linalg.inv(products[:, :, :n_terms].sum(axis=0))
    slopes = weights @ scores @ inverse
    # What each entity adds once the basis and the terms are fitted to the weighted residuals.
    fitted = np.concatenate([slopes, weights @ of_basis], axis=1)
    explained = fitted @ products.reshape(n_entities * n_terms, -1).T
    added = weights[:, :, None] * scores - explained.reshape(-1, n_entities, n_terms)
    meat = np.einsum("bgt,bgs->bts", added, added) * n_entities / (n_entities - 1)
    covariance = inverse @ meat @ inverse
    statistics = np.einsum("bt,bt->b", slopes, np.linalg.solve(covariance, slopes[:, :, None])[:, :, 0])
    return np.asarray(statistics / n_terms)


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
        panel.exposure, what, expected=marked("an exposure of many values that changes within entities")
    )
