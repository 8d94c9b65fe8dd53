"""Panels with a known effect of the exposure."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from harness import Panel
from harness.data.simulate.small_panels import SmallPanel
from harness.plugin import Floats
from panels import panel_from_arrays, small_panel

N_CONTROLS = 8

N_CITIES = 273

# Cities that those of a panel are drawn from.
POPULATION = 40 * N_CITIES


def confounded_panel(
    seed: int,
    response: Callable[[Floats], Floats],
    *,
    n_entities: int = 273,
    n_periods: int = 9,
) -> Panel:
    """Return a panel whose exposure and outcome share a nonlinear confounder that goes with the entity.

    Controls lie between entities for 60 % of their variance. The exposure is a nonlinear function of them, a
    constant of the entity and noise; the outcome is the response, another nonlinear function, a constant that
    goes with the entity's means of controls and exposure, and noise that is correlated over time.
    """
    rng = np.random.default_rng([15, seed])
    n_obs = n_entities * n_periods
    entity, period = np.repeat(np.arange(n_entities), n_periods), np.tile(np.arange(n_periods), n_entities)
    level = np.repeat(rng.standard_normal((n_entities, N_CONTROLS)), n_periods, axis=0)
    X = np.sqrt(0.6) * level + np.sqrt(0.4) * rng.standard_normal((n_obs, N_CONTROLS))
    shared = 0.7 * np.square(X[:, 0]) + np.sin(1.2 * X[:, 1])
    shock = np.repeat(rng.standard_normal(n_entities), n_periods)
    trend = 0.1 * period
    exposure = 0.6 * shared + 0.3 * X[:, 2] + 0.7 * shock + trend + rng.standard_normal(n_obs)
    means = np.repeat(exposure.reshape(n_entities, -1).mean(axis=1), n_periods)
    noise = rng.standard_normal((n_entities, n_periods))
    for at in range(1, n_periods):
        noise[:, at] = 0.4 * noise[:, at - 1] + np.sqrt(1.0 - 0.16) * noise[:, at]
    own = np.repeat(rng.standard_normal(n_entities), n_periods)
    constant = (
        0.8 * means + 0.5 * np.repeat(X[:, 0].reshape(n_entities, -1).mean(axis=1), n_periods) + 0.3 * own
    )
    outcome = response(exposure) + shared + 0.3 * X[:, 3] + constant + trend + noise.ravel()
    return panel_from_arrays(entity=entity, period=period, outcome=outcome, X=np.column_stack([exposure, X]))


def cities_of_many(simulated: type[SmallPanel], seed: int) -> tuple[Panel, float]:
    """Return a panel of cities drawn from many, and the mean slope of all of these.

    Exposures of a simulated panel are spread evenly, the same in every one; those of the first cities of a
    far larger one are as they come.
    """
    simulation = simulated(n_entities=POPULATION, seed=seed)
    cities, step = simulation.draw(), 1e-5
    exposure, moderator = (cities[name].to_numpy() for name in ("exposure", "moderator"))
    up, down = (simulation.response(exposure + move, moderator) for move in (step, -step))
    slope = float(np.mean((up - down) / (2.0 * step)))
    return small_panel(cities.iloc[: N_CITIES * simulation.n_periods]), slope
