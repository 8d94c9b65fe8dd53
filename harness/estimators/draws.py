"""How an estimator makes draws: many fits of it at once, in blocks, or as what its own fit is the mean of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from numpy.random import Generator

from harness.arrays import Floats
from harness.data.panel import Panel


class FittedDraws(Protocol):
    """Many fits of one estimator, one a draw."""

    def predict(self, panel: Panel) -> Floats:
        """Return predictions, (n_draws, n_obs), outcome units."""


DrawSelection = Floats | Panel | None
"""What draws select on: counts of the rows they share, (n_draws, n_obs), rows of their own, or nothing."""


@runtime_checkable
class CanFitDraws(Protocol):
    """Capability of an estimator: a batch of weighted fits at once."""

    def fit_draws(
        self, panel: Panel, *, weights: Floats, selection: DrawSelection, rng: Generator
    ) -> FittedDraws:
        """Fit once a draw.

        A draw that leaves all rows of an entity or a period out says nothing about its level, and yet will
        be asked to predict it. Effects of such levels are those of their rows in `panel`, given the rest of
        the draw (see `with_omitted_levels`); a level has the mean effect only where no row is of it.

        Parameters
        ----------
        panel : rows to train on, which all draws share
        weights : (n_draws, n_obs), >= 0
            How often a row is trained on; zero leaves it out.
        selection : (n_draws, n_obs), >= 0, a panel, or None
            How often a row counts where candidates are compared and stopped, or rows besides `panel` that
            all draws select on. A row that is zero here and in `weights` tells of its levels and nothing
            else, and of these only where a draw has no other row.
        rng : the only source of randomness
        """


class PreparedDraws(Protocol):
    """What draws of one estimator have in common, such as the size of a network; it can be pickled."""

    def fit(self, weights: Floats, *, selection: Floats | None, rngs: Sequence[Generator]) -> FittedDraws:
        """Fit once a draw; a draw's fit does not depend on which others there are.

        Parameters
        ----------
        weights : (n_draws, n_obs), counts of the rows that were prepared for
        selection : (n_draws, n_obs), counts of the rows that each draw selects on, where no rows were given
            for that; None where there are none
        rngs : of each draw, its only source of randomness
        """


@runtime_checkable
class CanPrepareDraws(Protocol):
    """Capability of an estimator: what its draws have in common is found once, then any of them are fitted.

    An estimator that searches something on all rows before its draws are fitted offers it beside
    `CanFitDraws`; without it the search would be done again for every block of draws.
    """

    def prepare_draws(self, panel: Panel, *, selection: Panel | None, rng: Generator) -> PreparedDraws:
        """Find what draws have in common.

        Parameters
        ----------
        panel : rows that weights of draws are of
        selection : further rows that all draws select on; with None each has its own among those of `panel`
        rng : the only source of randomness; draws have streams of their own

        Raises
        ------
        EstimationError
            As by `fit`.
        """


class DrawMaker(Protocol):
    """What makes the draws that a fit is the mean of, any of them; it can be pickled.

    Where it has `HasDetails` or `HasNotes`, these are the fit's.
    """

    def draw(self, draws: range) -> FittedDraws:
        """Return these draws, counted from 0; a draw does not depend on which others there are.

        Raises
        ------
        EstimationError
            Where one of them refuses its rows.
        """


@runtime_checkable
class FitsByDraws(Protocol):
    """Capability of an estimator: its fit is the mean of draws that can be made apart, in blocks.

    Where scenarios ask for nothing but what can be found draw by draw, `fit` is not called: draws are made
    on all workers, block by block.
    """

    @property
    def draws(self) -> int:
        """Number of draws, >= 2."""

    def prepare(self, panel: Panel, *, rng: Generator, selection: Panel | None = None) -> DrawMaker:
        """Return what makes the draws that `fit` with these arguments is the mean of.

        Raises
        ------
        EstimationError
            As by `fit`.
        """


@runtime_checkable
class DrawsMaySelect(Protocol):
    """Capability of an estimator that selects on rows: its options say whether its draws do, too."""

    @property
    def draws_select(self) -> bool:
        """Whether they do; resamples of draws that do not set no rows aside."""


@runtime_checkable
class HasDraws(Protocol):
    """Capability of a fit: it carries its own draws, as a bootstrap ensemble does."""

    @property
    def draws(self) -> FittedDraws:
        """The draws."""
