"""A panel regressed on its columns and the effects of its keys, judged, and ready to be told or repeated."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness import Floats, Note, Panel
from harness_panel.absorb import Absorber, OneWay
from harness_panel.grouping import Grouping
from harness_panel.levels import Dimension, LevelModels, RawEffects, key_of, level_models
from harness_panel.two_way import TwoWay
from harness_panel.verdict import judge, refuse_single_levels
from harness_panel.within_fit import WithinFit, fit_within


@dataclass(frozen=True, eq=False)
class Regression:
    """A panel regressed on its columns and on the effects of some of its keys.

    Attributes
    ----------
    panel : rows of the fit
    effects : keys with effects, most levels first; none leaves a constant
    absorber : what takes the effects, or the constant, out
    n_effects : independent effects taken out; a constant counts as one
    within : the fit
    notes : what the reader of the report should know
    """

    panel: Panel
    effects: tuple[Dimension, ...]
    absorber: Absorber
    n_effects: int
    within: WithinFit
    notes: tuple[Note, ...]

    def models(self, slopes: Floats, raw: tuple[RawEffects, ...]) -> LevelModels:
        """Return predictors of fits of these rows.

        Parameters
        ----------
        slopes : (n_draws, n_columns)
        raw : effects of each of the absorber's groupings
        """
        # A pooled regression has a grouping, its constant, but no key.
        keys = [key_of(self.panel, dimension) for dimension in self.effects]
        labels = [
            tuple(key.labels[level] for level in grouping.levels.tolist())
            for key, grouping in zip(keys, self.absorber.groupings, strict=False)
        ]
        return level_models(
            centre=self.within.centre,
            slopes=slopes,
            intercept=self.within.intercept,
            raw=raw,
            levels=list(zip(self.effects, labels, strict=True)),
        )


def regress(panel: Panel, effects: tuple[Dimension, ...]) -> Regression:
    """Regress a panel on its columns and the effects of some of its keys.

    Raises
    ------
    EstimationError
        Where these rows cannot tell the exposure's effect; see `judge`.
    """
    refuse_single_levels(panel, effects)
    by_size = tuple(sorted(effects, key=lambda one: -key_of(panel, one).n_present))
    absorber = _absorber(panel, by_size)
    weights = np.ones(panel.n_obs)
    within = fit_within(panel.X, panel.observed, weights, absorber)
    n_effects = absorber.rank(weights)
    notes = judge(panel, within, effects=effects, n_effects=n_effects)
    return Regression(panel, by_size, absorber, n_effects, within, notes)


def _absorber(panel: Panel, effects: tuple[Dimension, ...]) -> Absorber:
    groupings = [Grouping.of(key_of(panel, dimension).codes) for dimension in effects]
    if not groupings:
        return OneWay(Grouping.of(np.zeros(panel.n_obs, dtype=np.int64)))
    return OneWay(*groupings) if len(groupings) == 1 else TwoWay(*groupings)
