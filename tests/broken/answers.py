"""Estimators that answer wrongly, or where they should refuse."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from broken.sound import Altered, Sound
from harness import EstimationError, Problem


@dataclass(frozen=True)
class WrongShape(Sound):
    """Predicts a column."""

    def fit(self, panel, *, rng, selection=None):
        return Altered(super().fit(panel, rng=rng), lambda _, predicted: predicted[:, None])


@dataclass(frozen=True)
class RefusesWithoutWords(Sound):
    """Refuses collinear controls without a reason."""

    def fit(self, panel, *, rng, selection=None):
        one, other = panel.X[:, -2:].T
        if panel.n_obs > 10 and np.ptp(other) > 0.0 and abs(np.corrcoef(one, other)[0, 1]) > 1.0 - 1e-9:
            raise EstimationError(Problem("", ""))
        return super().fit(panel, rng=rng)


@dataclass(frozen=True)
class BreaksOnNewEntities(Sound):
    """Looks every entity up among those it knows."""

    def fit(self, panel, *, rng, selection=None):
        known = frozenset(panel.entity.labels)

        def looked_up(rows, predicted):
            if unknown := set(rows.entity.labels) - known:
                raise KeyError(min(unknown))
            return predicted

        return Altered(super().fit(panel, rng=rng), looked_up)


@dataclass(frozen=True)
class FindsTooLittle(Sound):
    """Shrinks predictions towards the mean."""

    def fit(self, panel, *, rng, selection=None):
        mean = float(panel.observed.mean())
        return super().fit(replace(panel, observed=mean + 0.3 * (panel.observed - mean)), rng=rng)


@dataclass(frozen=True)
class FindsWhatIsNotThere(Sound):
    """Adds to every outcome a share of the exposure."""

    def fit(self, panel, *, rng, selection=None):
        exposure = panel.column(panel.exposure) - panel.column(panel.exposure).mean()
        unit = panel.observed.std() / (exposure.std() or 1.0)
        return super().fit(replace(panel, observed=panel.observed + 0.35 * unit * exposure), rng=rng)


@dataclass(frozen=True)
class Finicky(Sound):
    """Wants a thousand rows."""

    def fit(self, panel, *, rng, selection=None):
        raise EstimationError(Problem("rows", f"{panel.n_obs} rows are too few", "at least 1000 rows"))


@dataclass(frozen=True)
class WalksOut(Sound):
    """Ends the process where it should fit."""

    def fit(self, panel, *, rng, selection=None):
        raise SystemExit(0)


# What an estimator cannot work with.
POOR = {
    "one_row": lambda panel: panel.n_obs == 1,
    "few_rows": lambda panel: panel.n_obs == 3,
    "one_entity": lambda panel: panel.n_obs > 3 and panel.n_entities == 1,
    "one_period": lambda panel: panel.n_obs > 3 and panel.n_periods == 1,
    "constant_outcome": lambda panel: panel.n_obs > 1 and np.ptp(panel.observed) == 0.0,
    "constant_exposure": lambda panel: panel.n_obs > 3 and np.ptp(panel.column(panel.exposure)) == 0.0,
}


@dataclass(frozen=True)
class BreaksOn(Sound):
    """Fails with an error of its own, and not a refusal, on one kind of poor panel."""

    poor: str = "one_row"

    def fit(self, panel, *, rng, selection=None):
        if POOR[self.poor](panel):
            raise np.linalg.LinAlgError("Singular matrix")
        return super().fit(panel, rng=rng)
