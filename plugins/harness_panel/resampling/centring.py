"""What is taken out of columns before rows are averaged or differenced, and put back into the fit."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from harness.plugin import Floats, Ints, Panel
from harness_panel.resampling.within_fit import WithinFit


@dataclass(frozen=True, eq=False)
class Centring:
    """Levels of columns and outcome that an equation is written without.

    A mean of numbers of size 1e9 is off by 1e-7, a mean of their deviations is not. Equations in means of
    entities are therefore made of deviations from these levels, which only move their constant.

    Attributes
    ----------
    columns : (n_columns,), units of the columns
    outcome : outcome units
    largest : (n_columns + 1,), largest size of columns and outcome with their levels, to which rounding is in
        proportion whatever becomes of the rows
    """

    columns: Floats
    outcome: float
    largest: Floats

    @classmethod
    def at_means(cls, panel: Panel) -> tuple[Panel, Centring]:
        """Return the panel without the means of columns and outcome over the rows, and these."""
        levels = cls(panel.X.mean(axis=0), float(panel.observed.mean()), _largest(panel))
        X, observed = panel.X - levels.columns, panel.observed - levels.outcome
        return replace(panel, X=X, observed=observed, derived=()), levels

    @classmethod
    def at_zero(cls, panel: Panel) -> Centring:
        """Return levels of zero, for rows that are differenced."""
        return cls(np.zeros(panel.X.shape[1]), 0.0, _largest(panel))

    def with_means(self, columns: Ints) -> Centring:
        """Return the levels of the columns and, after them, of the entity means of some of them."""
        largest, outcome = self.largest[:-1], self.largest[-1:]
        return Centring(
            columns=np.concatenate([self.columns, self.columns[columns]]),
            outcome=self.outcome,
            largest=np.concatenate([largest, largest[columns], outcome]),
        )

    def put_back(self, panel: Panel) -> Panel:
        """Return a panel that was made of rows without the levels with them."""
        return replace(panel, X=panel.X + self.columns, observed=panel.observed + self.outcome, derived=())

    def put_back_into(self, fit: WithinFit) -> WithinFit:
        """Return the fit of the same equation with the levels; only its constant moves."""
        return replace(fit, centre=fit.centre + self.columns, intercept=fit.intercept + self.outcome)


def _largest(panel: Panel) -> Floats:
    return np.append(np.abs(panel.X).max(axis=0), np.abs(panel.observed).max())
