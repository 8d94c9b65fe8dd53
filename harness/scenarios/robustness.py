"""Scenario ``robustness``: the debiased slope under other choices, and where there can be none."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import product
from typing import Annotated, ClassVar, Literal, Self, get_args

import numpy as np
from numpy.random import Generator
from pydantic import Field

from harness.arrays import Floats
from harness.data.panel import Panel
from harness.errors import EstimationError
from harness.estimators.guard import Attempt, attempt
from harness.language import Message, marked
from harness.rng import random_stream
from harness.scenarios.effect.cell import Cell, CrossFit, parts_of
from harness.scenarios.effect.dependence import DependentErrors
from harness.scenarios.effect.scenario import Learners, LearnerScenario
from harness.scenarios.effect.terms import Within
from harness.scenarios.scenario import Concluded, Found, Part, Subject
from harness.tables.effects import ROBUSTNESS
from harness.tables.table import ResultTable

CheckName = Literal["lead", "lag", "groups", "winsorised", "log_outcome", "periods"]
CHECKS: tuple[CheckName, ...] = get_args(CheckName)

# Share of the rows on either side whose values winsorising pulls in.
TAIL = 0.01

# What an effect should equal: that of all rows as they are, zero, or nothing, being in other units.
Target = Literal["baseline", "zero", "none"]


@dataclass(frozen=True, eq=False)
class RobustnessCheck:
    """One way to look once more.

    Attributes
    ----------
    name : as tables have it
    target : what the effect should equal
    panel : makes the rows; raises an `EstimationError` where they do not allow it
    """

    name: str
    target: Target
    panel: Callable[[], Panel]


# The name of a check without the rows of one group.
WITHOUT = marked("without {by}: {level}")


def checks_of(
    panel: Panel, names: tuple[CheckName, ...], *, by: str | None, controls: tuple[int, ...]
) -> Iterator[RobustnessCheck]:
    """Yield the checks of a panel whose exposure is in its place.

    Parameters
    ----------
    by : column whose groups are left out one after the other
    controls : numbers of controls to try, the first so many
    """
    for name in (name for name in CHECKS if name in names):
        if name in CHANGES:
            text, target, make = CHANGES[name]
            yield RobustnessCheck(text, target, partial(make, panel))
        elif name == "groups" and by is not None:
            key = panel.group(by)
            for code in np.unique(key.codes).tolist():
                some = partial(panel.take, np.flatnonzero(key.codes != code))
                without = Message(WITHOUT, by=by, level=key.labels[code])
                yield RobustnessCheck(without, "baseline", some)
    if "periods" in names:
        present = np.unique(panel.time.codes)
        half = present[present.size // 2]
        label = panel.time.labels[half]
        early, late = (np.flatnonzero(side) for side in (panel.time.codes < half, panel.time.codes >= half))
        before = Message("periods before {period}", period=label)
        yield RobustnessCheck(before, "baseline", partial(_some_periods, panel, early))
        since = Message("periods from {period}", period=label)
        yield RobustnessCheck(since, "baseline", partial(_some_periods, panel, late))
    for number in controls:
        yield RobustnessCheck(
            Message("first {number} controls", number=number),
            "baseline",
            partial(panel.with_controls, panel.controls[:number]),
        )


def permuted(panel: Panel, rng: Generator) -> Panel:
    """Return the panel with the exposure of another entity in the same period, entities drawn at random.

    An entity keeps the course of an exposure, so that its correlation over time stays what it is. Rows whose
    partner has no row in their period are left out.
    """
    present = np.unique(panel.entity.codes)
    partner = dict(zip(present.tolist(), rng.permutation(present).tolist(), strict=True))
    cells = zip(panel.entity.codes.tolist(), panel.time.codes.tolist(), strict=True)
    row_of = {cell: row for row, cell in enumerate(cells)}
    pairs = [
        (row, row_of[partner[entity], time])
        for (entity, time), row in row_of.items()
        if (partner[entity], time) in row_of
    ]
    rows, sources = np.array(pairs).T
    return panel.take(rows).with_column(panel.exposure, panel.column(panel.exposure)[sources])


def _lead(panel: Panel) -> Panel:
    """Return rows with a next period: its exposure in place of theirs, which is among the controls."""
    ordered = panel.take(panel.canonical_order)
    now = _followed(ordered)
    rows = ordered.take(now)
    own, n_own = rows.column(panel.exposure), len(panel.exposure_columns)
    return replace(
        rows,
        controls=(*rows.controls, f"{panel.exposure}, this period"),
        X=np.column_stack([ordered.column(panel.exposure)[now + 1], rows.X[:, n_own:], own]),
        levels=(),
        derived=(),
        moderators=rows.moderators,
    )


def _lag(panel: Panel) -> Panel:
    ordered = panel.take(panel.canonical_order)
    before = _followed(ordered)
    rows = ordered.take(before + 1)
    n_own = len(panel.exposure_columns)
    return replace(rows, X=np.column_stack([ordered.X[before, :n_own], rows.X[:, n_own:]]))


def _followed(ordered: Panel) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Return positions of rows that the next period of their entity follows."""
    same = (np.diff(ordered.entity.codes) == 0) & (np.diff(ordered.period) == 1)
    found = np.flatnonzero(same)
    if found.size == 0:
        what = marked("no entity has rows in two consecutive periods")
        raise EstimationError.at("robustness", what)
    return found


