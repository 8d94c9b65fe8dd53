"""The elastic net on regressors, their squares and their pairwise products."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from numpy.random import Generator
from pydantic import Field

from harness.plugin import (
    EstimationError,
    Floats,
    HasDetails,
    HasNotes,
    Note,
    Panel,
    Problem,
    Rung,
    SelectsRows,
)
from harness_sklearn.penalty_path import PenaltyPath, fit_path, penalties_to_try
from harness_sklearn.selection import Search, split_to_select
from harness_sklearn.terms import QuadraticTerms, make_terms

LEAST_ROWS = 10
"""On fewer training rows a choice among penalties is a choice among accidents."""


@dataclass(frozen=True, eq=False)
class ElasticNetFit:
    """A linear model of terms, many of which may have a slope of zero.

    Attributes
    ----------
    terms : columns of the model
    slopes : (n_terms,), deviations of the outcome per deviation of the term
    penalty, l1_ratio : chosen on the selection rows
    search : all candidates
    notes : columns left out, slopes short of their optimum
    """

    terms: QuadraticTerms
    slopes: Floats
    penalty: float
    l1_ratio: float
    search: Search
    notes: tuple[Note, ...]

    def predict(self, panel: Panel) -> Floats:
        """Return predictions, (n_obs,), outcome units."""
        return self.terms.inputs.in_outcome_units(self.terms.values(panel) @ self.slopes)

    def details(self) -> Mapping[str, Mapping[str, Sequence[object]]]:
        """Return the candidates, and the slope of every term."""
        terms = {"term": self.terms.names, "slope": self.slopes.tolist()}
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
    max_rounds : rounds of coordinate descent after which a fit stops; a candidate that stops short of its
        optimum competes as it is, the model itself has a note
    selection_share : share of the training rows set aside where the protocol names no selection rows
    """

    name: ClassVar[str] = "elastic_net"
    known_as: ClassVar[tuple[str, ...]] = ("enet", "lasso", "ridge")
    rungs: ClassVar[tuple[Rung, ...]] = (Rung(150, "Elastic net on pairwise terms", id="enet"),)
    provides: ClassVar[frozenset[type]] = frozenset({HasDetails, HasNotes, SelectsRows})

    l1_ratios: Annotated[tuple[Annotated[float, Field(gt=0, le=1)], ...], Field(min_length=1)] = (
        0.1,
        0.5,
        1.0,
    )
    n_penalties: Annotated[int, Field(ge=2, le=10_000)] = 100
    smallest: Annotated[float, Field(gt=0, lt=1)] = 1e-3
    max_rounds: Annotated[int, Field(ge=1)] = 1000
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
        tried = make_terms(parts.train)
        paths = self._paths(*tried.arrays(parts.train))
        search = _compare(paths, *tried.arrays(parts.selection))
        penalty, l1_ratio = search.best("penalty"), search.best("l1_ratio")
        terms = make_terms(parts.whole)
        X, outcome = terms.arrays(parts.whole)
        model = fit_path(X, outcome, np.array([penalty]), l1_ratio=l1_ratio, max_rounds=self.max_rounds)
        return ElasticNetFit(
            terms=terms,
            slopes=model.coefficients[:, 0] + 0.0,  # no negative zeros in the table of terms
            penalty=penalty,
            l1_ratio=l1_ratio,
            search=search,
            notes=terms.notes + self._short_notes(model),
        )

    def _paths(self, X: Floats, outcome: Floats) -> list[PenaltyPath]:
        """Fit every candidate."""
        paths = []
        for l1_ratio in self.l1_ratios:
            penalties = penalties_to_try(
                X, outcome, l1_ratio=l1_ratio, n_penalties=self.n_penalties, smallest=self.smallest
            )
            paths.append(fit_path(X, outcome, penalties, l1_ratio=l1_ratio, max_rounds=self.max_rounds))
        return paths

    def _short_notes(self, model: PenaltyPath) -> tuple[Note, ...]:
        if not model.is_short.any():
            return ()
        message = (
            f"The slopes stopped after {self.max_rounds} rounds, short of their optimum; "
            "a larger max_rounds lets them get there."
        )
        return (Note("W-CONVERGENCE", "", message),)


def _compare(paths: Sequence[PenaltyPath], X: Floats, outcome: Floats) -> Search:
    """Return the errors of all candidates on the selection rows."""
    predicted = X @ np.hstack([path.coefficients for path in paths])
    return Search(
        settings={
            "penalty": np.concatenate([path.penalties for path in paths]).tolist(),
            "l1_ratio": np.repeat([path.l1_ratio for path in paths], paths[0].penalties.size).tolist(),
        },
        selection_nmse=np.mean((outcome[:, None] - predicted) ** 2, axis=0),
    )


def _require_rows(panel: Panel) -> None:
    if panel.n_obs < LEAST_ROWS:
        raise EstimationError(
            Problem(
                where="elastic_net",
                what=f"{panel.n_obs} training rows are too few to choose a penalty on",
                expected=f"at least {LEAST_ROWS} training rows",
                hint="use a protocol that leaves more rows to train on, or leave elastic_net out",
            )
        )
