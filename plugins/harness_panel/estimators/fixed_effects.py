"""Least squares on all rows alike, pooled or with a level of its own for each entity, period or other group.

Reported by ``linearmodels.panel.PooledOLS`` and ``PanelOLS``. Effects of further columns, of which it takes
two sets at most, and to 1e-8, are absorbed by ``linearmodels.iv.AbsorbingLS``, and what it leaves is reported
by ``PooledOLS``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Annotated, ClassVar

import numpy as np
from pydantic import Field

from harness import plugin
from harness_panel.covariance import Covariance, PredictionsAlone, Tested, columns_of
from harness_panel.diagnostics import effects as tests
from harness_panel.estimators.linear import LINEAR, EffectsFit, LinearEstimator, LinearFit
from harness_panel.library import LibraryData, LibraryModel, report_of
from harness_panel.solver.draws import regress_draws
from harness_panel.solver.equation import LinearModels
from harness_panel.solver.regression import Dimension, Regression, regress, require_each_once
from harness_panel.statistics import by_columns, intercept_statistics, likelihood_statistics

if TYPE_CHECKING:
    from linearmodels.panel.results import PanelResults


_ROUNDING = 1e-12


def linear_weights(regression: Regression) -> plugin.Floats:
    """Return what each row's outcome counts in the coefficient of the exposure, (n_obs,)."""
    within = regression.within
    return np.asarray(np.sqrt(regression.weights) * (within.basis @ within.to_slopes[0]))


# Period before the start, which the others are compared with.
REFERENCE = -1


@dataclass(frozen=True, eq=False)
class Events:
    """What is known of a treatment besides its coefficient.

    Attributes
    ----------
    exposure : name of the treatment
    treatment : of the exposure
    width : periods before and after the start; the outermost hold those further away as well
    weights : (n_treated,), of the treated rows in the coefficient, by `linear_weights`
    table : coefficients of the dummies of periods, among others; None where these rows cannot carry it
    reason : why there is none
    """

    exposure: str
    treatment: plugin.Treatment
    width: int
    weights: plugin.Floats
    table: plugin.CoefficientTable | None = None
    reason: str = ""

    @property
    def terms(self) -> Mapping[int, str]:
        """Names of the coefficients, such as ``zone, 2 periods before``, by periods since the start."""
        periods = [at for at in range(-self.width, self.width + 1) if at != REFERENCE]
        return {at: self._term(at) for at in periods}

    def _term(self, at: int) -> str:
        if at == 0:
            return f"{self.exposure}, period of the start"
        further = " or more" if abs(at) == self.width else ""
        plural = "" if abs(at) == 1 and not further else "s"
        return f"{self.exposure}, {abs(at)}{further} period{plural} {'before' if at < 0 else 'after'}"

    @property
    def since(self) -> plugin.Ints:
        """Periods since the start, (n_obs,), those outside the window as its outermost."""
        return np.clip(self.treatment.since, -self.width, self.width)

    def expand(self, panel: plugin.Panel) -> plugin.Panel:
        """Return the panel with a dummy for each period instead of the exposure.

        The period of the start comes first, as the exposure; the others are the last controls.
        """
        since, is_ever = self.since, self.treatment.is_ever
        dummies = {name: (is_ever & (since == at)).astype(np.float64) for at, name in self.terms.items()}
        start = self._term(0)
        first = dummies.pop(start)
        X = np.column_stack([first, panel.X[:, 1:], *dummies.values()])
        controls = (*panel.controls, *dummies)
        return replace(panel, exposure=start, levels=(), controls=controls, X=X, derived=())

    def details(self) -> Mapping[str, Mapping[str, Sequence[object]]]:
        """Return the event study as a tidy table, its reference period with a zero; none without one."""
        if self.table is None:
            return {}
        place = {term: at for at, term in enumerate(self.table.terms)}
        limits, terms = self.table.conf_int(0.95), {**self.terms, REFERENCE: ""}
        since = self.since[self.treatment.is_ever]
        n_obs = dict(zip(*map(np.ndarray.tolist, np.unique(since, return_counts=True)), strict=True))
        rows: list[tuple[object, ...]] = []
        for period, term in sorted(terms.items()):
            at = place.get(term)
            if period == REFERENCE:
                rows.append((period, 0.0, None, None, None, n_obs.get(period, 0)))
            elif at is not None:
                numbers = (self.table.estimate[at], self.table.std_error[at], *limits[at])
                rows.append((period, *map(float, numbers), n_obs.get(period, 0)))
        names = ("event_time", "estimate", "std_error", "conf_low", "conf_high", "n_obs")
        return {"event_study": by_columns(names, rows)}

    def result_rows(self, panel: plugin.Panel) -> Mapping[str, Mapping[str, Sequence[object]]]:
        """Return the joint test that there is no effect before the start; none without an event study.

        It is refused where no lead has a coefficient, or clusters are too few for their covariance.
        """
        if self.table is None:
            return {}
        name, against, kept = "pre_trend", "no effect before", self.table.terms
        leads = [kept.index(term) for at, term in self.terms.items() if at < 0 and term in kept]
        try:
            found = tests.wald_of_slopes(self.table, leads)
        except plugin.EstimationError as error:
            row = (panel.exposure, name, against, "refused", error.problems[0].what)
            return {"effect_tests": by_columns(("exposure", "test", "against", "status", "reason"), [row])}
        rows = [(name, against, found.statistic, found.p_value)]
        return {"effect_tests": tests.effect_tests(panel, rows, exposure=panel.exposure)}

    def notes(self) -> Iterator[plugin.Note]:
        """Yield a warning where treatment is staggered, and one where there is no event study.

        With two-way effects the coefficient is a weighted sum of the treated rows' effects, whose weights sum
        to one (theorem 1 of de Chaisemartin & D'Haultfoeuille 2020, with their sizes in the weights).
        """
        exposure = repr(self.exposure)
        if self.treatment.n_starts > 1:
            negative = self.weights[self.weights < -_ROUNDING * np.abs(self.weights).max()]
            message = plugin.Coded(
                "{exposure} starts in {n_starts} different periods. Its two-way fixed effects "
                "coefficient weights the effects of {size} treated rows, {size_2} of them "
                "negatively (total weight {sum}). If effects differ, it may lie far from all of "
                "them (de Chaisemartin & D'Haultfoeuille 2020), and the event study and its test "
                "are biased too: use `use: did`.",
                exposure=exposure,
                n_starts=self.treatment.n_starts,
                size=self.weights.size,
                size_2=negative.size,
                sum=f"{float(negative.sum()):.3g}",
            )
            yield plugin.Note("W-STAGGERED", self.exposure, message)
        if self.table is None:
            words = plugin.marked("No event study of {exposure}: {reason}.")
            yield plugin.Note(
                "W-EVENTS", self.exposure, plugin.Coded(words, exposure=exposure, reason=self.reason)
            )


