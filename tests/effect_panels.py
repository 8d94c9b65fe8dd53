"""Panels with a known effect of the exposure, and a learner that knows what their confounder is made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from harness.arrays import Floats, Ints
from harness.data.panel import Panel
from harness.data.simulate.small_panels import SmallPanel
from panels import panel_from_arrays, small_panel

if TYPE_CHECKING:
    import pandas as pd


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
    lasting: tuple[float, float] = (0.0, 0.4),
) -> Panel:
    """Return a panel whose exposure and outcome share a nonlinear confounder that goes with the entity.

    Controls lie between entities for 60 % of their variance. The exposure is a nonlinear function of them, a
    constant of the entity and noise; the outcome is the response, another nonlinear function, a constant that
    goes with the entity's means of controls and exposure, and noise that is correlated over time.

    Parameters
    ----------
    lasting : serial correlation of the noise of exposure and outcome
    """
    rng = np.random.default_rng([15, seed])
    n_obs = n_entities * n_periods
    entity, period = np.repeat(np.arange(n_entities), n_periods), np.tile(np.arange(n_periods), n_entities)
    level = np.repeat(rng.standard_normal((n_entities, N_CONTROLS)), n_periods, axis=0)
    X = np.sqrt(0.6) * level + np.sqrt(0.4) * rng.standard_normal((n_obs, N_CONTROLS))
    shared = 0.7 * np.square(X[:, 0]) + np.sin(1.2 * X[:, 1])
    shock = np.repeat(rng.standard_normal(n_entities), n_periods)
    trend = 0.1 * period
    noise = _lasting(rng.standard_normal((n_entities, n_periods)), lasting[0])
    exposure = 0.6 * shared + 0.3 * X[:, 2] + 0.7 * shock + trend + noise.ravel()
    means = np.repeat(exposure.reshape(n_entities, -1).mean(axis=1), n_periods)
    noise = _lasting(rng.standard_normal((n_entities, n_periods)), lasting[1])
    own = np.repeat(rng.standard_normal(n_entities), n_periods)
    constant = (
        0.8 * means + 0.5 * np.repeat(X[:, 0].reshape(n_entities, -1).mean(axis=1), n_periods) + 0.3 * own
    )
    outcome = response(exposure) + shared + 0.3 * X[:, 3] + constant + trend + noise.ravel()
    return panel_from_arrays(entity=entity, period=period, outcome=outcome, X=np.column_stack([exposure, X]))


def _lasting(noise: Floats, correlation: float) -> Floats:
    """Return noise, (n_entities, n_periods), with a serial correlation, its variance kept."""
    found = noise.copy()
    for at in range(1, noise.shape[1]):
        found[:, at] = correlation * found[:, at - 1] + np.sqrt(1.0 - correlation**2) * noise[:, at]
    return found


# How a control goes into exposure and outcome alike.
CONFOUNDERS: Mapping[str, Callable[[Floats], Floats]] = {
    "none": np.zeros_like,
    "linear": np.copy,
    "nonlinear": lambda x: np.sin(1.5 * x) + 0.5 * np.square(x),
}

# Responses to the exposure.
RESPONSES: Mapping[str, Callable[[Floats], Floats]] = {"zero": np.zeros_like, "bent": np.tanh}


def additive_panel(seed: int, *, n_entities: int, confounder: str, response: str) -> Panel:
    """Return nine periods in which two controls go into exposure and outcome alike, each by a function.

    Half of the variance of the controls lies between entities. The outcome has a constant of the entity that
    goes with its mean exposure, and errors with an autocorrelation of 0.8.

    Parameters
    ----------
    confounder, response : of `CONFOUNDERS` and `RESPONSES`
    """
    rng, n_periods = np.random.default_rng([32, seed]), 9
    n_obs, curve = n_entities * n_periods, CONFOUNDERS[confounder]
    entity, period = np.repeat(np.arange(n_entities), n_periods), np.tile(np.arange(n_periods), n_entities)
    level = np.repeat(rng.standard_normal((n_entities, 3)), n_periods, axis=0)
    X = np.sqrt(0.5) * (level + rng.standard_normal((n_obs, 3)))
    shared = curve(X[:, 0]) + curve(X[:, 2])
    own = np.repeat(rng.standard_normal(n_entities), n_periods)
    exposure = shared + 0.5 * own + rng.standard_normal(n_obs)
    errors = _lasting(rng.standard_normal((n_entities, n_periods)), 0.8)
    means = [values.reshape(n_entities, -1).mean(axis=1) for values in (exposure, X[:, 0])]
    constant = 0.8 * means[0] + 0.5 * means[1] + 0.3 * rng.standard_normal(n_entities)
    outcome = RESPONSES[response](exposure) + shared + 0.3 * X[:, 1] + np.repeat(constant, n_periods)
    outcome += 0.1 * period + errors.ravel()
    return panel_from_arrays(entity=entity, period=period, outcome=outcome, X=np.column_stack([exposure, X]))


def beyond_band(effects: pd.DataFrame, panel: Panel, response: str) -> pd.DataFrame:
    """Return of each method the point of a debiased curve farthest from the truth, with the band less that.

    Where its band holds zero, the band holds the whole curve.

    Parameters
    ----------
    effects : rows of the form ``curve``
    """
    wide, true = effects[effects["band"] == "simultaneous"].copy(), RESPONSES[response]
    truth = true(wide["at"].to_numpy()) - true(panel.column(panel.exposure)).mean()
    limits = ["estimate", "conf_low", "conf_high"]
    wide[limits] = wide[limits].sub(truth, axis=0)
    farthest = (wide["estimate"].abs() / wide["std_error"]).groupby(wide["method"], sort=False).idxmax()
    return wide.loc[farthest]


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


@dataclass(frozen=True, eq=False)
class KnownShapesFit:
    """Least squares on the functions that the confounder is made of."""

    slopes: Floats

    def predict(self, panel):
        return shapes(panel) @ self.slopes


@dataclass(frozen=True)
class KnownShapes:
    """A learner that need not learn which functions there are."""

    name: ClassVar[str] = "known_shapes"
    provides: ClassVar[frozenset[type]] = frozenset()

    def fit(self, panel, *, rng, selection=None):
        return KnownShapesFit(np.linalg.lstsq(shapes(panel), panel.observed, rcond=None)[0])


def shapes(panel):
    numbers = [name for name in panel.columns if not name.startswith("period ")]
    squares = [np.square(panel.column(name)) for name in numbers]
    sines = [np.sin(1.2 * panel.column(name)) for name in numbers if name.startswith("x2")]
    return np.column_stack([np.ones(panel.n_obs), panel.X, *squares, *sines])