def _winsorised(panel: Panel) -> Panel:
    exposure, outcome = (
        np.clip(values, *np.quantile(values, [TAIL, 1.0 - TAIL]))
        for values in (panel.column(panel.exposure), panel.observed)
    )
    return replace(panel.with_column(panel.exposure, exposure), observed=outcome)


def _log_outcome(panel: Panel) -> Panel:
    if panel.observed.min() <= 0.0:
        what = Message("has no logarithm at {least}", least=f"{panel.observed.min():g}")
        raise EstimationError.at(panel.outcome, what, "an outcome above zero")
    return replace(panel, observed=np.log(panel.observed))


# Checks that change the panel as a whole: how tables call them, what the effect should equal, and how.
CHANGES: Mapping[CheckName, tuple[str, Target, Callable[[Panel], Panel]]] = {
    "lead": (marked("exposure of the next period, given this one's"), "zero", _lead),
    "lag": (marked("exposure of the period before"), "none", _lag),
    "winsorised": (marked("outcome and exposure winsorised"), "baseline", _winsorised),
    "log_outcome": (marked("outcome in logs"), "none", _log_outcome),
}


def _some_periods(panel: Panel, rows: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Panel:
    if np.unique(panel.time.codes[rows]).size < 2:
        raise EstimationError.at("robustness", marked("half of the periods is fewer than two periods"))
    return panel.take(rows)


BASELINE = marked("as it is")
PERMUTED = marked("exposure permuted over entities")
JOINT = marked("all checks together")

# Multiplier draws of the joint test.
N_MULTIPLIERS = 2000


@dataclass(frozen=True, kw_only=True)
class RobustnessScenario(LearnerScenario):
    """The debiased slope of the scenario ``effect`` by every method and learner, looked at once more.

    ``lead``: the exposure of the next period, given this one's, has no effect where outcomes do not feed
    back. ``lag``: that of the period before in its place. ``groups``: without each group of `by`.
    ``winsorised``: outcome and exposure, one per cent of the rows on either side. ``log_outcome``: in logs.
    ``periods``: the early and the late ones apart. Folds of entities are the first that ``effect`` draws,
    the same for every check that has the same entities. The exposure of other entities, drawn at random,
    has no effect: how often its t statistic is as large gives a p-value. A joint test asks whether all that
    should equal the slope does, and the lead zero: the greatest studentised difference, entities' influences
    drawn by multipliers (Chernozhukov, Chetverikov and Kato 2013), on a t distribution with the degrees of
    freedom of the slope that rests on the fewest entities.

    Attributes
    ----------
    checks : which
    methods : how what is constant in an entity is allowed for
    learners : ids of estimators of the study, or estimators of its own as ``{use: NAME}``, which only learn;
        left out, those that plugins mark as default learners: `splines`
    exposure : a regressor whose effect is asked; left out, the exposure of the study
    by : column of the data whose groups are left out one after the other
    controls : numbers of controls to try, the first so many in the order of the roles
    permutations : of the exposure over entities; 0 for none
    folds : of entities
    level : nominal coverage of intervals
    """

    name: ClassVar[str] = "robustness"
    tables: ClassVar[tuple[ResultTable, ...]] = (ROBUSTNESS,)

    checks: tuple[CheckName, ...] = CHECKS
    methods: Annotated[tuple[Within, ...], Field(min_length=1)] = (
        "first_differences",
        "correlated_random_effects",
    )
    learners: Learners = ()
    exposure: str | None = None
    by: str | None = None
    controls: tuple[Annotated[int, Field(ge=0)], ...] = ()
    permutations: Annotated[int, Field(ge=0, le=10_000)] = 20
    folds: Annotated[int, Field(ge=2, le=10_000)] = 5
    level: Annotated[float, Field(gt=0, lt=1)] = 0.95

    def quick(self) -> Self:
        """Return a copy without permutations and groups left out, and with quick learners of its own."""
        checks = tuple(name for name in self.checks if name != "groups")
        return replace(self, permutations=0, checks=checks, learners=self.quick_learners)

    def parts(self, subject: Subject) -> Iterator[Part]:
        """Yield each nuisance function of every method and check on each fold."""
        looks = product(self.methods, [*self._checks(subject), *self._permutations(subject)])
        tried = (attempt(partial(self._cell, subject, *look)).value for look in looks)
        yield from parts_of(cell for cell in tried if cell is not None)

    def concluded(self, subject: Subject, found: Found) -> Concluded:
        """Return the slope under every check, a row with its reason where there is none."""
        return {
            ROBUSTNESS.name: [row for method in self.methods for row in self._rows(subject, method, found)]
        }

    def _checks(self, subject: Subject) -> list[RobustnessCheck]:
        panel = self.requested_panel(subject.panel)
        own = checks_of(panel, self.checks, by=self.by, controls=self.controls)
        return [RobustnessCheck(BASELINE, "none", lambda: panel), *own]

    def _permutations(self, subject: Subject) -> list[RobustnessCheck]:
        panel, seed = self.requested_panel(subject.panel), subject.seed
        makers = [partial(_permuted, panel, seed, at) for at in range(self.permutations)]
        return [RobustnessCheck(f"{PERMUTED} {at}", "zero", make) for at, make in enumerate(makers, start=1)]

    def _cell(self, subject: Subject, method: Within, check: RobustnessCheck) -> Cell:
        name = "" if check.name == BASELINE else check.name
        cross_fit = CrossFit(self.folds, 1, self.level)
        return Cell(method, method, "line", "", name, None, check.panel(), subject, cross_fit)

    def _slope(self, subject: Subject, method: Within, found: Found, check: RobustnessCheck) -> _Slope:
        cell = self._cell(subject, method, check)
        estimated, rows = cell.estimated(found, 0), cell.rows.panel
        influence = np.zeros(len(subject.panel.entity.labels))
        np.add.at(influence, np.sort(cell.panel.entity.codes), estimated.influence[:, 0])
        df = DependentErrors(cell.panel).df(estimated.n_effective)
        return _Slope(float(estimated.theta[0]), influence, df, rows.n_obs, rows.n_entities)

    def _rows(self, subject: Subject, method: Within, found: Found) -> Iterator[Mapping[str, object]]:
        place = {"exposure": self.exposure or subject.panel.exposure, "method": method}
        place |= {"learner": subject.name}
        slope = partial(self._slope, subject, method, found)
        looked = [(check, attempt(partial(slope, check))) for check in self._checks(subject)]
        first = looked[0][1].value
        for check, tried in looked:
            yield place | _row(check, tried, first, level=self.level)
        if first is None:
            return
        if self.permutations:
            drawn = [attempt(partial(slope, check)).value for check in self._permutations(subject)]
            yield place | _placebo(first, [own for own in drawn if own is not None])
        slopes = [(check.target, tried.value) for check, tried in looked if tried.value is not None]
        rng = random_stream(subject.seed, "robustness", subject.panel.outcome, method)
        yield place | _joint(first, slopes, rng=rng)


def _permuted(panel: Panel, seed: int, at: int) -> Panel:
    return permuted(panel, random_stream(seed, "placebo", at))


@dataclass(frozen=True, eq=False)
class _Slope:
    """A slope, and what each entity of the study does to it."""

    value: float
    influence: Floats
    df: float
    n_obs: int
    n_entities: int

    @property
    def std_error(self) -> float:
        return _error(self.influence)

    @property
    def t(self) -> float:
        return abs(self.value) / self.std_error


def _error(influence: Floats) -> float:
    return float(np.sqrt(np.square(influence).sum()))


def _row(
    check: RobustnessCheck, tried: Attempt[_Slope], baseline: _Slope | None, *, level: float
) -> dict[str, object]:
    """Return the slope with its interval, and its difference from what it should equal."""
    from scipy.stats import t

    place: dict[str, object] = {"check": check.name, **tried.how}
    own = tried.value
    if own is None:
        return place
    half = float(t.ppf((1.0 + level) / 2.0, own.df)) * own.std_error
    numbers = {"estimate": own.value, "std_error": own.std_error, "p_value": float(2.0 * t.sf(own.t, own.df))}
    numbers |= {"conf_low": own.value - half, "conf_high": own.value + half}
    numbers |= {"n_obs": own.n_obs, "n_entities": own.n_entities}
    if check.target == "baseline" and baseline is not None:
        difference, influence = own.value - baseline.value, own.influence - baseline.influence
        error = _error(influence)
        p_value = float(2.0 * t.sf(abs(difference) / error, own.df)) if error > 0.0 else 1.0
        numbers |= {"difference": difference, "p_difference": p_value}
    return place | numbers


def _placebo(baseline: _Slope, drawn: list[_Slope]) -> dict[str, object]:
    """Return the mean slope of permuted exposures, and how often they are as far from zero as the slope."""
    if not drawn:
        return {"check": PERMUTED, "status": "refused", "reason": "no permutation has a slope"}
    mean, beyond = float(np.mean([slope.value for slope in drawn])), sum(one.t >= baseline.t for one in drawn)
    numbers = {"estimate": mean, "p_value": (1 + beyond) / (1 + len(drawn))}
    return {"check": PERMUTED, **numbers, "n_entities": baseline.n_entities, "status": "ok", "reason": ""}


def _joint(
    baseline: _Slope, slopes: Sequence[tuple[Target, _Slope]], *, rng: np.random.Generator
) -> dict[str, object]:
    """Return the p-value of the greatest studentised difference from what slopes should equal."""
    place: dict[str, object] = {"check": JOINT, "n_entities": baseline.n_entities}
    differences, influences, df = [], [], baseline.df
    for target, own in slopes:
        if target != "none":
            is_compared = float(target == "baseline")
            differences.append(own.value - is_compared * baseline.value)
            influences.append(own.influence - is_compared * baseline.influence)
            df = min(df, own.df)
    if not differences:
        return place | {"status": "refused", "reason": "no check has anything that it should equal"}
    influence = np.stack(influences, axis=1)
    error = np.sqrt(np.square(influence).sum(axis=0))
    scale = np.where(error > 0.0, error, np.inf)
    greatest = float((np.abs(differences) / scale).max())
    multipliers = rng.standard_normal((N_MULTIPLIERS, len(influence)))
    multipliers /= np.sqrt(rng.chisquare(df, size=(N_MULTIPLIERS, 1)) / df)
    drawn = np.abs(multipliers @ (influence / scale)).max(axis=1)
    p_difference = float((1 + (drawn >= greatest).sum()) / (1 + N_MULTIPLIERS))
    return place | {"difference": greatest, "p_difference": p_difference, "status": "ok", "reason": ""}
