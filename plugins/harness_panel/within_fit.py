"""One weighted regression with absorbed effects, as arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness import Floats
from harness_panel.absorb import Absorber, take_out
from harness_panel.least_squares import solve_least_squares
from harness_panel.screening import Screening, screen


@dataclass(frozen=True, eq=False)
class WithinFit:
    """A regression of an outcome on columns and effects.

    The fitted value of a row is ``intercept + (x - centre) @ slopes`` plus its levels' effects.

    Attributes
    ----------
    screening : which columns were kept
    outcome_screening : the same for the outcome as the only column
    centre : (n_columns,), weighted means; zero where nothing is absorbed
    intercept : weighted mean of the outcome; zero where nothing is absorbed
    slopes : (n_columns,), zero for dropped columns
    effects : (n_levels,) each, one a grouping; not normalised between groupings
    basis : (n_obs, n_kept), orthonormal: kept columns without effects, times the roots of the weights
    to_slopes : (n_columns, n_kept), takes coordinates in the basis to slopes
    column_effects : (n_levels, n_kept) each, the effects taken out of the columns, in the basis's coordinates
    residuals : (n_obs,), times the roots of the weights
    condition : >= 1, condition number of the kept columns, without effects and scaled to unit length
    """

    screening: Screening
    outcome_screening: Screening
    centre: Floats
    intercept: float
    slopes: Floats
    effects: tuple[Floats, ...]
    basis: Floats
    to_slopes: Floats
    column_effects: tuple[Floats, ...]
    residuals: Floats
    condition: float

    def level_at(self, columns: Floats) -> float:
        """Return the fitted value where the columns are these, (n_columns,), of a fit on a constant or none."""
        constant = sum(float(one[0]) for one in self.effects)
        return float(self.intercept + constant + (columns - self.centre) @ self.slopes)


def fit_within(regressors: Floats, outcome: Floats, weights: Floats, absorber: Absorber) -> WithinFit:
    """Regress an outcome, (n_obs,), on columns, (n_obs, n_columns), and the absorber's effects.

    Parameters
    ----------
    weights : (n_obs,), >= 0, not all zero
        Rows of weight zero are as good as absent.

    Notes
    -----
    Frisch-Waugh-Lovell: effects are taken out of all columns first. Columns are centred before and scaled to
    unit length after, so neither their level nor their unit costs digits. Columns that cannot be told apart
    are dropped in reverse order of priority; see `screen`.
    """
    columns = np.column_stack([regressors, outcome])
    has_level = bool(absorber.groupings)
    middle = _mean(columns, weights) if has_level else np.zeros(columns.shape[1])
    # Rounding of a large mean leaves every row off by the same amount, which a second pass finds.
    rest = _mean(columns - middle, weights) if has_level else middle
    centred = columns - middle - rest
    within = take_out(absorber, centred, weights)
    root = np.sqrt(weights)[:, None]
    largest = np.sqrt(weights.sum()) * np.abs(columns[weights > 0]).max(axis=0)
    scaled = root * within.values
    screening = screen(root * centred[:, :-1], scaled[:, :-1], largest=largest[:-1])
    kept = list(screening.kept)
    solution = solve_least_squares(scaled[:, kept], scaled[:, -1])
    slopes = np.zeros(regressors.shape[1])
    slopes[kept] = solution.coefficients
    to_slopes = np.zeros((regressors.shape[1], len(kept)))
    to_slopes[kept] = solution.to_coefficients
    centre = middle + rest
    return WithinFit(
        screening=screening,
        outcome_screening=screen(root * centred[:, -1:], scaled[:, -1:], largest=largest[-1:]),
        centre=centre[:-1],
        intercept=float(centre[-1]),
        slopes=slopes,
        effects=tuple(one[:, -1] - one[:, :-1] @ slopes for one in within.effects),
        basis=solution.basis,
        to_slopes=to_slopes,
        column_effects=tuple(one[:, :-1] @ to_slopes for one in within.effects),
        residuals=solution.residuals,
        condition=solution.condition,
    )


def _mean(columns: Floats, weights: Floats) -> Floats:
    mean: Floats = weights @ columns / weights.sum()
    return mean
