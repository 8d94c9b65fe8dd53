"""The random numbers that a wild cluster bootstrap multiplies clusters by."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.random import Generator

from harness import Floats

Auxiliary = Literal["rademacher", "webb"]

_WEBB = np.sqrt(np.array([0.5, 1.0, 1.5]))


def is_enumerated(kind: Auxiliary, n_clusters: int, n_draws: int) -> bool:
    """Say whether all Rademacher draws are used, since there are no more than asked for."""
    return kind == "rademacher" and n_clusters < 63 and 2**n_clusters <= n_draws


def auxiliary_weights(kind: Auxiliary, n_clusters: int, n_draws: int, *, rng: Generator) -> Floats:
    """Return numbers of mean zero and variance one, (n_draws, n_clusters).

    Rademacher: -1 or 1; all 2^n_clusters combinations where they are no more than `n_draws`. Webb 2023,
    "Reworking wild bootstrap-based inference for clustered errors": six points of equal probability.
    """
    if is_enumerated(kind, n_clusters, n_draws):
        numbers = np.arange(2**n_clusters)
        bits = (numbers[:, None] >> np.arange(n_clusters)) & 1
        return np.where(bits == 1, 1.0, -1.0)
    points = np.array([-1.0, 1.0]) if kind == "rademacher" else np.concatenate([-_WEBB, _WEBB])
    return rng.choice(points, size=(n_draws, n_clusters))
