"""The rows of a treatment: cohorts by the period in which they start, and who they are compared with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Literal

import numpy as np

from harness.plugin import LONG_AGO, EstimationError, Ints, Panel, Treatment, marked

if TYPE_CHECKING:
    import pandas as pd

# By weights and a regression (Sant'Anna & Zhao 2020), or by either alone.
Weighting = Literal["doubly_robust", "inverse_probability", "regression"]

# Start of entities that never do, as diff-diff has it; periods count from 1.
NEVER = 0


@dataclass(frozen=True, eq=False)
class StaggeredDesign:
    """Entities by the period in which their treatment starts.

    Attributes
    ----------
    panel : rows, without entities that were never seen untreated
    start : (n_obs,), period in which the treatment of the row's entity starts, from 1; `NEVER` of others
    adjust : whether further regressors are held fixed
    weighting : how comparisons of changes hold them fixed
    n_always : entities left out, since they are treated in all of their rows
    n_late : rows left out, since every entity is treated then
    """

    panel: Panel
    start: Ints
    adjust: bool = True
    weighting: Weighting = "doubly_robust"
    n_always: int = 0
    n_late: int = 0

    @classmethod
    def of(
        cls, panel: Panel, *, adjust: bool = True, weighting: Weighting = "doubly_robust"
    ) -> StaggeredDesign:
        """Return the design of a panel.

        Raises
        ------
        EstimationError
            Where the exposure is no treatment, or rows have weights.
        """
        treatment = Treatment.of(panel)
        if panel.weights is not None:
            what, hint = marked("weights are not supported"), marked("drop roles.weights")
            raise EstimationError.at("weights", what, hint=hint)
        is_kept = treatment.since != LONG_AGO
        rows = np.flatnonzero(is_kept)
        n_always = np.unique(panel.entity.codes[~is_kept]).size
        kept, is_ever = panel.take(rows), treatment.is_ever[rows]
        start = np.where(is_ever, _from_one(kept) - treatment.since[rows], NEVER)
        return cls(kept, start, adjust, weighting, n_always)

    @cached_property
    def period(self) -> Ints:
        """Period of every row, (n_obs,), from 1."""
        return _from_one(self.panel)

    @property
    def labels(self) -> Mapping[int, str]:
        """What periods are called in the data."""
        names = (self.panel.time.labels[code] for code in self.panel.time.codes)
        return dict(zip(self.period.tolist(), names, strict=True))

    @property
    def df(self) -> int:
        """Entities less one, treated or compared with, whichever are fewer.

        So many degrees of freedom a difference of two means has at least (Satterthwaite 1946).
        """
        n_treated = np.unique(self.panel.entity.codes[self.start != NEVER]).size
        return min(n_treated, self.panel.n_entities - n_treated) - 1

    def compared(self) -> StaggeredDesign:
        """Return the design with entities to compare with.

        Where all are treated in the end, the last to start are those, until they do (Sun & Abraham 2021).

        Raises
        ------
        EstimationError
            Where all start in one period, or one entity alone is treated or compared with.
        """
        if (self.start == NEVER).any():
            return self._of_several()
        first, last = np.unique(self.start)[[0, -1]]
        if first == last:
            what = marked("every entity starts in the same period: there is no comparison group")
            hint = marked("add entities that are never treated or start later")
            raise EstimationError.at(self.panel.exposure, what, hint=hint)
        rows = np.flatnonzero(self.period < last)
        start = np.where(self.start == last, NEVER, self.start)[rows]
        n_late = self.panel.n_obs - rows.size
        return replace(self, panel=self.panel.take(rows), start=start, n_late=n_late)._of_several()

    def _of_several(self) -> StaggeredDesign:
        if self.df == 0:
            what = marked("a single entity is treated or serves as comparison: there is no standard error")
            raise EstimationError.at(self.panel.exposure, what)
        return self

    def frame(self) -> pd.DataFrame:
        """Return the columns that diff-diff reads."""
        import pandas as pd

        panel = self.panel
        columns = {"y": panel.observed, "unit": panel.entity.codes, "time": self.period, "start": self.start}
        return pd.DataFrame(columns | dict(zip(self.covariates or (), panel.X.T[1:], strict=False)))

    @property
    def covariates(self) -> list[str] | None:
        """Columns of the frame that are held fixed; None where there are none."""
        return [f"c{at}" for at in range(self.panel.X.shape[1] - 1) if self.adjust] or None


def _from_one(panel: Panel) -> Ints:
    return np.asarray(panel.period - panel.period.min() + 1)
