"""Tests for errors that are dependent over time or across entities."""

from __future__ import annotations

import numpy as np

from harness.plugin import EstimationError, Floats, Grouping, Panel, Problem
from harness.plugin.reporting import marked
from harness_panel.diagnostics.diagnostic import Diagnostic
from harness_panel.resampling.absorb import Absorber
from harness_panel.resampling.centring import Centring
from harness_panel.resampling.differences import adjacent_pairs, differenced
from harness_panel.resampling.equation import Equation

_MOST_ENTITIES = 5_000
_FEWEST_PERIODS = 3


def wooldridge(panel: Panel) -> Diagnostic:
    """Test for serial correlation of idiosyncratic errors.

    Residuals of first differences have autocorrelation -1/2 if errors in levels have none. The slope of the
    residuals on those one period before, through the origin and with errors clustered by entity, is tested.

    Raises
    ------
    EstimationError
        Where no entity has three adjacent periods, or fewer than two have.
    """
    from statsmodels.regression.linear_model import OLS

    changes = differenced(panel, adjacent_pairs(panel))
    equation = Equation(changes, Centring.at_zero(panel), Absorber(()), np.ones(changes.n_obs))
    residuals = equation.regression().within.residuals
    pairs = adjacent_pairs(changes)
    before, after = residuals[pairs.earlier], residuals[pairs.later]
    clusters = Grouping.of(changes.entity.codes[pairs.later])
    n_clusters = clusters.n_levels
    if n_clusters < 2:
        raise EstimationError(Problem("entities", "fewer than two have three adjacent periods"))
    clustered = {"cov_type": "cluster", "cov_kwds": {"groups": clusters.codes}}
    fitted = OLS(after, before).fit(**clustered)
    slope, variance = float(fitted.params[0]), float(fitted.cov_params()[0, 0])
    return Diagnostic(
        name="serial_correlation",
        null=marked("errors are not correlated over time within entities"),
        statistic=(slope + 0.5) ** 2 / variance,
        distribution="F",
        df=(1, n_clusters - 1),
        source="Wooldridge 2010, section 10.6.3; Drukker 2003, Stata's xtserial",
    )


def pesaran(panel: Panel, residuals: Floats) -> Diagnostic:
    """Test for dependence across entities by the correlations of their residuals, (n_obs,).

    A correlation is over the periods two entities share, at least three, and counts by the root of their
    number.

    Raises
    ------
    EstimationError
        Where no two entities share three periods, or there are more entities than can be paired.
    """
    if panel.n_entities > _MOST_ENTITIES:
        raise EstimationError(
            Problem("entities", f"there are {panel.n_entities} to be paired; up to {_MOST_ENTITIES} are")
        )
    import pandas as pd

    entity, time = (Grouping.of(key.codes) for key in (panel.entity, panel.time))
    values = np.full((time.n_levels, entity.n_levels), np.nan)
    values[time.codes, entity.codes] = residuals
    present = np.isfinite(values).astype(np.float64)
    correlations = pd.DataFrame(values).corr(min_periods=_FEWEST_PERIODS).to_numpy()
    is_pair = np.triu(np.isfinite(correlations), k=1)
    n_pairs = int(np.count_nonzero(is_pair))
    if n_pairs == 0:
        raise EstimationError(Problem("entities", "no two entities share three periods"))
    shared = (present.T @ present)[is_pair]
    statistic = float(np.sqrt(shared) @ correlations[is_pair]) / np.sqrt(n_pairs)
    return Diagnostic(
        name="cross_section_dependence",
        null=marked("errors are not correlated across entities"),
        statistic=float(statistic),
        distribution="normal",
        df=(),
        source="Pesaran 2004, 2015, CD with the pairs of unbalanced panels; plm's pcdtest, test cd",
    )
