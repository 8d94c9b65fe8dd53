"""Scenario ``contrast``: what an exposure of few values changes, from one value to another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import ClassVar

import numpy as np

from harness.arrays import Floats
from harness.data.data_spec import MOST_LEVELS
from harness.data.panel import Panel
from harness.errors import EstimationError
from harness.estimators.protocol import Fitted, FittedDraws
from harness.language import Coded, marked
from harness.scenarios.bands import bands
from harness.scenarios.draws import Numbers
from harness.scenarios.grid import mean_predictions, require_separate
from harness.scenarios.scenario import Concluded, Evaluated, Resampled
from harness.scenarios.truth import Truths
from harness.tables.heterogeneity import CONTRASTS
from harness.tables.table import ResultTable


def exposure_values(panel: Panel) -> Floats:
    """Return the values of an exposure that has few, (n_values,), increasing; of levels their positions.

    Raises
    ------
    EstimationError
        Where it has one value, or more than `MOST_LEVELS`, or no row has the base.
    """
    values = np.unique(panel.column(panel.exposure))
    if panel.levels and values[0] > 0.0:
        what = Coded("no row here has the base category {levels}", levels=repr(panel.levels[0]))
        raise EstimationError.at(
            panel.exposure, what, hint=marked("list another base category first in roles.levels")
        )
    if not 2 <= values.size <= MOST_LEVELS:
        sizes = {"size": values.size, "size_2": "s" if values.size > 1 else ""}
        what = Coded("has {size} distinct value{size_2} in these rows", **sizes)
        expected = Coded("an exposure of 2 to {most} values", most=MOST_LEVELS)
        raise EstimationError.at(panel.exposure, what, expected=expected, hint=marked("use `use: curve`"))
    return values


@dataclass(frozen=True, eq=False)
class AveragedRows:
    """Rows over which predictions are averaged, and columns that are held there.

    Attributes
    ----------
    labels : what tells the question apart, by column of the table; such as its group
    panel : the rows
    held : values of other columns that all rows get
    """

    labels: dict[str, str | float]
    panel: Panel
    held: dict[str, float]

    def means(self, model: Fitted | FittedDraws, values: Floats) -> Floats:
        """Return mean predictions were every row's exposure each of some values, (..., n_values)."""
        columns = (self.panel.exposure, *self.held)
        points = np.column_stack([values, *(np.full(values.size, at) for at in self.held.values())])
        return mean_predictions(model, self.panel, columns=columns, points=points)


# Quantiles of a moderator of many values at which contrasts are given.
MODERATOR_SHARES = tuple(np.linspace(0.1, 0.9, 9).round(1).tolist())


@dataclass(frozen=True, kw_only=True)
class ContrastScenario(Resampled):
    """Mean predicted outcome were every row's exposure one value, less that were it another.

    For a categorical exposure, or one of few values. Of categories each is compared with the base; of
    numbers, such as 0 and 1, each with each lower. With `by` the means are over the rows of each group, with
    `moderator` over all rows were their moderator the same, at each of its values or at nine quantiles. The
    simultaneous intervals hold for all contrasts of the question at once.

    Attributes
    ----------
    by : column of the data that names each row's group
    moderator : a regressor other than the exposure
    """

    name: ClassVar[str] = "contrast"
    tables: ClassVar[tuple[ResultTable, ...]] = (CONTRASTS,)

    by: str | None = None
    moderator: str | None = None

    def __post_init__(self) -> None:
        if self.by is not None and self.moderator is not None:
            message = "give either by or moderator, not both"
            raise ValueError(message)

    @property
    def columns(self) -> tuple[str, ...]:
        """The column of the groups, where there is one."""
        return () if self.by is None else (self.by,)

    @property
    def about(self) -> Mapping[str, str]:
        """The column of the groups, or the moderator, where there is one."""
        named = {"by": self.by, "moderator": self.moderator}
        return {column: name for column, name in named.items() if name is not None}

    def numbers(self, model: Fitted | FittedDraws, panel: Panel, rows: Panel) -> Numbers:
        """Return mean predictions at each value of the exposure, a name each question.

        Raises
        ------
        EstimationError
            Where the exposure has one value, or too many.
        """
        values = exposure_values(panel)
        questions = enumerate(self._questions(panel, rows))
        return {str(at): question.means(model, values) for at, question in questions}

    def concluded(self, evaluated: Evaluated) -> Concluded:
        """Return every contrast with its pointwise and its simultaneous interval."""
        panel, rows, draws = evaluated.panel, [], []
        values = exposure_values(panel)
        names = [panel.levels[int(value)] if panel.levels else float(value) for value in values]
        pairs = combinations(range(values.size), 2)
        compared = [(low, high) for low, high in pairs if not panel.levels or low == 0]
        for at, question in enumerate(self._questions(panel, panel)):
            found, observed = evaluated.whole.of(str(at)), question.panel.column(panel.exposure)
            n_obs = np.count_nonzero(observed[:, None] == values, axis=0).tolist()
            for low, high in compared:
                draws.append(found.draws[:, high] - found.draws[:, low])
                pair = {"exposure_from": names[low], "exposure_to": names[high]}
                numbers = {"estimate": float(found.estimate[high] - found.estimate[low])}
                counts = {"n_obs_from": n_obs[low], "n_obs_to": n_obs[high], "n_draws": len(found.draws)}
                rows.append(question.labels | pair | numbers | counts)
        everywhere, rng = np.ones(len(rows), dtype=np.bool_), evaluated.rng("bands", "contrast")
        drawn = bands(np.stack(draws, axis=1), level=self.level, supported=everywhere, rng=rng)
        return {
            CONTRASTS.name: [
                row | {"conf_low": float(low), "conf_high": float(high), "band": band.kind}
                for band in drawn
                for row, low, high in zip(rows, band.low, band.high, strict=True)
            ]
        }

    def _questions(self, panel: Panel, rows: Panel) -> Sequence[AveragedRows]:
        """Return whose rows are averaged: some of the panel's, but all of a group that has none of these."""
        if self.by is not None:
            groups = []
            for code, label in enumerate(panel.group(self.by).labels):
                kept, every = (np.flatnonzero(some.group(self.by).codes == code) for some in (rows, panel))
                if every.size:
                    group = rows.take(kept) if kept.size else panel.take(every)
                    groups.append(AveragedRows({"group": label}, group, {}))
            return groups
        if self.moderator is not None:
            require_separate(panel, self.moderator, where=self.name)
            found = np.unique(panel.column(self.moderator))
            if found.size > MOST_LEVELS:
                found = np.unique(np.quantile(panel.column(self.moderator), MODERATOR_SHARES))
            return [AveragedRows({"moderator_at": at}, rows, {self.moderator: at}) for at in found.tolist()]
        return [AveragedRows({}, rows, {})]

    def truth(self, fit: Fitted, panel: Panel) -> Truths:
        """Return the true contrasts of each value with the least one; `at` is the value."""
        values = exposure_values(panel)
        questions = [
            (question.labels, question.means(fit, values)) for question in self._questions(panel, panel)
        ]
        return [
            labels | {"kind": "contrast", "at": float(value), "truth": float(mean - means[0])}
            for labels, means in questions
            for value, mean in zip(values[1:], means[1:], strict=True)
        ]
