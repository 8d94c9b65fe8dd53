"""Panel threshold regression: fixed effects whose slope of the exposure breaks, reported as `FixedEffects`.

Hansen, B. E. (1999). Threshold effects in non-dynamic panels: estimation, testing, and inference. Journal of
Econometrics 93, 345-368.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise, takewhile
from typing import Annotated, ClassVar, cast

import numpy as np
from pydantic import Field

from harness import plugin
from harness.plugin import Coded, Floats, LadderEntry, Note, Panel, marked, means_at, row_weights
from harness_panel.covariance import PredictionsAlone
from harness_panel.diagnostics.effects import effect_tests
from harness_panel.estimators.fixed_effects import FixedEffects, FixedEffectsFit
from harness_panel.solver.equation import ExpandedModels, FurtherColumns, OneByOne
from harness_panel.solver.regression import Dimension, Regression, regress
from harness_panel.statistics import by_columns
from harness_panel.thresholds.search import (
    Found,
    PlaceLikelihood,
    Resample,
    ThresholdSearch,
    ThresholdTest,
    critical_ratio,
    error_draws,
    place_likelihoods,
    threshold_tests,
)


@dataclass(frozen=True)
class Regimes(FurtherColumns):
    """Where the slope of the exposure changes.

    Attributes
    ----------
    variable : regressor that the regimes are told by
    places : thresholds, ascending, the variable's unit; a regime includes its upper end
    have_levels : whether each regime has a level of its own beside its slope
    """

    variable: str
    places: tuple[float, ...]
    have_levels: bool

    def expand(self, panel: Panel) -> Panel:
        """Return the panel with what each threshold adds to slope and level as its last controls."""
        exposure, variable = panel.column(panel.exposure), panel.column(self.variable)
        above = [(variable > place).astype(np.float64) for place in self.places]
        ranges = self._ranges()
        columns = {
            f"{panel.exposure} ({where})": exposure * is_above
            for where, is_above in zip(ranges[1:], above, strict=True)
        }
        if self.have_levels:
            columns |= {f"level ({where})": up for where, up in zip(ranges[1:], above, strict=True)}
        return replace(
            panel,
            exposure=f"{panel.exposure} ({ranges[0]})",
            controls=(*panel.controls, *columns),
            X=np.column_stack([panel.X, *columns.values()]),
            derived=(),
        )

    def to_regimes(self, regression: Regression) -> Floats:
        """Return what takes slopes of kept columns to those of regimes, (n_kept, n_kept).

        A column of a threshold holds a change; the slope of a regime is the sum of those before it.

        Parameters
        ----------
        regression : of the expanded panel
        """
        n_columns, n_places = len(regression.panel.columns), len(self.places)
        first = n_columns - n_places * (1 + self.have_levels)
        groups = [[0, *range(first, first + n_places)]]
        if self.have_levels:
            groups.append(list(range(n_columns - n_places, n_columns)))
        total = np.eye(n_columns)
        for columns in groups:
            for at, column in enumerate(columns):
                total[column, columns[:at]] = 1.0
        return total[np.ix_(regression.within.kept, regression.within.kept)]

    def means_at(self, panel: Panel, columns: tuple[str, ...], points: Floats) -> Floats:
        """Return the mean over rows of every column of the expanded panel, (n_points, n_columns).

        Parameters
        ----------
        columns : regressors that get the same value in all rows
        points : (n_points, n_moved), units of the columns
        """
        moved = {name: points[:, at, None] for at, name in enumerate(columns)}
        exposure = moved.get(panel.exposure, panel.column(panel.exposure)[None])
        variable = moved.get(self.variable, panel.column(self.variable)[None])
        above = [(variable > place).astype(np.float64) for place in self.places]
        added = [np.mean(exposure * is_above, axis=1) for is_above in above]
        if self.have_levels:
            added += [is_above.mean(axis=1) for is_above in above]
        further = [np.broadcast_to(mean, len(points)) for mean in added]
        return np.column_stack([means_at(panel, columns, points), *further])

    def _ranges(self) -> tuple[str, ...]:
        """Return the regimes in words, such as ``q <= 0.2`` and ``0.2 < q <= 0.5``."""
        bounds = [f"{place:.6g}" for place in self.places]
        between = [f"{low} < {self.variable} <= {high}" for low, high in pairwise(bounds)]
        return (f"{self.variable} <= {bounds[0]}", *between, f"{self.variable} > {bounds[-1]}")


MOST_THRESHOLDS = 3
_LEVEL = 0.05
_TEST_COLUMNS = (
    *("n_thresholds", "statistic", "p_value"),
    *("critical_10", "critical_05", "critical_01", "n_draws"),
)

_LEVELS = (0.10, 0.05, 0.01)
_LIKELIHOOD_COLUMNS = ("threshold", "variable", "estimate", "at", "likelihood_ratio", "critical_05")

# Numbers of thresholds in words.
COUNTED = (
    marked("no thresholds"),
    marked("one threshold"),
    marked("two thresholds"),
    marked("three thresholds"),
)


@dataclass(frozen=True, eq=False, repr=False)
class ThresholdFit(FixedEffectsFit):
    """A fit with fixed effects and thresholds.

    Attributes
    ----------
    exposure : name of the exposure, whose columns are named by regime
    regimes : the thresholds
    likelihoods : of each threshold's place
    tests : of one threshold, two and three, each against one less; empty where only predictions are asked for
    """

    title: ClassVar[str] = marked("Fixed effects with thresholds")

    exposure: str = field(kw_only=True)
    regimes: Regimes = field(kw_only=True)
    likelihoods: tuple[PlaceLikelihood, ...] = field(kw_only=True)
    tests: tuple[ThresholdTest, ...] = field(default=(), kw_only=True)

    @property
    def predictor(self) -> ExpandedModels:
        """What predicts; one draw."""
        return ExpandedModels(self.regimes, self.model)

    @property
    def notes(self) -> tuple[Note, ...]:
        """What was dropped, and whether the tests say another number of thresholds."""
        notes, asked = super().notes, len(self.regimes.places)
        # The number up to which every test rejects one less.
        found = sum(1 for _ in takewhile(lambda test: test.p_value <= _LEVEL, self.tests))
        if not self.tests or found == asked:
            return notes
        message = Coded(
            "The model has {COUNTED} in {variable}; bootstrap tests find {COUNTED_2} at the {LEVEL} level.",
            COUNTED=COUNTED[asked],
            variable=repr(self.regimes.variable),
            COUNTED_2=COUNTED[found],
            LEVEL=f"{_LEVEL:.0%}",
        )
        return (*notes, Note("W-THRESHOLDS", self.regimes.variable, message))

    def details(self) -> Mapping[str, Mapping[str, Sequence[object]]]:
        """Return statistics, diagnostics, tests of the number of thresholds, likelihoods of their places."""
        variable, critical = self.regimes.variable, critical_ratio(1 - _LEVEL)
        tests = [
            (one.n_thresholds, one.statistic, one.p_value, *map(one.critical, _LEVELS), one.draws.size)
            for one in self.tests
        ]
        likelihoods = [
            (number, variable, likely.at, place, ratio, critical)
            for number, likely in enumerate(self.likelihoods, start=1)
            for place, ratio in zip(likely.places.tolist(), likely.ratio.tolist(), strict=True)
            if np.isfinite(ratio)
        ]
        return {
            **super().details(),
            "threshold_tests": by_columns(_TEST_COLUMNS, tests),
            "threshold_likelihood": by_columns(_LIKELIHOOD_COLUMNS, likelihoods),
        }

    def result_rows(self) -> Mapping[str, Mapping[str, Sequence[object]]]:
        """Return the places of the thresholds, and the tests of their number."""
        names = ("no threshold", *COUNTED[1:MOST_THRESHOLDS])
        places = ((self.regimes.variable, "break", one.at, *one.interval()) for one in self.likelihoods)
        tests = (
            (COUNTED[one.n_thresholds], names[one.n_thresholds - 1], one.statistic, one.p_value)
            for one in self.tests
        )
        return {
            "thresholds": by_columns(("moderator", "kind", "at", "conf_low", "conf_high"), places),
            "effect_tests": effect_tests(self.rows, tests, exposure=self.exposure),
        }


@plugin.checks_options
@dataclass(frozen=True)
class ThresholdEffects(FixedEffects):
    """Fixed effects whose slope of the exposure is another beyond each of one to three thresholds.

    The thresholds are the quantiles of `variable` that leave the least sum of squares (Hansen 1999): found
    one by one, then each anew given the others. Coefficients and their covariance hold them fixed, as is
    usual since their estimate converges faster. Draws find thresholds of their own. Predictions and levels
    never seen are as by `FixedEffects`.

    Up to three tests say how many thresholds there are; they are told for every fit, and change none. The
    interval of a place holds for independent errors of equal variance and a slope that jumps there.

    Attributes
    ----------
    variable : regressor that tells the regimes; None is the exposure itself
    thresholds : how many
    regime_levels : whether each regime has a level next to its slope, so that the fit does not depend on
        where the exposure is zero (Bick 2010); without it the model is that of Hansen
    grid : quantiles that are tried
    trim : share of the rows that every regime has at least
    bootstraps : samples of the tests
    resample : what a sample's errors are: ``signs``, each entity's own with a random sign, or ``entities``,
        those of another entity, as Hansen and Stata's `xthreg` have it; that asks for each entity in each
        period and for errors that do not depend on regressors
    """

    name: ClassVar[str] = "threshold_effects"
    known_as: ClassVar[tuple[str, ...]] = ("threshold", "panel_threshold", "xthreg", "hansen")
    linear_model: ClassVar[plugin.LinearModel | None] = None
    ladder: ClassVar[tuple[LadderEntry, ...]] = (
        LadderEntry(135, marked("Fixed effects, one threshold"), id="threshold"),
    )

    effects: tuple[Dimension, ...] = ("entity", "time")
    variable: str | None = None
    thresholds: Annotated[int, Field(ge=1, le=MOST_THRESHOLDS)] = 1
    regime_levels: bool = True
    grid: Annotated[int, Field(ge=10, le=2000)] = 200
    trim: Annotated[float, Field(gt=0.0, lt=0.5)] = 0.05
    bootstraps: Annotated[int, Field(ge=19, le=1_000_000)] = 300
    resample: Resample = "signs"

    def fit(self, panel: Panel, *, rng: plugin.Stream = None, selection: Panel | None = None) -> ThresholdFit:
        """Fit on all rows of a panel; rng draws the tests' bootstrap samples.

        Raises
        ------
        EstimationError
            As by `FixedEffects`, where no threshold can be told, and where `resample` asks for periods
            that entities lack.
        """
        fit = cast("ThresholdFit", super().fit(panel, rng=rng, selection=selection))
        if isinstance(self.covariance, PredictionsAlone):
            return fit
        search = self._search(self._regress(panel), np.ones(panel.n_obs))
        draws = error_draws(search.base.panel, self.resample, self.bootstraps, plugin.stream_or_seeded(rng))
        # An event study is of the exposure without regimes.
        return replace(fit, tests=threshold_tests(search, MOST_THRESHOLDS, draws), events=None)

    def _solve(self, panel: Panel) -> ThresholdFit:
        search = self._search(self._regress(panel), np.ones(panel.n_obs))
        found, regimes = self._found(search)
        apart = self._regress(regimes.expand(panel))
        regression = replace(apart, reported=regimes.to_regimes(apart))
        return ThresholdFit(
            regression.panel,
            regression,
            regression.model(),
            exposure=panel.exposure,
            regimes=regimes,
            likelihoods=place_likelihoods(search, found),
        )

    def _solve_draws(self, panel: Panel, weights: Floats) -> OneByOne:
        own = row_weights(panel, weighted=self.weighted)
        models = []
        for draw in weights:
            used = np.flatnonzero(draw)
            base = regress(panel.take(used), self._levels, weights=(draw * own)[used])
            _, regimes = self._found(self._search(base, draw[used]))
            models.append(ExpandedModels(regimes, self._draw(regimes.expand(panel), draw[None])))
        return OneByOne(models)

    def _search(self, base: Regression, counts: Floats) -> ThresholdSearch:
        plugin.require_continuous(base.panel)
        variable = self._variable(base.panel)
        return ThresholdSearch.of(
            base, variable, counts, n_places=self.grid, trim=self.trim, have_levels=self.regime_levels
        )

    def _found(self, search: ThresholdSearch) -> tuple[Found, Regimes]:
        found = search.best(self.thresholds)
        places = tuple(search.places[list(found)].tolist())
        return found, Regimes(self._variable(search.base.panel), places, self.regime_levels)

    def _variable(self, panel: Panel) -> str:
        variable = panel.exposure if self.variable is None else self.variable
        if variable not in panel.columns:
            what = Coded("{variable} is not a regressor of this panel", variable=repr(variable))
            expected = Coded("one of {names}", names=", ".join(map(repr, panel.columns)))
            hint = marked("name the exposure, a moderator or a control")
            raise plugin.EstimationError.at("variable", what, expected, hint)
        return variable
