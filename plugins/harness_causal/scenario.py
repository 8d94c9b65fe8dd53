"""Scenario ``did``: effects of a treatment that starts, by methods that hold where effects differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any, ClassVar, Literal, Self

import numpy as np
from numpy.random import Generator
from pydantic import Field

from harness.plugin import (
    AsksRows,
    Attempt,
    Concluded,
    Message,
    Note,
    Panel,
    ResultTable,
    Scenario,
    attempt,
    marked,
)
from harness_causal.bounds import RelativeMagnitudes
from harness_causal.design import StaggeredDesign
from harness_causal.event_study import EventStudy
from harness_causal.methods import METHODS, two_way_comparisons
from harness_causal.tables import AVERAGE, DID_BOUNDS, DID_COMPARISONS, DID_EFFECTS, DID_TESTS, EVENT

Method = Literal["sun_abraham", "imputation", "callaway_santanna"]

# A row of a table.
Cell = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class DifferenceInDifferences(Scenario, AsksRows):
    """Effects of an exposure of 0 and 1 that entities take up and keep, by periods since they did.

    ``sun_abraham`` averages the effects of cohorts in a saturated regression (Sun and Abraham 2021),
    ``imputation`` compares outcomes with those that untreated rows predict (Borusyak, Jaravel and Spiess
    2024), ``callaway_santanna`` compares changes with those of entities not treated yet (Callaway and
    Sant'Anna 2021). All assume parallel trends and no anticipation, and hold where effects differ, unlike a
    coefficient with two-way effects, whose comparisons are listed with their weights (Goodman-Bacon 2021).
    How large violations of parallel trends may be before the average is zero is said by relative magnitudes
    (Rambachan and Roth 2023).

    Attributes
    ----------
    methods : which
    controls : further regressors that are held fixed; left out, all of them
    window : periods before the start that are tested for a trend
    m_bars : violations of parallel trends, in units of the greatest change before the start
    level : nominal coverage of intervals
    """

    name: ClassVar[str] = "did"
    tables: ClassVar[tuple[ResultTable, ...]] = (DID_EFFECTS, DID_TESTS, DID_BOUNDS, DID_COMPARISONS)

    methods: Annotated[tuple[Method, ...], Field(min_length=1)] = (
        "sun_abraham",
        "imputation",
        "callaway_santanna",
    )
    controls: tuple[str, ...] | None = None
    window: Annotated[int, Field(ge=2, le=50)] = 5
    m_bars: tuple[Annotated[float, Field(ge=0)], ...] = (0.5, 1.0, 2.0)
    level: Annotated[float, Field(gt=0, lt=1)] = 0.95

    def quick(self) -> Self:
        """Return the same: nothing is drawn that takes time."""
        return self

    def notes(self, panel: Panel) -> tuple[Note, ...]:
        """Return which entities and rows are left out."""
        return tuple(attempt(partial(self._left_out, panel)).value or ())

    def _left_out(self, panel: Panel) -> Iterator[Note]:
        design = StaggeredDesign.of(panel, self.controls).compared()
        numbers = {"n_always": design.n_always, "n_late": design.n_late}
        if design.n_always:
            words = marked("{n_always} entities are treated in all of their rows and left out")
            yield Note("W-DID", "", Message(words, **numbers))
        if design.n_late:
            words = marked(
                "every entity is treated in the end: the last to start are compared with until they do, and "
                "{n_late} rows from then on are left out"
            )
            yield Note("W-DID", "", Message(words, **numbers))

    def answer_of(self, panel: Panel, *, rng: Generator) -> Concluded:
        """Return effects, tests, bounds and comparisons, a row with its reason where there are none."""
        design = attempt(partial(StaggeredDesign.of, panel, self.controls))
        compared = design.then(StaggeredDesign.compared)
        studies = {
            name: compared.then(partial(_by_method, name, window=self.window)) for name in self.methods
        }
        place = {"exposure": panel.exposure}
        return {
            DID_EFFECTS.name: [
                place | row for name, tried in studies.items() for row in self._effects(name, tried, rng)
            ],
            DID_TESTS.name: [place | _tested(name, tried) for name, tried in studies.items()],
            DID_BOUNDS.name: [
                place | row for name, tried in studies.items() for row in self._bounds(name, tried)
            ],
            DID_COMPARISONS.name: [place | row for row in _compared(design)],
        }

    def _effects(self, method: Method, tried: Attempt[EventStudy], rng: Generator) -> Iterator[Cell]:
        place: Cell = {"method": method, **tried.how}
        study = tried.value
        if study is None:
            yield place
            return
        from scipy.stats import t

        place |= {"n_entities": study.n_entities, "level": self.level}
        n_treated = int(study.n_treated[study.event_time >= 0].sum())
        near = float(t.ppf((1.0 + self.level) / 2.0, study.df))
        greatest = study.greatest(rng)
        together = float(np.quantile(greatest, self.level))

        def row(estimate: float, error: float, reach: float, p_value: float) -> Cell:
            limits = {"conf_low": estimate - reach * error, "conf_high": estimate + reach * error}
            return place | limits | {"estimate": estimate, "std_error": error, "p_value": p_value}

        def pointwise(estimate: float, error: float) -> Cell:
            p_value = float(2.0 * t.sf(abs(estimate) / error, study.df))
            return row(estimate, error, near, p_value) | {"band": "pointwise"}

        yield pointwise(study.average, study.std_error) | {"effect": AVERAGE, "n_treated": n_treated}
        columns = (study.event_time, study.n_treated, study.estimate, study.errors)
        for time, count, estimate, error in zip(*(column.tolist() for column in columns), strict=True):
            about = {"effect": EVENT, "event_time": time, "n_treated": count}
            yield pointwise(estimate, error) | about
            beyond = (1 + np.count_nonzero(greatest >= abs(estimate) / error)) / (1 + greatest.size)
            yield row(estimate, error, together, float(beyond)) | {"band": "simultaneous"} | about

    def _bounds(self, method: Method, tried: Attempt[EventStudy]) -> Iterator[Cell]:
        bounds = tried.then(partial(RelativeMagnitudes.of, window=self.window, level=self.level))
        place: Cell = {"method": method, **bounds.how}
        if bounds.value is None:
            yield place
            return
        place |= {"breakdown": bounds.value.breakdown}
        yield from (place | vars(bounds.value.at(m_bar)) for m_bar in self.m_bars)


def _by_method(name: Method, design: StaggeredDesign, *, window: int) -> EventStudy:
    return METHODS[name](design, window)


def _tested(method: Method, tried: Attempt[EventStudy]) -> Cell:
    test = tried.without_value() if tried.value is None else tried.value.pre_trend
    numbers = {} if test.value is None else {**vars(test.value), "p_value": test.value.p_value}
    return {"method": method, **test.how, **numbers}


def _compared(design: Attempt[StaggeredDesign]) -> Iterator[Cell]:
    found = design.then(two_way_comparisons)
    labels: Mapping[int, str] = {} if design.value is None else design.value.labels
    if found.value is None:
        yield {**found.how}
        return
    for one in found.value:
        starts = {"start": labels.get(one.start), "other": labels.get(one.other)}
        numbers = {"weight": one.weight, "estimate": one.estimate}
        yield {"comparison": one.kind, **starts, **numbers, **found.how}
