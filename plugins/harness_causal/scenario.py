"""Scenario ``did``: effects of a treatment that starts, by methods that hold where effects differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Annotated, Any, ClassVar, Literal, Self

import numpy as np
from numpy.random import Generator
from pydantic import Field

from harness import plugin
from harness.plugin import Attempt, Panel, attempt
from harness_causal import tables as own
from harness_causal.event_study import SIZE, EventStudy, PreTrend, RelativeMagnitudes
from harness_causal.methods import METHODS, Comparison, StaggeredDesign, Weighting, two_way_comparisons
from harness_causal.synthetic import Variance, synthetic

Method = Literal["sun_abraham", "imputation", "callaway_santanna", "synthetic"]

COLLINEAR = plugin.marked("dropped: collinear with other cells and effects of entities and periods")

# A row of a table, or several by their columns.
Part = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class DifferenceInDifferences(plugin.Scenario, plugin.AsksRows):
    """Effects of an exposure of 0 and 1 that entities take up and keep, by periods since they did.

    ``sun_abraham`` averages the effects of cohorts in a saturated regression (Sun and Abraham 2021),
    ``imputation`` compares outcomes with those that untreated rows predict (Borusyak, Jaravel and Spiess
    2024), ``callaway_santanna`` compares changes with those of entities not treated yet (Callaway and
    Sant'Anna 2021). All assume parallel trends and no anticipation, and hold where effects differ, unlike a
    coefficient with two-way effects, whose comparisons are listed with their weights (Goodman-Bacon 2021).
    Where all treated entities start in one period, ``synthetic`` weighs the others and the periods before it
    so that trends agree, instead of assuming that they do (Arkhangelsky et al. 2021). How large violations of
    parallel trends may be before the average is zero is said by relative magnitudes (Rambachan and Roth
    2023).

    Attributes
    ----------
    methods : which
    adjust : whether the further regressors are held fixed; leave them out where the treatment moves them
    weighting : how `callaway_santanna` holds them fixed: ``doubly_robust`` by weights and a regression, right
        where either is (Sant'Anna and Zhao 2020), ``inverse_probability`` by weights alone, as matching on a
        propensity score does, or by a ``regression`` alone
    starts : column with the period in which the treatment of a row's entity starts, and of entities that are
        never treated anything else, such as 0; without it a treatment starts behind the last untreated row
    comparison : entities that `callaway_santanna` compares with: ``not_yet_treated`` or ``never_treated``
    variance : how `synthetic` finds its standard error: ``placebo``, from entities never treated taken for
        treated, which vary as much as those treated, or ``jackknife``, leaving out one entity after the
        other, of which two have to be treated
    draws : of placebos
    window : periods before the start that are tested for a trend
    m_bars : violations of parallel trends, in units of the greatest change before the start
    level : nominal coverage of intervals
    """

    name: ClassVar[str] = "did"
    identifies: ClassVar[plugin.Identified] = "staged_treatment"
    known_as: ClassVar[tuple[str, ...]] = ("event_study", "staggered_did", "csdid", "did2s", "sunab")
    instead_of: ClassVar[Mapping[str, str]] = {
        "psm_did psmdid drdid": "weigh before differences: `{use: did, weighting: inverse_probability}`",
        "synthetic_control synth gsynth": "weigh entities and periods: `{use: did, methods: [synthetic]}`",
        "sdid synthdid": "call it a method: `{use: did, methods: [synthetic]}`",
    }
    tables: ClassVar[tuple[plugin.ResultTable, ...]] = own.TABLES

    methods: Annotated[tuple[Method, ...], Field(min_length=1)] = (
        *("sun_abraham", "imputation", "callaway_santanna"),
    )
    adjust: bool = True
    weighting: Weighting = "doubly_robust"
    starts: str | None = None
    comparison: Comparison = "not_yet_treated"
    variance: Variance = "placebo"
    draws: Annotated[int, Field(ge=20, le=1_000_000)] = 500
    window: Annotated[int, Field(ge=2, le=50)] = 5
    m_bars: tuple[Annotated[float, Field(ge=0)], ...] = (0.5, 1.0, 2.0)
    level: Annotated[float, Field(gt=0, lt=1)] = 0.95

    @property
    def columns(self) -> tuple[str, ...]:
        """The column of starts, where one is named."""
        return () if self.starts is None else (self.starts,)

    def quick(self) -> Self:
        """Return a copy with at most 40 draws."""
        return replace(self, draws=min(self.draws, 40))

    def notes(self, panel: Panel) -> tuple[plugin.Note, ...]:
        """Return which entities and rows are left out, and whose start is not seen."""
        design = self._design(panel).then(StaggeredDesign.compared).value
        return () if design is None else tuple(self._notes(design))

    def _notes(self, design: StaggeredDesign) -> Iterator[plugin.Note]:
        if design.n_undated:
            undated = plugin.Coded(
                "rows are missing between the last untreated and the first treated one of {n_undated} "
                "entities: their start is taken to be the period after the former; `starts:` names a column",
                n_undated=design.n_undated,
            )
            yield plugin.Note("W-DIDSTART", "", undated)
        n_gaps = attempt(design.balanced).then(lambda balanced: balanced[1]).value
        if n_gaps and "callaway_santanna" in self.methods:
            gaps = plugin.Coded(
                "dropped by callaway_santanna: {n_gaps} entities that are not observed in every period",
                n_gaps=n_gaps,
            )
            yield plugin.Note("W-DIDGAPS", "", gaps)
        if not (design.n_always or design.n_late):
            return
        message = plugin.Coded(
            "dropped: {n_always} entities treated in all of their rows, and {n_late} rows of "
            "periods in which every entity is treated; the last cohort serves as comparison until "
            "then",
            n_always=design.n_always,
            n_late=design.n_late,
        )
        yield plugin.Note("W-DID", "", message)

    def answer_of(self, panel: Panel, *, rng: Generator) -> plugin.Concluded:
        """Return effects, tests, bounds and comparisons, a row with its reason where there are none."""
        design = self._design(panel)
        compared, comparisons = design.then(StaggeredDesign.compared), design.then(two_way_comparisons)
        parts: dict[str, list[Part]] = {table.name: [] for table in self.tables}

        def add(table: plugin.ResultTable, found: Attempt[list[Part]], **place: str) -> None:
            rows = found.value or [{}]
            parts[table.name] += [{"exposure": panel.exposure, **place, **found.how, **row} for row in rows]

        (placebos,) = rng.spawn(1)
        for method in self.methods:
            study = compared.then(partial(self._study, method, rng=placebos))
            tested = study.without_value() if study.value is None else study.value.pre_trend
            bounds = study.then(partial(RelativeMagnitudes.of, window=self.window, level=self.level))
            add(own.DID_EFFECTS, study.then(partial(self._effects, rng=rng)), method=method)
            if study.value is None or study.value.cohorts:
                add(own.DID_COHORTS, study.then(self._cohorts), method=method)
            add(own.DID_TESTS, tested.then(self._tested), method=method)
            add(own.DID_BOUNDS, bounds.then(self._bounds), method=method)
        add(own.DID_COMPARISONS, comparisons)
        return parts

    @staticmethod
    def _tested(test: PreTrend) -> list[Part]:
        return [{**vars(test), "decision": plugin.decide_test(test.p_value, size=SIZE)}]

    def _study(self, method: Method, design: StaggeredDesign, *, rng: Generator) -> EventStudy:
        if method == "synthetic":
            return synthetic(design, self.variance, n_draws=self.draws, rng=rng)
        return METHODS[method](design.of_several(), self.window)

    def _design(self, panel: Panel) -> Attempt[StaggeredDesign]:
        return attempt(
            lambda: StaggeredDesign.of(
                panel,
                adjust=self.adjust,
                weighting=self.weighting,
                starts=self.starts,
                comparison=self.comparison,
            )
        )

    def _cohorts(self, study: EventStudy) -> list[Part]:
        """Return effects by start, and of a cell without one why."""
        from scipy.stats import t

        critical_value, rows = float(t.ppf((1.0 + self.level) / 2.0, study.df)), []
        for cohort in study.cohorts:
            half = critical_value * cohort.std_error
            limits = {"conf_low": cohort.estimate - half, "conf_high": cohort.estimate + half}
            how = {} if np.isfinite(cohort.estimate) else Attempt[Any](None, "refused", COLLINEAR).how
            rows.append({**vars(cohort), **limits, **how})
        return rows

    def _effects(self, study: EventStudy, *, rng: Generator) -> list[Part]:
        """Return the average and effects by time since the start, by columns, with each of their limits."""
        from scipy.stats import t

        estimate = np.r_[study.average, study.estimate]
        # The noise of one entity alone is in no error.
        error = np.r_[study.std_error, np.where(study.n_treated > 1, study.errors, np.nan)]
        after, n_times = study.event_time >= 0, study.event_time.size
        columns = {
            "effect": np.array([own.AVERAGE, *[own.EVENT] * n_times]),
            "event_time": np.r_[np.nan, study.event_time],
            "n_treated": np.r_[study.n_treated[after].sum(), study.n_treated],
            "estimate": estimate,
            "std_error": error,
        }
        statistic, greatest = np.abs(estimate) / error, np.sort(study.greatest(rng))
        n_beyond = greatest.size - np.searchsorted(greatest, statistic)
        critical_value = float(np.quantile(greatest, self.level))
        pointwise = t.ppf((1.0 + self.level) / 2.0, study.df), 2.0 * t.sf(statistic, study.df), 0
        together = critical_value, np.where(statistic >= 0.0, (1 + n_beyond) / (1 + greatest.size), np.nan), 1
        parts = []
        for band, (width, p_value, first) in (("pointwise", pointwise), ("simultaneous", together)):
            limits = {"conf_low": estimate - width * error, "conf_high": estimate + width * error}
            found = {**columns, **limits, "p_value": p_value}
            about = {"band": band, "level": self.level, "n_entities": study.n_entities, "df": study.df}
            part = about | {name: values[first:] for name, values in found.items()}
            numbers = zip(*(part[name] for name in ("effect", "estimate", *limits)), strict=True)
            part["decision"] = [
                plugin.decide(*row, by="interval") if band == "simultaneous" or effect != own.EVENT else None
                for effect, *row in numbers
            ]
            parts.append(part)
        return parts

    def _bounds(self, bounds: RelativeMagnitudes) -> list[Part]:
        return [{**bounds.at(m_bar), "breakdown": bounds.breakdown} for m_bar in self.m_bars]
