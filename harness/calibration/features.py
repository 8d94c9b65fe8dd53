"""What drawn panels keep of the errors of the data, feature by feature."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from harness.arrays import Floats
from harness.calibration.error_parts import Cells, error_parts

if TYPE_CHECKING:
    import pandas as pd

NEAR = 0.05
"""How far the mean over drawn panels of a share or a correlation may be from the data for it to be kept."""

TOLERANCES: Mapping[str, float] = {
    "share_entity": NEAR,
    "share_period": NEAR,
    "share_remainder": NEAR,
    "autocorrelation": NEAR,
    "correlation_between_entities": NEAR,
    "kurtosis": 0.1,
    "missing_rows": 0.0,
}
"""Features by name, with how far they may be from the data; of the kurtosis as a share of it."""

COLUMNS = ("outcome", "feature", "fitted", "drawn", "drawn_sd", "is_kept")


def features(unexplained: Floats, cells: Cells) -> Mapping[str, float]:
    """Return the features of what regressors do not predict, (n_obs,).

    Returns
    -------
    Shares of the variance of entities, periods and remainders; of errors less their entity's mean the
    first-order autocorrelation between consecutive periods, the mean correlation of two entities in a period
    and the kurtosis (3 for a normal distribution); the share of pairs of entity and period without a row. NaN
    where a feature is not defined.
    """
    parts = error_parts(unexplained, cells)
    variances = np.array(parts.variances)
    whole = variances.sum()
    shares = variances / whole if whole > 0 else np.full(3, np.nan)
    errors = unexplained - cells.entity_means(unexplained)[cells.entity]
    variance = float(errors.var())
    known = {"missing_rows": 1.0 - errors.size / (cells.n_entities * cells.n_periods)}
    known |= dict(zip(("share_entity", "share_period", "share_remainder"), shares.tolist(), strict=True))
    if variance <= 0:
        return dict.fromkeys(TOLERANCES, np.nan) | known
    known["autocorrelation"] = _autocorrelation(cells.matrix(errors), cells.matrix(np.ones(errors.size)))
    sums = np.bincount(cells.period, weights=errors)
    rows = np.bincount(cells.period)
    pairs = float((rows * (rows - 1)).sum())
    products = float((sums**2).sum() - (errors**2).sum())
    known["correlation_between_entities"] = products / pairs / variance if pairs > 0 else np.nan
    known["kurtosis"] = float((errors**4).mean()) / variance**2
    return {name: known[name] for name in TOLERANCES}


def _autocorrelation(errors: Floats, present: Floats) -> float:
    """Return the first-order autocorrelation of errors, (n_entities, n_periods), over pairs with rows."""
    both = (present[:, 1:] * present[:, :-1]).astype(bool)
    now, before = errors[:, 1:][both], errors[:, :-1][both]
    size = float(np.sqrt((now**2).sum() * (before**2).sum()))
    return float(now @ before) / size if size > 0 else np.nan


def feature_table(
    fitted: Mapping[str, Mapping[str, float]], drawn: Iterable[Mapping[str, Mapping[str, float]]]
) -> pd.DataFrame:
    """Return the features of the data beside those of the drawn panels.

    Parameters
    ----------
    fitted : by outcome and feature
    drawn : the same of every panel, at least one

    Returns
    -------
    `COLUMNS`: mean and standard deviation over the panels, and whether the mean is as near to the data as
    `TOLERANCES` say, given two standard errors of the mean; no for what is not defined.
    """
    import pandas as pd

    panels = list(drawn)
    rows = []
    for outcome, own in fitted.items():
        for feature, value in own.items():
            values = np.array([panel[outcome][feature] for panel in panels])
            mean, deviation = float(values.mean()), float(values.std())
            size = abs(value) if feature == "kurtosis" else 1.0
            near = TOLERANCES[feature] * size + 2.0 * deviation / np.sqrt(values.size) + 1e-12
            rows.append((outcome, feature, value, mean, deviation, bool(abs(mean - value) <= near)))
    return pd.DataFrame(rows, columns=list(COLUMNS))
