"""When a fit is refused, and what it notes about its columns."""

from __future__ import annotations

from collections.abc import Iterator

from harness.plugin import EstimationError, Note, Problem, Refusals, listed
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
    panel, design, say = regression.panel, regression.design, _refusals(regression)
    if not regression.does_outcome_vary:
        raise EstimationError(say.constant_outcome(float(panel.observed[0])))
    for levels in design.sets:
        if levels.n_levels < 2:
            raise EstimationError(say.single_level(levels.name))
    if design.trend is not None and not design.trend.has_slope.any():
        hint = "leave trends out, or estimate on more periods"
        raise EstimationError(Problem("trends", "no entity has rows of two periods", hint=hint))
    for at in range(len(panel.exposure_columns)):
        if not regression.varies[at]:
            raise EstimationError(say.constant_exposure(at, float(panel.X[0, at])))
    few = say.few_rows(n_columns=1, n_effects=count_effects(design))
    if few:
        raise EstimationError(few)


def judge(regression: FeolsRegression, estimate: Estimate) -> tuple[Note, ...]:
    """Return notes on what was dropped.

    Raises
    ------
    EstimationError
        Where rows are too few, effects absorb the outcome or the exposure, or other columns determine it.
    """
    problem = _problem(regression, estimate)
    if problem:
        raise EstimationError(problem)
    return tuple(_notes(regression, estimate))


def _problem(regression: FeolsRegression, estimate: Estimate) -> Problem | None:
    say = _refusals(regression)
    own = range(len(regression.panel.exposure_columns))
    for dropped in estimate.dropped:
        found = [at for at in own if at in (dropped.column, *dropped.on)]
        if not found:
            continue
        if dropped.column == 0 or (dropped.column in own and not dropped.on):
            return say.absorbed_exposure(found[0])
        if dropped.column in own or len(dropped.on) > 1:
            return say.determined_exposure(found[0], dropped.column, _combination(regression, dropped))
    if estimate.is_outcome_absorbed:
        return say.absorbed_outcome()
    return say.few_rows(n_columns=estimate.kept.size, n_effects=count_effects(regression.design))


def _notes(regression: FeolsRegression, estimate: Estimate) -> Iterator[Note]:
    say = _refusals(regression)
    for at, varies in enumerate(regression.varies.tolist()):
        if not varies:
            yield say.dropped_constant(at)
    for dropped in estimate.dropped:
        if dropped.on:
            yield say.dropped_collinear(dropped.column, _combination(regression, dropped))
        else:
            yield say.dropped_absorbed(dropped.column)
    if not is_counted_exactly(regression.design):
        message = (
            f"The {say.taken} are counted as {count_effects(regression.design)}, which is rather too many "
            "where they overlap; standard errors that count them are rather too large."
        )
        yield Note("W-EFFECTS", "effects", message)


def _combination(regression: FeolsRegression, dropped: DroppedColumn) -> str:
    names = regression.panel.columns
    on = " and ".join(repr(names[at]) for at in dropped.on)
    taken = _refusals(regression).taken
    return f"{names[dropped.column]!r} is a combination of {on} and of the {taken}"


def _refusals(regression: FeolsRegression) -> Refusals:
    effects = f"{listed([levels.name for levels in regression.design.sets])} effects"
    trends = " and trends" if regression.design.trend is not None else ""
    return Refusals(regression.panel, effects + trends)
