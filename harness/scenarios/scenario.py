"""Scenarios: questions put to every estimator, and the four ways to answer one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Protocol, Self, runtime_checkable

import numpy as np
from numpy.random import Generator
from pydantic import Field

from harness.arrays import Floats, Ints
from harness.data.panel import Panel
from harness.errors import EstimationError
from harness.estimators.guard import Attempt, fitted
from harness.estimators.protocol import Estimator, Fitted, FittedDraws, HasDraws
from harness.evaluation.resample import ResampleUnit
from harness.language import Coded, marked
from harness.registry.catalog import Kind, OptionsClass
from harness.rng import random_stream
from harness.scenarios.draws import DrawPlan, FitAndDraws, Numbers, Resamples, require_few_refused
from harness.tables.preparation import Note
from harness.tables.registry import TABLES
from harness.tables.table import ResultTable, coded

if TYPE_CHECKING:
    import pandas as pd


# Name of the rows of the study among those that estimators are fitted on.
ALL_ROWS = "all rows"


@dataclass(frozen=True, eq=False)
class Subject:
    """One estimator on some rows.

    Attributes
    ----------
    panel : the rows
    estimator : with its options
    name : id of the estimator in the study; labels its random streams
    seed : root seed of the study
    rows : name of the rows, such as ``all rows``; labels the streams too
    exposure : of the panel if it differs from that of the study; otherwise empty
    """

    panel: Panel
    estimator: Estimator
    name: str
    seed: int
    rows: str = ALL_ROWS
    exposure: str = ""
    _drawn: dict[DrawPlan, FittedDraws] = field(default_factory=dict, init=False, repr=False)

    def __str__(self) -> str:
        about = (f"exposure {self.exposure}",) if self.exposure else ()
        return " · ".join((self.panel.outcome, self.name, self.rows, *about))

    @property
    def stream(self) -> Generator:
        """The random stream of the fit."""
        about = (self.exposure,) if self.exposure else ()
        return random_stream(self.seed, "fit", self.panel.outcome, self.name, self.rows, *about)

    @cached_property
    def fit(self) -> Fitted:
        """The estimator fitted on the rows.

        Raises
        ------
        EstimationError
            Where the estimator refuses the rows.
        """
        return fitted(self.estimator, self.panel, rng=self.stream)

    @property
    def carries_draws(self) -> bool:
        """Whether the fit has draws of its own."""
        return isinstance(self.fit, HasDraws)

    def draws(self, plan: DrawPlan) -> FittedDraws:
        """Return the draws of the fit, or bootstrap draws; all estimators share the drawn entities.

        Raises
        ------
        EstimationError
            If the estimator refuses the draws, or more than a tenth of them individually.
        """
        if isinstance(self.fit, HasDraws):
            return self.fit.draws
        if plan not in self._drawn:
            resamples = Resamples(self.estimator, self.panel, plan, self.seed, self.name, self.rows)
            found = resamples.prepare().draw(range(plan.n_draws))
            require_few_refused(found, plan.n_draws)
            self._drawn[plan] = found
        return self._drawn[plan]

    def refitted(self, rows: Ints, *, name: str) -> Subject:
        """Return the same estimator on a subset of rows, (n_rows,) indices."""
        return replace(self, panel=self.panel.take(rows), rows=name)

    def about(self, exposure: str) -> Subject:
        """Return the same estimator and rows with another regressor as the exposure."""
        return replace(self, panel=self.panel.with_exposure(exposure), exposure=exposure)

    def rng(self, what: str, *labels: str | int) -> Generator:
        """Return the random stream of these rows and this outcome for a purpose.

        It is the same for all estimators unless a label names one; equal labels give equal numbers in any
        order and any process.
        """
        return random_stream(self.seed, what, self.panel.outcome, self.rows, *labels)


# Tidy tables by name, without the columns that name the outcome and the estimator.
Tables = Mapping[str, "pd.DataFrame"]

# Parts of a table by columns: arrays of one length, and values that all rows of a part have.
Rows = Sequence[Mapping[str, Any]]

# Tables by name, as `framed` takes them.
Concluded = Mapping[str, "pd.DataFrame | Rows"]


def framed(concluded: Concluded) -> Tables:
    """Return tables as data frames."""
    import pandas as pd

    def is_row(part: Mapping[str, Any]) -> bool:
        return not any(isinstance(value, np.ndarray) for value in part.values())

    def frame(rows: pd.DataFrame | Rows) -> pd.DataFrame:
        if isinstance(rows, pd.DataFrame):
            return rows
        if all(map(is_row, rows)):
            return pd.DataFrame(map(coded, rows))
        parts = [pd.DataFrame([coded(part)] if is_row(part) else coded(part)) for part in rows]
        return pd.concat(parts, ignore_index=True)

    return {name: frame(rows) for name, rows in concluded.items()}


class Scenario(Protocol):
    """A scenario: a frozen dataclass of options that turns predictions into tables.

    It is answered in one of four ways: `AnswersAlone`, `EvaluatesModels`, `WorksInParts` or `AsksRows`.

    Attributes
    ----------
    name : as written in YAML after ``use:``
    tables : result tables; outcome, estimator, scenario and status are filled in
    data_tables : tables returned by `describe`; the scenario is filled in
    """

    name: ClassVar[str]
    tables: ClassVar[tuple[ResultTable, ...]]
    data_tables: ClassVar[tuple[ResultTable, ...]] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """Grouping columns that this scenario needs; none by default."""
        return ()

    @property
    def about(self) -> Mapping[str, str]:
        """Columns describing the question, added to every row of its tables."""
        return {}

    def describe(self, panel: Panel) -> Tables:
        """Return the tables of `data_tables`, which depend on the data alone."""
        return {}

    def notes(self, panel: Panel) -> tuple[Note, ...]:
        """Return warnings about the options on these rows."""
        return ()

    def quick(self) -> Self:
        """Return a copy with fewer draws, for ``--quick``."""


@runtime_checkable
class AnswersAlone(Protocol):
    """Capability of a scenario: it is answered at once, from a fit and its draws."""

    def answer(self, subject: Subject) -> Tables:
        """Return the results of one estimator, as the tables of `tables`.

        Raises
        ------
        EstimationError
            If the estimator refuses what the scenario needs.
        """


@runtime_checkable
class AsksRows(Protocol):
    """Capability of a scenario: it is answered from the data of an outcome, without the estimators."""

    def answer_of(self, panel: Panel, *, rng: Generator) -> Concluded:
        """Return the results, with a status for every row if some failed; takes seconds at most."""


@runtime_checkable
class NamesExposure(Protocol):
    """Capability of a scenario: it can ask about another regressor than the exposure of the study."""

    @property
    def exposure(self) -> str | None:
        """The regressor; None for the exposure of the study."""


@dataclass(frozen=True, eq=False)
class Sample:
    """A subsample on which estimators are also fitted.

    Attributes
    ----------
    name : labels their random streams
    rows : (n_rows,) indices into the panel
    """

    name: str
    rows: Ints


@dataclass(frozen=True, eq=False)
class Evaluated:
    """Evaluated numbers of one estimator.

    Attributes
    ----------
    panel : all rows
    seed : root seed of the study
    carries_draws : whether the draws are the fit's own
    whole : of the fit on all rows
    samples : of fits on subsamples, by name, or why one is missing
    """

    panel: Panel
    seed: int
    carries_draws: bool
    whole: FitAndDraws
    samples: Mapping[str, Attempt[FitAndDraws]]

    def rng(self, what: str, *labels: str | int) -> Generator:
        """Return the random stream of all rows and this outcome for a purpose."""
        return random_stream(self.seed, what, self.panel.outcome, ALL_ROWS, *labels)


@runtime_checkable
class EvaluatesModels(Protocol):
    """Capability of a scenario: its numbers are computed draw by draw, so draws are made in blocks."""

    @property
    def plan(self) -> DrawPlan:
        """The requested draws; fits with draws of their own use those."""

    def samples(self, panel: Panel) -> Iterator[Sample]:
        """Yield the subsamples on which estimators are fitted in addition to all rows."""

    def numbers(self, model: Fitted | FittedDraws, panel: Panel, rows: Panel) -> Numbers:
        """Return the numbers computed from a model; each is linear in predictions.

        The numbers of a mean of draws are then the means over draws.

        Parameters
        ----------
        panel : rows that determine the values at which models are evaluated
        rows : rows over which predictions are averaged: all, or those of some entities

        Raises
        ------
        EstimationError
            If nothing can be evaluated on these rows.
        """

    def concluded(self, evaluated: Evaluated) -> Concluded:
        """Return the tables; it takes seconds at most."""


@dataclass(frozen=True, eq=False)
class Part:
    """A piece of work of an answer, which may rest on others that several outcomes have in common.

    Attributes
    ----------
    label : its name among the parts of one answer
    """

    label: str

    @property
    def needs(self) -> Sequence[Part]:
        """Those it rests on, which rest on none; those of equal label and content are one."""
        return ()

    def run(self, found: Sequence[Floats]) -> Floats:
        """Do the work with what came of the parts that it needs.

        Raises
        ------
        EstimationError
            Where the estimator refuses the rows.
        """
        raise NotImplementedError


# What came of the parts, by label.
Found = Mapping[str, Attempt[Floats]]


def value_of(found: Found, label: str) -> Floats:
    """Return what came of a part.

    Raises
    ------
    EstimationError
        Where nothing did, with the reason.
    """
    part = found[label]
    if part.value is None:
        raise EstimationError.at(label, part.reason)
    return part.value


@runtime_checkable
class WorksInParts(Protocol):
    """Capability of a scenario: its answer is put together from parts, which run and resume on their own."""

    def respondents(self, estimators: Mapping[str, Estimator]) -> Mapping[str, Estimator]:
        """Return whom it asks, by name: some estimators of the study, and those that it brings itself."""

    def parts(self, subject: Subject) -> Iterator[Part]:
        """Yield the parts of the answer."""

    def concluded(self, subject: Subject, found: Found) -> Concluded:
        """Return the results, with a status for every row if some failed; takes seconds at most."""


@runtime_checkable
class ComparesRespondents(WorksInParts, Protocol):
    """Capability of a scenario that works in parts: each answer is tested against the first."""

    def compared(self, subject: Subject, found: Found, first: Subject, of_first: Found) -> Concluded:
        """Return the answer as `concluded` does, with tests against that of whom it asks first."""


# Most draws of a quick run.
QUICK_DRAWS = 40


@dataclass(frozen=True, kw_only=True)
class Resampled(Scenario):
    """How draws are made and intervals taken from them.

    Attributes
    ----------
    draws : bootstrap draws; an estimator that carries its own keeps to those
    unit : what is resampled; rows ignore that an entity's rows go together, and intervals are too narrow
    level : nominal coverage of intervals, and of each point of a pointwise band
    draw_rows : most rows that an estimator trained anew for every draw, such as a forest or a network, is
        trained on; of more, whole entities up to so many are, and a quarter of these for half of the draws,
        and the spread of the draws is rescaled to all rows (``W-SUBSAMPLE``)
    """

    draws: Annotated[int, Field(ge=2, le=1_000_000)] = 200
    unit: ResampleUnit = "entity"
    level: Annotated[float, Field(gt=0, lt=1)] = 0.95
    draw_rows: Annotated[int, Field(ge=100)] = 20_000

    @property
    def plan(self) -> DrawPlan:
        """The draws to ask for."""
        return DrawPlan(self.draws, self.unit, self.draw_rows)

    def samples(self, panel: Panel) -> Iterator[Sample]:
        """Yield nothing: all rows are enough."""
        yield from ()

    def quick(self) -> Self:
        """Return a copy with at most 40 draws."""
        return replace(self, draws=min(self.draws, QUICK_DRAWS))

    def notes(self, panel: Panel) -> tuple[Note, ...]:
        """Return warnings about intervals from too few draws, or from resampled rows."""
        found = []
        if self.unit == "row" and panel.n_entities < panel.n_obs:
            message = marked(
                "single rows are resampled, which assumes that an entity's rows are independent; "
                "if they are not, intervals are too narrow"
            )
            found.append(Note("W-ROWBOOT", "", message))
        least = round(2.0 / (1.0 - self.level), 6)
        if self.draws < least:
            numbers = {"level": f"{self.level:g}", "draws": self.draws, "least": f"{least:g}"}
            message = Coded(
                "{level} limits are based on {draws} draws; with fewer than {least} they are the "
                "most extreme draws",
                **numbers,
            )
            found.append(Note("W-FEWBOOT", "", message))
        return tuple(found)


def _fault(scenario: Any) -> str:  # noqa: ANN401 - a stranger's class
    """Return which table a scenario cannot declare, or that it has no way to answer, or an empty string."""
    for table in (*scenario.tables, *scenario.data_tables):
        if not isinstance(table, ResultTable):
            return f"declares {table!r} among its tables, which is no harness.plugin.ResultTable"
        if TABLES.get(table.name, table) != table:
            return f"declares a table '{table.name}', which the harness has already: give it another name"
    ways = ("answer",), ("answer_of",), ("numbers", "concluded"), ("parts", "concluded")
    if not any(all(callable(getattr(scenario, name, None)) for name in way) for way in ways):
        return "has no method `answer`"
    return ""


# Scenarios that a spec can choose.
SCENARIO: Kind[type[Scenario]] = Kind(
    "scenario",
    "scenarios",
    OptionsClass(
        ("describe", "notes", "quick"), ("tables", "data_tables", "columns", "about"), further=_fault
    ),
)
