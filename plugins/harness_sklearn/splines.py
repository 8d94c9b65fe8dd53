"""Additive splines: a curve for the exposure and for each moderator, straight lines for the controls."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

import numpy as np
from numpy.random import Generator
from pydantic import Field

from harness import CanFitDraws, DrawSelection, Floats, HasDetails, HasNotes, Panel, SelectsRows
from harness_sklearn.ridge import Moments, errors_of_penalties, solve_ridge
from harness_sklearn.selection import (
    RowParts,
    Search,
    refuse_empty_draws,
    rows_in_use,
    rows_to_select_on,
    split_to_select,
)
from harness_sklearn.spline_design import SplineDesign, make_design
from harness_sklearn.spline_fits import SplineDraws, SplinesFit

DECADES = tuple(10.0**power for power in range(2, -9, -1))
"""From penalties that leave straight lines to those that leave curves as the knots allow them."""


@dataclass(frozen=True)
class Splines:
    """Penalised cubic splines in the exposure and the moderators, linear in the controls.

    All columns are standardised. Straight lines have no penalty, so with a large penalty this is pooled OLS;
    a curve is penalised by the integral of its squared second derivative (O'Sullivan 1986; Wand & Ormerod
    2008), a product by its squared size. Outside the training rows' range curves go on as straight lines.
    Entity and time are no inputs.

    The penalty with the least squared error on the selection rows is kept, and the curves are fitted with it
    on all training rows: those that were set aside for the choice are among them, selection rows that the
    protocol names are not.

    Attributes
    ----------
    knots : of each curve, at quantiles of the training rows
    products : ``moderators`` lets the exposure's curve change in proportion to each moderator
    penalties : candidates, for the mean squared error of the standardised outcome
    selection_share : share of the training rows set aside where the protocol names no selection rows
    """

    name: ClassVar[str] = "splines"
    known_as: ClassVar[tuple[str, ...]] = ("gam", "spline")
    provides: ClassVar[frozenset[type]] = frozenset({CanFitDraws, HasDetails, HasNotes, SelectsRows})

    knots: Annotated[int, Field(ge=2)] = 8
    products: Literal["none", "moderators"] = "none"
    penalties: Annotated[tuple[Annotated[float, Field(gt=0)], ...], Field(min_length=1)] = DECADES
    selection_share: Annotated[float, Field(gt=0, lt=1)] = 0.2

    def fit(self, panel: Panel, *, rng: Generator, selection: Panel | None = None) -> SplinesFit:
        """Choose the penalty, and fit with it on all training rows.

        Raises
        ------
        EstimationError
            Where outcome or exposure do not vary, or there are too few rows.
        """
        parts = split_to_select(panel, selection, share=self.selection_share, rng=rng)
        search = self._search(parts)
        design = self._design(parts.whole)
        penalties = np.array([search.best("penalty")])
        moments = design.moments(parts.whole, np.ones((1, parts.whole.n_obs)))
        slopes = solve_ridge(moments, penalties, n_free=design.n_free)
        return SplinesFit(SplineDraws(design, slopes, penalties), search)

    def fit_draws(
        self, panel: Panel, *, weights: Floats, selection: DrawSelection, rng: Generator
    ) -> SplineDraws:
        """Fit by weighted least squares once a draw.

        Knots and units are those of the rows that some draw trains on, each counted once. Every draw chooses
        its own penalty; draws without selection rows take the one that `fit` would choose on the rows that
        some draw trains on.

        Raises
        ------
        EstimationError
            As by `fit`, or where a draw trains on no row.
        """
        refuse_empty_draws(weights, estimator=self.name)
        rows = rows_in_use(panel, weights)
        trained_on = panel.take(rows)
        design = self._design(trained_on)
        train = design.moments(trained_on, weights[:, rows])
        aside, asides = rows_to_select_on(panel, weights, selection)
        chooses = np.flatnonzero(asides.any(axis=1))
        penalties = np.empty(len(weights))
        if chooses.size:
            penalties[chooses] = self._own_penalties(design, train.take(chooses), aside, asides[chooses])
        if chooses.size < penalties.size:
            parts = split_to_select(trained_on, None, share=self.selection_share, rng=rng)
            penalties[~asides.any(axis=1)] = self._search(parts).best("penalty")
        return SplineDraws(design, solve_ridge(train, penalties, n_free=design.n_free), penalties)

    @property
    def _candidates(self) -> Floats:
        """Penalties, (n_penalties,), the smoothest curves first."""
        return np.sort(self.penalties)[::-1]

    def _design(self, panel: Panel) -> SplineDesign:
        factors = panel.moderators if self.products == "moderators" else ()
        return make_design(panel, n_knots=self.knots, factors=factors)

    def _errors(self, design: SplineDesign, train: Moments, selection: Moments) -> Floats:
        """Return the errors of all candidates on selection rows, (n_penalties, n_draws)."""
        return errors_of_penalties(train, selection, self._candidates, n_free=design.n_free)

    def _own_penalties(self, design: SplineDesign, train: Moments, panel: Panel, selection: Floats) -> Floats:
        """Return the penalty, (n_draws,), that each draw chooses by its weights, (n_draws, n_obs)."""
        rows = rows_in_use(panel, selection)
        errors = self._errors(design, train, design.moments(panel.take(rows), selection[:, rows]))
        return np.asarray(self._candidates[errors.argmin(axis=0)])

    def _search(self, parts: RowParts) -> Search:
        """Fit every candidate and compare them."""
        design = self._design(parts.train)
        train, selection = (
            design.moments(side, np.ones((1, side.n_obs))) for side in (parts.train, parts.selection)
        )
        return Search({"penalty": self._candidates.tolist()}, self._errors(design, train, selection)[:, 0])
