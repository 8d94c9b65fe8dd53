"""Scenario ``heterogeneity``: what groups of rows have to say, and whether they differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Annotated, ClassVar, Self

import numpy as np
from pydantic import Field

from harness.arrays import Floats, Ints
from harness.data.panel import Panel
from harness.estimators.guard import Attempt
from harness.estimators.protocol import Fitted, FittedDraws
from harness.estimators.refusals import require_continuous
from harness.language import marked
from harness.scenarios.draws import FitAndDraws, Numbers
from harness.scenarios.grid import exposure_grid, locate, on_curve, require_variation
from harness.scenarios.heterogeneity.tables import (
    Group,
    GroupAnswer,
    Mode,
    difference_rows,
    group_rows,
    level_rows,
    measured,
)
from harness.scenarios.partial_dependence import partial_dependence, row_slopes
from harness.scenarios.resampled import QUICK_DRAWS, Resampled
from harness.scenarios.scenario import Concluded, Evaluated, Sample
from harness.scenarios.truth import Truths
from harness.tables.heterogeneity import HETEROGENEITY, HETEROGENEITY_DIFFERENCES, HETEROGENEITY_ROWS
from harness.tables.table import ResultTable

# Reason in the place of a group's own model.
NOT_REFITTED = marked("no model of each group was asked for (`refit: false`, which --quick sets)")


@dataclass(frozen=True, kw_only=True)
class HeterogeneityScenario(Resampled):
    """Levels and effects by group, from the fit on all rows and from a fit on each group.

    The level of a row is the net effect curve at the row's own exposure, and a group's number is the median
    over its rows. The effect is the mean slope over its rows, all else as observed; levels are not effects.
    With ``pooled`` both come from the fit on all rows, with ``refit`` from one on the group's rows alone.
    Groups are taken as they are: intervals say how sure the model is, not how groups were sampled.

    Attributes
    ----------
    by : column of the data that names each row's group
    grid : number of points of the curve, on straight lines between which levels are read off
    refit : whether a model is fitted on each group's rows as well, which takes as long as all else for every
        group; ``--quick`` leaves it out
    """

    name: ClassVar[str] = "heterogeneity"
    tables: ClassVar[tuple[ResultTable, ...]] = (HETEROGENEITY, HETEROGENEITY_DIFFERENCES, HETEROGENEITY_ROWS)

    by: str
    grid: Annotated[int, Field(ge=2, le=1000)] = 40
    refit: bool = True

    @property
    def columns(self) -> tuple[str, ...]:
        """The column of the groups."""
        return (self.by,)

    @property
    def about(self) -> Mapping[str, str]:
        """The column of the groups."""
        return {"by": self.by}

    def samples(self, panel: Panel) -> Iterator[Sample]:
        """Yield the rows of each group, where a model of each is asked for."""
        if self.refit:
            for group, rows in self._groups(panel):
                yield Sample(self._sample(group), rows)

    def _sample(self, group: Group) -> str:
        return f"{self.by}={group.name}"

    def numbers(self, model: Fitted | FittedDraws, panel: Panel, rows: Panel) -> Numbers:
        """Return the curve, and the mean slope of each group's rows.

        Raises
        ------
        EstimationError
            Where the exposure has levels or does not vary.
        """
        require_continuous(panel)
        require_variation(panel, panel.exposure)
        averaged = self._with_every_group(rows, panel)
        slopes = row_slopes(model, averaged, exposure=panel.column(panel.exposure))
        means = [slopes[..., own].mean(axis=-1) for _, own in self._groups(averaged)]
        return {
            "curve": partial_dependence(model, rows, self._points(panel)),
            "slopes": np.stack(means, axis=-1),
        }

    def _with_every_group(self, rows: Panel, panel: Panel) -> Panel:
        """Return some rows of a panel, and all rows of the groups that have none of these."""
        among = np.isin(panel.group(self.by).codes, rows.group(self.by).codes)
        return rows if among.all() else rows.joined(panel.take(np.flatnonzero(~among)))

    def concluded(self, evaluated: Evaluated) -> Concluded:
        """Return levels and effects of every group, their differences, and quantiles of the levels."""
        answers = [*self._measured(evaluated.panel, evaluated.whole, "pooled"), *self._refitted(evaluated)]
        return {
            "heterogeneity": group_rows(answers, level=self.level),
            "heterogeneity_differences": difference_rows(answers, level=self.level),
            "heterogeneity_rows": level_rows(answers),
        }

    def _refitted(self, evaluated: Evaluated) -> Iterator[GroupAnswer]:
        for group, rows in self._groups(evaluated.panel):
            if not self.refit:
                yield GroupAnswer(group, "refit", Attempt(None, "refused", NOT_REFITTED))
                continue
            tried = evaluated.samples[self._sample(group)]
            if tried.value is None:
                yield GroupAnswer(group, "refit", Attempt(None, tried.status, tried.reason))
            else:
                yield from self._measured(evaluated.panel.take(rows), tried.value, "refit")

    def _measured(self, panel: Panel, found: FitAndDraws, mode: Mode) -> Iterator[GroupAnswer]:
        positions = locate(self._points(panel), panel.column(panel.exposure))
        for at, (group, rows) in enumerate(self._groups(panel)):
            own = measured(found, positions=positions.take(rows), at=at)
            yield GroupAnswer(group, mode, Attempt(own, "ok", ""))

    def _points(self, panel: Panel) -> Floats:
        return exposure_grid(panel.column(panel.exposure), n_grid=self.grid, spacing="uniform")

    def _groups(self, panel: Panel) -> Iterator[tuple[Group, Ints]]:
        """Yield the groups that have rows, with the positions of these."""
        key = panel.group(self.by)
        for code, label in enumerate(key.labels):
            rows = np.flatnonzero(key.codes == code)
            if rows.size:
                yield Group(label, rows.size, np.unique(panel.entity.codes[rows]).size), rows

    def truth(self, fit: Fitted, panel: Panel) -> Truths:
        """Return the true median level and the true mean effect of every group."""
        grid, slopes = self._points(panel), row_slopes(fit, panel)
        levels = on_curve(partial_dependence(fit, panel, grid), locate(grid, panel.column(panel.exposure)))
        return [
            {"kind": kind, "group": group.name, "truth": float(value)}
            for group, rows in self._groups(panel)
            for kind, value in (("median", np.median(levels[rows])), ("effect", slopes[rows].mean()))
        ]

    def quick(self) -> Self:
        """Return a copy with at most 40 draws and 25 grid points, and no model of each group."""
        draws, grid = min(self.draws, QUICK_DRAWS), min(self.grid, 25)
        return replace(self, draws=draws, grid=grid, refit=False)
