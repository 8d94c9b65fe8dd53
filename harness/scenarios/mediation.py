"""Scenario ``mediation``: how much of the effect of the exposure goes through other variables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, partial
from itertools import product
from typing import Annotated, Any, ClassVar, NamedTuple, Self

import numpy as np
from numpy.random import Generator
from pydantic import Field

from harness.arrays import Floats
from harness.data.name import ColumnName, OneOrMany
from harness.data.panel import Panel, deviations
from harness.errors import EstimationError
from harness.estimators.guard import Attempt, attempt
from harness.estimators.refusals import require_continuous
from harness.language import marked
from harness.rng import random_stream
from harness.scenarios.effect.cell import Cell, CrossFit, parts_of
from harness.scenarios.effect.dependence import DependentErrors
from harness.scenarios.effect.linearity import clustered_slopes, residuals_on
from harness.scenarios.effect.scenario import Learners, LearnerScenario
from harness.scenarios.effect.score import LEAST_RESIDUAL, Effects, Estimated
from harness.scenarios.effect.terms import WITHINS, Terms, Within, control_names, line
from harness.scenarios.scenario import Concluded, Found, Part, Rows, Subject
from harness.study.spec.entry import Identified
from harness.tables.effects import DIRECT, FROM_MEDIATOR, INDIRECT, MEDIATION, STEPWISE, TO_MEDIATOR, TOTAL
from harness.tables.table import ResultTable

# Residual correlations of mediator and outcome that the indirect effect is given at, none first.
RHOS = np.array([0.0, -0.5, -0.3, -0.1, 0.1, 0.3, 0.5])

# The numbers of a mediator, in their order, and which of them are the factors of the indirect effect.
PATHS = (TOTAL, TO_MEDIATOR, FROM_MEDIATOR, DIRECT, *[INDIRECT] * RHOS.size)
FACTORS = [PATHS.index(TO_MEDIATOR), PATHS.index(FROM_MEDIATOR)]
FIRST_INDIRECT = PATHS.index(INDIRECT)

# Draws of both factors, whose products have the distribution of the indirect effect.
N_PRODUCTS = 20_000


@dataclass(frozen=True, eq=False)
class Paths:
    """What one repeat of cross-fitting gives of a mediator.

    Attributes
    ----------
    estimated : the numbers of `PATHS`
    shifts : (n_rhos,), by which a residual correlation of `RHOS` moves the effect of the mediator
    rho_zero : residual correlation at which the indirect effect is zero
    """

    estimated: Estimated
    shifts: Floats
    rho_zero: float

    def products(self, dependence: DependentErrors, factors: Floats) -> Floats:
        """Return draws of the indirect effect, (n_draws, n_rhos), from standard draws of both factors."""
        own = self.estimated
        root = dependence.root(own.influence[:, FACTORS])
        to_mediator, from_mediator = (own.theta[FACTORS] + factors @ root.T).T
        return np.asarray(to_mediator[:, None] * (from_mediator[:, None] - self.shifts))


@dataclass(frozen=True, eq=False)
class GivenMediator(Cell):
    """The effects of exposure and mediator on the outcome, each given the other: both are terms.

    Attributes
    ----------
    mediator : (n_obs,), at the rows of the panel
    """

    mediator: Floats

    @cached_property
    def terms(self) -> Terms:
        """The exposure, then the mediator."""
        values = np.column_stack([line(self.panel).values, self.mediator])
        return Terms(values, np.full(2, np.nan), np.eye(2))

    def error_ratio(self, found: Found, repeat: int, slopes: Floats) -> float:
        """Return the size of the outcome's errors over that of the mediator's, given the exposure each.

        Parameters
        ----------
        slopes : (2,), of exposure and mediator
        """
        folds, rows, (outcome_hat, *hats) = self.folds(repeat), self.design, self.predicted(found, repeat)
        exposure, mediator = (rows.terms - np.column_stack(hats)).T
        weights = folds.weights[folds.entity]
        error = rows.outcome - outcome_hat - slopes[0] * exposure - slopes[1] * mediator
        own = mediator - exposure * (weights * exposure @ mediator) / (weights * exposure @ exposure)
        return float(np.sqrt(weights @ np.square(error) / (weights @ np.square(own))))


class MediatorCells(NamedTuple):
    """The effects of one mediator by one method: on the outcome, on the mediator, and given the mediator."""

    total: Cell
    to_mediator: Cell
    given: GivenMediator

    def paths(self, found: Found, repeat: int) -> Paths:
        """Return what one repeat gives, all by the same folds.

        Had the errors of mediator and outcome a correlation rho, the effect of the mediator would be smaller
        by ``rho / sqrt(1 - rho^2)`` times the ratio of their sizes (Imai, Keele and Yamamoto 2010, theorem 4,
        written for errors given exposure and mediator); it is zero where rho is the correlation of the errors
        of both given the exposure alone.

        Raises
        ------
        EstimationError
            Where a part has no values, or nothing of the variation of exposure or mediator is left.
        """
        total, to_mediator, given = every = [cell.estimated(found, repeat) for cell in self]
        slope, (direct, own) = to_mediator.theta[0], given.theta
        ratio = self.given.error_ratio(found, repeat, given.theta)
        shifts = ratio * RHOS / np.sqrt(1.0 - np.square(RHOS))
        of_slope, of_own = to_mediator.influence, given.influence[:, 1:]
        numbers = total.influence, of_slope, of_own, given.influence[:, :1]
        influence = np.hstack([*numbers, of_slope * (own - shifts) + slope * of_own])
        theta = np.array([total.theta[0], slope, own, direct, *slope * (own - shifts)])
        spread, n_effective = np.full((theta.size, theta.size), np.nan), min(one.n_effective for one in every)
        estimated = Estimated(theta, influence, spread, total.residual_share, n_effective)
        return Paths(estimated, shifts, float(own / np.hypot(own, ratio)))


@dataclass(frozen=True, kw_only=True)
class MediationScenario(LearnerScenario):
    """The effect of the exposure through each mediator, by double machine learning.

    The effect on the mediator times the effect of the mediator on the outcome, given the exposure; controls,
    methods and learners are those of the scenario ``effect``, and no mediator is a control. Mediators are
    looked at one at a time, so that their shares need not add up. Intervals are of the distribution of the
    product (MacKinnon, Lockwood and Williams 2004), errors clustered by entity. The mediator is taken to be
    as good as random given exposure and controls; the indirect effect is given for residual correlations of
    mediator and outcome (Imai, Keele and Yamamoto 2010). Next to it stand the three steps of published
    practice, by two-way fixed effects (Baron and Kenny 1986; Wen and Ye 2014).

    Attributes
    ----------
    mediators : columns; those without a role are added to ``roles.mediators``, whose columns are all asked
        where none is named
    methods : how what is constant in an entity is allowed for
    learners : ids of estimators of the study, or estimators of its own as ``{use: NAME}``, which only learn;
        left out, those that plugins mark as default learners: `splines`
    exposure : a regressor whose effect is estimated; left out, the exposure of the study
    folds : of entities
    repeats : times that folds are drawn anew; effects are medians over them
    level : nominal coverage of intervals
    """

    name: ClassVar[str] = "mediation"
    known_as: ClassVar[tuple[str, ...]] = ("mechanism", "mediator", "indirect_effect", "stepwise", "sobel")
    tables: ClassVar[tuple[ResultTable, ...]] = (MEDIATION,)
    identifies: ClassVar[Identified] = "mediation"

    mediators: Annotated[tuple[ColumnName, ...], OneOrMany()] = ()
    methods: Annotated[tuple[Within, ...], Field(min_length=1)] = WITHINS
    learners: Learners = ()
    exposure: str | None = None
    folds: Annotated[int, Field(ge=2, le=10_000)] = 5
    repeats: Annotated[int, Field(ge=1, le=10_000)] = 3
    level: Annotated[float, Field(gt=0, lt=1)] = 0.95

    def quick(self) -> Self:
        """Return a copy with one draw of folds, and quick learners of its own."""
        return replace(self, repeats=1, learners=self.quick_learners)

    def parts(self, subject: Subject) -> Iterator[Part]:
        """Yield each nuisance function on each fold once."""
        tried: Attempt[list[tuple[str, MediatorCells]]] = attempt(partial(list, self._cells(subject)))
        yield from parts_of(cell for _, cells in tried.value or () for cell in cells)

    def concluded(self, subject: Subject, found: Found) -> Concluded:
        """Return the paths of each mediator, a row with its reason where there are none."""
        return {MEDIATION.name: [self._row(*own, found) for own in self._cells(subject)]}

    def compared(self, subject: Subject, found: Found, first: Subject, of_first: Found) -> Concluded:
        """Return the paths, with the steps of published practice where it is the first learner."""
        own = self.concluded(subject, found)
        if subject is not first:
            return own
        panel, mediators = self._requested(subject.panel)
        steps: list[Mapping[str, Any]] = []
        for name, values in mediators.items():
            tried: Attempt[Rows] = attempt(partial(stepwise, panel, values, level=self.level))
            place = {"exposure": panel.exposure, "method": STEPWISE, "mediator": name, **tried.how}
            steps += [{**place, **row} for row in tried.value or [{}]]
        return {MEDIATION.name: [*own[MEDIATION.name], *steps]}

    def _requested(self, panel: Panel) -> tuple[Panel, Mapping[str, Floats]]:
        """Return the panel without mediators among its controls, and their values by name.

        Raises
        ------
        EstimationError
            Where there are none.
        """
        names = self.mediators or panel.mediators
        if not names:
            hint = marked("name their columns as `mediators` of the scenario")
            raise EstimationError.at(self.name, marked("there are no mediators"), hint=hint)
        asked = self.requested_panel(panel)
        follows = {column for name in names for column in asked.dependents(name)}
        held = asked.with_controls([name for name in asked.controls if name not in follows])
        return held, {name: panel.further(name) for name in names}

    def _cells(self, subject: Subject) -> Iterator[tuple[str, MediatorCells]]:
        panel, mediators = self._requested(subject.panel)
        about = subject, CrossFit(self.folds, self.repeats, self.level)
        for method, (name, values) in product(self.methods, mediators.items()):
            moved = replace(panel, outcome=name, observed=values)
            total = Cell(method, method, "line", "", "", None, panel, *about)
            to_mediator = Cell(method, method, "line", "", f"to {name}", None, moved, *about)
            label = f"given {name}"
            given = GivenMediator(method, method, "line", "", label, None, panel, *about, values)
            yield name, MediatorCells(total, to_mediator, given)

    def _row(self, mediator: str, cells: MediatorCells, found: Found) -> Mapping[str, Any]:
        cell, repeats = cells.total, range(self.repeats)
        about = {"exposure": cell.panel.exposure, "mediator": mediator, "method": cell.method}
        tried = attempt(lambda: [cells.paths(found, repeat) for repeat in repeats])
        numbers = self._columns(cell, mediator, tried.value) if tried.value else {}
        return {**about, "learner": cell.subject.name, **tried.how, **numbers}

    def _columns(self, cell: Cell, mediator: str, paths: list[Paths]) -> Mapping[str, Any]:
        """Return the numbers of a mediator by column; indirect effects have limits of products."""
        effects = cell.aggregated([own.estimated for own in paths], np.eye(len(PATHS)))
        estimate, half = effects.estimate, effects.critical_value * effects.std_error
        low, high, p_value = estimate - half, estimate + half, effects.p_value.copy()
        rng = random_stream(cell.subject.seed, "mediation", cell.panel.outcome, mediator, cell.method)
        rows = cell.panel.take(cell.panel.canonical_order)
        products = _products(paths, DependentErrors(rows), effects, rng)
        tail, own = (1.0 - self.level) / 2.0, slice(FIRST_INDIRECT, None)
        low[own], high[own] = np.quantile(products, [tail, 1.0 - tail], axis=0)
        beyond = np.minimum((products <= 0.0).sum(axis=0), (products >= 0.0).sum(axis=0))
        p_value[own] = np.minimum(2.0 * (1 + beyond) / (1 + len(products)), 1.0)
        share, rho_zero = np.full((2, estimate.size), np.nan)
        rho_zero[FIRST_INDIRECT] = np.median([path.rho_zero for path in paths])
        if p_value[0] < 1.0 - self.level:
            share[FIRST_INDIRECT] = estimate[FIRST_INDIRECT] / estimate[0]
        return {
            "path": np.array(PATHS),
            "rho": np.r_[np.zeros(FIRST_INDIRECT), RHOS],
            "estimate": estimate,
            "std_error": effects.std_error,
            "conf_low": low,
            "conf_high": high,
            "p_value": p_value,
            "share": share,
            "rho_zero": rho_zero,
            "n_obs": cell.design.panel.n_obs,
            "n_entities": cell.design.panel.n_entities,
        }


def _products(paths: list[Paths], dependence: DependentErrors, effects: Effects, rng: Generator) -> Floats:
    """Return draws of the indirect effects of all repeats, (n_draws, n_rhos), as of a t distribution."""
    df = dependence.df(effects.n_effective)
    factors = rng.standard_normal((N_PRODUCTS, 2)) / np.sqrt(rng.chisquare(df, (N_PRODUCTS, 1)) / df)
    return np.concatenate([own.products(dependence, factors) for own in paths])


def stepwise(panel: Panel, mediator: Floats, *, level: float) -> Rows:
    """Return the slopes of the three steps, by two-way fixed effects with errors clustered by entity.

    Outcome on exposure, mediator on exposure, outcome on both (Baron and Kenny 1986), next to the controls.
    Errors are those of Stata's ``reghdfe`` with ``vce(cluster)``.

    Parameters
    ----------
    mediator : (n_obs,)

    Raises
    ------
    EstimationError
        Where effects and controls determine exposure or mediator.
    """
    from scipy.stats import t

    require_continuous(panel)
    codes, periods = panel.entity.codes, np.unique(panel.time.codes)
    dummies = (panel.time.codes[:, None] == periods[1:]).astype(np.float64)
    held = deviations(np.column_stack([dummies, panel.regressors(control_names(panel))]), codes)
    asked = deviations(np.column_stack([panel.observed, panel.column(panel.exposure), mediator]), codes)
    left = residuals_on(asked, held)
    shares = np.square(left).sum(axis=0) / np.square(asked).sum(axis=0)
    if (
        not (shares[1:] > LEAST_RESIDUAL).all()
        or np.linalg.matrix_rank(left[:, 1:] / left[:, 1:].std(axis=0)) < 2
    ):
        what = marked("effects and controls determine the exposure or the mediator")
        raise EstimationError.at(STEPWISE, what)
    n_held, df = int(np.linalg.matrix_rank(held)) + 1, panel.n_entities - 1
    outcome, exposure, moved = 0, 1, 2
    steps = (
        (outcome, [exposure], [TOTAL]),
        (moved, [exposure], [TO_MEDIATOR]),
        (outcome, [exposure, moved], [DIRECT, FROM_MEDIATOR]),
    )
    rows = []
    for of, on, names in steps:
        slopes, covariance = clustered_slopes(left[:, of], left[:, on], codes)
        factor = (panel.n_obs - 1) / (panel.n_obs - n_held - len(on))
        errors = np.sqrt(np.diag(covariance) * factor)
        half = float(t.ppf((1.0 + level) / 2.0, df)) * errors
        numbers = {"estimate": slopes, "std_error": errors, "conf_low": slopes - half}
        numbers |= {"conf_high": slopes + half, "p_value": 2.0 * t.sf(np.abs(slopes) / errors, df)}
        sizes = {"n_obs": panel.n_obs, "n_entities": panel.n_entities}
        rows.append({"path": np.array(names), "rho": 0.0, **numbers, **sizes})
    return rows
