"""Fits without some of the columns, and what the errors of held-out entities lose by them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

import numpy as np
from numpy.random import Generator

from harness.arrays import Floats, Ints
from harness.data.panel import Panel
from harness.errors import EstimationError, Problem

N_DRAWS = 2000
"""Bootstrap draws of entities."""


def without(panel: Panel, names: Collection[str]) -> Panel:
    """Return the panel without some regressors and those that follow from them.

    Where the exposure is among them the first of the others stands in its place.

    Raises
    ------
    EstimationError
        Where one is no regressor, or none would be left.
    """
    regressors = (panel.exposure, *panel.moderators, *panel.controls)
    unknown = [name for name in names if name not in regressors]
    if unknown:
        raise EstimationError(
            Problem("importance", f"'{unknown[0]}' is no regressor", expected=", ".join(regressors))
        )
    gone = frozenset[str]().union(*map(panel.dependents, names))
    others = [name for name in (*panel.moderators, *panel.controls) if name not in gone]
    if panel.exposure in names and not others:
        raise EstimationError(
            Problem("importance", "no regressor is left", hint="leave some columns out of the group")
        )
    derived = tuple(derivation for derivation in panel.derived if derivation.into not in gone)
    is_kept = panel.exposure not in names
    exposure_columns = panel.exposure_columns if is_kept else (others[0],)
    further = others if is_kept else others[1:]
    return replace(
        panel,
        exposure=panel.exposure if is_kept else others[0],
        levels=panel.levels if is_kept else (),
        moderators=tuple(name for name in further if name in panel.moderators),
        controls=tuple(name for name in further if name in panel.controls),
        X=panel.regressors((*exposure_columns, *further)),
        derived=derived,
    )


@dataclass(frozen=True)
class Importance:
    """What is lost without some columns.

    Attributes
    ----------
    importance : rise of the mean squared error, a share of the outcome's variance
    conf_low, conf_high : of draws of entities
    mse, mse_without : with all columns and without these, squared outcome units
    """

    importance: float
    conf_low: float
    conf_high: float
    mse: float
    mse_without: float


def importance(
    observed: Floats, whole: Floats, less: Floats, entity: Ints, *, level: float, rng: Generator
) -> Importance:
    """Return the rise of the error of held-out entities, with an interval from draws of entities.

    Leave-one-covariate-out importance (Lei, G'Sell, Rinaldo, Tibshirani and Wasserman 2018), of groups of
    columns and for whole entities. The fits are held; the interval is for other entities of the same kind.

    Parameters
    ----------
    observed, whole, less : (n_obs,), the outcome, and its predictions with all columns and without some
    entity : (n_obs,), codes
    level : in (0, 1)
    """
    _, code = np.unique(entity, return_inverse=True)
    count = np.bincount(code).astype(np.float64)
    errors = [np.square(observed - predicted) for predicted in (whole, less)]
    rise = np.bincount(code, weights=errors[1] - errors[0])
    variance = float(observed.var())
    drawn = rng.multinomial(count.size, np.full(count.size, 1.0 / count.size), size=N_DRAWS)
    draws = drawn @ rise / (drawn @ count) / variance
    low, high = np.quantile(draws, [(1.0 - level) / 2.0, (1.0 + level) / 2.0])
    mse, mse_without = (float(error.mean()) for error in errors)
    return Importance((mse_without - mse) / variance, float(low), float(high), mse, mse_without)
