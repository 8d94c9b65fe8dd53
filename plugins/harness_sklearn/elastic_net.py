"""The elastic net on regressors, their squares and their pairwise products."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from numpy.random import Generator
from pydantic import Field

from harness import EstimationError, Floats, HasDetails, HasNotes, Note, Panel, Problem
from harness_sklearn.penalty_path import PenaltyPath, fit_path, penalties_to_try
from harness_sklearn.selection import Parts, Search, split_to_select
from harness_sklearn.terms import Terms, make_terms

LEAST_ROWS = 10
"""On fewer training rows a choice among penalties is a choice among accidents."""


@dataclass(frozen=True, eq=False)
class ElasticNetFit:
    """A linear model of terms, many of which may have a coefficient of zero.

    Attributes
    ----------
    terms : columns of the model
    coefficients : (n_terms,), deviations of the outcome per deviation of the term
    penalty, l1_ratio : chosen on the selection rows
    search : all candidates
    notes : columns left out, fits that stopped short
    """

    terms: Terms
    coefficients: Floats
    penalty: float
    l1_ratio: float
    search: Search
    notes: tuple[Note, ...]

    def predict(self, panel: Panel) -> Floats:
        """Return predictions, (n_obs,), outcome units."""
        return self.terms.inputs.in_outcome_units(self.terms.values(panel) @ self.coefficients)

    def details(self) -> Mapping[str, Mapping[str, Sequence[object]]]:
        """Return the candidates, and the coefficients of the terms."""
        terms = {"term": self.terms.names, "coefficient": self.coefficients.tolist()}
        return {"search": self.search.table(), "terms": terms}


@dataclass(frozen=True)
class ElasticNet:
    """The elastic net (Zou & Hastie 2005), scikit-learn's coordinate descent.

    Its terms are all regressors, their squares and their pairwise products, standardised on the training
    rows; entity and time are none. On n rows it minimises
    ``|y - Xb|² / 2n + penalty * (l1_ratio * |b|₁ + (1 - l1_ratio) * |b|² / 2)``.

    Every penalty is tried with every ratio, and the pair with the least squared error on the selection rows
    is kept. The model is then fitted with it on all training rows: those that were set aside for the choice
    are among them, selection rows that the protocol names are not.

    Attributes
    ----------
    l1_ratios : candidates; 1 is the lasso
    n_penalties : candidates for each ratio, evenly spaced in logs, down from the least that leaves no term
    smallest : the last of them as a share of the first
    max_rounds : rounds of coordinate descent after which a fit stops
    selection_share : share of the training rows set aside where the protocol names no selection rows
    """

    name: ClassVar[str] = "elastic_net"
    provides: ClassVar[frozenset[type]] = frozenset({HasDetails, HasNotes})

    l1_ratios: Annotated[tuple[Annotated[float, Field(gt=0, le=1)], ...], Field(min_length=1)] = (0.1, 0.5, 1.0)
    n_penalties: Annotated[int, Field(ge=2)] = 100
    smallest: Annotated[float, Field(gt=0, lt=1)] = 1e-4
    max_rounds: Annotated[int, Field(ge=1)] = 10_000
    selection_share: Annotated[float, Field(gt=0, lt=1)] = 0.2

    def fit(self, panel: Panel, *, rng: Generator, selection: Panel | None = None) -> ElasticNetFit:
        """Choose penalty and ratio, and fit with them on all training rows.

        Raises
        ------
        EstimationError
            Where outcome or exposure do not vary, there are too few rows or too many columns.
        """
        parts = split_to_select(panel, selection, share=self.selection_share, rng=rng)
        _require_rows(parts.train)
        paths, search = self._search(parts)
        penalty, l1_ratio = (search.settings[name][search.chosen] for name in ("penalty", "l1_ratio"))
        terms = make_terms(parts.whole)
        last = self._path(terms, parts.whole, np.array([penalty]), l1_ratio)
        return ElasticNetFit(
            terms=terms,
            coefficients=last.coefficients[:, 0],
            penalty=penalty,
            l1_ratio=l1_ratio,
            search=search,
            notes=terms.notes + self._notes([*paths, last]),
        )

    def _search(self, parts: Parts) -> tuple[list[PenaltyPath], Search]:
        """Fit every candidate and compare them."""
        terms = make_terms(parts.train)
        X, outcome = terms.values(parts.train), terms.inputs.outcome(parts.train)
        penalties = [
            penalties_to_try(X, outcome, l1_ratio=one, n_penalties=self.n_penalties, smallest=self.smallest)
            for one in self.l1_ratios
        ]
        ...
