"""What a fit has to say about its columns, and when it is refused."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from harness.plugin import EffectKey, EstimationError, Floats, Note, Panel, Problem, Refusals
from harness_panel.resampling.effect import in_words
from harness_panel.resampling.gram_schmidt import Dependence
from harness_panel.resampling.within_fit import WithinFit

_NOTHING = 1e-9


def describe(dependence: Dependence, X: Floats, names: Sequence[str], effects: str) -> str:
    """Return the combination, such as ``z = 2*x - w + 3``.

    Parameters
    ----------
    X : (n_obs, n_columns), raw columns
    names : (n_columns,)
    effects : what else the combination may take, such as ``entity effects``; empty without effects
    """
    column, on = X[:, dependence.column], X[:, dependence.on]
    rest = column - on @ np.array(dependence.coefficients)
    on_names = [names[position] for position in dependence.on]
    terms = [_term(*pair) for pair in zip(dependence.coefficients, on_names, strict=True)]
    level = float(rest.mean())
    if effects and np.ptp(rest) > _NOTHING * np.ptp(column):
        terms.append(f"+ {effects}")
    elif abs(level) > _NOTHING * max(np.abs(column).max(), np.abs(on).max()):
        terms.append(f"{'-' if level < 0 else '+'} {abs(level):.6g}")
    signed = " ".join(terms)
    return f"{names[dependence.column]} = {signed[2:] if signed.startswith('+') else f'-{signed[2:]}'}"


def _term(coefficient: float, name: str) -> str:
    size = f"{abs(coefficient):.6g}"
    return f"{'-' if coefficient < 0 else '+'} {name if size == '1' else f'{size}*{name}'}"


_NOTABLE_CONDITION = 1e8
"""Half of the digits of a double."""

_WORST_CONDITION = 1e12


def judge(panel: Panel, fit: WithinFit, *, effects: Sequence[EffectKey], n_effects: int) -> tuple[Note, ...]:
    """Return notes on a fit.

    Parameters
    ----------
    effects : those taken out; none for a pooled regression
    n_effects : independent effects taken out; the constant counts as one

    Raises
    ------
    EstimationError
        Where the outcome does not vary, rows are too few, the exposure cannot be told apart, or the columns
        are too close to collinear.
    """
    say = Refusals(panel, f"{in_words(effects)} effects" if effects else "")
    problem = _problem(say, fit, n_effects)
    if problem:
        raise EstimationError(problem)
    notes = [say.dropped_constant(at) for at in fit.constant]
    notes += [say.dropped_absorbed(at) for at in fit.absorbed]
    for found in fit.dependent:
        notes.append(say.dropped_collinear(found.column, describe(found, panel.X, panel.columns, say.taken)))
    if fit.condition > _NOTABLE_CONDITION:
        message = f"Regressors are close to collinear: their scaled condition number is {fit.condition:.2g}."
        notes.append(Note("W-COND", "regressors", message))
    return tuple(notes)


def _problem(say: Refusals, fit: WithinFit, n_effects: int) -> Problem | None:
    panel = say.panel
    if fit.is_outcome_constant:
        return say.constant_outcome(fit.intercept)
    few = say.few_rows(n_columns=len(fit.kept), n_effects=n_effects)
    if few:
        return few
    if fit.is_outcome_absorbed:
        return say.absorbed_outcome()
    own = set(range(len(panel.exposure_columns)))
    for at in own.intersection(fit.constant):
        return say.constant_exposure(at, float(fit.centre[at]))
    for at in own.intersection(fit.absorbed):
        return say.absorbed_exposure(at)
    for dependence in fit.dependent:
        found = own.intersection((*dependence.on, dependence.column))
        if found and (len(dependence.on) > 1 or dependence.column in own):
            combination = describe(dependence, panel.X, panel.columns, say.taken)
            return say.determined_exposure(min(found), dependence.column, combination)
    if fit.condition <= _WORST_CONDITION:
        return None
    return Problem(
        where="regressors",
        what=f"they are all but collinear: the condition number of the scaled columns is {fit.condition:.2g}",
        expected=f"up to {_WORST_CONDITION:.0g}",
        hint="leave out one of the columns that nearly repeat each other",
    )
