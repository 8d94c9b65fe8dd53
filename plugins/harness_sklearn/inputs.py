"""From panels to standardised inputs, and back to outcome units."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

import numpy as np

from harness.plugin import EstimationError, Floats, Ints, Message, Note, Panel, Problem, marked

_CONSTANT = 1e-12
"""A column that varies by less than this share of its size is constant up to rounding."""

_GRID = 2.0**-24
"""Standardised values are multiples of this, so that a change of units, which alters last digits, leads to
the same trees and the same path of penalties digit for digit. It is under a ten-millionth of a deviation."""


@dataclass(frozen=True, eq=False)
class Scale:
    """Centre and deviation of columns, (n_columns,) each, in their own units; zero for a constant one."""

    centre: Floats
    deviation: Floats

    def standardised(self, values: Floats) -> Floats:
        """Return columns, (n_obs, n_columns), that vary, less their centres and over their deviations."""
        return np.asarray((values - self.centre) / self.deviation)

    def take(self, columns: Ints) -> Scale:
        """Return the scale of these columns, (n_taken,) positions."""
        return Scale(self.centre[columns], self.deviation[columns])


def column_scale(values: Floats) -> Scale:
    """Return mean and standard deviation of each column of (n_obs, n_columns)."""
    size = np.abs(values).max(axis=0)
    unit = np.where(size > 0.0, size, 1.0)
    shrunk = values / unit  # keeps squares of very large or small units within range
    is_constant = np.ptp(shrunk, axis=0) <= _CONSTANT
    return Scale(shrunk.mean(axis=0) * unit, np.where(is_constant, 0.0, shrunk.std(axis=0)) * unit)


@dataclass(frozen=True, eq=False)
class Inputs:
    """The regressors that an estimator uses, and the outcome, standardised on training rows.

    Attributes
    ----------
    columns : names of the inputs, sorted, so that the order in a spec changes no number
    scale : of the inputs, (n_columns,)
    outcome_scale : of the outcome, (1,)
    notes : inputs left out
    """

    columns: tuple[str, ...]
    scale: Scale
    outcome_scale: Scale
    notes: tuple[Note, ...]

    def values(self, panel: Panel) -> Floats:
        """Return standardised inputs, (n_obs, n_columns)."""
        return _settle(self.scale.standardised(panel.regressors(self.columns)))

    def outcome(self, panel: Panel) -> Floats:
        """Return the standardised outcome, (n_obs,)."""
        return _settle(self.outcome_scale.standardised(panel.observed[:, None]))[:, 0]

    def with_outcome_of(self, panel: Panel) -> Inputs:
        """Return these inputs beside the outcome of a panel that has the training rows.

        Raises
        ------
        EstimationError
            Where the outcome does not vary.
        """
        refuse_constant(panel)
        return replace(self, outcome_scale=column_scale(panel.observed[:, None]))

    def in_outcome_units(self, values: Floats) -> Floats:
        """Return standardised predictions in the unit of the outcome."""
        return np.asarray(values * self.outcome_scale.deviation[0] + self.outcome_scale.centre[0])


def make_inputs(panel: Panel, *, without: Collection[str] = ()) -> Inputs:
    """Return the inputs of training rows: all regressors that vary, less those in `without`.

    Raises
    ------
    EstimationError
        Where the outcome or the exposure does not vary.
    """
    refuse_constant(panel)
    names = tuple(sorted(set(panel.columns) - set(without)))
    scale = column_scale(panel.regressors(names))
    varies = np.flatnonzero(scale.deviation > 0.0)
    columns = tuple(names[at] for at in varies.tolist())
    return Inputs(
        columns=columns,
        scale=scale.take(varies),
        outcome_scale=column_scale(panel.observed[:, None]),
        notes=tuple(
            Note(
                "W-CONSTANT",
                name,
                Message("{name} does not vary on the training rows and is left out.", name=repr(name)),
            )
            for name in names
            if name not in columns
        ),
    )


def refuse_constant(panel: Panel) -> None:
    """Refuse training rows without variation in what is explained, or in what it is explained by.

    Raises
    ------
    EstimationError
        Where the outcome or the exposure does not vary.
    """
    for where, values in (
        (f"outcome {panel.outcome!r}", panel.observed),
        (f"exposure {panel.exposure!r}", panel.column(panel.exposure)),
    ):
        if column_scale(values[:, None]).deviation[0] == 0.0:
            raise EstimationError(
                Problem(
                    where=where,
                    what=Message(
                        "it is {values} in all {n_obs} training rows",
                        values=f"{values[0]:.6g}",
                        n_obs=panel.n_obs,
                    ),
                    expected="an outcome and an exposure that vary",
                    hint=marked("train on more rows, or choose another variable"),
                )
            )


def _settle(values: Floats) -> Floats:
    return np.asarray(np.rint(values / _GRID) * _GRID)
