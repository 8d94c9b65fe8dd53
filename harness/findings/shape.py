"""How often findings are false on panels shaped like a study's own, from a table of simulated panels."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, fields
from importlib.resources import files
from typing import Any

import numpy as np
import pandas as pd

from harness.arrays import Floats
from harness.data.panel import Panel
from harness.tables.findings import ERROR_RATES

# The table that `benchmarks/shape_grid.py` wrote, shipped next to this module.
SHIPPED = "shape_rates.csv"

# Share of the range of a feature by which a panel may lie outside the simulated shapes.
SLACK = 0.05

# Standard deviation of a normal distribution, in distances between its quartiles.
QUARTILES = 0.7413

# Panels that stand for slopes of zero over the range of a feature: at a rate of .05 a deviation of .1.
PRIOR = 5.0

# Coverage of exact limits.
LEVEL = 0.95


@dataclass(frozen=True)
class Shape:
    """What error rates depend on.

    Attributes
    ----------
    entities : how many
    periods : mean number of rows of an entity
    autocorrelation : of the residuals of two-way fixed effects, of consecutive periods, and what white noise
        loses by its mean over the periods, 1 / (periods - 1); zero without consecutive periods
    tails : their standard deviation, in those of a normal distribution with the same quartiles
    between : share of the exposure's variance between entities
    binary : 1 where the exposure takes two values, else 0
    """

    entities: float
    periods: float
    autocorrelation: float
    tails: float
    between: float
    binary: float


FEATURES = tuple(one.name for one in fields(Shape))

# Features whose ratios count, not their differences.
RATIOS = [FEATURES.index(name) for name in ("entities", "periods", "tails")]
TAILS = FEATURES.index("tails")


def shape_of(panel: Panel) -> Shape:
    """Return the shape of a panel; features that are not defined are NaN."""
    order = panel.canonical_order
    keys = [panel.entity.codes[order], np.unique(panel.period[order], return_inverse=True)[1]]
    values = np.column_stack([panel.observed, panel.X])[order]
    for key in keys * 2:
        values = values - _means(values, key)[key]
    errors = values[:, 0] - values[:, 1:] @ np.linalg.lstsq(values[:, 1:], values[:, 0])[0]
    follows = (np.diff(keys[0]) == 0) & (np.diff(panel.period[order]) == 1)
    now, before = errors[1:][follows], errors[:-1][follows]
    low, high = np.quantile(errors, [0.25, 0.75])
    exposure = panel.column(panel.exposure)[order][:, None]
    periods, spread = panel.n_obs / panel.n_entities, (now @ now) * (before @ before)
    with np.errstate(divide="ignore", invalid="ignore"):
        return Shape(
            entities=float(panel.n_entities),
            periods=periods,
            autocorrelation=now @ before / np.sqrt(spread) + 1.0 / (periods - 1.0) if spread > 0.0 else 0.0,
            tails=float(errors.std() / (QUARTILES * (high - low))),
            between=float(_means(exposure, keys[0])[keys[0]].var() / exposure.var()),
            binary=float(np.unique(exposure).size <= 2),
        )


def _means(values: Floats, key: Any) -> Floats:  # noqa: ANN401 - integers of any width
    """Return the mean of each column for each code of a key, (n_codes, n_columns)."""
    rows = np.maximum(np.bincount(key), 1)
    return np.column_stack([np.bincount(key, weights=column) / rows for column in values.T])


def exact_limits(n_found: float, n_panels: float) -> tuple[float, float]:
    """Return the exact limits of a share (Clopper and Pearson 1934); counts need not be whole."""
    from scipy.special import betaincinv

    tail = (1.0 - LEVEL) / 2.0
    low = betaincinv(n_found, n_panels - n_found + 1.0, tail) if n_found > 0 else 0.0
    high = betaincinv(n_found + 1.0, n_panels - n_found, 1.0 - tail) if n_found < n_panels else 1.0
    return float(low), float(high)


def rates_at(shape: Shape, cells: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """Yield the error rate and the power of each kind of finding at a shape.

    Both lie on the plane through those of all simulated shapes, by ridge regression over their features, each
    from 0 to 1: slopes are drawn to zero as if `PRIOR` panels had said so. They are weighted sums of the
    simulated shares, and limits are the exact ones of as many panels as have the same precision (Kish 1965).
    Outside the range of a feature there is no rate: the finding is untested there. Tails lighter than the
    simulated ones, with which tests are no less reliable, count as the lightest of these.

    Parameters
    ----------
    cells : a row for each simulated shape and kind: ``cell``, its features, ``finding``, ``effect``,
        ``n_panels`` and ``n_false`` without an effect, ``n_true`` and ``n_found`` with one
    """
    features = np.vstack([list(asdict(shape).values()), cells[list(FEATURES)].to_numpy(dtype=float)])
    features[:, RATIOS] = np.log(features[:, RATIOS])
    counts = cells[["n_panels", "n_false", "n_true", "n_found", "effect"]].to_numpy(dtype=float)
    for finding, rows in cells.groupby("finding", sort=False).indices.items():
        others, (sizes, n_false, n_true, n_found, effects) = features[1:][rows], counts[rows].T
        low, width = others.min(axis=0), np.ptp(others, axis=0)
        scale = np.where(width > 0.0, width, 1.0)
        point, others = (features[0] - low) / scale, (others - low) / scale
        point[TAILS] = np.maximum(point[TAILS], 0.0)
        is_inside = (point >= -SLACK) & (point <= (width > 0.0) + SLACK)
        if not is_inside.all():
            yield {"finding": finding, "outside": ", ".join(np.array(FEATURES)[~is_inside])}
            continue
        weights, distances = _weights(point, others, sizes), np.linalg.norm(others - point, axis=1)
        n_panels = 1.0 / float(weights**2 @ (1.0 / sizes))
        rate = float(np.clip(weights @ (n_false / sizes), 0.0, 1.0))
        has_power = bool((n_true > 0).all())
        power = float(np.clip(weights @ (n_found / n_true), 0.0, 1.0)) if has_power else np.nan
        low_rate, high_rate = exact_limits(rate * n_panels, n_panels)
        yield {
            "finding": finding,
            "error_rate": rate,
            "conf_low": low_rate,
            "conf_high": high_rate,
            "n_panels": round(n_panels),
            "power": power,
            "effect": float(effects[0]) if has_power else np.nan,
            "nearest": cells["cell"].iloc[rows[distances.argmin()]],
            "distance": float(distances.min()),
        }


def _weights(point: Floats, others: Floats, n_panels: Floats) -> Floats:
    """Return the weights, (n_cells,), that shares of cells have in the ridge regression at a point."""
    centre = n_panels @ others / n_panels.sum()
    deviations = others - centre
    gram = (deviations.T * n_panels) @ deviations + PRIOR * np.eye(point.size)
    slopes = np.linalg.solve(gram, deviations.T * n_panels)
    return np.asarray(n_panels / n_panels.sum() + (point - centre) @ slopes)


def shape_rates(panels: Iterable[Panel]) -> pd.DataFrame:
    """Return how often each kind of finding is false on panels shaped like these, one of each outcome."""
    with (files(__package__) / SHIPPED).open(encoding="utf-8") as text:
        cells = pd.read_csv(text)
    rows = [
        {"outcome": panel.outcome, "estimator": "", **rate}
        for panel in panels
        for rate in rates_at(shape_of(panel), cells)
    ]
    return pd.DataFrame(rows, columns=list(ERROR_RATES.columns))
