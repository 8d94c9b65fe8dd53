"""Refusals and notes of least squares on a panel, worded once for all estimators."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from harness.arrays import Floats, Ints
from harness.data.panel import Panel
from harness.errors import EstimationError, Problem
from harness.language import Coded, marked
from harness.tables.preparation import Note

_POOLED = marked("or use an estimator that absorbs none")


def listed(names: Sequence[str]) -> str:
    """Return names as ``entity, time and industry``; at least one."""
    *before, last = names
    return Coded("{before} and {last}", before=", ".join(before), last=last) if before else last


@dataclass(frozen=True, eq=False)
class Refusals:
    """Problems and notes of the regression of a panel.

    Attributes
    ----------
    panel : the rows
    taken : absorbed effects, such as ``entity and time effects``; empty if none
    """

    panel: Panel
    taken: str

    def constant_outcome(self, value: float) -> Problem:
        """Return the refusal of a constant outcome."""
        rows = {"value": f"{value:.6g}", "n_obs": self.panel.n_obs}
        what = Coded("it equals {value} in all {n_obs} rows: there is no variation to explain", **rows)
        hint = marked("choose another outcome, or rows in which it varies")
        return Problem(self._outcome, what, hint=hint)

    def absorbed_outcome(self) -> Problem:
        """Return the refusal of an outcome fully explained by effects."""
        what = Coded("{taken} explain it fully: no variation remains for the exposure", taken=self.taken)
        return Problem(self._outcome, what, hint=Coded("absorb fewer effects, {POOLED}", POOLED=_POOLED))

    def single_level(self, name: str) -> Problem:
        """Return the refusal of effects with a single category."""
        rows = {"n_obs": self.panel.n_obs, "name": name}
        what = Coded("all {n_obs} rows share one {name}: its effect is the constant", **rows)
        hint = Coded("absorb no effects of {name}, {POOLED}", name=name, POOLED=_POOLED)
        return Problem(Coded("{name} effects", name=name), what, marked("at least two"), hint)

    def few_rows(self, *, n_columns: int, n_effects: int) -> Problem | None:
        """Return the refusal if there are no more rows than parameters, else None."""
        n_obs, n_coef = self.panel.n_obs, max(1, n_columns)
        if n_obs > n_coef + n_effects:
            return None
        counts = {"n_obs": n_obs, "n_coef": n_coef + n_effects, "n_coef_2": n_coef, "n_effects": n_effects}
        what = Coded(
            "{n_obs} rows are too few for {n_coef} parameters: {n_coef_2} columns and {n_effects} {taken}",
            **counts,
            taken=self.taken or marked("constant"),
        )
        hint = marked("use more rows, fewer controls or fewer effects")
        return Problem("rows", what, Coded("at least {least} rows", least=n_coef + n_effects + 1), hint)

    def constant_exposure(self, at: int, value: float) -> Problem:
        """Return the refusal of a constant exposure, or dummy of it."""
        rows = {"value": f"{value:.6g}", "n_obs": self.panel.n_obs}
        what = Coded("it equals {value} in all {n_obs} rows: its effect is not identified", **rows)
        hint = marked("choose another exposure, or rows in which it varies")
        return Problem(self._exposure(at), what, hint=hint)

    def absorbed_exposure(self, at: int) -> Problem:
        """Return the refusal of an exposure, or dummy of it, that effects absorb."""
        what = Coded("{taken} absorb it: it has no variation within them", taken=self.taken)
        keys, values = (self.panel.entity, self.panel.time), self.panel.X[:, at]
        if all(_varies_within(key.codes, values) for key in keys):
            words = marked(
                "{taken} absorb it together: like age or experience, it is a part of the entity plus one of "
                "the period"
            )
            what = Coded(words, taken=self.taken)
        hint = Coded("choose another exposure, absorb fewer effects, {POOLED}", POOLED=_POOLED)
        return Problem(self._exposure(at), what, hint=hint)

    def determined_exposure(self, at: int, on: Sequence[int], combination: str) -> Problem:
        """Return the refusal of an exposure collinear with other regressors, the positions `on`."""
        names = listed([repr(self.panel.columns[column]) for column in on])
        what = Coded("it is collinear with {names}: {combination}", names=names, combination=combination)
        hint = marked("drop one of these columns, or the effects among them")
        return Problem(self._exposure(at), what, hint=hint)

    def dropped_constant(self, column: int) -> Note:
        """Return the note on a dropped constant column."""
        name = self.panel.columns[column]
        what = Coded("{name} does not vary in these rows and was dropped.", name=repr(name))
        return Note("W-CONSTANT", name, what)

    def dropped_absorbed(self, column: int) -> Note:
        """Return the note on a dropped column that effects absorb."""
        name = self.panel.columns[column]
        named = {"name": repr(name), "taken": self.taken}
        words = marked("{name} is absorbed by the {taken} and was dropped; its slope needs fewer effects.")
        return Note("W-ABSORBED", name, Coded(words, **named))

    def dropped_collinear(self, column: int, combination: str) -> Note:
        """Return the note on a dropped collinear column."""
        name = self.panel.columns[column]
        named = {"name": repr(name), "combination": combination}
        return Note("W-COLLINEAR", name, Coded("{name} was dropped: {combination}.", **named))

    @property
    def _outcome(self) -> str:
        return Coded("outcome {name}", name=repr(self.panel.outcome))

    def _exposure(self, at: int) -> str:
        return Coded("exposure {name}", name=repr(self.panel.exposure_columns[at]))


def _varies_within(codes: Ints, values: Floats) -> bool:
    """Return whether values, (n_obs,), differ within some group."""
    low, high = (np.full(codes.max() + 1, start) for start in (np.inf, -np.inf))
    np.minimum.at(low, codes, values)
    np.maximum.at(high, codes, values)
    return bool(np.any(high > low))


def require_continuous(panel: Panel) -> None:
    """Refuse a categorical exposure.

    Raises
    ------
    EstimationError
        Naming the exposure and its categories.
    """
    if panel.levels:
        named = {"exposure": repr(panel.exposure), "levels": ", ".join(panel.levels)}
        what = Coded("{exposure} is categorical with the categories {levels}", **named)
        hint = marked("use `use: contrast` for differences between categories")
        raise EstimationError.at(panel.exposure, what, marked("an exposure of numbers"), hint)


def row_weights(panel: Panel, *, weighted: bool) -> Floats:
    """Return regression weights, (n_obs,), > 0: those of the panel, or ones.

    Raises
    ------
    EstimationError
        If `weighted` is set and the panel has no weights, or weights that are not positive.
    """
    if not weighted:
        return np.ones(panel.n_obs)
    if panel.weights is None:
        hint = marked("name the column as roles.weights, or drop `weighted`")
        raise EstimationError.at("weights", marked("the panel has none"), hint=hint)
    n_bad = int(np.count_nonzero(~(np.isfinite(panel.weights) & (panel.weights > 0.0))))
    if n_bad:
        counts = {"n_bad": n_bad, "n_obs": panel.n_obs}
        what = Coded("{n_bad} of {n_obs} are zero, negative or not numbers", **counts)
        raise EstimationError.at(
            "weights", what, marked("finite numbers above zero"), marked("drop these rows")
        )
    return panel.weights
