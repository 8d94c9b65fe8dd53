"""Scenario ``effect``: the debiased effect of the exposure, with errors that hold under entity effects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain, count, product
from typing import Annotated, Any, ClassVar, Self

import numpy as np
from pydantic import AfterValidator, Field, ValidationInfo

from harness.arrays import Floats
from harness.data.panel import Panel
from harness.errors import EstimationError
from harness.estimators import protocol
from harness.estimators.guard import attempt
from harness.estimators.protocol import ESTIMATOR, Estimator, Fitted, as_learner, for_folds, grouped_by, quick
from harness.estimators.treatment import Treatment
from harness.language import Coded, marked
from harness.registry.catalog import Catalogs
from harness.scenarios.effect import terms
from harness.scenarios.effect.cell import Cell, CrossFit, LearnedCell, parts_of
from harness.scenarios.effect.dependence import Errors
from harness.scenarios.effect.riesz import Representer
from harness.scenarios.effect.score import Effects, Estimated, differences
from harness.scenarios.effect.sensitivity import sensitivity_rows
from harness.scenarios.effect.weak_instruments import ANDERSON_RUBIN, TF, TF_LEVEL, ReducedForm, tf_critical
from harness.scenarios.grid import row_slopes
from harness.scenarios.scenario import Concluded, Found, Part, Rows, Scenario, Subject, WorksInParts
from harness.scenarios.truth import Truths
from harness.study.spec.entry import Identified
from harness.tables.effects import EFFECTS, LINEAR, SENSITIVITY, SLOPES
from harness.tables.preparation import Note
from harness.tables.table import ResultTable

# The effects of one learner, by method, form and group.
Learned = Mapping[tuple[str, str, str], LearnedCell]

# An estimator of the study by its id, or one written out.
Learner = Annotated[str | protocol.NestedEstimator, Field(union_mode="left_to_right")]


def _or_default(learners: tuple[Learner, ...], info: ValidationInfo) -> tuple[Learner, ...]:
    """Return the learners, those of the catalog that are made for it where none is named."""
    catalogs: Catalogs = info.context or {}
    members = catalogs[ESTIMATOR.name].members.values() if catalogs else ()
    return learners or tuple(member() for member in members if as_learner(member) == "default")


Learners = Annotated[tuple[Learner, ...], AfterValidator(_or_default), Field(validate_default=True)]


class LearnerScenario(Scenario, WorksInParts):
    """What scenarios of debiased effects have in common: they ask learners, part by part.

    Attributes
    ----------
    learners : those requested; all of the study where neither it nor the catalog has any
    exposure : a regressor whose effect is estimated; None for the exposure of the study
    by : column of the data whose groups are asked apart
    """

    learners: Learners
    exposure: str | None
    by: str | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """The column of the groups, where there is one, and those that learners of its own group rows by."""
        own = (learner for learner in self.learners if not isinstance(learner, str))
        names = [] if self.by is None else [self.by]
        return tuple(dict.fromkeys([*names, *(name for learner in own for name in grouped_by(learner))]))

    @property
    def quick_learners(self) -> tuple[Learner, ...]:
        """The learners as ``--quick`` runs them; those of the study are quickened there."""
        return tuple(one if isinstance(one, str) else quick(one) for one in self.learners)

    def respondents(self, estimators: Mapping[str, Estimator]) -> Mapping[str, Estimator]:
        """Return the learners by name.

        One written out has that of what it uses, numbered where an estimator with other options has it.
        """
        found: dict[str, Estimator] = {}
        for learner in self.learners:
            if isinstance(learner, str):
                found[learner] = estimators[learner]
            else:
                names = chain([learner.name], (f"{learner.name}_{at}" for at in count(2)))
                free = (name for name in names if name not in found)
                found[next(name for name in free if estimators.get(name, learner) == learner)] = learner
        return {name: for_folds(one) for name, one in (found or estimators).items()}

    def requested_panel(self, panel: Panel) -> Panel:
        """Return the panel with the requested exposure.

        Raises
        ------
        EstimationError
            Where it is no regressor.
        """
        if self.exposure is None:
            return panel
        if self.exposure not in panel.columns:
            what = Coded("'{exposure}' is not a regressor", exposure=self.exposure)
            raise EstimationError.at(self.name, what, expected=", ".join(panel.columns))
        return panel.with_exposure(self.exposure)


# Forms that take a moderator.
ALONG_MODERATOR: tuple[terms.Form, ...] = ("conditional", "interaction", "binned")

# Columns that differ between the points of a line.
OF_POINTS = ("at", "estimate", "std_error", "robustness_value", "robustness_value_limit")

# Kind of the true number that each form of a slope estimates, see `EffectScenario.truth`.
TRUE_SLOPES: Mapping[str, str] = dict(zip(SLOPES, ("weighted_slope", "average_effect"), strict=True))

# Forms that a headline effect may have: one number, of a categorical exposure one of each level.
LEADING: tuple[terms.Form, ...] = ("line", "contrast")


@dataclass(frozen=True, kw_only=True)
class EffectScenario(LearnerScenario):
    """The debiased effect of the exposure, its nuisance functions learned by estimators of the study.

    Double machine learning for panels (Chernozhukov et al. 2018; Clarke and Polselli 2025; Semenova and
    Chernozhukov 2021). ``first_differences`` fits changes, given controls of both periods;
    ``correlated_random_effects`` fits levels, given controls, their means by entity and the exposure's own.
    Learners predict outcome and exposure for entities held out; the effect is that of the residuals. Under
    ``instrumented`` they predict the instruments of the study too, and the effect is that of two-stage least
    squares of the residuals.

    Attributes
    ----------
    methods : how what is constant in an entity is allowed for; ``instrumented`` lets the instruments of the
        study move an exposure that the outcome moves too
    instrumented_within : how ``instrumented`` allows for what is constant in an entity
    forms : ``line`` is one slope, ``curve`` a spline less its mean over rows, ``contrast`` differences from
        the least value of an exposure that has few, ``conditional`` the slope at values of `moderator`,
        ``interaction`` by how much it changes with one unit more of it, the slope of their product,
        ``binned`` the slope at the median of each third of it, with a test that a line is enough,
        ``derivative`` the mean derivative of any shape, over entities drawn anew
    learners : ids of estimators of the study, or estimators of its own as ``{use: NAME}``, which only learn;
        left out, those that plugins mark as default learners: `splines`
    exposure : a regressor whose effect is estimated; left out, the exposure of the study
    moderator : of the forms ``conditional``, ``binned`` and ``interaction``
    by : column of the data whose groups are estimated separately, each on its own rows
    folds : of entities
    repeats : times that folds are drawn anew; effects are medians over them
    level : nominal coverage of intervals
    negligible : size of a slope that counts as none, in the outcome's unit per unit of the exposure; left
        out, no slope is said to be that small
    errors : which depend on each other: those of an ``entity``; of an entity or of a period
        (``entity_and_period``); of the same and of near periods (``driscoll_kraay``) or of all periods
        (``common_shocks``); of an entity, and of entities nearer than `cutoff_km` in the same period
        (``conley``); ``tested``, those of an entity, and of common shocks where a test finds some
    cutoff_km : of ``conley``
    representer : what learns the Riesz representer of the form ``derivative``: ``ridge`` or ``lasso`` on
        a polynomial of the exposure, the other columns, their squares and products, or a ``network``
    """

    name: ClassVar[str] = "effect"
    known_as: ClassVar[tuple[str, ...]] = ("double_ml", "dml", "doubleml", "debiased")
    instead_of: ClassVar[Mapping[str, str]] = {
        "psm matching propensity_score ipw aipw cem causal_forest grf": (
            "ask for a debiased effect: `scenarios: [{use: effect, forms: [contrast]}]`"
        )
    }
    tables: ClassVar[tuple[ResultTable, ...]] = (EFFECTS, SENSITIVITY)

    methods: Annotated[tuple[terms.Method, ...], Field(min_length=1)] = terms.WITHINS
    instrumented_within: terms.Within = "first_differences"
    forms: Annotated[tuple[terms.Form, ...], Field(min_length=1)] = ("line",)
    learners: Learners = ()
    exposure: str | None = None
    moderator: str | None = None
    by: str | None = None
    folds: Annotated[int, Field(ge=2, le=10_000)] = 5
    repeats: Annotated[int, Field(ge=1, le=10_000)] = 3
    level: Annotated[float, Field(gt=0, lt=1)] = 0.95
    negligible: Annotated[float, Field(gt=0)] | None = None
    errors: Errors = "tested"
    cutoff_km: Annotated[float, Field(gt=0)] | None = None
    representer: Representer = "ridge"

    def __post_init__(self) -> None:
        if (not set(ALONG_MODERATOR).isdisjoint(self.forms)) != (self.moderator is not None):
            message = "the forms conditional, binned and interaction need a moderator, and no other takes one"
            raise ValueError(message)
        if (self.errors == "conley") != (self.cutoff_km is not None):
            raise ValueError("errors: conley needs cutoff_km, and no others take it")

    @property
    def leading_form(self) -> terms.Form | None:
        """The first form that is a number, of all rows; None where there is none."""
        return next((form for form in self.forms if form in LEADING and self.by is None), None)

    @property
    def identifies(self) -> Identified | None:
        """What its leading form identifies by its first method."""
        if self.leading_form is None:
            return None
        return "instruments" if self.methods[0] == "instrumented" else "debiased"

    def notes(self, panel: Panel) -> tuple[Note, ...]:
        """Return a warning about a treatment that starts in different periods."""
        treatment = attempt(lambda: Treatment.of(self.requested_panel(panel))).value
        if treatment is not None and treatment.n_starts > 1:
            message = Coded(
                "{exposure} starts in {n_starts} different periods: a debiased effect also "
                "compares with rows already treated and may lie far from every single effect if "
                "effects differ (Goodman-Bacon 2021); use `use: did`",
                exposure=self.exposure or panel.exposure,
                n_starts=treatment.n_starts,
            )
            return (Note("W-STAGGERED", "", message),)
        return ()

    def quick(self) -> Self:
        """Return a copy with one draw of folds, and quick learners of its own."""
        return replace(self, repeats=1, learners=self.quick_learners)

    def parts(self, subject: Subject) -> Iterator[Part]:
        """Yield each nuisance function on each fold once."""
        yield from parts_of(attempt(partial(list, self._cells(subject))).value or ())

    def concluded(self, subject: Subject, found: Found) -> Concluded:
        """Return the effects, a row with its reason where there is none."""
        return _concluded(self._learned(subject, found), {})

    def compared(self, subject: Subject, found: Found, first: Subject, of_first: Found) -> Concluded:
        """Return the effects, with a test that they are those of the first learner on the same rows."""
        is_comparable = first is not subject and first.panel is subject.panel
        others = self._learned(first, of_first) if is_comparable else {}
        return _concluded(self._learned(subject, found), others)

    def _learned(self, subject: Subject, found: Found) -> Learned:
        return {cell.key: LearnedCell.of(cell, found) for cell in self._cells(subject)}

    def truth(self, fit: Fitted, panel: Panel) -> Truths:
        """Return what true slopes each method's slope estimates, and their mean over the rows.

        Where slopes differ, the partially linear slope is their mean weighted by the squared residuals of the
        exposure, given what is held fixed (Angrist 1998; Aronow and Samii 2016); of first differences slopes
        are means of those in both periods. Residuals are of least squares here, whatever a learner leaves.
        """
        panel = self.requested_panel(panel)
        if self.by is not None or panel.levels or "line" not in self.forms:
            return []
        slopes = row_slopes(fit, panel)
        found: list[Mapping[str, str | float]] = [
            {"kind": TRUE_SLOPES["derivative"], "truth": float(slopes.mean())}
        ]
        for method in self.methods:
            if method != "instrumented":
                tried = attempt(partial(weighted_slope, panel, method, slopes))
                if tried.value is not None:
                    found.append({"kind": TRUE_SLOPES["line"], "group": method, "truth": tried.value})
        return found

    def _cells(self, subject: Subject) -> Iterator[Cell]:
        panel = self.requested_panel(subject.panel)
        if self.errors == "conley" and panel.coordinates is None:
            hint = marked("name their columns as roles.latitude and roles.longitude")
            what = marked("conley errors need coordinates, and the panel has none")
            raise EstimationError.at("errors", what, hint=hint)
        how = self.representer, self.errors, self.cutoff_km or np.inf
        cross_fit = CrossFit(self.folds, self.repeats, self.level, *how)
        # Whether the slope along a moderator changes at all is asked with it: the same is learned for both.
        asked = (ALONG_MODERATOR[:2] if form == "conditional" else (form,) for form in self.forms)
        forms = dict.fromkeys(chain.from_iterable(asked))
        for method, form, (group, rows) in product(self.methods, forms, self._groups(panel)):
            moderator = self.moderator if form in ALONG_MODERATOR else None
            within = self.instrumented_within if method == "instrumented" else method
            yield Cell(method, within, form, group, "", moderator, rows, subject, cross_fit)

    def _groups(self, panel: Panel) -> Iterator[tuple[str, Panel]]:
        if self.by is None:
            yield "", panel
            return
        key = panel.group(self.by)
        for code, label in enumerate(key.labels):
            rows = np.flatnonzero(key.codes == code)
            if rows.size:
                yield f"{self.by} {label}", panel.take(rows)


def weighted_slope(panel: Panel, within: terms.Within, slopes: Floats) -> float:
    """Return the mean of the slopes of rows, (n_obs,), by squared residuals of the exposure.

    Raises
    ------
    EstimationError
        Where the rows do not allow the effect.
    """
    design = terms.nuisance_design(within, panel, terms.line(panel), terms.control_names(panel))
    inputs = np.column_stack([np.ones(design.panel.n_obs), design.panel.X])
    residuals = design.terms[:, 0] - inputs @ np.linalg.lstsq(inputs, design.terms[:, 0], rcond=None)[0]
    ordered = slopes[panel.canonical_order]
    values = (
        ordered[design.now] if design.before is None else (ordered[design.now] + ordered[design.before]) / 2.0
    )
    return float(np.average(values, weights=np.square(residuals)))


def _concluded(own: Learned, of_first: Learned) -> Concluded:
    """Return effects and slopes under omitted variables of one learner, with tests against the first one."""
    p_methods = {
        (form, group): p_equal(*(own.get((method, form, group)) for method in terms.WITHINS))
        for form, group in dict.fromkeys((form, group) for _, form, group in own)
    }
    rows: list[Mapping[str, Any]] = []
    sensitivity: list[Mapping[str, Any]] = []
    for (method, form, group), learned in own.items():
        tests = {"p_methods": p_methods[form, group] if method in terms.WITHINS else np.nan}
        tests["p_learners"] = p_equal(learned, of_first.get(learned.cell.key))
        rows += effect_rows(learned, tests)
        if form == "line" and not group:
            sensitivity += sensitivity_rows(learned)
    return {EFFECTS.name: rows, SENSITIVITY.name: sensitivity}


def p_equal(one: LearnedCell | None, other: LearnedCell | None) -> float:
    """Return the p-value of no difference between two ways to estimate the coefficients of a cell.

    Of several points it is that of the greatest studentised difference; NaN where either way is missing.
    """
    if one is None or other is None or one.tried.value is None or other.tried.value is None:
        return np.nan
    return float(one.cell.effects(differences(one.tried.value, other.tried.value)).p_together.min())


def effect_rows(learned: LearnedCell, tests: Mapping[str, float]) -> Rows:
    """Return a row for each effect of a cell and kind of band, or one with the reason why there is none."""
    cell, tried, effects = learned.cell, learned.tried, learned.effects
    place = {
        "exposure": cell.panel.exposure,
        "method": cell.method,
        "form": cell.form,
        "learner": cell.subject.name,
        "group": cell.group or None,
        "assumption": terms.assumption(cell.method, cell.within),
        **tried.how,
    }
    if tried.value is None or effects is None:
        return [place]
    columns = {**place, **tests, "at": cell.terms.at, **vars(effects)}
    together = columns.pop("p_together"), columns.pop("simultaneous_critical_value")
    bands = {"pointwise": (effects.p_value, columns.pop("critical_value")), "simultaneous": together}
    n_obs, n_entities = cell.design.panel.n_obs, cell.design.panel.n_entities
    columns |= {"moderator": cell.moderator, "n_repeats": cell.cross_fit.repeats}
    columns |= {"n_obs": n_obs, "n_entities": n_entities, "is_exploratory": cell.is_exploratory}
    rows = [*_bands(effects, columns, bands), *_weak_bands(cell, tried.value, effects, columns)]
    if cell.form == "binned":
        p_value = cell.p_line(tried.value, effects)
        rows.append({**columns, **dict.fromkeys(OF_POINTS, np.nan), "band": LINEAR, "p_value": p_value})
    return rows


def _bands(
    effects: Effects, columns: Mapping[str, Any], bands: Mapping[str, tuple[Floats, float]]
) -> Iterator[Mapping[str, Any]]:
    """Yield the rows of each band that there is, from p-values and widths in standard errors."""
    estimate, error = effects.estimate, effects.std_error
    for band, (p_value, critical_value) in bands.items():
        if band != "simultaneous" or estimate.size > 1:
            limits = {
                "conf_low": estimate - critical_value * error,
                "conf_high": estimate + critical_value * error,
            }
            yield {**columns, "band": band, "p_value": p_value, **limits}


def _weak_bands(
    cell: Cell, repeats: Sequence[Estimated], effects: Effects, columns: Mapping[str, Any]
) -> Iterator[Mapping[str, Any]]:
    """Yield rows of intervals of an instrumented slope that hold under weak instruments.

    With one instrument there is one by tF. The set of Anderson and Rubin has a row for each of its intervals,
    one with empty limits where it is empty.
    """
    forms = [repeat.reduced for repeat in repeats if repeat.reduced is not None]
    if not forms:
        return
    reduced, level = ReducedForm.mean(forms), cell.cross_fit.level
    if reduced.outcome.size == 1 and level == TF_LEVEL:
        yield from _bands(effects, columns, {TF: (np.full(1, np.nan), tf_critical(effects.first_stage_f))})
    of_set = {**columns, "band": ANDERSON_RUBIN, "p_value": reduced.p_value()}
    for low, high in reduced.confidence_set(level) or ((np.nan, np.nan),):
        yield {**of_set, "conf_low": low, "conf_high": high}
