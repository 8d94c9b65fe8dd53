"""What least squares on a panel refuse, and what they note about columns, in the same words everywhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from harness.arrays import Floats
from harness.data.panel import Panel
from harness.errors import EstimationError, Problem
from harness.language import Message, marked
from harness.tables.preparation import Note

_POOLED = "or use an estimator that absorbs none"


def listed(names: Sequence[str]) -> str:
    """Return names as ``entity, time and industry``; at least one."""
    *before, last = names
    return Message("{before} and {last}", before=", ".join(before), last=last) if before else last


@dataclass(frozen=True, eq=False)
class Refusals:
    """Problems and notes of the regression of a panel.

    Attributes
    ----------
    panel : the rows
    taken : what was taken out of them, such as ``entity and time effects``; empty where nothing was
    """

    panel: Panel
    taken: str

    def constant_outcome(self, value: float) -> Problem:
        """Return that the outcome is one value in all rows."""
        rows = {"value": f"{value:.6g}", "n_obs": self.panel.n_obs}
        what = Message("it is {value} in all {n_obs} rows, so there is nothing to explain", **rows)
        hint = marked("choose another outcome, or estimate on rows where it varies")
        return Problem(self._outcome, what, hint=hint)

    def absorbed_outcome(self) -> Problem:
        """Return that effects explain the outcome whole."""
        what = Message("{taken} explain it whole, so nothing is left for the exposure", taken=self.taken)
        return Problem(self._outcome, what, hint=Message("absorb fewer effects, {POOLED}", POOLED=_POOLED))

    def single_level(self, name: str) -> Problem:
        """Return that all rows share one level of a key or column."""
        rows = {"n_obs": self.panel.n_obs, "name": name}
        what = Message("the {n_obs} rows share one {name}, whose effect is the constant", **rows)
        hint = Message("absorb no effects of {name}, {POOLED}", name=name, POOLED=_POOLED)
        return Problem(f"{name} effects", what, "at least two", hint)

    def few_rows(self, *, n_columns: int, n_effects: int) -> Problem | None:
        """Return that rows are no more than parameters, None where they are."""
        n_obs, n_coef = self.panel.n_obs, max(1, n_columns)
        if n_obs > n_coef + n_effects:
            return None
        counts = {"n_obs": n_obs, "n_coef": n_coef + n_effects, "n_coef_2": n_coef, "n_effects": n_effects}
        what = Message(
            "{n_obs} rows are too few for {n_coef} parameters, {n_coef_2} of columns and {n_effects} "
            "of {taken}",
            **counts,
            taken=self.taken or "the constant",
        )
        hint = marked("estimate on more rows, or with fewer controls or effects")
        return Problem("rows", what, f"at least {n_coef + n_effects + 1} rows", hint)

    def constant_exposure(self, at: int, value: float) -> Problem:
        """Return that the exposure, or one of its columns, is one value in all rows."""
        rows = {"value": f"{value:.6g}", "n_obs": self.panel.n_obs}
        what = Message("it is {value} in all {n_obs} rows, so it has no effect to estimate", **rows)
        hint = marked("choose another exposure, or estimate on rows where it varies")
        return Problem(self._exposure(at), what, hint=hint)

    def absorbed_exposure(self, at: int) -> Problem:
        """Return that effects determine the exposure, or one of its columns."""
        what = Message("{taken} absorb it: it does not vary once they are taken out", taken=self.taken)
        hint = Message("choose another exposure, absorb fewer effects, {POOLED}", POOLED=_POOLED)
        return Problem(self._exposure(at), what, hint=hint)

    def determined_exposure(self, at: int, column: int, combination: str) -> Problem:
        """Return that other regressors determine the exposure, the last of which is the column."""
        what = Message("other regressors determine it, since {combination}", combination=combination)
        hint = Message("leave out {columns} or another of them", columns=repr(self.panel.columns[column]))
        return Problem(self._exposure(at), what, hint=hint)

    def dropped_constant(self, column: int) -> Note:
        """Return that a column does not vary."""
        name = self.panel.columns[column]
        what = Message("{name} does not vary in these rows and was dropped.", name=repr(name))
        return Note("W-CONSTANT", name, what)

    def dropped_absorbed(self, column: int) -> Note:
        """Return that effects determine a column."""
        name = self.panel.columns[column]
        named = {"name": repr(name), "taken": self.taken}
        return Note(
            "W-ABSORBED", name, Message("{name} is absorbed by the {taken} and was dropped.", **named)
        )

    def dropped_collinear(self, column: int, combination: str) -> Note:
        """Return that a column is a combination of others."""
        name = self.panel.columns[column]
        named = {"name": repr(name), "combination": combination}
        return Note("W-COLLINEAR", name, Message("{name} was dropped, since {combination}.", **named))

    @property
    def _outcome(self) -> str:
        return f"outcome {self.panel.outcome!r}"

    def _exposure(self, at: int) -> str:
        return f"exposure {self.panel.exposure_columns[at]!r}"


def require_continuous(panel: Panel, *, where: str = "") -> None:
    """Refuse a categorical exposure.

    Parameters
    ----------
    where : what needs a continuous exposure; the exposure itself where it is not said

    Raises
    ------
    EstimationError
        Naming the exposure and its levels.
    """
    if panel.levels:
        named = {"exposure": repr(panel.exposure), "levels": ", ".join(panel.levels)}
        what = Message("{exposure} is categorical, one of {levels}", **named)
        hint = marked("ask `use: contrast` for differences between its levels")
        raise EstimationError.at(where or panel.exposure, what, "an exposure of numbers", hint)


def row_weights(panel: Panel, *, weighted: bool) -> Floats:
    """Return the weights of least squares, (n_obs,), > 0: those of the panel, or ones.

    Raises
    ------
    EstimationError
        Where `weighted` asks for weights that the panel lacks, or that are not positive numbers.
    """
    if not weighted:
        return np.ones(panel.n_obs)
    if panel.weights is None:
        hint = marked("name their column as roles.weights, or leave `weighted` out")
        raise EstimationError.at("weights", marked("the panel has none"), hint=hint)
    n_bad = int(np.count_nonzero(~(np.isfinite(panel.weights) & (panel.weights > 0.0))))
    if n_bad:
        counts = {"n_bad": n_bad, "n_obs": panel.n_obs}
        what = Message("{n_bad} of {n_obs} are zero, negative or no numbers", **counts)
        raise EstimationError.at("weights", what, "finite numbers above zero", marked("leave such rows out"))
    return panel.weights
