"""Scenario ``robustness``: the debiased slope under other choices, and where there can be none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import product
from typing import Annotated, ClassVar, Literal, Self

import numpy as np
from pydantic import Field

from harness.arrays import Floats
from harness.data.panel import Panel
from harness.estimators.guard import Attempt, attempt
from harness.language import marked
from harness.rng import random_stream
from harness.scenarios.effect.cell import Cell, CrossFit, parts_of
from harness.scenarios.effect.dependence import DependentErrors
from harness.scenarios.effect.scenario import Learners, LearnerScenario
from harness.scenarios.effect.terms import WITHINS, Within
from harness.scenarios.panel_variations import CHECKS, CheckName, checks_of, permuted, varied
from harness.scenarios.scenario import Concluded, Found, Part, Subject, Tables, framed
from harness.study.variation import ROBUSTNESS, Change, Variation, change_rows, listed
from harness.tables.table import ResultTable
from harness.tables.variations import VARIATION_EFFECTS, VARIATIONS

# What a slope should equal: that of all rows as they are, zero, or nothing, being in other units, or right
# where that is not.
Target = Literal["baseline", "zero", "none"]
TARGETS: Mapping[str, Target] = {
    "lead": "zero",
    **dict.fromkeys(("lag", "log_outcome", "common_factors"), "none"),
}

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
    ``common_factors``: by common correlated effects, which allow exposure and outcome to respond to the same
    shocks, each entity in its own way (Pesaran 2006; of the slope of `correlated_random_effects`).
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
    exposure : a regressor whose effect is estimated; left out, the exposure of the study
    by : column of the data whose groups are left out one after the other
    controls : numbers of controls to try, the first so many in the order of the roles
    permutations : of the exposure over entities; 0 for none
    folds : of entities
    level : nominal coverage of intervals
    """

    name: ClassVar[str] = "robustness"
    tables: ClassVar[tuple[ResultTable, ...]] = (VARIATION_EFFECTS,)
    data_tables: ClassVar[tuple[ResultTable, ...]] = (VARIATIONS,)

    checks: tuple[CheckName, ...] = CHECKS
    methods: Annotated[tuple[Within, ...], Field(min_length=1)] = WITHINS
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
        looks = product(self.methods, [*self._checks(subject.panel), *self._permutations()])
        tried = (attempt(partial(self._cell, subject, *look)).value for look in looks)
        yield from parts_of(cell for cell in tried if cell is not None)

    def concluded(self, subject: Subject, found: Found) -> Concluded:
        """Return the slope under every check, a row with its reason where there is none."""
        rows = [row for method in self.methods for row in self._rows(subject, method, found)]
        return {VARIATION_EFFECTS.name: rows}

    def describe(self, panel: Panel) -> Tables:
        """Return what each check changes."""
        return framed({VARIATIONS.name: change_rows(self._checks(panel))})

    def _checks(self, panel: Panel) -> tuple[Variation, ...]:
        own = checks_of(self.requested_panel(panel), self.checks, by=self.by, controls=self.controls)
        return listed(ROBUSTNESS, [(BASELINE, None), *own])

    def _permutations(self) -> tuple[Variation, ...]:
        draws = range(self.permutations)
        return listed(ROBUSTNESS, ((f"{PERMUTED} {at + 1}", Change("panel", PERMUTED, at)) for at in draws))

    def _cell(self, subject: Subject, method: Within, check: Variation) -> Cell:
        panel, is_permuted = self.requested_panel(subject.panel), check.option == PERMUTED
        if is_permuted:
            rng = random_stream(subject.seed, "placebo", check.position)
        rows = permuted(panel, rng) if is_permuted else varied(panel, check)
        name = "" if check.key == BASELINE else check.key
        cross_fit = CrossFit(self.folds, 1, self.level)
        return Cell(method, method, "line", "", name, None, rows, subject, cross_fit)

    def _slope(self, subject: Subject, method: Within, found: Found, check: Variation) -> _Slope:
        cell = self._cell(subject, method, check)
        estimated, rows = cell.estimated(found, 0), cell.design.panel
        influence = np.zeros(len(subject.panel.entity.labels))
        np.add.at(influence, np.sort(cell.panel.entity.codes), estimated.influence[:, 0])
        df = DependentErrors(cell.panel).df(estimated.n_effective)
        return _Slope(float(estimated.theta[0]), influence, df, rows.n_obs, rows.n_entities)

    def _rows(self, subject: Subject, method: Within, found: Found) -> Iterator[Mapping[str, object]]:
        place = {"exposure": self.exposure or subject.panel.exposure, "method": method}
        place |= {"learner": subject.name, "list": ROBUSTNESS}
        slope = partial(self._slope, subject, method, found)
        looked = [(check, attempt(partial(slope, check))) for check in self._checks(subject.panel)]
        first = looked[0][1].value
        for check, tried in looked:
            yield place | _row(check, tried, first, level=self.level)
        if first is None:
            return
        if self.permutations:
            drawn = [attempt(partial(slope, check)).value for check in self._permutations()]
            yield place | _placebo(first, [own for own in drawn if own is not None])
        slopes = [(target_of(check), tried.value) for check, tried in looked if tried.value is not None]
        rng = random_stream(subject.seed, "robustness", subject.panel.outcome, method)
        yield place | _joint(first, slopes, rng=rng)


def target_of(check: Variation) -> Target:
    """Return what the slope of a check should equal."""
    return TARGETS.get(check.option, "baseline") if check.changes else "none"


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
    check: Variation, tried: Attempt[_Slope], baseline: _Slope | None, *, level: float
) -> dict[str, object]:
    """Return the slope with its interval, and its difference from what it should equal."""
    from scipy.stats import t

    place: dict[str, object] = {"variation": check.key, **tried.how}
    own = tried.value
    if own is None:
        return place
    half = float(t.ppf((1.0 + level) / 2.0, own.df)) * own.std_error
    numbers = {"estimate": own.value, "std_error": own.std_error, "p_value": float(2.0 * t.sf(own.t, own.df))}
    numbers |= {"conf_low": own.value - half, "conf_high": own.value + half}
    numbers |= {"n_obs": own.n_obs, "n_entities": own.n_entities}
    if target_of(check) == "baseline" and baseline is not None:
        difference, influence = own.value - baseline.value, own.influence - baseline.influence
        error = _error(influence)
        p_value = float(2.0 * t.sf(abs(difference) / error, own.df)) if error > 0.0 else 1.0
        numbers |= {"difference": difference, "p_difference": p_value}
    return place | numbers


def _placebo(baseline: _Slope, drawn: list[_Slope]) -> dict[str, object]:
    """Return the mean slope of permuted exposures, and how often they are as far from zero as the slope."""
    if not drawn:
        return {"variation": PERMUTED, "status": "refused", "reason": "no permutation has a slope"}
    mean, beyond = float(np.mean([slope.value for slope in drawn])), sum(one.t >= baseline.t for one in drawn)
    numbers = {"estimate": mean, "p_value": (1 + beyond) / (1 + len(drawn))}
    return {"variation": PERMUTED, **numbers, "n_entities": baseline.n_entities, "status": "ok", "reason": ""}


def _joint(
    baseline: _Slope, slopes: Sequence[tuple[Target, _Slope]], *, rng: np.random.Generator
) -> dict[str, object]:
    """Return the p-value of the greatest studentised difference from what slopes should equal."""
    place: dict[str, object] = {"variation": JOINT, "n_entities": baseline.n_entities}
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
