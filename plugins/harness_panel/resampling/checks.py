"""What a fit has to say about its columns, and when it is refused."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from harness import EffectKey, EstimationError, Floats, Note, Panel, Problem, key_of
from harness_panel.resampling.collinearity import Dependence
from harness_panel.resampling.effect import in_words
from harness_panel.resampling.grouping import Grouping
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


def count_singletons(groupings: Sequence[Grouping]) -> int:
    """Return the number of rows that are the only one of a level of some grouping of the same rows.

    A row that becomes the only one once others are left out counts as well (Correia 2015, "Singletons,
    cluster-robust standard errors and fixed effects").
    """
    n_obs = groupings[0].codes.size
    kept = np.arange(n_obs)
    while True:
        is_alone = np.zeros(kept.size, dtype=np.bool_)
        for grouping in groupings:
            codes = grouping.codes[kept]
            is_alone |= np.bincount(codes, minlength=grouping.n_levels)[codes] == 1
        if not is_alone.any():
            return int(n_obs - kept.size)
        kept = kept[~is_alone]


_NOTABLE_CONDITION = 1e8
"""Half of the digits of a double."""

_WORST_CONDITION = 1e12


def refuse_single_levels(panel: Panel, effects: Sequence[EffectKey]) -> None:
    """Refuse effects of a single level.

    Raises
    ------
    EstimationError
        Where a key or column of `effects` has one level, or the panel has no such column.
    """
    for effect in effects:
        if key_of(panel, effect).n_present < 2:
            raise EstimationError(
                Problem(
                    where=f"{effect} effects",
                    what=f"the {panel.n_obs} rows share one {effect}, whose effect is the constant",
                    expected="at least two",
                    hint=f"absorb no effects of {effect}, or use pooled_ols",
                )
            )


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
    taken = f"{in_words(effects)} effects" if effects else ""
    problem = (
        _constant_outcome(panel, fit)
        or _size_problem(panel, fit, n_effects, taken)
        or _absorbed_outcome(panel, fit, taken)
        or _exposure_problem(panel, fit, taken)
        or _condition_problem(fit)
    )
    if problem:
        raise EstimationError(problem)
    return _notes(panel, fit, taken)


def _constant_outcome(panel: Panel, fit: WithinFit) -> Problem | None:
    if not fit.is_outcome_constant:
        return None
    return Problem(
        where=f"outcome {panel.outcome!r}",
        what=f"it is {fit.intercept:.6g} in all {panel.n_obs} rows, so there is nothing to explain",
        hint="choose another outcome, or estimate on rows where it varies",
    )


def _absorbed_outcome(panel: Panel, fit: WithinFit, taken: str) -> Problem | None:
    if not fit.is_outcome_absorbed:
        return None
    return Problem(
        where=f"outcome {panel.outcome!r}",
        what=f"{taken} explain it whole, so nothing is left for the exposure",
        hint="absorb fewer effects, or use pooled_ols",
    )


def _size_problem(panel: Panel, fit: WithinFit, n_effects: int, taken: str) -> Problem | None:
    n_coef = max(1, len(fit.screening.kept))
    if panel.n_obs > n_coef + n_effects:
        return None
    return Problem(
        where="rows",
        what=f"{panel.n_obs} rows are too few for {n_coef + n_effects} parameters, "
        f"{n_coef} of columns and {n_effects} of {taken or 'the constant'}",
        expected=f"at least {n_coef + n_effects + 1} rows",
        hint="estimate on more rows, or with fewer controls or effects",
    )


def _exposure_problem(panel: Panel, fit: WithinFit, taken: str) -> Problem | None:
    own = set(range(len(panel.exposure_columns)))
    for at in own.intersection(fit.screening.constant):
        what = f"it is {fit.centre[at]:.6g} in all {panel.n_obs} rows, so it has no effect to estimate"
        hint = "choose another exposure, or estimate on rows where it varies"
        return Problem(_where(panel, at), what, hint=hint)
    for at in own.intersection(fit.screening.absorbed):
        what = f"{taken} absorb it: it does not vary once they are taken out"
        hint = "choose another exposure, absorb fewer effects, or use pooled_ols"
        return Problem(_where(panel, at), what, hint=hint)
    for dependence in fit.screening.dependent:
        found = own.intersection((*dependence.on, dependence.column))
        if found and (len(dependence.on) > 1 or dependence.column in own):
            where = _where(panel, min(found))
            combination = describe(dependence, panel.X, panel.columns, taken)
            return Problem(
                where,
                what=f"other regressors determine it, since {combination}",
                hint=f"leave out {panel.columns[dependence.column]!r} or another of them",
            )
    return None


def _where(panel: Panel, at: int) -> str:
    """Return the place of the exposure, or of one of its levels."""
    name = panel.exposure_columns[at]
    return f"exposure {name!r}"


def _condition_problem(fit: WithinFit) -> Problem | None:
    if fit.condition <= _WORST_CONDITION:
        return None
    return Problem(
        where="regressors",
        what=f"they are all but collinear: the condition number of the scaled columns is {fit.condition:.2g}",
        expected=f"up to {_WORST_CONDITION:.0g}",
        hint="leave out one of the columns that nearly repeat each other",
    )


def _notes(panel: Panel, fit: WithinFit, taken: str) -> tuple[Note, ...]:
    names, screening = panel.columns, fit.screening
    notes = [
        Note("W-CONSTANT", names[at], f"{names[at]!r} does not vary in these rows and was dropped.")
        for at in screening.constant
    ]
    notes += [
        Note("W-ABSORBED", names[at], f"{names[at]!r} is absorbed by the {taken} and was dropped.")
        for at in screening.absorbed
    ]
    notes += [
        Note(
            "W-COLLINEAR",
            names[dependence.column],
            f"{names[dependence.column]!r} was dropped, since {describe(dependence, panel.X, names, taken)}.",
        )
        for dependence in screening.dependent
    ]
    if fit.condition > _NOTABLE_CONDITION:
        message = f"Regressors are close to collinear: their scaled condition number is {fit.condition:.2g}."
        notes.append(Note("W-COND", "regressors", message))
    return tuple(notes)