# Cells of the dummies that PanelOLS makes of two effects, 1 GB; above it iterates, to 1e-8.
_MOST_DUMMIES = 2**27


_N_EFFECTS = "independent effects, as degrees of freedom count"
_SINGLETONS = (
    "rows that are the only one of a level, or are so once such rows are left out; no slope depends on them"
)


@dataclass(frozen=True, eq=False, repr=False)
class PooledFit(LinearFit):
    """A fit by pooled OLS."""

    title: ClassVar[str] = plugin.marked("Pooled OLS")

    def statistics(self) -> tuple[plugin.Statistic, ...]:
        """Return what describes the fit, its likelihood included."""
        return (*super().statistics(), *likelihood_statistics(self.regression, rss=self.reported.rss))

    def checks(self) -> Mapping[str, tests.Check]:
        """Return tests for what pooling leaves out: effects, correlation over time and across entities."""
        regression = self.regression
        of_equal_rows: Mapping[str, tests.Check] = {
            "breusch_pagan": partial(tests.breusch_pagan, self.rows),
            "heteroscedasticity": partial(tests.heteroscedasticity, regression),
            "white": partial(tests.white, regression),
            "reset": partial(tests.reset, regression),
            **tests.spatial_tests(regression),
        }
        return {
            **super().checks(),
            "f_effects": partial(tests.f_test_of_effects, self.rows, ("entity",), weights=regression.weights),
            **{
                name: tests.unweighted(check, is_weighted=regression.is_weighted)
                for name, check in of_equal_rows.items()
            },
            **self.error_checks(),
        }


