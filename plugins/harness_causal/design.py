"""The rows of a treatment: cohorts by the period in which they start, and who they are compared with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from harness.plugin import LONG_AGO, EstimationError, Ints, Panel, Treatment, marked

if TYPE_CHECKING:
    import pandas as pd

# Start of entities that never do, as diff-diff has it; periods count from 1.
NEVER = 0


@dataclass(frozen=True, eq=False)
class StaggeredDesign:
    """Entities by the period in which their treatment starts.

    Attributes
    ----------
    panel : rows, without entities that were never seen untreated
    start : (n_obs,), period in which the treatment of the row's entity starts, from 1; `NEVER` of others
    controls : columns that are held fixed
    n_always : entities left out, since they are treated in all of their rows
    n_late : rows left out, since every entity is treated then
    """

    panel: Panel
    start: Ints
    controls: tuple[str, ...]
    n_always: int = 0
    n_late: int = 0

    @classmethod
    def of(cls, panel: Panel, controls: Sequence[str] | None) -> StaggeredDesign:
        """Return the design of a panel.

        Parameters
        ----------
        controls : those that are held fixed; None for all further regressors

        Raises
        ------
        EstimationError
            Where the exposure is no treatment, rows have weights, or a control is no regressor.
        """
        treatment = Treatment.of(panel)
        if panel.weights is not None:
            what, hint = marked("rows with weights are not supported"), marked("leave roles.weights out")
            raise EstimationError.at("weights", what, hint=hint)
        known = panel.columns[1:]
        unknown = [name for name in controls or () if name not in known]
        if unknown:
            raise EstimationError.at(unknown[0], marked("it is no control"), ", ".join(known))
        is_kept = treatment.since != LONG_AGO
        rows = np.flatnonzero(is_kept)
        n_always = np.unique(panel.entity.codes[~is_kept]).size
        kept, is_ever = panel.take(rows), treatment.is_ever[rows]
        start = np.where(is_ever, _from_one(kept) - treatment.since[rows], NEVER)
        return cls(kept, start, known if controls is None else tuple(controls), n_always)

    @cached_property
    def period(self) -> Ints:
        """Period of every row, (n_obs,), from 1."""
        return _from_one(self.panel)

    @property
    def cohorts(self) -> Ints:
        """Periods in which treatments start, ascending."""
        return np.asarray(np.unique(self.start[self.start != NEVER]))

    @property
    def labels(self) -> Mapping[int, str]:
        """What periods are called in the data."""
        names = (self.panel.time.labels[code] for code in self.panel.time.codes)
        return dict(zip(self.period.tolist(), names, strict=True))

    @property
    def is_balanced(self) -> bool:
        """Whether every entity has a row in every period."""
        return self.panel.n_obs == self.panel.n_entities * self.panel.n_periods

    def compared(self) -> StaggeredDesign:
        """Return the design with entities to compare with.

        Where all are treated in the end, the last to start are those, until they do (Sun & Abraham 2021).

        Raises
        ------
        EstimationError
            Where all start in one period.
        """
        if (self.start == NEVER).any():
            return self
        if self.cohorts.size == 1:
            what = marked("every entity starts in the same period, so no entity is left to compare with")
            hint = marked("add entities that are never treated, or start later")
            raise EstimationError.at(self.panel.exposure, what, hint=hint)
        last = self.cohorts[-1]
        rows = np.flatnonzero(self.period < last)
        start = np.where(self.start == last, NEVER, self.start)[rows]
        return replace(self, panel=self.panel.take(rows), start=start, n_late=self.panel.n_obs - rows.size)

    def frame(self) -> pd.DataFrame:
        """Return the columns that diff-diff reads, controls as ``c0``, ``c1`` and so on."""
        import pandas as pd

        panel = self.panel
        columns = {"y": panel.observed, "unit": panel.entity.codes, "time": self.period, "start": self.start}
        return pd.DataFrame(columns | {name: panel.column(of) for name, of in self.covariates.items()})

    @property
    def covariates(self) -> Mapping[str, str]:
        """The controls by their columns of the frame."""
        return {f"c{at}": name for at, name in enumerate(self.controls)}


def _from_one(panel: Panel) -> Ints:
    return np.asarray(panel.period - panel.period.min() + 1)
