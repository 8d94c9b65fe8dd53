"""From panels to the numbers networks see, and back to outcome units."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from harness.plugin import EstimationError, Floats, Message, Note, Panel, Problem, marked

if TYPE_CHECKING:
    from harness_neural.batch import FixedInputs

# A column that varies by less than this share of its size is constant up to rounding.
CONSTANT = 1e-12
# Standardised values are trained on in multiples of this, so that a change of units, which alters last
# digits, leads to the same training path digit for digit. It is under a ten-millionth of a deviation.
GRID = 2.0**-24


@dataclass(frozen=True, eq=False)
class ColumnScale:
    """Centre and deviation of columns, (n_columns,) each, in their own units."""

    centre: Floats
    deviation: Floats


def column_scale(values: Floats) -> ColumnScale:
    """Return mean and standard deviation of each column of (n_obs, n_columns); zero for a constant one."""
    size = np.abs(values).max(axis=0)
    unit = np.where(size > 0.0, size, 1.0)
    shrunk = values / unit  # keeps squares of very large or small units within range
    deviation = shrunk.std(axis=0)
    is_constant = np.ptp(shrunk, axis=0) <= CONSTANT
    return ColumnScale(
        centre=shrunk.mean(axis=0) * unit, deviation=np.where(is_constant, 0.0, deviation) * unit
    )


def settle(values: Floats) -> Floats:
    """Return values rounded to multiples of `GRID`."""
    return np.rint(values / GRID) * GRID


@dataclass(frozen=True, eq=False)
class Design:
    """The inputs of a network: regressors that vary, in the order of their names, standardised.

    Entity and time are no inputs.

    Attributes
    ----------
    columns : names of the inputs, sorted, so that the order in a spec changes no number
    inputs_scale : of the inputs, (n_columns,)
    outcome_centre, outcome_deviation : of the outcome
    n_distinct : inputs that are not another one in other units
    notes : inputs left out, inputs that repeat another
    """

    columns: tuple[str, ...]
    inputs_scale: ColumnScale
    outcome_centre: float
    outcome_deviation: float
    n_distinct: int
    notes: tuple[Note, ...]

    def inputs(self, panel: Panel) -> Floats:
        """Return standardised inputs, (n_obs, n_columns)."""
        return (panel.regressors(self.columns) - self.inputs_scale.centre) / self.inputs_scale.deviation

    def outcome(self, panel: Panel) -> Floats:
        """Return the standardised outcome, (n_obs,)."""
        return (panel.observed - self.outcome_centre) / self.outcome_deviation

    def fixed(self, columns: tuple[str, ...], points: Floats) -> FixedInputs:
        """Return the inputs that are among some columns, at points, (n_points, n_columns) in their own units.

        A column that is no input, since it does not vary where networks train, changes nothing.
        """
        from harness_neural.batch import FixedInputs

        kept = [at for at, name in enumerate(columns) if name in self.columns]
        places = np.array([self.columns.index(columns[at]) for at in kept], dtype=np.int64)
        scale = self.inputs_scale
        return FixedInputs(places, (points[:, kept] - scale.centre[places]) / scale.deviation[places])

    def in_outcome_units(self, values: Floats) -> Floats:
        """Return standardised predictions in the unit of the outcome."""
        return values * self.outcome_deviation + self.outcome_centre


def make_design(panel: Panel) -> Design:
    """Return the design of a training panel.

    Raises
    ------
    EstimationError
        Where the outcome or the exposure does not vary.
    """
    names = tuple(sorted(panel.columns))
    scale = column_scale(panel.regressors(names))
    outcome = column_scale(panel.observed[:, None])
    constant = [name for name, size in zip(names, scale.deviation, strict=True) if size == 0.0]
    for name, size in (
        (panel.outcome, outcome.deviation[0]),
        (panel.exposure, float(not set(panel.exposure_columns) <= set(constant))),
    ):
        if size == 0.0:
            raise EstimationError(
                Problem(
                    where=name,
                    what=Message("has one value only on the {n_obs} rows to train on", n_obs=panel.n_obs),
                    expected="an outcome and an exposure that vary",
                    hint=marked("train on more rows, or choose another variable"),
                )
            )
    varies = scale.deviation > 0.0
    columns = tuple(name for name in names if name not in constant)
    kept = ColumnScale(scale.centre[varies], scale.deviation[varies])
    repeated = _repeated(settle((panel.regressors(columns) - kept.centre) / kept.deviation), columns)
    return Design(
        columns=columns,
        inputs_scale=kept,
        outcome_centre=float(outcome.centre[0]),
        outcome_deviation=float(outcome.deviation[0]),
        n_distinct=len(columns) - len(repeated),
        notes=(
            *(
                Note("W-CONSTANT", name, marked("does not vary on the training rows and is left out"))
                for name in constant
            ),
            *(
                Note("W-DUP", name, Message("is {twin} in other units and counts once", twin=twin))
                for name, twin in repeated
            ),
        ),
    )


def _repeated(values: Floats, names: tuple[str, ...]) -> list[tuple[str, str]]:
    """Return the columns that equal an earlier one, with its name."""
    first: dict[bytes, str] = {}
    repeated = []
    for name, column in zip(names, values.T, strict=True):
        twin = first.setdefault((column + 0.0).tobytes(), name)
        if twin != name:
            repeated.append((name, twin))
    return repeated