@plugin.checks_options
@dataclass(frozen=True)
class PooledOLS(LinearEstimator[PooledFit]):
    """Least squares on the panel's columns and a constant, which is reported first as ``const``.

    Predictions are x b. Controls and moderators that are constant or collinear with columns before them are
    dropped and noted, controls before moderators; a copy of the exposure is dropped, an exposure that several
    other columns determine is refused.

    Attributes
    ----------
    covariance : clustered by entity by default, or for common shocks where a test finds some (``tested``)
    weighted : whether rows count by the column ``roles.weights``, whose inverse the variance of their errors
        is in proportion to
    """

    name: ClassVar[str] = "pooled_ols"
    identifies: ClassVar[plugin.Identified] = "pooled"
    known_as: ClassVar[tuple[str, ...]] = ("ols", "pooled", "pols")
    instead_of: ClassVar[Mapping[str, str]] = {
        "rdd rd regression_discontinuity": (
            "keep the rows near the cutoff (data: rows), take its side as the exposure and the running "
            "variable as a control: a local line by `pooled_ols`"
        ),
        "logit probit tobit": (
            "of 0 and 1 `conditional_logit` is a logit with effects of entities; `pooled_ols` and "
            "`fixed_effects` are linear probability models"
        ),
    }
    linear_model: ClassVar[plugin.LinearModel | None] = "pooled"
    as_learner: ClassVar[plugin.AsLearner] = "holds"
    ladder: ClassVar[tuple[plugin.LadderEntry, ...]] = (
        plugin.LadderEntry(100, plugin.marked("Pooled OLS"), id="ols", is_drafted=True),
    )
    rivals: ClassVar[tuple[plugin.SimpleRival, ...]] = (
        plugin.SimpleRival(10, plugin.marked("Pooled OLS")),
        plugin.SimpleRival(11, plugin.marked("Pooled OLS in logs"), target="log"),
        plugin.SimpleRival(12, plugin.marked("Pooled OLS in logs on logs"), target="log", regressors="log"),
    )
    provides: ClassVar[frozenset[type]] = LINEAR

    covariance: Covariance = field(default_factory=Tested)
    weighted: bool = False

    def _solve(self, panel: plugin.Panel) -> PooledFit:
        regression = regress(panel, (), weights=plugin.row_weights(panel, weighted=self.weighted))
        return PooledFit(panel, regression, regression.model())

    def _in_library(self, fit: PooledFit) -> tuple[LibraryModel, LibraryData]:
        weights = fit.regression.weights if self.weighted else None
        return LibraryModel("PooledOLS"), LibraryData(fit.rows, fit.regression, weights)

    def _solve_draws(self, panel: plugin.Panel, weights: plugin.Floats) -> plugin.AbsorbingModels:
        return regress_draws(
            panel, (), weights, row_weights=plugin.row_weights(panel, weighted=self.weighted)
        )


@dataclass(frozen=True, eq=False, repr=False)
class FixedEffectsFit(EffectsFit):
    """A fit with fixed effects.

    Attributes
    ----------
    events : what is known of an exposure that is a treatment, with two-way effects; None of others
    """

    title: ClassVar[str] = plugin.marked("Fixed effects")

    events: Events | None = field(default=None, kw_only=True)

    @property
    def notes(self) -> tuple[plugin.Note, ...]:
        """What was dropped, whether solvers disagree, and whether treatment is staggered."""
        return (*super().notes, *(self.events.notes() if self.events else ()))

    def details(self) -> Mapping[str, Mapping[str, Sequence[object]]]:
        """Return statistics, diagnostics, influential rows and, of a treatment, its event study."""
        return {**super().details(), **(self.events.details() if self.events else {})}

    def result_rows(self) -> Mapping[str, Mapping[str, Sequence[object]]]:
        """Return the test that a treatment has no effect before it starts."""
        return self.events.result_rows(self.rows) if self.events else {}

    def statistics(self) -> tuple[plugin.Statistic, ...]:
        """Return what describes the fit, the likelihood with effects as coefficients included."""
        n_alone = self.rows.n_obs - plugin.non_singleton_rows(self.regression.sets).size
        return (
            *super().statistics(),
            *intercept_statistics(self.regression),
            *likelihood_statistics(self.regression, rss=self.reported.rss),
            plugin.Statistic("n_effects", self.regression.n_effects, _N_EFFECTS),
            plugin.Statistic("n_singleton_rows", n_alone, _SINGLETONS),
        )

    def checks(self) -> Mapping[str, tests.Check]:
        """Return tests of the effects, and of correlation over time and across entities."""
        regression = self.regression
        effects, against = regression.effects, partial(tests.hausman, self.rows)
        against_random = {"hausman": tests.unweighted(against, is_weighted=regression.is_weighted)}
        return {
            **super().checks(),
            "f_effects": partial(tests.f_test_of_effects, self.rows, effects, weights=regression.weights),
            **(against_random if effects == ("entity",) else {}),
            **self.error_checks(),
        }


