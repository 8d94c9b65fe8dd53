"""From panels to the columns of additive splines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from harness.plugin import EstimationError, Floats, Ints, Panel, Problem
from harness_sklearn.inputs import Inputs, make_inputs
from harness_sklearn.ridge import Moments, weighted_moments
from harness_sklearn.spline_basis import Bends, make_bends


@dataclass(frozen=True, eq=False)
class SplineDesign:
    """Columns of a regression: a constant, straight lines, bends, and products with the exposure's curve.

    Attributes
    ----------
    inputs : the straight lines, standardised
    exposure : its column, or those of its levels; the curve of these is what is multiplied
    bends : of exposure and moderators, by name; a column with two values has none
    factors : moderators that the exposure's curve is multiplied by
    """

    inputs: Inputs
    exposure: tuple[str, ...]
    bends: Mapping[str, Bends]
    factors: tuple[str, ...]

    def values(self, panel: Panel) -> Floats:
        """Return the columns, (n_obs, n_columns); those without a penalty come first."""
        straight = self.inputs.values(panel)
        column = dict(zip(self.inputs.columns, straight.T, strict=True))
        bent = {name: bends.values(column[name]) for name, bends in self.bends.items()}
        curve = [column[name][:, None] for name in self.exposure]
        curve += [bent[name] for name in self.exposure if name in bent]
        products = [part * column[factor][:, None] for factor in self.factors for part in curve]
        return np.column_stack([np.ones(panel.n_obs), straight, *bent.values(), *products])

    @property
    def curves(self) -> tuple[str, ...]:
        """What has a penalty: the columns with bends, and products with the exposure's curve."""
        exposure = " and ".join(self.exposure)
        return (*self.bends, *(f"{exposure} * {factor}" for factor in self.factors))

    @property
    def curve_of_column(self) -> Ints:
        """Position in `curves`, (n_penalised,), of the columns that come after the free ones."""
        bends = [bend.directions.shape[1] for bend in self.bends.values()]
        product = len(self.exposure) + sum(
            self.bends[name].directions.shape[1] for name in self.exposure if name in self.bends
        )
        sizes = np.array([*bends, *(product for _ in self.factors)], dtype=np.int64)
        return np.repeat(np.arange(len(self.curves)), sizes)

    def of_all_curves(self, penalties: Floats) -> Floats:
        """Return the one penalty of a draw, (n_draws,), for each curve, (n_draws, n_curves)."""
        return np.repeat(penalties[:, None], len(self.curves), axis=1)

    @property
    def n_free(self) -> int:
        """Number of columns without a penalty: the constant and the straight lines."""
        return 1 + len(self.inputs.columns)

    def moments(self, panel: Panel, weights: Floats) -> Moments:
        """Return the moments of a panel's rows under weights, (n_draws, n_obs)."""
        return weighted_moments(self.values(panel), self.inputs.outcome(panel), weights)


def make_design(panel: Panel, *, n_knots: int, factors: Sequence[str]) -> SplineDesign:
    """Return the design of training rows.

    Parameters
    ----------
    n_knots : of each curve, at least 2
    factors : moderators that the exposure's curve is multiplied by; one that does not vary is left out

    Raises
    ------
    EstimationError
        Where outcome or exposure do not vary, or rows are no more than straight lines.
    """
    inputs = make_inputs(panel)
    _require_rows(panel.n_obs, len(inputs.columns))
    column = dict(zip(inputs.columns, inputs.values(panel).T, strict=True))
    curved = [name for name in (*panel.exposure_columns, *panel.moderators) if name in column]
    made = {name: make_bends(column[name], n_knots) for name in curved}
    return SplineDesign(
        inputs=inputs,
        exposure=tuple(name for name in panel.exposure_columns if name in column),
        bends={name: bends for name, bends in made.items() if bends is not None},
        factors=tuple(name for name in factors if name in column),
    )


def _require_rows(n_obs: int, n_columns: int) -> None:
    if n_obs <= 1 + n_columns:
        raise EstimationError(
            Problem(
                where="splines",
                what=f"{n_obs} training rows are too few for a constant and {n_columns} columns",
                expected=f"at least {n_columns + 2} training rows",
                hint="train on more rows, or with fewer controls",
            )
        )
