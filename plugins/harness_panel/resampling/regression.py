"""A panel regressed on its columns, judged, and ready to be told or repeated."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness import Floats, Note, Panel
from harness_panel.resampling.absorb import Absorber, Nothing, OneWay
from harness_panel.resampling.absorbers import absorber_of
from harness_panel.resampling.centring import Centring
from harness_panel.resampling.checks import judge, refuse_single_levels
from harness_panel.resampling.effect import Effect, key_of
from harness_panel.resampling.grouping import Grouping
from harness_panel.resampling.levels import LevelModels, RawEffects, level_models
from harness_panel.resampling.within_fit import WithinFit, fit_within


@dataclass(frozen=True, eq=False)
class Regression:
    """A panel regressed on its columns and on the effects of some levels, on a constant, or on neither.

    Attributes
    ----------
    panel : rows of the fit, as the equation has them: in levels, in differences, less part of their means
    effects : what has effects, most levels first
    absorber : what takes the effects, or the constant, out
    n_effects : independent effects taken out; a constant counts as one
    within : the fit
    weights : (n_obs,), > 0
    notes : what the reader of the report should know
    """

    panel: Panel
    effects: tuple[Effect, ...]
    absorber: Absorber
    n_effects: int
    within: WithinFit
    weights: Floats
    notes: tuple[Note, ...]

    @property
    def has_constant(self) -> bool:
        """Whether a constant is one of the coefficients."""
        return not self.effects and bool(self.absorber.groupings)

    @property
    def terms(self) -> tuple[str, ...]:
        """Names of the coefficients: a constant, if there is one, and the kept columns."""
        kept = tuple(self.panel.columns[position] for position in self.within.screening.kept)
        return ("const", *kept) if self.has_constant else kept

    @property
    def rss(self) -> float:
        """Weighted sum of squared residuals."""
        return float(self.within.residuals @ self.within.residuals)

    @property
    def is_weighted(self) -> bool:
        """Whether some rows count more than others."""
        return bool(np.ptp(self.weights) > 0.0)

    @property
    def n_coef(self) -> int:
        """Coefficients of kept columns, without the constant."""
        return len(self.within.screening.kept)

    @property
    def df_resid(self) -> int:
        """Rows less coefficients less effects."""
        return self.panel.n_obs - self.n_coef - self.n_effects

    def models(self, slopes: Floats, raw: tuple[RawEffects, ...]) -> LevelModels:
        """Return predictors of fits of these rows.

        Parameters
        ----------
        slopes : (n_draws, n_columns)
        raw : effects of each of the absorber's groupings
        """
        # A pooled regression has a grouping, its constant, but no key.
        keys = [key_of(self.panel, effect) for effect in self.effects]
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


def regress(
    panel: Panel,
    effects: tuple[Effect, ...],
    *,
    weights: Floats | None = None,
    centring: Centring | None = None,
) -> Regression:
    """Regress a panel on its columns and some effects; without any, on a constant.

    Parameters
    ----------
    weights : (n_obs,), > 0; None counts all rows alike
    centring : levels that the panel's columns are without, and the regression's have again

    Raises
    ------
    EstimationError
        Where these rows cannot tell the exposure's effect; see `judge`.
    """
    refuse_single_levels(panel, effects)
    by_size = tuple(sorted(effects, key=lambda one: -key_of(panel, one).n_present))
    groupings = [Grouping.of(key_of(panel, effect).codes) for effect in by_size]
    absorber = absorber_of(groupings) if groupings else _constant(panel.n_obs)
    return _regress(panel, by_size, absorber, weights, centring)


def regress_through_origin(
    panel: Panel, *, weights: Floats | None = None, centring: Centring | None = None
) -> Regression:
    """Regress a panel on its columns alone; weights are (n_obs,), > 0, and levels of zero are put back.

    Raises
    ------
    EstimationError
        As by `regress`.
    """
    return _regress(panel, (), Nothing(), weights, centring)


def _regress(
    panel: Panel,
    effects: tuple[Effect, ...],
    absorber: Absorber,
    weights: Floats | None,
    centring: Centring | None,
) -> Regression:
    counted = np.ones(panel.n_obs) if weights is None else weights
    if centring is None:
        within = fit_within(panel.X, panel.observed, counted, absorber)
    else:
        bare = fit_within(panel.X, panel.observed, counted, absorber, largest=centring.largest)
        within, panel = centring.put_back_into(bare), centring.put_back(panel)
    n_effects = absorber.rank(counted)
    notes = judge(panel, within, effects=effects, n_effects=n_effects)
    if not absorber.is_rank_exact:
        notes = (*notes, _bound_note(n_effects))
    return Regression(panel, effects, absorber, n_effects, within, counted, notes)


def _bound_note(n_effects: int) -> Note:
    message = (
        f"Degrees of freedom count {n_effects} effects, some of which may be combinations of others; "
        "standard errors that count effects are rather too large than too small."
    )
    return Note("W-EFFECTS", "effects", message)


def _constant(n_obs: int) -> Absorber:
    return OneWay(Grouping.of(np.zeros(n_obs, dtype=np.int64)))
