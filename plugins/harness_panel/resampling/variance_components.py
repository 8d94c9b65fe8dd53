"""Variance components of Swamy and Arora, on unbalanced panels too."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness.plugin import EstimationError, Floats, Grouping, Panel, Problem
from harness_panel.resampling.absorb import Absorber
from harness_panel.resampling.within_fit import WithinFit, fit_within


@dataclass(frozen=True, eq=False)
class VarianceComponents:
    """Variances of the two parts of the error.

    Attributes
    ----------
    idiosyncratic : > 0, squared outcome units
    entity : >= 0, squared outcome units
    theta : (n_entities,), in [0, 1), the share of an entity's mean that is taken out of its rows,
        1 - sqrt(idiosyncratic / (idiosyncratic + T entity)) with T the entity's rows
    is_truncated : whether the variance of the entities was estimated below zero and set to zero
    """

    idiosyncratic: float
    entity: float
    theta: Floats
    is_truncated: bool


def variance_components(bare: Panel, entities: Grouping, *, largest: Floats) -> VarianceComponents:
    """Return the components of Swamy & Arora 1972 as Baltagi & Chang 1994 extend them to unbalanced panels.

    The idiosyncratic variance is that of the within regression. The variance of the entities is
    ``(RSS - (N - k) s2) / (n - tr)``, with RSS and k from the regression of entity means on a constant and
    the means of the columns, each entity weighted by its rows T, and tr the trace of
    ``(M'TM)^-1 M'T^2M``, M those columns. Regressions count the coefficients that they can estimate.

    Parameters
    ----------
    bare : rows without the levels of columns and outcome
    entities : of the rows
    largest : (n_columns + 1,), largest size of columns and outcome with their levels

    Raises
    ------
    EstimationError
        Where the outcome does not vary within entities, or either regression has no degrees of freedom left.
    """
    sizes, n_obs = entities.sizes, bare.n_obs
    within = fit_within(bare.X, bare.observed, np.ones(n_obs), Absorber((entities,)), largest=largest)
    df_within = n_obs - sizes.size - len(within.kept)
    means = entities.means(np.column_stack([bare.X, bare.observed]))
    between = fit_within(means[:, :-1], means[:, -1], sizes, Absorber.constant(sizes.size), largest=largest)
    df_between = sizes.size - 1 - len(between.kept)
    _refuse(within, df_within, df_between, sizes.size)
    idiosyncratic = float(within.residuals @ within.residuals) / df_within
    trace = float(sizes @ sizes) / n_obs + float(sizes @ np.sum(between.basis**2, axis=1))
    surplus = float(between.residuals @ between.residuals) - df_between * idiosyncratic
    variance = max(0.0, surplus / (n_obs - trace))
    theta = 1.0 - np.sqrt(idiosyncratic / (idiosyncratic + sizes * variance))
    return VarianceComponents(idiosyncratic, variance, theta, is_truncated=surplus < 0)


def _refuse(within: WithinFit, df_within: int, df_between: int, n_entities: int) -> None:
    if df_within <= 0:
        what = "no degrees of freedom are left within entities, so the idiosyncratic variance is not known"
        hint = "estimate on entities with more rows, or use pooled_ols"
    elif df_between <= 0:
        what = f"{n_entities} entities are too few for a regression of their means on these columns"
        hint = "estimate on more entities, with fewer columns, or use pooled_ols"
    elif within.is_outcome_constant or within.is_outcome_absorbed:
        what = "the outcome does not vary within entities, so the idiosyncratic variance is zero"
        hint = "estimate on rows where the outcome varies over time, or use between"
    else:
        return
    raise EstimationError(Problem("random effects", what, hint=hint))
