"""One regression with many effects, by `pyfixest.feols`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from harness.plugin import Floats, Ints, Mask, Panel
from harness_fixest.effect_design import EffectDesign, LevelTrends
from harness_fixest.estimate import DroppedColumn, Estimate, Request
from harness_fixest.library import COLLINEAR, fit_pyfixest
from harness_fixest.standardised import Standardised

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class FeolsRegression:
    """Rows, and the effects to take out of them.

    Attributes
    ----------
    panel : the rows
    design : effects, with the weights of the rows
    """

    panel: Panel
    design: EffectDesign

    def take(self, rows: Ints) -> FeolsRegression:
        """Return the regression of some rows, (n_rows,) positions, with the same sets of effects."""
        panel, weights = self.panel.take(rows), self.design.weights[rows]
        sets = tuple(levels.take(rows) for levels in self.design.sets)
        if self.design.trend is None:
            return FeolsRegression(panel, EffectDesign(sets, weights))
        entities = sets[self.design.sets.index(self.design.trend.entities)]
        return FeolsRegression(
            panel, EffectDesign(sets, weights, LevelTrends.of(entities, panel.period, weights))
        )

    @property
    def is_weighted(self) -> bool:
        """Whether some rows count more than others."""
        return bool(np.ptp(self.design.weights) > 0.0)

    @cached_property
    def standardised(self) -> Standardised:
        """Columns and outcome."""
        return Standardised.of(self.panel, self.design.weights)

    @property
    def varies(self) -> Mask:
        """Whether a column varies by more than rounding, (n_columns,)."""
        return self.standardised.varies[:-1]

    @property
    def does_outcome_vary(self) -> bool:
        """Whether the outcome varies by more than rounding."""
        return bool(self.standardised.varies[-1])

    def estimate(self, request: Request) -> Estimate:
        """Estimate by weighted least squares.

        Raises
        ------
        EstimationError
            Where pyfixest does not find the solution.
        """
        candidates = np.flatnonzero(self.varies)
        scales = self.standardised.scales[[*candidates, -1]]
        found = None
        if candidates.size:
            found = fit_pyfixest(self._frame(candidates, request), self._formula(candidates.size), request)
        if found is None:
            return _nothing_left(candidates, self.panel.n_obs, scales[-1])
        is_kept = np.isin([f"x{at}" for at in range(candidates.size)], found.names)
        units = scales[-1] / scales[:-1][is_kept]
        return Estimate(
            kept=candidates[is_kept],
            dropped=_dropped(found.left, candidates, is_kept),
            slopes=found.slopes * units,
            covariance=found.covariance * np.outer(units, units),
            units=units,
            basis=found.basis,
            outcome=found.outcome,
            scale=float(scales[-1]),
        )

    def _formula(self, n_columns: int) -> str:
        """Return the formula, whose names are made here: no text of a user is ever read as one."""
        right = " + ".join(f"x{at}" for at in range(n_columns))
        if self.design.trend is not None:
            return f"y ~ {right}"
        return f"y ~ {right} | {' + '.join(f'f{at}' for at in range(len(self.design.sets)))}"

    def _frame(self, candidates: Ints, request: Request) -> pd.DataFrame:
        """Return the rows as the formula names them; trends are taken out of columns beforehand."""
        import pandas as pd

        values = self.standardised.columns
        if candidates.size < self.varies.size:
            values = values[:, [*candidates, -1]]
        if self.design.trend is not None:
            values = np.column_stack([self.design.residuals(column) for column in values.T])
        names = [*(f"x{at}" for at in range(candidates.size)), "y"]
        frame = pd.DataFrame(values, columns=names, copy=False)
        keys = {f"f{at}": levels.codes for at, levels in enumerate(self.design.sets)}
        keys |= {f"c{at}": levels.codes for at, levels in enumerate(request.clusters)}
        for name, codes in keys.items():
            frame[name] = codes
        if self.is_weighted:
            frame["w"] = self.design.weights / self.design.weights.mean()
        return frame


def _dropped(values: Floats, candidates: Ints, is_kept: Mask) -> tuple[DroppedColumn, ...]:
    """Return which kept columns each dropped column takes, of columns without effects, (n_obs, n_columns)."""
    kept = np.flatnonzero(is_kept)
    sizes = np.linalg.norm(values, axis=0)
    found = []
    for at in np.flatnonzero(~is_kept).tolist():
        before = kept[kept < at]
        on: tuple[int, ...] = ()
        if sizes[at] ** 2 > COLLINEAR * len(values):
            shares = np.linalg.lstsq(
                values[:, before] / sizes[before], values[:, at] / sizes[at], rcond=None
            )[0]
            on = tuple(candidates[before[np.abs(shares) > 1e-6]].tolist())
        found.append(DroppedColumn(int(candidates[at]), on))
    return tuple(found)


def _nothing_left(candidates: Ints, n_obs: int, scale: float) -> Estimate:
    """Return the estimate of an equation whose columns effects absorb."""
    none = np.empty(0)
    return Estimate(
        kept=np.empty(0, dtype=np.int64),
        dropped=tuple(DroppedColumn(column, ()) for column in candidates.tolist()),
        slopes=none,
        covariance=np.empty((0, 0)),
        units=none,
        basis=np.empty((n_obs, 0)),
        outcome=np.zeros(n_obs),
        scale=float(scale),
    )
