"""Variations of the rows and columns of a panel: robustness checks, and the columns of a paper."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Literal, get_args

import numpy as np
from numpy.random import Generator

from harness.arrays import Grouping, Ints
from harness.data.panel import Panel
from harness.errors import EstimationError
from harness.language import Coded, marked
from harness.study.variation import CONTROLS, Change, Variation

CheckName = Literal["lead", "lag", "groups", "winsorised", "log_outcome", "common_factors", "periods"]
CHECKS: tuple[CheckName, ...] = get_args(CheckName)

# Share of the rows on either side whose values winsorising pulls in.
TAIL = 0.01

# The names of variations without the rows of groups, and by another measure of the exposure.
WITHOUT = marked("without {by}: {level}")
MEASURED = marked("measured by {measure}")


def checks_of(
    panel: Panel, names: Iterable[CheckName], *, by: str | None, controls: tuple[int, ...]
) -> Iterator[tuple[str, Change]]:
    """Yield the robustness checks of a panel, in the order of `CHECKS`, each with its name.

    Parameters
    ----------
    by : column whose groups are left out one after the other
    controls : numbers of controls to try, the first so many
    """
    asked = set(names)
    for check in CHECKS:
        if check in CHANGES and check in asked:
            yield CHANGES[check][0], Change("panel", check)
        elif check == "groups" and check in asked and by is not None:
            key = panel.group(by)
            for code in np.unique(key.codes).tolist():
                yield without(by, (key.labels[code],))
    if "periods" in asked:
        label = panel.time.labels[_middle(panel)]
        yield Coded("periods before {period}", period=label), Change("panel", "early")
        yield Coded("periods from {period}", period=label), Change("panel", "late")
    for number in controls:
        yield first_controls(number)


def first_controls(number: int) -> tuple[str, Change]:
    """Return the name and the change of a variation with the first so many controls."""
    return Coded("first {number} controls", number=number), Change("roles", CONTROLS, number)


def without(by: str, groups: tuple[str, ...]) -> tuple[str, Change]:
    """Return the name and the change of a variation without the rows of some groups."""
    return Coded(WITHOUT, by=by, level=", ".join(map(str, groups))), Change("rows", by, groups)


def measured(measure: str) -> tuple[str, Change]:
    """Return the name and the change of a variation with another measure instead of the exposure."""
    return Coded(MEASURED, measure=measure), Change("roles", EXPOSURE, measure)


def varied(panel: Panel, variation: Variation) -> Panel:
    """Return the rows and columns of a variation.

    Raises
    ------
    EstimationError
        Where the rows do not allow it.
    """
    for change in variation.changes:
        panel = _changed(panel, change)
    return panel


def _changed(panel: Panel, change: Change) -> Panel:
    if change.target == "rows":
        return _without(panel, change)
    if change.target == "panel":
        return CHANGES[change.option][1](panel)
    if change.option == EXPOSURE:
        X = np.column_stack([panel.further(change.text), panel.X[:, len(panel.exposure_columns) :]])
        return replace(panel, exposure=change.text, levels=(), X=X, derived=())
    return panel.with_controls(panel.controls[: int(change.text)])


def _without(panel: Panel, change: Change) -> Panel:
    key, groups = panel.group(change.option), change.value if isinstance(change.value, tuple) else ()
    unknown = [name for name in groups if name not in key.labels]
    if unknown:
        what = Coded("'{column}' has no group '{group}'", column=change.option, group=unknown[0])
        raise EstimationError.at("specifications", what, ", ".join(key.labels))
    codes = [key.labels.index(name) for name in groups]
    return panel.take(np.flatnonzero(~np.isin(key.codes, codes)))


def permuted(panel: Panel, rng: Generator) -> Panel:
    """Return the panel with the exposure of another entity in the same period, entities drawn at random.

    An entity keeps the course of an exposure, so that its correlation over time stays what it is. Rows whose
    partner has no row in their period are left out.
    """
    present = np.unique(panel.entity.codes)
    partner = dict(zip(present.tolist(), rng.permutation(present).tolist(), strict=True))
    cells = zip(panel.entity.codes.tolist(), panel.time.codes.tolist(), strict=True)
    row_of = {cell: row for row, cell in enumerate(cells)}
    pairs = [
        (row, row_of[partner[entity], time])
        for (entity, time), row in row_of.items()
        if (partner[entity], time) in row_of
    ]
    rows, sources = np.array(pairs).T
    return panel.take(rows).with_column(panel.exposure, panel.column(panel.exposure)[sources])


def _lead(panel: Panel) -> Panel:
    """Return rows with a next period: its exposure in place of theirs, which is among the controls."""
    ordered = panel.take(panel.canonical_order)
    now = _followed(ordered)
    rows = ordered.take(now)
    own, n_own = rows.column(panel.exposure), len(panel.exposure_columns)
    return replace(
        rows,
        controls=(*rows.controls, f"{panel.exposure}, this period"),
        X=np.column_stack([ordered.column(panel.exposure)[now + 1], rows.X[:, n_own:], own]),
        levels=(),
        derived=(),
        moderators=rows.moderators,
    )


def _lag(panel: Panel) -> Panel:
    ordered = panel.take(panel.canonical_order)
    before = _followed(ordered)
    rows = ordered.take(before + 1)
    n_own = len(panel.exposure_columns)
    return replace(rows, X=np.column_stack([ordered.X[before, :n_own], rows.X[:, n_own:]]))


def _followed(ordered: Panel) -> Ints:
    """Return positions of rows that the next period of their entity follows."""
    same = (np.diff(ordered.entity.codes) == 0) & (np.diff(ordered.period) == 1)
    found = np.flatnonzero(same)
    if found.size == 0:
        what = marked("no entity has rows in two consecutive periods")
        raise EstimationError.at("robustness", what)
    return found


def _winsorised(panel: Panel) -> Panel:
    exposure, outcome = (
        np.clip(values, *np.quantile(values, [TAIL, 1.0 - TAIL]))
        for values in (panel.column(panel.exposure), panel.observed)
    )
    return replace(panel.with_column(panel.exposure, exposure), observed=outcome)


def _log_outcome(panel: Panel) -> Panel:
    if panel.observed.min() <= 0.0:
        what = Coded("has no logarithm at {least}", least=f"{panel.observed.min():g}")
        raise EstimationError.at(panel.outcome, what, marked("an outcome above zero"))
    return replace(panel, observed=np.log(panel.observed))


def _without_factors(panel: Panel) -> Panel:
    """Return outcome and columns less what factors explain, to which each entity responds in its own way.

    Means of outcome and exposure over the entities of a period stand for factors, so that a regression of
    what each entity's slopes on them leave is by common correlated effects (Pesaran 2006, the pooled
    estimator): it holds where exposure and outcome respond to the same shocks.
    """
    ordered, n_own = panel.take(panel.canonical_order), len(panel.exposure_columns)
    values = np.column_stack([ordered.observed, ordered.X])
    means = Grouping.of(ordered.time.codes)
    factors = np.column_stack([np.ones(len(values)), means.means(values[:, : 1 + n_own])[means.codes]])
    _, starts, counts = np.unique(ordered.entity.codes, return_index=True, return_counts=True)
    kept: list[int] = []
    for start, stop in zip(starts, starts + counts, strict=True):
        own = slice(start, stop)
        if stop - start > factors.shape[1]:
            kept += range(start, stop)
            values[own] -= factors[own] @ np.linalg.lstsq(factors[own], values[own])[0]
    if not kept:
        what = Coded("no entity has more than {n} rows", n=factors.shape[1])
        raise EstimationError.at("robustness", what)
    rows, values = ordered.take(np.array(kept)), values[kept]
    return replace(rows, observed=values[:, 0], X=values[:, 1:], levels=(), derived=())


def _middle(panel: Panel) -> int:
    """Return the code of the first period of the later half."""
    present = np.unique(panel.time.codes)
    return int(present[present.size // 2])


def _half(panel: Panel, *, is_late: bool) -> Panel:
    rows = np.flatnonzero((panel.time.codes >= _middle(panel)) == is_late)
    if np.unique(panel.time.codes[rows]).size < 2:
        raise EstimationError.at("robustness", marked("half of the periods is fewer than two periods"))
    return panel.take(rows)


def _bare(panel: Panel) -> Panel:
    X = panel.regressors(panel.exposure_columns)
    return replace(panel, moderators=(), controls=(), X=X, derived=())


EXPOSURE = "exposure"

# Changes of the panel as a whole by their options: how tables call them, and how they are made. What halves
# are called depends on the panel.
CHANGES: Mapping[str, tuple[str, Callable[[Panel], Panel]]] = {
    "lead": (marked("exposure of the next period, given this one's"), _lead),
    "lag": (marked("exposure of the period before"), _lag),
    "winsorised": (marked("outcome and exposure winsorised"), _winsorised),
    "log_outcome": (marked("outcome in logs"), _log_outcome),
    "common_factors": (marked("common correlated effects"), _without_factors),
    "without_controls": (marked("without controls"), _bare),
    "early": ("", partial(_half, is_late=False)),
    "late": ("", partial(_half, is_late=True)),
}
