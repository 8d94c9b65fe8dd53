"""Initial values of networks."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from harness import Floats, Ints


def initial_values(n_units: Ints, *, n_inputs: int, rng: Generator) -> Floats:
    """Draw the initial parameters of networks, one network after the other.

    Parameters
    ----------
    n_units : (n_networks,), >= 1

    Returns
    -------
    (n_networks, n_parameters), in the order of `Layout` with the largest of `n_units`; the entries of units
    that a network does not have are zero. Weights are uniform within ``sqrt(6 / (fan_in + fan_out))``
    (Glorot & Bengio 2010, equation 16), as are the biases of the units; the intercept is zero.
    """
    largest = int(n_units.max())
    values = np.zeros((n_units.size, largest * (n_inputs + 2) + 1))
    n_hidden = largest * (n_inputs + 1)
    for row, size in zip(values, n_units.tolist(), strict=True):
        hidden, output = np.sqrt(6.0 / (n_inputs + size)), np.sqrt(6.0 / (size + 1))
        row[: size * (n_inputs + 1)] = rng.uniform(-hidden, hidden, size * (n_inputs + 1))
        row[n_hidden : n_hidden + size] = rng.uniform(-output, output, size)
    return values


def without_unused(point: Floats, *, n_inputs: int, n_units: int) -> Floats:
    """Return the parameters of a network of `n_units`, from a row with places for more units."""
    n_places = (point.size - 1) // (n_inputs + 2)
    hidden, output = point[: n_units * (n_inputs + 1)], point[n_places * (n_inputs + 1) :]
    return np.concatenate([hidden, output[:n_units], point[-1:]])