# Label and options of the rivals with effects of both keys.
TWO_WAY = plugin.marked("Fixed effects (entity, time)")
BOTH: Mapping[str, list[str]] = {"effects": ["entity", "time"]}


def _entry(place: int, name: str, label: str, *keys: str, is_drafted: bool = False) -> plugin.LadderEntry:
    return plugin.LadderEntry(
        place, label, id=name, options={"effects": list(keys)}, is_drafted=is_drafted, absorbs=frozenset(keys)
    )


@plugin.checks_options
@dataclass(frozen=True)
class FixedEffects(LinearEstimator[FixedEffectsFit]):
    """Least squares on the panel's columns and an effect for each entity, each period and each further level.

    The table has no constant, since the effects hold it; predictions are in levels all the same: the mean
    outcome, plus (x - mean x) b, plus the deviation of each of the row's levels from the mean effect over
    the training rows. A level that no training row has gets the mean effect; `n_unseen` of the fit counts
    such rows. Levels are matched by label.

    Controls and moderators that are constant, absorbed by the effects or collinear with columns before them
    are dropped and noted, controls before moderators; a copy of the exposure is dropped, an exposure that the
    effects or several other columns determine is refused.

    Attributes
    ----------
    effects : keys whose levels have effects: ``entity``, ``time``, both, or none next to `absorb`
    covariance : clustered by entity by default, or for common shocks where a test finds some (``tested``)
    absorb : further columns of the data whose levels have effects, such as an industry, or combinations of
        columns and keys, such as ``region^time`` for effects of every region in every period
    weighted : whether rows count by the column ``roles.weights``, whose inverse the variance of their errors
        is in proportion to
    event_window : periods before and after the start of a treatment that its event study tells apart

    An exposure of 0 and 1 that entities switch on and keep is a treatment. With effects of entity and time
    its effect is told by periods since the start as well, with a joint test of those before, and where it
    starts in different periods the rows are counted whose effects the coefficient weighs negatively.
    """

    name: ClassVar[str] = "fixed_effects"
    identifies: ClassVar[plugin.Identified] = "within"
    known_as: ClassVar[tuple[str, ...]] = ("fe", "within", "twfe", "lsdv")
    instead_of: ClassVar[Mapping[str, str]] = {
        "fgls gls pcse xtgls driscoll_kraay newey_west": (
            "take `fixed_effects` with `covariance: {use: driscoll_kraay}`"
        )
    }
    linear_model: ClassVar[plugin.LinearModel | None] = "within"
    ladder: ClassVar[tuple[plugin.LadderEntry, ...]] = (
        _entry(110, "fe", plugin.marked("Fixed effects (entity)"), "entity"),
        _entry(120, "twfe", TWO_WAY, "entity", "time", is_drafted=True),
    )
    rivals: ClassVar[tuple[plugin.SimpleRival, ...]] = (
        plugin.SimpleRival(30, TWO_WAY, BOTH),
        plugin.SimpleRival(31, plugin.marked("Fixed effects (entity, time) in logs"), BOTH, "log"),
        plugin.SimpleRival(
            32, plugin.marked("Fixed effects (entity, time) in logs on logs"), BOTH, "log", "log"
        ),
    )
    provides: ClassVar[frozenset[type]] = LINEAR | {plugin.HasEffects, plugin.HasResultRows}

    effects: tuple[Dimension, ...] = ("entity",)
    covariance: Covariance = field(default_factory=Tested)
    absorb: tuple[str, ...] = ()
    weighted: bool = False
    event_window: Annotated[int, Field(ge=2, le=50)] = 4

    def __post_init__(self) -> None:
        require_each_once(self.effects, least=0 if self.absorb else 1)
        if len(set(self.absorb)) < len(self.absorb):
            message = f"absorb: columns, each once; found {list(self.absorb)}"
            raise ValueError(message)

    @property
    def group_columns(self) -> tuple[str, ...]:
        """Columns whose levels have effects, or are clusters."""
        parts = (part for name in self.absorb for part in name.split("^"))
        columns = (part for part in parts if isinstance(plugin.effect_named(part), plugin.GroupColumn))
        return tuple(dict.fromkeys((*columns, *columns_of(self.covariance))))

    def fit(
        self, panel: plugin.Panel, *, rng: plugin.Stream = None, selection: plugin.Panel | None = None
    ) -> FixedEffectsFit:
        """Fit on all rows of a panel, and tell of a treatment by periods since it started.

        Raises
        ------
        EstimationError
            As by `LinearEstimator.fit`.
        """
        fit = super().fit(panel, rng=rng, selection=selection)
        if isinstance(self.covariance, PredictionsAlone) or {*self.effects} != {"entity", "time"}:
            return fit
        try:
            treatment = plugin.Treatment.of(panel)
        except plugin.EstimationError:
            return fit
        weights = linear_weights(self._regress(panel))[treatment.is_treated]
        events = Events(panel.exposure, treatment, self.event_window, weights)
        try:
            model, data = self._in_library(FixedEffects._solve(self, events.expand(panel)))
            events = replace(events, table=report_of(model, data, self.covariance, rng=rng).table)
        except plugin.EstimationError as error:
            events = replace(events, reason=error.problems[0].what)
        return replace(fit, events=events)

    def _solve(self, panel: plugin.Panel) -> FixedEffectsFit:
        regression = self._regress(panel)
        return FixedEffectsFit(panel, regression, regression.model())

    def _regress(self, panel: plugin.Panel) -> Regression:
        return regress(panel, self._levels, weights=plugin.row_weights(panel, weighted=self.weighted))

    def _in_library(self, fit: FixedEffectsFit) -> tuple[LibraryModel, LibraryData]:
        data = LibraryData(fit.rows, fit.regression, fit.regression.weights if self.weighted else None)
        n_levels = [fit.rows.entity.n_present, fit.rows.time.n_present]
        dummies = n_levels[0] * n_levels[1] * min(n_levels)
        if self.absorb or (len(self.effects) == 2 and dummies > _MOST_DUMMIES):
            return _AbsorbingLS("AbsorbingLS"), data
        options = {f"{name}_effects": True for name in self.effects}
        # Degrees of freedom count independent effects, which the library does not know.
        fitting = {"auto_df": False, "count_effects": False, "low_memory": False}
        return LibraryModel("PanelOLS", options, fitting), data

    def _solve_draws(self, panel: plugin.Panel, weights: plugin.Floats) -> LinearModels:
        return self._draw(panel, weights)

    def _draw(self, panel: plugin.Panel, weights: plugin.Floats) -> plugin.AbsorbingModels:
        own = plugin.row_weights(panel, weighted=self.weighted)
        return regress_draws(panel, self._levels, weights, row_weights=own)

    @property
    def _levels(self) -> tuple[plugin.EffectKey, ...]:
        return (*self.effects, *(_absorbed(name) for name in self.absorb))


