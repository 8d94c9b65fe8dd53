"""What fitting splines returns: curves of many draws, or of one fit with its search."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from harness.plugin import Floats, Note, Panel
from harness_sklearn.inputs import Inputs
from harness_sklearn.ridge import Moments, solve_ridge
from harness_sklearn.selection import Search
from harness_sklearn.spline_design import SplineDesign


@dataclass(frozen=True, eq=False)
class SplineDraws:
    """One curve set a draw, all with the same knots.

    Attributes
    ----------
    design : from panels to columns
    slopes : (n_draws, n_columns), deviations of the outcome per unit of the column
    penalties : (n_draws, n_curves), of `design.curves`
    """

    design: SplineDesign
    slopes: Floats
    penalties: Floats

    @property
    def notes(self) -> tuple[Note, ...]:
        """Columns left out."""
        return self.design.inputs.notes

    def predict(self, panel: Panel) -> Floats:
        """Return predictions, (n_draws, n_obs), outcome units."""
        return self.design.inputs.in_outcome_units(self.slopes @ self.design.values(panel).T)


@dataclass(frozen=True, eq=False)
class SplinesOfOutcomes:
    """One set of curves an outcome, all with the same knots.

    Attributes
    ----------
    curves : those of an outcome in the place of a draw
    inputs : of each outcome, in whose units it is predicted
    """

    curves: SplineDraws
    inputs: tuple[Inputs, ...]

    def predict(self, panel: Panel) -> Floats:
        """Return predictions, (n_outcomes, n_obs), each in the units of its outcome."""
        columns = self.curves.design.values(panel).T
        pairs = zip(self.inputs, self.curves.slopes, strict=True)
        return np.concatenate([inputs.in_outcome_units(slopes[None] @ columns) for inputs, slopes in pairs])


@dataclass(frozen=True, eq=False)
class SplinesFit:
    """One set of curves.

    Attributes
    ----------
    curves : a single draw
    search : all candidates; None where the likelihood chose
    """

    curves: SplineDraws
    search: Search | None

    @property
    def notes(self) -> tuple[Note, ...]:
        """Columns left out."""
        return self.curves.notes

    def predict(self, panel: Panel) -> Floats:
        """Return predictions, (n_obs,), outcome units."""
        return np.asarray(self.curves.predict(panel)[0])

    def details(self) -> Mapping[str, Mapping[str, Sequence[object]]]:
        """Return the candidates, or the penalty of every curve where it has its own."""
        if self.search is not None:
            return {"search": self.search.table()}
        return {
            "smoothing": {
                "curve": self.curves.design.curves,
                "penalty": self.curves.penalties[0].tolist(),
            }
        }


def fitted(design: SplineDesign, moments: Moments, penalties: Floats) -> SplineDraws:
    """Return the curves of draws by their moments and penalties, (n_draws, n_curves)."""
    of_columns = penalties[:, design.curve_of_column]
    return SplineDraws(design, solve_ridge(moments, of_columns, n_free=design.n_free), penalties)
