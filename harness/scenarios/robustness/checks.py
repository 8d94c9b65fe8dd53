"""Other rows, columns and codings under which an effect is estimated once more."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal, get_args

import numpy as np
from numpy.random import Generator

from harness.data.panel import Panel
from harness.errors import EstimationError
from harness.language import Message, marked

CheckName = Literal["lead", "lag", "groups", "winsorised", "log_outcome", "periods"]
CHECKS: tuple[CheckName, ...] = get_args(CheckName)

# Share of the rows on either side whose values winsorising pulls in.
TAIL = 0.01

# What an effect should equal: that of all rows as they are, zero, or nothing, being in other units.
Target = Literal["baseline", "zero", "none"]


@dataclass(frozen=True, eq=False)
class RobustnessCheck:
    """One way to look once more.

    Attributes
    ----------
    name : as tables have it
    target : what the effect should equal
    panel : makes the rows; raises an `EstimationError` where they do not allow it
    """

    name: str
    target: Target
    panel: Callable[[], Panel]


def checks_of(
    panel: Panel, names: tuple[CheckName, ...], *, by: str | None, controls: tuple[int, ...]
) -> Iterator[RobustnessCheck]:
    """Yield the checks of a panel whose exposure is in its place.

    Parameters
    ----------
    by : column whose groups are left out one after the other
    controls : numbers of controls to try, the first so many
    """
    if "lead" in names:
        yield RobustnessCheck(
            marked("exposure of the next period, given this one's"), "zero", partial(_lead, panel)
        )
    if "lag" in names:
        yield RobustnessCheck(marked("exposure of the period before"), "none", partial(_lag, panel))
    if "groups" in names and by is not None:
        key = panel.group(by)
        for code in np.unique(key.codes).tolist():
            rows = np.flatnonzero(key.codes != code)
            yield RobustnessCheck(f"without {by} {key.labels[code]}", "baseline", partial(panel.take, rows))
    if "winsorised" in names:
        yield RobustnessCheck(
            marked("outcome and exposure winsorised"), "baseline", partial(_winsorised, panel)
        )
    if "log_outcome" in names:
        yield RobustnessCheck(marked("outcome in logs"), "none", partial(_log_outcome, panel))
    if "periods" in names:
        present = np.unique(panel.time.codes)
        half = present[present.size // 2]
        label = panel.time.labels[half]
        early, late = (np.flatnonzero(side) for side in (panel.time.codes < half, panel.time.codes >= half))
        yield RobustnessCheck(f"periods before {label}", "baseline", partial(_some_periods, panel, early))
        yield RobustnessCheck(f"periods from {label}", "baseline", partial(_some_periods, panel, late))
    for number in controls:
        yield RobustnessCheck(
            f"first {number} controls", "baseline", partial(panel.with_controls, panel.controls[:number])
        )


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


def _followed(ordered: Panel) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Return positions of rows that the next period of their entity follows."""
    same = (np.diff(ordered.entity.codes) == 0) & (np.diff(ordered.period) == 1)
    found = np.flatnonzero(same)
    if found.size == 0:
        what = marked("no entity has rows in two periods that follow each other")
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
        what = Message("has no logarithm at {least}", least=f"{panel.observed.min():g}")
        raise EstimationError.at(panel.outcome, what, "an outcome above zero")
    return replace(panel, observed=np.log(panel.observed))


def _some_periods(panel: Panel, rows: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Panel:
    if np.unique(panel.time.codes[rows]).size < 2:
        raise EstimationError.at("robustness", marked("half of the periods is fewer than two periods"))
    return panel.take(rows)
