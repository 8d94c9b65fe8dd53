"""Variance components of Swamy and Arora, on unbalanced panels too, and the equation they lead to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness import EstimationError, Floats, Problem
from harness_panel.resampling.absorb import Absorber
from harness_panel.resampling.entity_rows import EntityRows
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


def variance_components(
    regressors: Floats, outcome: Floats, rows: EntityRows, *, largest: Floats
) -> VarianceComponents:
    """Return the components of Swamy & Arora 1972 as Baltagi & Chang 1994 extend them to unbalanced panels.

    The idiosyncratic variance is that of the within regression. The variance of the entities is
    ``(RSS - (N - k) s2) / (n - tr)``, with RSS and k from the regression of entity means on a constant and
    the means of the columns, each entity weighted by its rows T, and tr the trace of
    ``(M'TM)^-1 M'T^2M``, M those columns. Regressions count the coefficients that they can estimate.

    Parameters
    ----------
    regressors, outcome : (n_obs, n_columns) and (n_obs,), without their levels
    largest : (n_columns + 1,), largest size of columns and outcome with their levels

    Raises
    ------
    EstimationError
        Where the outcome does not vary within entities, or either regression has no degrees of freedom left.
    """
    entity = Absorber((rows.grouping,))
    sizes, n_obs = rows.sizes, outcome.size
    within = fit_within(regressors, outcome, np.ones(n_obs), entity, largest=largest)
    df_within = n_obs - sizes.size - len(within.screening.kept)
    means = rows.means(np.column_stack([regressors, outcome]))
    between = fit_within(means[:, :-1], means[:, -1], sizes, Absorber.constant(sizes.size), largest=largest)
    df_between = sizes.size - 1 - len(between.screening.kept)
    _refuse_few(df_within, df_between, sizes.size)
    _refuse_no_variation(within)
    idiosyncratic = float(within.residuals @ within.residuals) / df_within
    trace = float(sizes @ sizes) / n_obs + float(sizes @ np.sum(between.basis**2, axis=1))
    surplus = float(between.residuals @ between.residuals) - df_between * idiosyncratic
    variance = max(0.0, surplus / (n_obs - trace))
    theta = 1.0 - np.sqrt(idiosyncratic / (idiosyncratic + sizes * variance))
    return VarianceComponents(idiosyncratic, variance, theta, is_truncated=surplus < 0)


def quasi_demeaned(values: Floats, rows: EntityRows, theta: Floats) -> Floats:
    """Return columns, (n_obs, n_columns), in which deviations from entity means are stretched.

    A row is its entity's mean plus its deviation times 1 / (1 - theta). With weights
    (1 - theta)^2 a regression on such columns and a constant is that of Fuller & Battese 1974 on columns less
    theta times their entity means, written so that a constant stays one.
    """
    stretch = (theta / (1.0 - theta))[rows.grouping.codes]
    stretched: Floats = values + stretch[:, None] * rows.deviations(values)
    return stretched


def predicted_effects(errors: Floats, rows: EntityRows, components: VarianceComponents) -> Floats:
    """Return the best linear unbiased predictions of the entities' effects, (n_entities,).

    Goldberger 1962: the mean error of an entity of T rows, times ``T entity / (idiosyncratic + T entity)``
    with the two variances, which is 1 - (1 - theta)^2.

    Parameters
    ----------
    errors : (n_obs,), outcome less constant less columns times slopes
    rows : may be others than those that the variances are of
    """
    variances = rows.sizes * components.entity
    shares = variances / (components.idiosyncratic + variances)
    effects: Floats = shares * rows.means(errors[:, None])[:, 0]
    return effects


def _refuse_no_variation(within: WithinFit) -> None:
    if within.is_outcome_constant or within.is_outcome_absorbed:
        what = "the outcome does not vary within entities, so the idiosyncratic variance is zero"
        hint = "estimate on rows where the outcome varies over time, or use between"
        raise EstimationError(Problem("random effects", what, hint=hint))


def _refuse_few(df_within: int, df_between: int, n_entities: int) -> None:
    if df_within > 0 and df_between > 0:
        return
    if df_within <= 0:
        what = "no degrees of freedom are left within entities, so the idiosyncratic variance is not known"
        hint = "estimate on entities with more rows, or use pooled_ols"
    else:
        what = f"{n_entities} entities are too few for a regression of their means on these columns"
        hint = "estimate on more entities, with fewer columns, or use pooled_ols"
    raise EstimationError(Problem("random effects", what, hint=hint))
