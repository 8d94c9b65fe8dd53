"""Regressors, their squares and their pairwise products as columns of one scale."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from harness.plugin import EstimationError, Floats, Ints, Note, Panel, Problem
from harness_sklearn.inputs import Inputs, Scale, column_scale, make_inputs

MOST_TERMS = 4000
"""With more, their cross products alone take more than 128 MB."""

_COPY = 1.0 - 1e-12
"""Terms of this correlation or more are one term."""


@dataclass(frozen=True, eq=False)
class QuadraticTerms:
    """Inputs, their squares and their pairwise products; each standardised on the training rows.

    Products are of standardised inputs, so that the level and the unit of a column change no term.

    Attributes
    ----------
    inputs : the factors
    factors : (n_terms, 2), positions of a term's two factors among the inputs; the position after the last
        stands for one
    scale : of the products, (n_terms,)
    notes : inputs left out
    """

    inputs: Inputs
    factors: Ints
    scale: Scale
    notes: tuple[Note, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Name of each term, (n_terms,): ``x``, ``x*x``, ``x*z``."""
        names = (*self.inputs.columns, "")
        return tuple("*".join(filter(None, (names[a], names[b]))) for a, b in self.factors.tolist())

    def values(self, panel: Panel) -> Floats:
        """Return the terms, (n_obs, n_terms)."""
        return self.scale.standardised(_products(self.inputs.values(panel), self.factors))

    def arrays(self, panel: Panel) -> tuple[Floats, Floats]:
        """Return the terms, (n_obs, n_terms), and the standardised outcome, (n_obs,)."""
        return self.values(panel), self.inputs.outcome(panel)


def make_terms(panel: Panel) -> QuadraticTerms:
    """Return the terms of training rows.

    A column that the preparation computed as the product of two others, or as the square of one, is left out:
    it is among the products. So is a term that does not vary or repeats an earlier one, as the square of a
    column of zeros and ones does.

    Raises
    ------
    EstimationError
        Where outcome or exposure do not vary, or there are too many terms.
    """
    copies = product_copies(panel)
    inputs = make_inputs(panel, without=copies)
    n_inputs = len(inputs.columns)
    factors = np.array(
        [(at, n_inputs) for at in range(n_inputs)]
        + [(first, two) for first in range(n_inputs) for two in range(first, n_inputs)],
        dtype=np.int64,
    )
    if len(factors) > MOST_TERMS:
        raise EstimationError(
            Problem(
                where="elastic_net",
                what=f"{n_inputs} columns, their squares and products make {len(factors)} terms",
                expected=f"at most {MOST_TERMS} terms",
                hint="use fewer columns, or leave elastic_net out",
            )
        )
    products = _products(inputs.values(panel), factors)
    scale = column_scale(products)
    kept = np.flatnonzero(scale.deviation > 0.0)
    kept = kept[~_repeats_earlier(scale.take(kept).standardised(products[:, kept]))]
    return QuadraticTerms(
        inputs=inputs,
        factors=factors[kept],
        scale=scale.take(kept),
        notes=inputs.notes
        + tuple(
            Note("W-DUP", name, f"{name!r} is {product} and is left out, since that is a term of its own.")
            for name, product in copies.items()
        ),
    )


def product_copies(panel: Panel) -> dict[str, str]:
    """Return derived columns that are a product or a square of other regressors, and what they are."""
    copies: dict[str, str] = {}
    for derivation in panel.derived:
        inputs = derivation.inputs * 2 if len(derivation.inputs) == 1 else derivation.inputs
        if len(inputs) != 2 or derivation.into in panel.exposure_columns or copies.keys() & set(inputs):
            continue
        product = panel.column(inputs[0]) * panel.column(inputs[1])
        if np.allclose(panel.column(derivation.into), product, rtol=1e-12, atol=0.0):
            copies[derivation.into] = "*".join(inputs)
    return copies


def _products(inputs: Floats, factors: Ints) -> Floats:
    """Return the product of each pair of factors, (n_obs, n_terms)."""
    with_one = np.column_stack([inputs, np.ones(len(inputs))])
    return np.asarray(with_one[:, factors[:, 0]] * with_one[:, factors[:, 1]])


def _repeats_earlier(terms: Floats) -> npt.NDArray[np.bool_]:
    """Return which standardised terms are an earlier one, or its negative."""
    correlation = np.abs(terms.T @ terms) / len(terms)
    return np.asarray((np.triu(correlation, k=1) >= _COPY).any(axis=0))