@dataclass(frozen=True)
class _AbsorbingLS(LibraryModel):
    """``AbsorbingLS``, and ``PooledOLS`` on what it leaves."""

    def fitted(self, data: LibraryData, covariance: Mapping[str, object]) -> PanelResults:
        """Return what the model says of some rows, with the options of a covariance."""
        import pandas as pd
        from linearmodels.iv import AbsorbingLS
        from linearmodels.panel import PooledOLS as OnWhatIsAbsorbed

        levels = {
            f"effect{at}": pd.Categorical(plugin.key_of(data.rows, effect).codes)
            for at, effect in enumerate(data.regression.effects)
        }
        absorb = pd.DataFrame(levels, index=data.index)
        absorbing = AbsorbingLS(data.outcome, data.columns, absorb=absorb, weights=data.weights)
        absorbing.fit(cov_type="unadjusted", method="lsmr", absorb_options={"atol": 1e-14, "btol": 1e-14})
        left = OnWhatIsAbsorbed(absorbing.absorbed_dependent, absorbing.absorbed_exog, check_rank=False)
        fit: Callable[..., PanelResults] = left.fit
        return fit(debiased=False, **covariance)


def _absorbed(name: str) -> plugin.EffectKey:
    """Return a column by its name, and a combination by those of its parts, with carets between them."""
    parts = name.split("^")
    return (
        plugin.GroupColumn(name)
        if len(parts) == 1
        else plugin.Combination(tuple(map(plugin.effect_named, parts)))
    )
