"""Panels with a region and an industry, and their regressions on dummies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import statsmodels.api as sm
from scipy.linalg import qr

from harness import Panel
from harness.plugin import Floats, random_stream
from panels import key_from, simulated_panel

# Sets of effects, each of one key or column or of several.
Sets = Sequence[Sequence[str]]


def grouped_panel(label: str, *, n_entities: int = 18, n_periods: int = 7, share: float = 0.85) -> Panel:
    """Return an unbalanced panel whose entities lie in regions, and whose rows are of changing industries."""
    rng = random_stream(91, label)
    panel = simulated_panel(rng, n_entities=n_entities, n_periods=n_periods, share=share)
    region = panel.entity.codes % 3
    industry = rng.integers(0, 4, size=panel.n_obs)
    shocks = rng.normal(size=(3, n_periods))[region, panel.time.codes]
    trend = rng.normal(size=n_entities)[panel.entity.codes] * (panel.period - panel.period.min())
    X = panel.X + 0.4 * (shocks + trend)[:, None]
    weights = rng.uniform(0.5, 4.0, size=panel.n_obs)
    return replace(
        panel,
        X=X,
        observed=panel.observed + shocks + trend + industry,
        groups=(key_from("region", region), key_from("industry", industry)),
        weights=weights,
    )


def levels(panel: Panel, parts: Sequence[str]) -> Floats:
    """Return the level of each row, (n_obs,), numbered from zero."""
    keys = {"entity": panel.entity, "time": panel.time} | {one.name: one for one in panel.groups}
    rows = np.column_stack([keys[part].codes for part in parts])
    return np.unique(rows, axis=0, return_inverse=True)[1].ravel()


def dummies(panel: Panel, sets: Sets, *, trends: bool = False) -> Floats:
    """Return a dummy for each level, a constant without any, and each entity's times the period for trends.

    Columns that others determine are left out, as a pivoted QR finds them.
    """
    codes = [levels(panel, parts) for parts in sets] or [np.zeros(panel.n_obs, dtype=np.int64)]
    blocks = [np.eye(one.max() + 1)[one] for one in codes]
    if trends:
        time = panel.period - panel.period.mean()
        blocks.append(np.eye(panel.entity.codes.max() + 1)[panel.entity.codes] * time[:, None])
    columns = np.hstack(blocks)
    _, R, order = qr(columns, mode="economic", pivoting=True)
    sizes = np.abs(np.diag(R))
    return columns[:, np.sort(order[sizes > 1e-10 * sizes[0]])]


def dummy_regression(panel: Panel, sets: Sets, *, trends: bool = False, weighted: bool = False):
    """Return statsmodels' weighted least squares on the columns and all dummies."""
    X = np.hstack([panel.X, dummies(panel, sets, trends=trends)])
    return sm.WLS(panel.observed, X, weights=panel.weights if weighted else np.ones(panel.n_obs))
