"""Simulated panels that look like data, of many shapes, with known effects: for rates, powers and coverage.

Entity effects are correlated with the exposure. Of the panels of a study of curves every second one has
common shocks whose loadings exposure and outcome share, and of those with an even number of such pairs the
control moves both in a bend (`is_linear` is false then).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
import pandas as pd
from numpy.random import Generator

from harness.arrays import Floats
from harness.data.simulate.simulation import lasting
from harness.plugin import great_circle_km

# Slope of the exposure where there is an effect: standard deviations of the error for one of the exposure
# within entities. Of a treatment, its mean effect on the treated.
SLOPE, TREATMENT = 0.3, 0.5

# Square of the exposure and its product with the moderator, each of variance one. Next to a variance of 2.1
# that nothing explains they are a gain of 25 % for new entities; of a binary exposure the product alone is.
BENT, PRODUCT, PRODUCT_OF_BINARY = 0.7, 0.45, 0.83
GAIN = 0.25

# Share of the rows that are missing where there are more than two periods.
MISSING = 0.1

# Beyond this autocorrelation four fifths of the errors' variance are trends of entities.
TRENDING = 0.9

# Spatial dependence of outcomes, persistence of a dynamic one.
RHO, PERSISTENCE = 0.4, 0.5

NOTHING: Mapping[str, float] = MappingProxyType({})


@dataclass(frozen=True)
class PanelShape:
    """A shape that panels are drawn with.

    Attributes
    ----------
    autocorrelation : of the errors of an entity
    is_heavy : whether these are of a t distribution with three degrees of freedom and a spread by entity
    between : share of the exposure's variance between entities
    is_binary : whether the exposure takes two values
    """

    entities: int
    periods: int
    autocorrelation: float = 0.0
    is_heavy: bool = False
    between: float = 0.5
    is_binary: bool = False

    @property
    def size(self) -> tuple[int, int]:
        """Numbers of entities and periods."""
        return self.entities, self.periods

    @property
    def name(self) -> str:
        """Name of the cell, such as ``30x5-r0.9-heavy-b0``."""
        tails = "heavy" if self.is_heavy else "normal"
        shape = f"{self.entities}x{self.periods}"
        binary = "-binary" if self.is_binary else ""
        return f"{shape}-r{self.autocorrelation:g}-{tails}-b{self.between:g}{binary}"

    def errors(self, rng: Generator) -> Floats:
        """Draw autocorrelated errors of variance one, (entities, periods)."""
        innovations = rng.standard_normal(self.size)
        if self.is_heavy:
            spread = np.exp(1.2 * rng.standard_normal((self.entities, 1)) - 1.44)
            innovations = spread * rng.standard_t(3, size=self.size) / np.sqrt(3.0)
        errors = lasting(innovations, self.autocorrelation)
        if self.autocorrelation > TRENDING:
            trend = np.linspace(-np.sqrt(3.0), np.sqrt(3.0), self.periods)
            errors = (errors + 2.0 * rng.standard_normal((self.entities, 1)) * trend) / np.sqrt(5.0)
        return np.asarray(errors)

    def frame(self, **columns: Floats) -> pd.DataFrame:
        """Return columns, (entities, periods) or (entities, 1), with keys."""
        unit, period = (axis.ravel() for axis in np.indices(self.size))
        keys = {"unit": np.char.add("u", unit.astype(str)), "period": 2001 + period}
        return pd.DataFrame(
            keys | {name: np.broadcast_to(values, self.size).ravel() for name, values in columns.items()}
        )


@dataclass(frozen=True, eq=False)
class DrawnPanel:
    """A panel and what is true of it.

    Attributes
    ----------
    truth : true effects by the ids of the headline's key, or the term of a coefficient
    is_linear : whether the outcome is linear but for the exposure
    """

    frame: pd.DataFrame
    truth: Mapping[str, float] = field(default_factory=dict)
    is_linear: bool = True


Draw = Callable[[PanelShape, Generator, int, bool], DrawnPanel]


def curved(values: Floats) -> Floats:
    """Return the square of a standard normal variable with mean zero and variance one."""
    return np.asarray((values**2 - 1.0) / np.sqrt(2.0))


def column(shape: PanelShape, rng: Generator) -> Floats:
    """Return a regressor of variance one, half of it between entities, the rest an AR(.5)."""
    moves = lasting(rng.standard_normal(shape.size), 0.5)
    return np.asarray(np.sqrt(0.5) * (rng.standard_normal((shape.entities, 1)) + moves))


def around(shape: PanelShape, rng: Generator, levels: Floats, moves: Floats) -> Floats:
    """Return an exposure whose entity means are correlated with entity effects, and that moves within them.

    One unit is its standard deviation within entities.
    """
    between = 0.5 * levels + np.sqrt(0.75) * rng.standard_normal(levels.shape)
    exposure = np.sqrt(shape.between) * between + np.sqrt(1.0 - shape.between) * moves / moves.std()
    if shape.is_binary:
        exposure = (exposure > np.median(exposure)).astype(float)
    return np.asarray(exposure / (exposure - exposure.mean(axis=1, keepdims=True)).std())


def curves(shape: PanelShape, rng: Generator, number: int, has_effect: bool) -> DrawnPanel:
    """Draw a panel of a slope, a bend and an interaction."""
    n, is_linear = shape.entities, number % 4 < 2
    levels, moderator, control = rng.standard_normal((n, 1)), column(shape, rng), column(shape, rng)
    moves, errors = lasting(rng.standard_normal(shape.size), 0.5), shape.errors(rng)
    if number % 2:
        loading = rng.normal(0.7, 0.7, (n, 1))
        moves, errors = (
            own + loading * lasting(rng.standard_normal((1, shape.periods)), 0.6) for own in (moves, errors)
        )
    if not is_linear:
        moves, errors = (own + 0.5 * curved(control) for own in (moves, errors))
    exposure = around(shape, rng, levels, moves)
    shocks = np.sqrt(0.1) * rng.standard_normal((1, shape.periods))
    outcome = 0.5 * (moderator + control) + levels + shocks + errors
    if has_effect:
        scaled = (exposure - exposure.mean()) / exposure.std()
        bent = PRODUCT_OF_BINARY * scaled * moderator
        if not shape.is_binary:
            bent = BENT * curved(scaled) + PRODUCT * scaled * moderator
        outcome = outcome + SLOPE * exposure + bent
    means = moderator.mean(axis=1, keepdims=True)
    frame = shape.frame(y=outcome, x=exposure, m=moderator, z=control)
    half = np.where(means > np.median(means), "high", "low")
    frame["half"] = np.broadcast_to(half, shape.size).ravel()
    if not shape.is_binary:
        frame["third"] = pd.qcut(frame["x"], 3, labels=["low", "middle", "high"]).astype(str)
    is_there = rng.uniform(size=len(frame)) >= MISSING * (shape.periods > 2)
    return DrawnPanel(frame[is_there], is_linear=is_linear)


def endogenous(shape: PanelShape, rng: Generator, _number: int, has_effect: bool) -> DrawnPanel:
    """Draw an exposure that errors move, by a strong instrument."""
    levels, z, noise = rng.standard_normal((shape.entities, 1)), *rng.standard_normal((2, *shape.size))
    errors, effect = shape.errors(rng), SLOPE * has_effect
    x = around(shape, rng, levels, z + 0.8 * errors + 0.3 * noise)
    frame = shape.frame(y=effect * x + levels + errors, x=x, z=z)
    return DrawnPanel(frame, {"estimator=instrumental": effect})


def staged(shape: PanelShape, rng: Generator, _number: int, has_effect: bool) -> DrawnPanel:
    """Draw treatments whose effects differ by cohort and grow, so that two-way effects are biased."""
    n, t = shape.size
    starts = np.array([max(1, t // 4), max(2, 5 * t // 8), 2 * t, 2 * t])
    start = rng.permutation(np.resize(starts, n))[:, None]
    since, treated = np.arange(t) - start, (np.arange(t) >= start).astype(float)
    effects = treated * (1.0 + since / t) * np.where(start == starts[0], 2.0, 1.0)
    effects *= TREATMENT * has_effect / effects[treated > 0].mean()
    y = rng.standard_normal((n, 1)) + 0.1 * np.arange(t) + effects + shape.errors(rng)
    truth = TREATMENT * has_effect
    return DrawnPanel(shape.frame(y=y, x=treated), {"scenario=did/method=sun_abraham": truth})


def dynamic(shape: PanelShape, rng: Generator, _number: int, has_effect: bool) -> DrawnPanel:
    """Draw an outcome that depends on its own past, with errors that are not autocorrelated."""
    n, burn = shape.entities, 12
    longer = PanelShape(n, shape.periods + burn, is_heavy=shape.is_heavy)
    levels, errors, effect = rng.standard_normal((n, 1)), longer.errors(rng), SLOPE * has_effect
    x, y = around(shape, rng, levels, rng.standard_normal(longer.size)), np.zeros(longer.size)
    for at in range(1, longer.periods):
        y[:, at] = PERSISTENCE * y[:, at - 1] + effect * x[:, at] + levels[:, 0] + errors[:, at]
    return DrawnPanel(shape.frame(y=y[:, burn:], x=x[:, burn:]), {"estimator=gmm": effect})


def spatial(shape: PanelShape, rng: Generator, _number: int, has_effect: bool) -> DrawnPanel:
    """Draw outcomes that neighbours' exposures and outcomes move, entities on a lattice."""
    n, effect = shape.entities, SLOPE * has_effect
    side = int(np.ceil(np.sqrt(n)))
    at = np.column_stack([np.arange(n) % side, np.arange(n) // side]).astype(float)
    lat, lon = 30.0 + at[:, :1], 100.0 + at[:, 1:]
    distance = great_circle_km(*[np.hstack([lat, lon])] * 2)
    near = np.argsort(np.argsort(distance, axis=1, kind="stable"), axis=1)
    weights = ((near > 0) & (near <= 4)) / 4.0
    spread = np.linalg.inv(np.eye(n) - RHO * weights)
    levels = rng.standard_normal((n, 1))
    x = around(shape, rng, levels, rng.standard_normal(shape.size))
    mean = effect * (x + 0.5 * weights @ x) + levels + shape.errors(rng)
    impacts = effect * spread @ (np.eye(n) + 0.5 * weights)
    truth = {"direct": np.diag(impacts).mean(), "total": impacts.sum(axis=1).mean()}
    frame = shape.frame(y=spread @ mean, x=x, lat=lat, lon=lon)
    return DrawnPanel(frame, {f"estimator=spatial_durbin/impact={name}": own for name, own in truth.items()})


def mediated(shape: PanelShape, rng: Generator, _number: int, has_effect: bool) -> DrawnPanel:
    """Draw an effect of which half goes through a mediator that moves the outcome in any case."""
    levels, moves, of_mediator = (
        rng.standard_normal((shape.entities, 1)),
        *rng.standard_normal((2, *shape.size)),
    )
    x, effect = around(shape, rng, levels, moves), SLOPE * has_effect
    m = effect * x + of_mediator
    y = 0.5 * effect * x + 0.5 * m + levels + shape.errors(rng)
    return DrawnPanel(shape.frame(y=y, x=x, m=m), {"scenario=mediation": effect})


def spreading(shape: PanelShape, rng: Generator, _number: int, has_effect: bool) -> DrawnPanel:
    """Draw an outcome whose spread grows with the exposure."""
    levels, effect = rng.standard_normal((shape.entities, 1)), SLOPE * has_effect
    x = rng.uniform(0.0, np.sqrt(12.0), shape.size)
    y = effect * x + levels + (1.0 + 0.3 * x) / 1.52 * shape.errors(rng)
    return DrawnPanel(shape.frame(y=y, x=x), {"x": effect})
