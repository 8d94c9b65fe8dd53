"""Panels of a treatment that starts in different periods, with known effects."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from harness.arrays import Floats, Ints
from harness.data.panel import Panel
from panels import panel_from_arrays

# First treated period of those who never are.
NEVER = 1_000_000

# First effect of each cohort, by its start among periods 1 to 10.
SIZES: Mapping[int, float] = {4: 1.0, 6: 0.5, 8: 0.2}


def staggered_panel(
    rng: np.random.Generator,
    *,
    sizes: Mapping[int, float] = SIZES,
    per_cohort: int = 30,
    n_never: int = 60,
    n_periods: int = 10,
    growth: float = 0.3,
    ar: float = 0.8,
    trend: float = 0.0,
) -> tuple[Panel, Floats, Ints]:
    """Return a panel, the effect of every row and its periods since the start, (n_obs,) each.

    Parameters
    ----------
    growth : of effects a period, a share of the first
    ar : correlation of errors from one period to the next, which have a variance of one to start from
    trend : what untreated outcomes of treated entities rise more a period
    """
    start = np.repeat([NEVER, *sizes], [n_never, *[per_cohort] * len(sizes)])
    errors = rng.normal(size=(start.size, n_periods))
    errors[:, 0] /= np.sqrt(1.0 - ar**2)
    for at in range(1, n_periods):
        errors[:, at] += ar * errors[:, at - 1]
    period = np.arange(1, n_periods + 1)
    since = period - start[:, None]
    first = np.array([sizes.get(one, 0.0) for one in start.tolist()])[:, None]
    effects = first * (1.0 + growth * since) * (since >= 0)
    own = rng.normal(size=(start.size, 1)) + 0.3 * (start < NEVER)[:, None]
    untreated = own + np.sin(period) + trend * period * (start < NEVER)[:, None] + errors
    entity = np.broadcast_to(np.arange(start.size)[:, None], since.shape)
    panel = panel_from_arrays(
        entity=entity.ravel(),
        period=np.broadcast_to(period, since.shape).ravel(),
        outcome=(untreated + effects).ravel(),
        X=(since >= 0).astype(np.float64).ravel(),
        columns=("zone",),
    )
    return panel, effects.ravel(), since.ravel()
