"""When a fit is refused, and what it notes about its columns."""

from __future__ import annotations

from harness import EstimationError, Note, Problem
from harness_fixest.estimate import DroppedColumn, Estimate
from harness_fixest.independent_effects import count_effects, is_counted_exactly
from harness_fixest.regression import FeolsRegression


def refuse_impossible(regression: FeolsRegression) -> None:
    """Refuse rows that no equation with these effects can be estimated on.

    Raises
    ------
    EstimationError
        Where the outcome or the exposure does not vary, a set of effects has one level, no entity has two
        periods for its trend, or rows are no more than effects.
    """
    panel, design = regression.panel, regression.design
    if not regression.does_outcome_vary:
        what = f"it is {panel.observed[0]:.6g} in all {panel.n_obs} rows, so there is nothing to explain"
        hint = "choose another outcome, or estimate on rows where it varies"
        raise EstimationError(Problem(f"outcome {panel.outcome!r}", what, hint=hint))
    for levels in design.sets:
        if levels.n_levels < 2:
            what = f"the {panel.n_obs} rows share one {levels.name}, whose effect is the constant"
            hint = f"absorb no effects of {levels.name}, or use pooled_ols"
            raise EstimationError(Problem(f"{levels.name} effects", what, "at least two", hint))
    if design.trend is not None and not design.trend.has_slope.any():
        hint = "leave trends out, or estimate on more periods"
        raise EstimationError(Problem("trends", "no entity has rows of two periods", hint=hint))
    for at, name in enumerate(panel.exposure_columns):
        if not regression.varies[at]:
            what = f"it is {panel.X[0, at]:.6g} in all {panel.n_obs} rows, so it has no effect to estimate"
            hint = "choose another exposure, or estimate on rows where it varies"
            raise EstimationError(Problem(f"exposure {name!r}", what, hint=hint))
    _refuse_few_rows(regression, n_columns=1)


def judge(regression: FeolsRegression, estimate: Estimate) -> tuple[Note, ...]:
    """Return notes on what was dropped.

    Raises
    ------
    EstimationError
        Where rows are too few, effects absorb the outcome or the exposure, or other columns determine it.
    """
    panel, taken = regression.panel, _in_words(regression)
    own = range(len(panel.exposure_columns))
    for dropped in estimate.dropped:
        found = [at for at in own if at in (dropped.column, *dropped.on)]
        if not found:
            continue
        where = f"exposure {panel.exposure_columns[found[0]]!r}"
        if dropped.column == 0 or (dropped.column in own and not dropped.on):
            what = f"{taken} absorb it: it does not vary once they are taken out"
            hint = "choose another exposure, absorb fewer effects, or use pooled_ols"
            raise EstimationError(Problem(where, what, hint=hint))
        if dropped.column in own or len(dropped.on) > 1:
            what = f"other regressors determine it, since {_combination(regression, dropped)}"
            hint = f"leave out {panel.columns[dropped.column]!r} or another of them"
            raise EstimationError(Problem(where, what, hint=hint))
    if estimate.is_outcome_absorbed:
        what = f"{taken} explain it whole, so nothing is left for the exposure"
        hint = "absorb fewer effects, or use pooled_ols"
        raise EstimationError(Problem(f"outcome {panel.outcome!r}", what, hint=hint))
    _refuse_few_rows(regression, n_columns=estimate.kept.size)
    return tuple(_notes(regression, estimate))


def _refuse_few_rows(regression: FeolsRegression, *, n_columns: int) -> None:
    n_obs, n_effects = regression.panel.n_obs, count_effects(regression.design)
    if n_obs > n_columns + n_effects:
        return
    raise EstimationError(
        Problem(
            where="rows",
            what=f"{n_obs} rows are too few for {n_columns + n_effects} parameters, "
            f"{n_columns} of columns and {n_effects} of {_in_words(regression)}",
            expected=f"at least {n_columns + n_effects + 1} rows",
            hint="estimate on more rows, or with fewer controls or effects",
        )
    )


def _notes(regression: FeolsRegression, estimate: Estimate) -> list[Note]:
    names, taken = regression.panel.columns, _in_words(regression)
    notes = [
        Note("W-CONSTANT", name, f"{name!r} does not vary in these rows and was dropped.")
        for name, varies in zip(names, regression.varies.tolist(), strict=True)
        if not varies
    ]
    for dropped in estimate.dropped:
        name = names[dropped.column]
        if dropped.on:
            message = f"{name!r} was dropped, since {_combination(regression, dropped)}."
            notes.append(Note("W-COLLINEAR", name, message))
        else:
            notes.append(Note("W-ABSORBED", name, f"{name!r} is absorbed by the {taken} and was dropped."))
    if not is_counted_exactly(regression.design):
        message = (
            f"The {taken} are counted as {count_effects(regression.design)}, which is rather too many where "
            "they overlap; standard errors that count them are rather too large."
        )
        notes.append(Note("W-EFFECTS", "effects", message))
    return notes


def _combination(regression: FeolsRegression, dropped: DroppedColumn) -> str:
    names = regression.panel.columns
    on = " and ".join(repr(names[at]) for at in dropped.on)
    return f"{names[dropped.column]!r} is a combination of {on} and of the {_in_words(regression)}"


def _in_words(regression: FeolsRegression) -> str:
    *before, last = [levels.name for levels in regression.design.sets]
    listed = f"{', '.join(before)} and {last}" if before else last
    return f"{listed} effects" + (" and trends" if regression.design.trend is not None else "")
