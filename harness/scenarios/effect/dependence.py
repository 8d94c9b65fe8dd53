"""Which rows of a panel have errors that depend on each other, and the covariance that follows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness.arrays import Floats, Ints
from harness.data.panel import Panel


@dataclass(frozen=True, eq=False)
class DependentErrors:
    """How errors of rows depend on each other.

    Attributes
    ----------
    rows : whose errors they are, in canonical order
    """

    rows: Panel

    @property
    def df(self) -> float:
        """Degrees of freedom of statistics."""
        return self.rows.n_entities - 1

    def root(self, influence: Floats) -> Floats:
        """Return a root of the covariance of coefficients, (n_terms, n_terms), ``root @ root.T`` of it.

        Parameters
        ----------
        influence : (n_obs, n_terms), of each row
        """
        covariance = _by_entity(influence, self.rows)
        size = np.sqrt(np.abs(np.diagonal(covariance)))
        size = np.where(size > 0.0, size, 1.0)
        values, vectors = np.linalg.eigh(covariance / np.outer(size, size))
        return np.asarray(size[:, None] * vectors * np.sqrt(np.maximum(values, 0.0)))


def _by_entity(influence: Floats, rows: Panel) -> Floats:
    return _squared(_sums(influence, rows.entity.codes))


def _squared(values: Floats) -> Floats:
    return np.asarray(values.T @ values)


def _sums(values: Floats, codes: Ints) -> Floats:
    """Return sums over the rows of each code, (n_codes, n_columns)."""
    return np.stack([np.bincount(codes, weights=column) for column in values.T], axis=1)
