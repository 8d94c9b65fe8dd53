"""Initial values of networks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from harness.plugin import Floats, Ints


@dataclass(frozen=True)
class StartLimits:
    """Within what initial values are drawn.

    Attributes
    ----------
    share : of the usual limits, for weights into units
    bias : of the units' biases
    """

    share: float = 0.2
    bias: float = 1.0


SOLVED_LIMITS = StartLimits(share=0.1, bias=2.0)
"""Where the weights from the units are solved for, a smoother start takes fewer steps.

``docs/decisions/when_networks_stop.md`` has what was tried.
"""


def initial_values(
    n_units: Ints, *, n_inputs: int, rng: Generator, limits: StartLimits = StartLimits()
) -> Floats:
    """Draw the initial parameters of networks, one network after the other.

    Parameters
    ----------
    n_units : (n_networks,), >= 1

    Returns
    -------
    (n_networks, n_parameters), in the order of `Layout` with the largest of `n_units`; the entries of units
    that a network does not have are zero.

    Notes
    -----
    Weights from the units are uniform within ``sqrt(6 / (fan_in + fan_out))`` (Glorot & Bengio 2010, equation
    16), weights into them within a share of it, biases of the units within their limit; the intercept is
    zero. A
    network then begins as a smooth function of its inputs whose units bend at different places. With
    weights and biases within Glorot's limits, units begin saturated in random directions of many inputs and
    have to unlearn them: on panels of 27 inputs many networks stop in a poor minimum, and the others take
    more steps to the same held-out error.
    """
    largest = int(n_units.max())
    values = np.zeros((n_units.size, largest * (n_inputs + 2) + 1))
    n_hidden = largest * (n_inputs + 1)
    for row, size in zip(values, n_units.tolist(), strict=True):
        hidden = limits.share * np.sqrt(6.0 / (n_inputs + size))
        limit = np.append(np.full(n_inputs, hidden), limits.bias)
        row[: size * (n_inputs + 1)] = rng.uniform(-limit, limit, (size, n_inputs + 1)).ravel()
        output = np.sqrt(6.0 / (size + 1))
        row[n_hidden : n_hidden + size] = rng.uniform(-output, output, size)
    return values


def without_unused(point: Floats, *, n_inputs: int, n_units: int) -> Floats:
    """Return the parameters of a network of `n_units`, from a row with places for more units."""
    n_places = (point.size - 1) // (n_inputs + 2)
    hidden, output = point[: n_units * (n_inputs + 1)], point[n_places * (n_inputs + 1) :]
    return np.concatenate([hidden, output[:n_units], point[-1:]])
