"""Inputs of learners: standardised regressors, and rows held out for model selection."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

import numpy as np
from numpy.random import Generator

from harness.arrays import Floats, Ints
from harness.data.panel import Panel
from harness.errors import EstimationError
from harness.language import Coded, marked
from harness.tables.preparation import Note

# A column that varies by less than this share of its size is constant up to rounding.
_CONSTANT = 1e-12

# Standardised values that learners train on are multiples of this, so that a change of units, which alters
# last digits, leads to the same trees, penalties and training paths digit for digit. It is under a
# ten-millionth of a deviation.
_GRID = 2.0**-24


@dataclass(frozen=True, eq=False)
class ColumnScale:
    """Mean and standard deviation of columns, (n_columns,) each; zero deviation for a constant."""

    centre: Floats
    deviation: Floats

    def standardised(self, values: Floats) -> Floats:
        """Return standardised columns, (n_obs, n_columns); each must vary."""
        return np.asarray((values - self.centre) / self.deviation)

    def take(self, columns: Ints) -> ColumnScale:
        """Return the scale of these columns, (n_taken,) indices."""
        return ColumnScale(self.centre[columns], self.deviation[columns])


def column_scale(values: Floats) -> ColumnScale:
    """Return mean and standard deviation of each column of (n_obs, n_columns)."""
    size = np.abs(values).max(axis=0)
    unit = np.where(size > 0.0, size, 1.0)
    shrunk = values / unit  # keeps squares of very large or small units within range
    is_constant = np.ptp(shrunk, axis=0) <= _CONSTANT
    return ColumnScale(shrunk.mean(axis=0) * unit, np.where(is_constant, 0.0, shrunk.std(axis=0)) * unit)


def settle(values: Floats) -> Floats:
    """Return standardised values rounded so that they do not depend on the original units."""
    return np.asarray(np.rint(values / _GRID) * _GRID)


@dataclass(frozen=True, eq=False)
class Inputs:
    """The regressors that a learner uses, and the outcome, standardised on training rows.

    Entity and time are not inputs.

    Attributes
    ----------
    columns : names of the inputs, sorted, so that results do not depend on the order in the spec
    scale : of the inputs, (n_columns,)
    outcome_scale : of the outcome, (1,)
    notes : dropped inputs
    """

    columns: tuple[str, ...]
    scale: ColumnScale
    outcome_scale: ColumnScale
    notes: tuple[Note, ...]

    def standardised(self, panel: Panel) -> Floats:
        """Return standardised inputs, (n_obs, n_columns)."""
        return self.scale.standardised(panel.regressors(self.columns))

    def standardised_outcome(self, panel: Panel) -> Floats:
        """Return the standardised outcome, (n_obs,)."""
        return self.outcome_scale.standardised(panel.observed[:, None])[:, 0]

    def values(self, panel: Panel) -> Floats:
        """Return standardised inputs rounded by `settle`, (n_obs, n_columns)."""
        return settle(self.standardised(panel))

    def outcome(self, panel: Panel) -> Floats:
        """Return the standardised outcome rounded by `settle`, (n_obs,)."""
        return settle(self.standardised_outcome(panel))

    def with_outcome_of(self, panel: Panel) -> Inputs:
        """Return these inputs with the outcome of another panel of the training rows.

        Raises
        ------
        EstimationError
            Where the outcome does not vary.
        """
        refuse_constant(panel)
        return replace(self, outcome_scale=column_scale(panel.observed[:, None]))

    def in_outcome_units(self, values: Floats) -> Floats:
        """Return standardised predictions in units of the outcome."""
        return np.asarray(values * self.outcome_scale.deviation[0] + self.outcome_scale.centre[0])


def make_inputs(panel: Panel, *, without: Collection[str] = ()) -> Inputs:
    """Return the inputs of training rows: all regressors that vary, except those in `without`.

    Raises
    ------
    EstimationError
        Where the outcome or the exposure does not vary.
    """
    refuse_constant(panel)
    names = tuple(sorted(set(panel.columns) - set(without)))
    scale = column_scale(panel.regressors(names))
    varies = scale.deviation > 0.0
    constant = [name for name, is_input in zip(names, varies, strict=True) if not is_input]
    left_out = marked("does not vary in the training rows and is dropped")
    columns = tuple(name for name in names if name not in constant)
    scales = scale.take(np.flatnonzero(varies)), column_scale(panel.observed[:, None])
    return Inputs(columns, *scales, notes=tuple(Note("W-CONSTANT", name, left_out) for name in constant))


def refuse_constant(panel: Panel) -> None:
    """Refuse training rows without variation in the outcome or the exposure.

    Raises
    ------
    EstimationError
        Where the outcome or the exposure does not vary.
    """
    columns = {panel.outcome: panel.observed, panel.exposure: panel.column(panel.exposure)}
    for name, values in columns.items():
        if column_scale(values[:, None]).deviation[0] == 0.0:
            rows = {"value": f"{values[0]:.6g}", "n_obs": panel.n_obs}
            what = Coded("has the single value {value} in the {n_obs} training rows", **rows)
            hint = marked("train on more rows, or choose another variable")
            raise EstimationError.at(name, what, marked("an outcome and an exposure that vary"), hint)


@dataclass(frozen=True, eq=False)
class InnerSplit:
    """Positions of the rows to train on and of the rows to select on; both sorted, disjoint, not empty."""

    train: Ints
    selection: Ints


def inner_split(panel: Panel, *, share: float, rng: Generator) -> InnerSplit:
    """Split a training panel by the same unit as the protocol.

    Parameters
    ----------
    panel : its `split_unit` gives the unit: rows, whole entities, or the last periods; where it is both,
        whole entities, so that fits that are not made again with all rows know the last periods
    share : in (0, 1)
        Share of units for model selection; each side gets at least one.

    Raises
    ------
    EstimationError
        Where there are fewer than two units.
    """
    unit = "entity" if panel.keeps_entities else panel.split_unit
    codes = {"row": np.arange(panel.n_obs), "entity": panel.entity.codes, "time": panel.period}[unit]
    units = np.unique(codes)
    if units.size < 2:
        few = {"size": units.size, "split_unit": unit}
        what = Coded(
            "with {size} {split_unit} for training, none can be set aside for model selection", **few
        )
        hint = marked("use a protocol with more training data, or fix the model's size in the spec")
        raise EstimationError.at(marked("inner split"), what, marked("at least two"), hint)
    n_aside = min(max(1, round(share * units.size)), units.size - 1)
    aside = units[-n_aside:] if unit == "time" else rng.permutation(units)[:n_aside]
    is_aside = np.isin(codes, aside)
    return InnerSplit(train=np.flatnonzero(~is_aside), selection=np.flatnonzero(is_aside))
